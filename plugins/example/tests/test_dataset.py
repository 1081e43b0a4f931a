"""The data set keeps its contract, and divides its people as it says."""

from gpnet_example.dataset import Example
from gluon_personnet.testing import check_dataset


def test_contract():
    check_dataset(Example(locate=None))


def test_even_people_train_in_split_0():
    dataset = Example(locate=None, num_people=6)
    split = dataset.split(0)
    assert {dataset.samples[row].pid for row in split.train} == {0, 2, 4}
    assert {dataset.samples[row].pid for row in split.query} == {1, 3, 5}
