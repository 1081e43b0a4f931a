"""Contract suite of data sets."""

from numbers import Integral

import numpy as np

from gluon_personnet.plugin.contracts import Split
from gluon_personnet.testing.base import require, running

ROLES = ("train", "query", "gallery")


def check_dataset(dataset, num_reads=4):
    """Check a data set against :class:`~gluon_personnet.plugin.contracts.Dataset`.

    Parameters
    ----------
    dataset : Dataset
    num_reads : int
        Images to read, spread evenly over the samples; every split is checked in full.

    Raises
    ------
    AssertionError
    """
    _check_samples(dataset.samples)
    _check_expected(dataset.expected)
    found = dataset.num_splits
    require(isinstance(found, Integral) and found >= 1, "num_splits", repr(found), "an int, at least 1")
    splits = [_check_split(dataset, number) for number in range(dataset.num_splits)]
    for number, split in enumerate(splits):
        first = splits.index(split)
        require(first == number, f"split({number})", f"the same rows as split({first})", "splits that differ")
    for row in np.linspace(0, len(dataset.samples) - 1, num_reads).astype(int):
        _check_read(dataset, int(row))


def _check_samples(samples):
    require(len(samples) > 0, "samples", "none", "at least one")
    rows = {}
    for row, sample in enumerate(samples):
        where = f"samples[{row}]"
        require(sample.name not in rows, f"{where}.name", f"{sample.name!r} again", "unique names")
        rows[sample.name] = row
        for attribute, lowest in (("pid", -1), ("camid", 0)):
            found = getattr(sample, attribute)
            right = isinstance(found, Integral) and found >= lowest
            require(right, f"{where}.{attribute}", repr(found), f"an int, at least {lowest}")


def _check_expected(expected):
    for key, count in expected.items():
        require(key in ("images", "identities"), "expected", f"key {key!r}", "any of 'images', 'identities'")
        require(isinstance(count, Integral), f"expected[{key!r}]", repr(count), "an int")


def _check_split(dataset, number):
    what = f"split({number})"
    with running(what):
        split, again = dataset.split(number), dataset.split(number)
    require(isinstance(split, Split), what, type(split).__name__, "gluon_personnet.plugin.contracts.Split")
    require(split == again, f"{what}, called twice", "different rows", "the same rows")
    for role in ROLES:
        _check_rows(f"{what}.{role}", getattr(split, role), len(dataset.samples), may_be_empty=role == "train")
    pids = {role: {dataset.samples[row].pid for row in getattr(split, role)} for role in ROLES}
    require(-1 not in pids["query"], f"{what}.query", "junk (pid -1)", "people only")
    for role in ("query", "gallery"):
        shared = (pids["train"] & pids[role]) - {-1}
        require(not shared, f"{what}.{role}", f"pids of train, such as {min(shared, default=None)}", "none of them")
    _check_matches(what, dataset.samples, split)
    return split


def _check_rows(what, rows, count, may_be_empty):
    require(isinstance(rows, tuple), what, type(rows).__name__, "a tuple of rows")
    require(may_be_empty or rows, what, "no rows", "at least one")
    for row in rows:
        right = isinstance(row, Integral) and 0 <= row < count
        require(right, what, f"row {row!r}", f"rows 0 to {count - 1} of samples")
    require(len(set(rows)) == len(rows), what, "a row twice", "every row once")


def _check_matches(what, samples, split):
    """Every query needs an image of the same person by another camera."""
    cameras = {}
    for row in split.gallery:
        cameras.setdefault(samples[row].pid, set()).add(samples[row].camid)
    for row in split.query:
        _, pid, camid = samples[row]
        others = cameras.get(pid, set()) - {camid}
        found = f"pid {pid} (row {row}, camera {camid}) by no other camera"
        require(others, f"{what}.gallery", found, "a match by another camera for every query")


def _check_read(dataset, row):
    what = f"read({row})"
    with running(what):
        image = dataset.read(row)
    right = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    found = f"{getattr(image, 'dtype', type(image).__name__)} {getattr(image, 'shape', '')}"
    require(right and image.size, what, found, "uint8 (H, W, 3)")
    before = image.copy()
    require(np.array_equal(before, dataset.read(row)), f"{what}, called twice", "different pixels", "the same pixels")
