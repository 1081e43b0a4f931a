"""Checking what is in a data set."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import List, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.splits import cameras_by_pid
from gluon_personnet.plugin.contracts import Dataset


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
        A training and a test image of one split with identical pixels.
    duplicates : tuple of (name, name)
        Other images with identical pixels.
    confusing : tuple of (name, name)
        Those of `duplicates` that differ in identity or camera.
    split_errors : tuple of (int, str)
        Splits that cannot be made, and why.
    passed_over : tuple of str
        Image files that are not used.
    own_cameras : bool
        Whether each image of a person has a camera of its own, with three or more images of somebody.
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
    split_errors: tuple
    passed_over: tuple
    own_cameras: bool

    @property
    def warnings(self) -> List[str]:
        """One line for everything that may be meant so, but is often a misreading of names."""
        lines = [] if not self.passed_over else [passed_over_line(self.passed_over)]
        if self.images > 2 and self.cameras >= self.images:
            lines.append(f"{self.cameras} cameras are as many as images; is it the camera that the names are read for?")
        elif self.own_cameras:
            lines.append("each image of a person has a camera of its own; do the names, or manifest.csv, tell cameras?")
        return lines

    @property
    def problems(self) -> List[str]:
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
        return lines + [f"split {number}: {error}" for number, error in self.split_errors]


def check(dataset: Dataset, progress: bool = False) -> Report:
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
    splits, split_errors = [], []
    for number in range(dataset.num_splits):
        try:
            splits.append(dataset.split(number))
        except DataError as error:
            split_errors.append((number, str(error)))
    leaks, duplicates, confusing = _sort_out(samples, splits, same)
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
        split_errors=_shortened(split_errors, dataset.num_splits),
        passed_over=tuple(getattr(dataset, "passed_over", ())),
        own_cameras=_own_cameras(samples),
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


def _own_cameras(samples):
    images = Counter(sample.pid for sample in samples if sample.pid >= 0)
    cameras = Counter(pid for pid, _ in {sample[1:] for sample in samples if sample.pid >= 0})
    return images == cameras and max(images.values(), default=0) > 2


def passed_over_line(names: Sequence[str]) -> str:
    """How many image files are not used, and the first of them."""
    files = "1 image file is" if len(names) == 1 else f"{len(names)} image files are"
    return f"{files} passed over, such as {names[0]}"


def _shortened(errors, num_splits):
    """One line where no split at all can be made for one reason."""
    reasons = {error for _, error in errors}
    return tuple(errors[:1] if len(reasons) == 1 and len(errors) == num_splits else errors)


def _sort_out(samples, splits, same):
    """Pairs of names (leaks, duplicates, confusing), as :class:`Report` has them, of pairs of rows."""
    roles = [(set(split.train), {*split.query, *split.gallery}) for split in splits]
    leaks, duplicates, confusing = [], [], []
    for one, other in same:
        names = samples[one].name, samples[other].name
        across = ((one in train and other in test, one in test and other in train) for train, test in roles)
        forth, back = next((found for found in across if any(found)), (False, False))
        if forth or back:
            leaks.append(names if forth else names[::-1])
        else:
            duplicates.append(names)
            if samples[one][1:] != samples[other][1:]:
                confusing.append(names)
    return tuple(leaks), tuple(duplicates), tuple(confusing)
