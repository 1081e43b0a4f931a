"""Bundled features and metrics."""

import functools

import numpy as np
import pytest

from gluon_personnet import FeatureEntry, MetricEntry
from gluon_personnet.core.errors import PluginError
from gluon_personnet.data.task import Task
from gluon_personnet.methods.base import measure
from gluon_personnet.methods.feature_metric import FeatureMetric, expand_queries
from gluon_personnet.methods.session import Session
from gluon_personnet.plugin.contracts import Combination, Sample, Split
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.testing import check_feature, check_metric

MANAGER = PluginManager()


@pytest.mark.parametrize("entry", MANAGER.entries("features"), ids=lambda entry: entry.name)
def test_features_keep_their_contract(entry):
    check_feature(MANAGER.build("features", entry.name))


@pytest.mark.parametrize("entry", MANAGER.entries("metrics"), ids=lambda entry: entry.name)
def test_metrics_keep_their_contract(entry):
    check_metric(functools.partial(MANAGER.build, "metrics", entry.name))


@pytest.mark.parametrize("entry", MANAGER.entries("baselines"), ids=lambda entry: entry.name)
def test_baselines_name_what_is_registered(entry):
    combination = entry.build()
    datasets = {entry.name for entry in MANAGER.entries("datasets")}
    assert datasets >= {*combination.feature_options_on, *entry.published}
    for name in datasets:
        MANAGER.build("features", combination.feature, **combination.options_on(name))
    MANAGER.build("metrics", combination.metric, **combination.metric_options)
    assert entry.summary and entry.source
    for rows in entry.published.values():
        for row in rows:
            rates = list(row.cmc.values())
            assert rates == sorted(rates) and list(row.cmc) == sorted(row.cmc) and row.printed


def test_the_parts_of_the_ensembles_are_the_lengths_of_its_features():
    combination = MANAGER.find("baselines", "ensembles").build()
    names = combination.feature_options["features"]
    image = np.zeros((128, 48, 3), np.uint8)
    lengths = [len(MANAGER.build("features", name).extract(image)) for name in names]
    assert combination.metric_options["parts"] == lengths


def test_features_side_by_side():
    image = np.random.default_rng(0).integers(0, 256, (128, 48, 3), dtype=np.uint8)
    parts = [MANAGER.build("features", name).extract(image) for name in ("elf", "hist-lbp")]
    both = MANAGER.build("features", "side-by-side", features=["elf", "hist-lbp"])
    np.testing.assert_array_equal(both.extract(image), np.concatenate(parts))
    with pytest.raises(PluginError, match="2 features with 1 feature_options"):
        MANAGER.build("features", "side-by-side", features=["elf", "lomo"], feature_options=[{}])


def test_euclid_in_principal_components():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 9)) + 5  # a plane in 9 dimensions
    whole, plane, line = (
        MANAGER.build("metrics", "euclid", n_components=n).fit(rows, None, None) for n in (0.0, 2.0, 1.0)
    )
    np.testing.assert_allclose(plane.distance(rows[:3], rows[3:]), whole.distance(rows[:3], rows[3:]), rtol=1e-9)
    assert (line.distance(rows[:3], rows[3:]) <= whole.distance(rows[:3], rows[3:]) + 1e-9).all()


def test_euclid_by_hand():
    metric = MANAGER.build("metrics", "euclid").fit(np.zeros((2, 2)), None, None)
    found = metric.distance([[0.0, 0.0], [3.0, 4.0]], [[3.0, 4.0]])
    np.testing.assert_allclose(found, [[5.0], [0.0]], atol=1e-12)


def test_raw_pixels_by_hand():
    feature = MANAGER.build("features", "raw-pixels", height_px=1, width_px=2)
    image = np.array([[[0, 51, 255], [102, 0, 0]]], np.uint8)
    np.testing.assert_allclose(feature.extract(image), [0, 0.2, 1, 0.4, 0, 0], atol=1e-7)


class Recorder:
    """A metric that remembers what it was fitted on."""

    def fit(self, features, pids, camids):
        self.seen = features.ravel().tolist(), pids.tolist(), camids.tolist()
        return self

    def distance(self, query, gallery):
        return np.abs(query - gallery.T)


class Images:
    samples = [Sample(f"{row}.png", pid=row // 2, camid=row % 2) for row in range(8)]

    def __init__(self):
        self.reads = []

    def read(self, row):
        self.reads.append(row)
        return np.full((1, 1, 3), row, np.uint8)


class Level:
    def extract(self, image):
        return image[0, 0, :1].astype(np.float32)


class Manager:
    """A manager with the feature :class:`Level` and one metric, which is always the same object."""

    def __init__(self, metric):
        self.entries = {
            "features": FeatureEntry("level", Level, "the first red value"),
            "metrics": MetricEntry("mine", lambda: metric, "mine"),
        }

    def find(self, kind, name):
        return self.entries[kind]

    def build(self, kind, name, **options):
        return self.entries[kind].build(**options)

    def components(self, kind, name, options):
        return [self.entries[kind]]


def level_metric(metric, neighbours=0):
    session = Session(Manager(metric), None, progress=False)
    return FeatureMetric("mine", Combination("level", "mine"), session, neighbours)


def level_task():
    return Task("images", {}, Images(), 0, Split(train=(0, 1, 2, 3), query=(4, 6), gallery=(5, 7)))


def test_a_metric_is_fitted_on_training_rows_only():
    metric = Recorder()
    measured = measure(level_metric(metric), level_task())
    assert set(measured.cost["seconds"]) == {"extract", "fit", "distance"}
    assert metric.seen == ([0, 1, 2, 3], [0, 0, 1, 1], [0, 1, 0, 1])
    np.testing.assert_array_equal(measured.distances.distmat, [[1, 3], [1, 1]])
    assert measured.distances.query_pids.tolist() == [2, 3] and measured.query_names == ("4.png", "6.png")


def test_query_expansion_by_hand():
    query, gallery = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[9.0, 3.0], [1.0, 2.0], [3.0, 4.0]])
    distmat = np.array([[9.0, 2.0, 5.0], [3.0, 9.0, 9.5]])
    np.testing.assert_allclose(expand_queries(query, gallery, distmat, 1), [[0.5, 1.0], [9.5, 1.5]])
    np.testing.assert_allclose(expand_queries(query, gallery, distmat, 2)[0], [4 / 3, 2.0])
    np.testing.assert_allclose(expand_queries(query, gallery, distmat, 9)[0], [13 / 4, 9 / 4])  # all there are


def test_distances_among_queries_are_those_of_the_expanded_ones():
    measured = measure(level_metric(Recorder(), neighbours=1), level_task())
    among = measured.among()
    # 4 averaged with 5; 6 with 5, the first of two at distance 1
    np.testing.assert_allclose(measured.distances.distmat, [[0.5, 2.5], [0.5, 1.5]])
    np.testing.assert_allclose(among[0], [[0, 1], [1, 0]])
    np.testing.assert_allclose(among[1], [[0, 2], [2, 0]])
