"""check_dataset accepts a right data set and names what is wrong with each wrong one."""

import itertools

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.plugin.contracts import Sample, Split
from gluon_personnet.testing import check_dataset


class RightDataset:
    """Four people, two cameras, one image each; two of them train."""

    num_splits = 2
    expected = {"images": 8}

    def __init__(self):
        self.samples = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(4) for camid in range(2)]

    def read(self, row):
        return np.full((4, 2, 3), row, np.uint8)

    def split(self, number):
        return Split((0, 1, 2, 3), (4, 6), (5, 7)) if number == 0 else Split((4, 5, 6, 7), (0, 2), (1, 3))


def with_sample(row, sample):
    dataset = RightDataset()
    dataset.samples[row] = sample
    return dataset


def with_split(train, query, gallery):
    return with_attributes(split=lambda number: Split(train, query, gallery), num_splits=1)


def with_attributes(**attributes):
    dataset = RightDataset()
    vars(dataset).update(attributes)
    return dataset


CALLS = itertools.count()


def changing_split(number):
    query = 2 * (next(CALLS) % 4)
    return Split((), (query,), (query + 1,))


def unreadable(row):
    raise DataError("image 0-0 is damaged")


WRONG_DATASETS = {
    "empty": (with_attributes(samples=[]), "samples: found none"),
    "name twice": (with_sample(1, Sample("0-0", 0, 1)), "samples[1].name: found '0-0' again; expected unique names"),
    "pid as text": (with_sample(1, Sample("x", "0", 1)), "samples[1].pid: found '0'; expected an int, at least -1"),
    "pid -2": (with_sample(1, Sample("x", -2, 1)), "samples[1].pid: found -2"),
    "camid as float": (with_sample(1, Sample("x", 0, 1.0)), "samples[1].camid: found 1.0; expected an int, at least 0"),
    "expected": (with_attributes(expected={"people": 4}), "expected: found key 'people'"),
    "no splits": (with_attributes(num_splits=0), "num_splits: found 0; expected an int, at least 1"),
    "changing split": (with_attributes(split=changing_split), "split(0), called twice: found different rows"),
    "split is a dict": (with_attributes(split=lambda number: {}), "split(0): found dict"),
    "split crashes": (with_attributes(split={}.__getitem__), "split(0): found KeyError: 0"),
    "same splits": (
        with_attributes(split=lambda number: RightDataset().split(0)),
        "split(1): found the same rows as split(0); expected splits that differ",
    ),
    "rows as list": (with_split([0], (4,), (5,)), "split(0).train: found list; expected a tuple of rows"),
    "no query": (with_split((0,), (), (5,)), "split(0).query: found no rows"),
    "row out of range": (with_split((0,), (4,), (5, 8)), "split(0).gallery: found row 8; expected rows 0 to 7"),
    "row twice": (with_split((0,), (4, 4), (5,)), "split(0).query: found a row twice"),
    "shared pid": (with_split((0, 5), (4,), (5,)), "split(0).query: found pids of train, such as 2"),
    "gallery pid": (with_split((0,), (4,), (5, 1)), "split(0).gallery: found pids of train, such as 0"),
    "no match": (with_split((0,), (4,), (7,)), "split(0).gallery: found pid 2 (row 4, camera 0) by no other camera"),
    "same camera": (
        with_split((0,), (4,), (4, 7)),
        "split(0).gallery: found pid 2 (row 4, camera 0) by no other camera",
    ),
    "junk query": (with_sample(4, Sample("junk", -1, 0)), "split(0).query: found junk (pid -1)"),
    "unreadable": (with_attributes(read=unreadable), "read(0): found DataError: image 0-0 is damaged"),
    "grey": (
        with_attributes(read=lambda row: np.zeros((4, 2), np.uint8)),
        "read(0): found uint8 (4, 2); expected uint8",
    ),
    "float": (with_attributes(read=lambda row: np.zeros((4, 2, 3))), "read(0): found float64 (4, 2, 3)"),
    "channels": (with_attributes(read=lambda row: np.zeros((3, 4, 2), np.uint8)), "read(0): found uint8 (3, 4, 2)"),
    "other pixels": (
        with_attributes(read=lambda row: np.random.randint(0, 256, (4, 2, 3), np.uint8)),
        "read(0), called twice: found different pixels",
    ),
}


def test_right_dataset():
    check_dataset(RightDataset())


@pytest.mark.parametrize("wrong, message", WRONG_DATASETS.values(), ids=list(WRONG_DATASETS))
def test_wrong_dataset(wrong, message):
    with pytest.raises(AssertionError) as caught:
        check_dataset(wrong)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
