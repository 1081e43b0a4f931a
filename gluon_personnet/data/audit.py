"""Checking what is in a data set."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Mapping

import numpy as np
from tqdm import tqdm

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.splits import cameras_by_pid
from gluon_personnet.plugin.contracts import Split


@dataclass(frozen=True)
class Report:
    """What :func:`check` found.

    Parameters
    ----------
    images, identities, cameras : int
        Junk is counted among the images only.
    counts : mapping
        Name -> (expected, found), for the counts that the data set's publishers state.
    unreadable : tuple of (name, reason)
    one_view : tuple of int
        Identities seen by one camera only.
    leaks : tuple of (name, name)
        A training and a test image of split 0 with identical pixels.
    duplicates : tuple of (name, name)
        Other images with identical pixels.
    confusing : tuple of (name, name)
        Those of `duplicates` that differ in identity or camera.
    split_error : str
        Why split 0 cannot be made; empty if it can.
    """

    images: int
    identities: int
    cameras: int
    counts: Mapping
    unreadable: tuple
    one_view: tuple
    leaks: tuple
    duplicates: tuple
    confusing: tuple
    split_error: str

    @property
    def problems(self):
        """One line for everything that makes results wrong or impossible; empty if the data set is sound."""
        lines = [
            f"{found} {name} found, {expected} expected"
            for name, (expected, found) in self.counts.items()
            if found != expected
        ]
        lines += [f"unreadable: {reason}" for _, reason in self.unreadable]
        if self.one_view:
            first = ", ".join(map(str, self.one_view[:3])) + (", ..." if len(self.one_view) > 3 else "")
            lines.append(f"{len(self.one_view)} identities are seen by one camera only (pid {first})")
        lines += [f"leak: {train} (train) and {test} (test) have identical pixels" for train, test in self.leaks]
        lines += [
            f"{one} and {other} have identical pixels but another identity or camera" for one, other in self.confusing
        ]
        return lines + ([f"split 0: {self.split_error}"] if self.split_error else [])


def check(dataset, progress=False):
    """Read a whole data set and look for everything that makes results wrong.

    Parameters
    ----------
    dataset : gluon_personnet.plugin.contracts.Dataset
    progress : bool
        Whether to show a bar on stderr.

    Returns
    -------
    Report
    """
    samples = dataset.samples
    same, unreadable = _identical(dataset, progress)
    try:
        split, split_error = dataset.split(0), ""
    except DataError as error:
        split, split_error = Split((), (), ()), str(error)
    leaks, duplicates, confusing = _sort_out(samples, split, same)
    cameras = cameras_by_pid(samples, range(len(samples)))
    found = {"images": len(samples), "identities": len(cameras)}
    return Report(
        images=len(samples),
        identities=len(cameras),
        cameras=len({sample.camid for sample in samples}),
        counts={name: (expected, found[name]) for name, expected in dataset.expected.items()},
        unreadable=tuple(unreadable),
        one_view=tuple(pid for pid, seen in cameras.items() if len(seen) < 2),
        leaks=leaks,
        duplicates=duplicates,
        confusing=confusing,
        split_error=split_error,
    )


def _identical(dataset, progress):
    """Pairs of rows with identical pixels, and (name, reason) of what cannot be read."""
    groups, unreadable = defaultdict(list), []
    for row in tqdm(range(len(dataset.samples)), desc="check", unit="image", disable=not progress):
        try:
            image = dataset.read(row)
        except DataError as error:
            unreadable.append((dataset.samples[row].name, str(error)))
            continue
        groups[image.shape, hashlib.sha256(np.ascontiguousarray(image)).digest()].append(row)
    # The first of each group against the others: ten copies of an image are nine findings, not forty-five.
    return [(rows[0], other) for rows in groups.values() for other in rows[1:]], unreadable


def _sort_out(samples, split, same):
    """Pairs of names (leaks, duplicates, confusing), as :class:`Report` has them, of pairs of rows."""
    train, test = set(split.train), {*split.query, *split.gallery}
    leaks, duplicates, confusing = [], [], []
    for one, other in same:
        names = (samples[one].name, samples[other].name)
        if one in train and other in test:
            leaks.append(names)
        elif one in test and other in train:
            leaks.append(names[::-1])
        else:
            duplicates.append(names)
            if samples[one][1:] != samples[other][1:]:
                confusing.append(names)
    return tuple(leaks), tuple(duplicates), tuple(confusing)
