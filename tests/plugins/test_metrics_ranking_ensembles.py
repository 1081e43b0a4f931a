"""Metric Ensembles: weights of distances that help and of one that does not, held-out identities, features as parts."""

import numpy as np
import pytest
from gpnet_metrics.metric_ensembles import MetricEnsembles, learn_weights
from gpnet_metrics.mlr import ranked

from gluon_personnet.core.errors import DataError, PluginError, RecipeError
from gluon_personnet.plugin.manager import PluginManager

FIND = PluginManager().find

PIDS, CAMIDS = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)


def views(seed, noise, num_people=40):
    """A feature of every row: people at random places, and noise."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(num_people, 4))
    return np.repeat(centres, 2, axis=0) + rng.normal(0, noise, (2 * num_people, 4))


def distances_of(rows):
    return np.sqrt(((rows[:, None] - rows) ** 2).sum(axis=2))


def rank_1(distances):
    """Share of rows of camera 0 whose nearest row of camera 1 is the same person's."""
    return (distances[::2, 1::2].argmin(axis=1) == np.arange(len(distances) // 2)).mean()


@pytest.mark.parametrize("loss", ["top", "auc"])
def test_random_distances_get_no_weight_and_two_views_beat_either(loss):
    bases = np.stack([distances_of(views(1, 0.6)), distances_of(views(2, 0.6))])
    noise = np.random.default_rng(3).uniform(0, 2 * bases.mean(), (1, 80, 80))
    weights, bounds = learn_weights(np.concatenate([bases, noise]), *ranked(PIDS, CAMIDS), loss, 10, 100.0)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert weights[2] < 0.02 and min(weights[:2]) > 0.2
    best, dual = np.transpose(bounds)
    assert best[-1] - dual[-1] <= 1e-3 * 100 < best[0] - dual[0]
    unseen = np.stack([distances_of(views(4, 0.6)), distances_of(views(5, 0.6))])
    joint = rank_1(np.tensordot(weights[:2], unseen, 1))
    assert joint >= max(rank_1(base) for base in unseen)


def test_distances_that_do_not_help_are_weighted_alike():
    same, candidate = ranked(PIDS, CAMIDS)
    weights, _ = learn_weights(np.ones((3, 80, 80)), same, candidate, "auc", 1, 1.0)
    np.testing.assert_allclose(weights, 1 / 3)


def test_features_side_by_side_are_told_apart():
    rows = np.hstack([views(1, 0.4), np.random.default_rng(9).normal(size=(80, 3))])
    metric = MetricEnsembles(FIND, metrics=["euclid"], parts=[4, 3]).fit(rows, PIDS, CAMIDS)
    assert metric.weights[0] > 0.9
    unseen = np.hstack([views(6, 0.4), np.random.default_rng(8).normal(size=(80, 3))])
    found = rank_1(metric.distance(unseen, unseen))
    assert found >= max(rank_1(distances_of(unseen[:, :4])), rank_1(distances_of(unseen)))


def mean_rank_1(metric, columns=slice(None)):
    """Over ten draws of people nobody has seen."""
    draws = (np.hstack([views(100 + 2 * draw + part, 0.3) for part in (0, 1)])[:, columns] for draw in range(10))
    return np.mean([rank_1(metric.distance(rows, rows)) for rows in draws])


def test_it_is_better_than_its_best_base_metric():
    rows = np.hstack([views(1, 0.3), views(2, 0.3)])
    alone = []
    for name in ("kissme", "euclid"):
        for columns in (slice(0, 4), slice(4, 8)):
            metric = MetricEnsembles(FIND, metrics=[name]).fit(rows[:, columns], PIDS, CAMIDS)
            assert metric.weights.tolist() == [1.0]
            alone.append(mean_rank_1(metric, columns))
    both = MetricEnsembles(FIND, metrics=["kissme", "euclid"], parts=[4, 4]).fit(rows, PIDS, CAMIDS)
    assert mean_rank_1(both) > max(alone) + 0.1


class Recorder:
    """Stands in for a base metric: remembers which identities it was fitted to."""

    seen = []

    def fit(self, rows, pids, camids):
        self.seen.append(set(pids.tolist()))
        return self

    def distance(self, query, gallery):
        return np.abs(query[:, None] - gallery).sum(axis=2)


def test_weights_are_learned_on_identities_no_base_metric_has_seen():
    metric = MetricEnsembles(FIND, metrics=["euclid"], held_out=0.25)
    metric._makers = [Recorder]
    metric.fit(views(1, 0.3), PIDS, CAMIDS)
    first, last = Recorder.seen
    assert len(first) == 30 and last == set(range(40))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"metrics": ["kisme"]}, PluginError),
        ({"metrics": ["euclid"], "metric_options": [{"a": 1}]}, PluginError),
        ({"metrics": ["euclid"], "metric_options": [{}, {}]}, RecipeError),
        ({"metrics": []}, RecipeError),
        ({"learner": "cmc"}, RecipeError),
        ({"held_out": 1.0}, RecipeError),
    ],
)
def test_options_that_cannot_be_are_one_line(options, error):
    with pytest.raises(error, match="^[^\n]+$"):
        MetricEnsembles(FIND, **options).fit(views(1, 0.3), PIDS, CAMIDS)


def test_parts_that_do_not_sum_to_the_feature_are_one_line():
    with pytest.raises(DataError, match=r"features of 4 numbers for parts of \[3, 2\]"):
        MetricEnsembles(FIND, metrics=["euclid"], parts=[3, 2]).fit(views(1, 0.3), PIDS, CAMIDS)
