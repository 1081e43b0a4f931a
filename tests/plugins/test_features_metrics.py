"""Bundled features and metrics."""

import numpy as np
import pytest

from gluon_personnet import FeatureEntry
from gluon_personnet.core.errors import PluginError
from gluon_personnet.methods.feature_metric import expand_queries, split_problem
from gluon_personnet.methods.features import FeatureStore
from gluon_personnet.plugin.contracts import Sample, Split
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.testing import check_feature, check_metric

MANAGER = PluginManager()


@pytest.mark.parametrize("entry", MANAGER.entries("features"), ids=lambda entry: entry.name)
def test_features_keep_their_contract(entry):
    check_feature(entry.build())


@pytest.mark.parametrize("entry", MANAGER.entries("metrics"), ids=lambda entry: entry.name)
def test_metrics_keep_their_contract(entry):
    check_metric(entry.build)


@pytest.mark.parametrize("entry", MANAGER.entries("baselines"), ids=lambda entry: entry.name)
def test_baselines_name_what_is_registered(entry):
    combination = entry.build()
    datasets = {entry.name for entry in MANAGER.entries("datasets")}
    assert datasets >= {*combination.feature_options_on, *entry.published}
    for name in datasets:
        MANAGER.find("features", combination.feature).build(**combination.options_on(name))
    MANAGER.find("metrics", combination.metric).build(**combination.metric_options)
    assert entry.summary and entry.source
    for rows in entry.published.values():
        for row in rows:
            rates = list(row.cmc.values())
            assert rates == sorted(rates) and list(row.cmc) == sorted(row.cmc) and row.printed


def test_the_parts_of_the_ensembles_are_the_lengths_of_its_features():
    combination = MANAGER.find("baselines", "ensembles").build()
    names = combination.feature_options["features"]
    image = np.zeros((128, 48, 3), np.uint8)
    lengths = [len(MANAGER.find("features", name).build().extract(image)) for name in names]
    assert combination.metric_options["parts"] == lengths


def test_features_side_by_side():
    image = np.random.default_rng(0).integers(0, 256, (128, 48, 3), dtype=np.uint8)
    parts = [MANAGER.find("features", name).build().extract(image) for name in ("elf", "hist-lbp")]
    both = MANAGER.find("features", "side-by-side").build(features=["elf", "hist-lbp"])
    np.testing.assert_array_equal(both.extract(image), np.concatenate(parts))
    with pytest.raises(PluginError, match="2 features with 1 feature_options"):
        MANAGER.find("features", "side-by-side").build(features=["elf", "lomo"], feature_options=[{}])


def test_euclid_in_principal_components():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 9)) + 5  # a plane in 9 dimensions
    whole, plane, line = (
        MANAGER.find("metrics", "euclid").build(n_components=n).fit(rows, None, None) for n in (0.0, 2.0, 1.0)
    )
    np.testing.assert_allclose(plane.distance(rows[:3], rows[3:]), whole.distance(rows[:3], rows[3:]), rtol=1e-9)
    assert (line.distance(rows[:3], rows[3:]) <= whole.distance(rows[:3], rows[3:]) + 1e-9).all()


def test_euclid_by_hand():
    metric = MANAGER.find("metrics", "euclid").build().fit(np.zeros((2, 2)), None, None)
    found = metric.distance([[0.0, 0.0], [3.0, 4.0]], [[3.0, 4.0]])
    np.testing.assert_allclose(found, [[5.0], [0.0]], atol=1e-12)


def test_raw_pixels_by_hand():
    feature = MANAGER.find("features", "raw-pixels").build(height_px=1, width_px=2)
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


LEVEL = FeatureEntry("level", Level, "the first red value")


def test_a_metric_is_fitted_on_training_rows_only_and_images_are_read_once():
    dataset, metric = Images(), Recorder()
    store = FeatureStore(dataset, LEVEL, {}, progress=False)
    split = Split(train=(0, 1, 2, 3), query=(4, 6), gallery=(5, 7))
    problem, among, seconds = split_problem(dataset, split, store, metric)
    assert set(seconds) == {"extract", "fit", "distance"} and min(seconds.values()) >= 0
    assert among == ()
    assert metric.seen == ([0, 1, 2, 3], [0, 0, 1, 1], [0, 1, 0, 1])
    np.testing.assert_array_equal(problem.distmat, [[1, 3], [1, 1]])
    assert problem.query_pids.tolist() == [2, 3]
    split_problem(dataset, split, store, metric)
    assert sorted(dataset.reads) == list(range(8))


def test_query_expansion_by_hand():
    query, gallery = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[9.0, 3.0], [1.0, 2.0], [3.0, 4.0]])
    distmat = np.array([[9.0, 2.0, 5.0], [3.0, 9.0, 9.5]])
    np.testing.assert_allclose(expand_queries(query, gallery, distmat, 1), [[0.5, 1.0], [9.5, 1.5]])
    np.testing.assert_allclose(expand_queries(query, gallery, distmat, 2)[0], [4 / 3, 2.0])
    np.testing.assert_allclose(expand_queries(query, gallery, distmat, 9)[0], [13 / 4, 9 / 4])  # all there are


def test_distances_among_queries_are_those_of_the_expanded_ones():
    dataset, split = Images(), Split(train=(0, 1, 2, 3), query=(4, 6), gallery=(5, 7))
    store = FeatureStore(dataset, LEVEL, {}, progress=False)
    problem, among, _ = split_problem(dataset, split, store, Recorder(), neighbours=1, with_among=True)
    # 4 averaged with 5; 6 with 5, the first of two at distance 1
    np.testing.assert_allclose(problem.distmat, [[0.5, 2.5], [0.5, 1.5]])
    np.testing.assert_allclose(among[0], [[0, 1], [1, 0]])
    np.testing.assert_allclose(among[1], [[0, 2], [2, 0]])
