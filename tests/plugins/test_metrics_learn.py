"""Every registered metric that learns tells the generated people apart better than the distance of pixels does."""

import inspect

import numpy as np
import pytest

from gluon_personnet.data.splits import labels
from gluon_personnet.plugin.manager import PluginManager

MANAGER = PluginManager()
METRICS = MANAGER.entries("metrics")
FIXED = ("cosine", "euclid", "l1")  # nothing is learned


@pytest.fixture(scope="module")
def people():
    """Training rows with labels, query and gallery rows, and which pairs of these are of one person."""
    dataset = MANAGER.find("datasets", "toy").build(None, identities=100, test_identities=40)
    feature = MANAGER.find("features", "raw-pixels").build(height_px=20, width_px=8)
    split = dataset.split(0)
    train, query, gallery = (
        np.stack([feature.extract(dataset.read(row)) for row in rows])
        for rows in (split.train, split.query, split.gallery)
    )
    pids = [labels(dataset.samples, rows)[0] for rows in (split.query, split.gallery)]
    return (train, *labels(dataset.samples, split.train)), query, gallery, pids[0][:, None] == pids[1]


def scores(entry, people):
    """Rank-1, and the share of comparisons in which another person is farther than the same one."""
    train, query, gallery, same = people
    options = {"n_components": 30.0} if "n_components" in entry.options else {}
    distances = MANAGER.build("metrics", entry.name, **options).fit(*train).distance(query, gallery)
    ordered = [(row[alike][:, None] < row[~alike]).mean() for row, alike in zip(distances, same)]
    return same[np.arange(len(same)), distances.argmin(axis=1)].mean(), np.mean(ordered)


@pytest.mark.parametrize("entry", [entry for entry in METRICS if entry.name not in FIXED], ids=lambda entry: entry.name)
def test_learning_beats_euclid(entry, people):
    (rank1, ordered), (rank1_euclid, ordered_euclid) = (
        scores(one, people) for one in (entry, MANAGER.find("metrics", "euclid"))
    )
    assert rank1 > rank1_euclid
    assert ordered > ordered_euclid + 0.05


@pytest.mark.parametrize("entry", METRICS, ids=lambda entry: entry.name)
def test_options_of_an_entry_are_those_of_its_class(entry):
    parameters = inspect.signature(entry.load()).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items() if name != "find"}
    assert defaults == {key: tuple(value) if isinstance(value, list) else value for key, value in entry.options.items()}
    documented = inspect.getdoc(entry.load())
    assert all(name in documented for name in entry.options)
