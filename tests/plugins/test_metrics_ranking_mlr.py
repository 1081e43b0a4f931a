"""MLR: its constraint against a loop, the duality gap, and bad options."""

import numpy as np
import pytest
from gpnet_metrics.mlr import MLR, constraint, ranked

from gluon_personnet.core.errors import RecipeError

RNG = np.random.default_rng(11)
PIDS, CAMIDS = np.repeat(np.arange(20), 4), np.tile([0, 0, 1, 1], 20)


def people(noise=1.0, dims=6):
    """People differ in the first two dimensions only."""
    centres = np.zeros((20, dims))
    centres[:, :2] = RNG.normal(0, 2, (20, 2))
    return centres[PIDS] + RNG.normal(size=(80, dims)) * ([0.2] * 2 + [noise] * (dims - 2))


def test_the_constraint_is_that_of_a_loop():
    rows, queries = RNG.normal(size=(7, 3)), np.array([1, 1, 0, 1, 0, 0, 0], bool)
    coefficient = RNG.normal(size=(3, 7))
    coefficient -= coefficient.mean(axis=1, keepdims=True)
    right = np.zeros((3, 3))
    for line, q in zip(coefficient, rows[queries]):
        for weight, x in zip(line, rows):
            right -= weight * np.outer(q - x, q - x)
    np.testing.assert_allclose(constraint(rows, queries, coefficient), right, atol=1e-12)


def test_rows_of_the_same_camera_are_not_ranked():
    same, candidate = ranked(PIDS, CAMIDS)
    assert same[0].nonzero()[0].tolist() == [0, 1, 2, 3]
    assert (candidate == (CAMIDS[:, None] != CAMIDS)).all()
    _, candidate = ranked(PIDS, np.zeros(80, int))  # one camera: all but the row itself
    assert (candidate == ~np.eye(80, dtype=bool)).all()


@pytest.mark.parametrize("loss", ["auc", "map", "mrr", "precision", "top"])
def test_the_gap_closes_and_what_tells_people_apart_is_found(loss):
    rows = people()
    metric = MLR(n_components=0.0, loss=loss, k=2, tolerance=0.02).fit(rows, PIDS, CAMIDS)
    best, dual = np.transpose(metric.bounds)
    assert (np.diff(best) <= 0).all() and (np.diff(dual) >= 0).all()
    assert best[-1] - dual[-1] <= 0.02 * 1000 < best[0] - dual[0]
    unseen = people()
    distances = metric.distance(unseen[CAMIDS == 0], unseen[CAMIDS == 1])
    nearest = PIDS[CAMIDS == 1][distances.argmin(axis=1)]
    squares = ((unseen[CAMIDS == 0][:, None] - unseen[CAMIDS == 1]) ** 2).sum(axis=2)
    plain = PIDS[CAMIDS == 1][squares.argmin(axis=1)]
    assert (nearest == PIDS[CAMIDS == 0]).mean() > (plain == PIDS[CAMIDS == 0]).mean() + 0.1


def test_a_query_without_a_true_match_teaches_nothing_and_breaks_nothing():
    rows = people()
    lonely = np.append(PIDS, 99), np.append(CAMIDS, 0)
    assert np.isfinite(MLR(n_components=0.0).fit(np.vstack([rows, rows[:1] + 1]), *lonely).distance(rows, rows)).all()


@pytest.mark.parametrize("options", [{"loss": "aux"}, {"k": 0}, {"c": 0.0}])
def test_options_that_cannot_be_are_one_line(options):
    with pytest.raises(RecipeError, match="^metric 'mlr': [^\n]+$"):
        MLR(**options)
