"""LADF and MLAPG: losses of all pairs and of two cameras against loops, gradients against differences, descent."""

import numpy as np
import pytest
from gpnet_metrics.bilinear import Decision, decision_values
from gpnet_metrics.cross_pairs import all_weighted_blocks, logistic, weighted_blocks
from gpnet_metrics.ladf import LADF, loss_and_gradient
from gpnet_metrics.mahalanobis import quadratic_distances
from gpnet_metrics.mlapg import MLAPG, Problem, descend

from crowd import people

PIDS, CAMIDS = np.repeat(np.arange(6), 3), np.tile([0, 1, 2], 6)
PENALTIES = 0.1, 0.2


def rows_of(seed, dims=4):
    return np.random.default_rng(seed).normal(size=(len(PIDS), dims))


def symmetric(rng, dims):
    matrix = rng.normal(size=(dims, dims))
    return matrix + matrix.T


def pairs(every=False):
    """All pairs of two cameras, or every pair of two rows, with their weights, by a double loop."""
    counts = range(len(PIDS))
    found = [
        (i, j, PIDS[i] == PIDS[j]) for i in counts for j in counts if (i < j if every else CAMIDS[i] < CAMIDS[j])
    ]  # fmt: skip
    positives = sum(same for _, _, same in found)
    return [(i, j, 1 / positives if same else -1 / (len(found) - positives)) for i, j, same in found]


def slope(function, at, towards, step=1e-5):
    return (function(at + step * towards) - function(at - step * towards)) / (2 * step)


def test_weights_are_those_of_a_loop():
    found = sorted(
        (int(i), int(j), weight)
        for first, second, weights in weighted_blocks(PIDS, CAMIDS)
        for i, line in zip(first, weights)
        for j, weight in zip(second, line)
    )
    np.testing.assert_allclose(found, sorted(pairs()))


@pytest.mark.parametrize("size", [1024, 7, 17])
def test_weights_of_every_pair_are_those_of_a_loop(size):
    found = sorted(
        (int(i), int(j), weight)
        for first, second, weights in all_weighted_blocks(PIDS, size)
        for i, line in zip(first, weights)
        for j, weight in zip(second, line)
        if weight
    )
    np.testing.assert_allclose(found, sorted(pairs(every=True)))


def test_one_camera_leaves_out_a_row_and_itself():
    ((_, _, weights),) = weighted_blocks(np.array([0, 0, 1, 1]), np.zeros(4, int))
    np.testing.assert_allclose(weights.diagonal(), 0)
    np.testing.assert_allclose(weights[0], [0, 1 / 4, -1 / 8, -1 / 8])


def test_logistic_by_hand():
    loss, slopes = logistic(np.array([[0.0, -2.0, 3.0]]), np.array([[0.5, -0.5, 0.0]]))
    assert loss == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(1 + np.exp(2)))
    np.testing.assert_allclose(slopes, [[0.25, -0.5 / (1 + np.exp(-2)), 0]])


def test_ladf_loss_is_that_of_a_loop_and_its_gradient_that_of_finite_differences():
    rng, rows = np.random.default_rng(1), rows_of(1)
    blocks = all_weighted_blocks(PIDS)
    at = Decision(symmetric(rng, 4), symmetric(rng, 4), 0.3)
    loss, gradient = loss_and_gradient(at, rows, blocks, PENALTIES)
    values = decision_values(rows, rows, at)
    right = sum(abs(weight) * np.log1p(np.exp(np.sign(weight) * values[i, j])) for i, j, weight in pairs(every=True))
    assert loss == pytest.approx(right + 0.05 * (at.a**2).sum() + 0.1 * (at.b**2).sum())

    def along(direction):
        moved = (Decision(*(part + step * d for part, d in zip(at, direction))) for step in (1e-5, -1e-5))
        above, below = (loss_and_gradient(one, rows, blocks, PENALTIES)[0] for one in moved)
        return (above - below) / 2e-5

    for direction in [(symmetric(rng, 4), 0 * at.b, 0.0), (0 * at.a, symmetric(rng, 4), 0.0), (0 * at.a, 0 * at.b, 1)]:
        found = sum(np.sum(part * towards) for part, towards in zip(gradient, direction))
        assert found == pytest.approx(along(direction), rel=1e-6)


def test_ladf_learns_from_pairs_of_one_camera_too():
    rows, pids = rows_of(7) + 2 * rows_of(8)[PIDS], PIDS
    learned = [
        LADF(0.0, "none").fit(rows, pids, camids).distance(rows, rows) for camids in (CAMIDS, 0 * CAMIDS, PIDS % 2)
    ]
    np.testing.assert_array_equal(learned[0], learned[1])
    np.testing.assert_array_equal(learned[0], learned[2])


def test_ladf_against_the_loss_and_gradient_of_the_released_code():
    """Of svmml_full_gradient_final.m, run by GNU Octave 7.3."""
    rows, pids, _ = people(12, dims=5, noise=1.0)
    a, b = (function(np.arange(1, 26)).reshape(5, 5) for function in (np.sin, np.cos))
    at = Decision(a + a.T, b + b.T, 0.3)
    for size in (1024, 7):
        blocks = all_weighted_blocks(pids, size)
        loss, gradient = loss_and_gradient(at, rows - rows.mean(axis=0), blocks, (0.1, 0.2))
        assert loss == pytest.approx(12.1951419708809, rel=1e-12)
        found = np.concatenate([gradient.a.ravel(), gradient.b.ravel(), [gradient.c]])
        np.testing.assert_allclose(found[[0, 1, 6, 13, 24, 25, 26, 31, 38, 49, 50]], RELEASED, rtol=1e-9)


RELEASED = [
    0.332553119762, 0.000848387971925, 0.462611753472, -0.133444482559, -0.161014235244,  # of A
    -0.274802086673, 0.295210716514, -0.257384422599, 0.337446883081, 1.54383504154,  # of B
    0.186176777452,
]  # fmt: skip


def test_ladf_learns_a_matrix_for_each_side_that_is_symmetric():
    rows = rows_of(2) + 3 * np.random.default_rng(3).normal(size=(6, 4))[PIDS]
    metric = LADF(n_components=0.0, normalise="none").fit(rows, PIDS, CAMIDS)
    a, b, _ = metric._decision
    np.testing.assert_allclose(a, a.T, atol=1e-9)
    np.testing.assert_allclose(b, b.T, atol=1e-9)
    assert np.abs(a - b).max() > 0.1
    blocks = all_weighted_blocks(PIDS)
    centred = rows - rows.mean(axis=0)
    start = loss_and_gradient(Decision(np.eye(4), np.eye(4)), centred, blocks, (1e-8, 1e-6))[0]
    assert loss_and_gradient(metric._decision, centred, blocks, (1e-8, 1e-6))[0] < start


def test_mlapg_loss_is_that_of_a_loop_and_its_gradient_that_of_finite_differences():
    rng, rows = np.random.default_rng(4), rows_of(4)
    problem = Problem.of(rows, weighted_blocks(PIDS, CAMIDS))
    every = quadratic_distances(rows, rows)
    assert problem.mu == pytest.approx(np.mean([every[i, j] for i, j, _ in pairs()]))
    matrix = np.eye(4) + 0.1 * symmetric(rng, 4)
    loss, slopes = problem.loss(matrix)
    values = quadratic_distances(rows, rows, matrix) - problem.mu
    right = sum(abs(weight) * np.log1p(np.exp(np.sign(weight) * values[i, j])) for i, j, weight in pairs())
    assert loss == pytest.approx(right)
    for _ in range(3):
        towards = symmetric(rng, 4)
        found = slope(lambda m: problem.loss(m)[0], matrix, towards)
        assert np.sum(problem.gradient(slopes) * towards) == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_mlapg_stays_semidefinite_never_rises_and_ends_at_the_minimum(seed):
    rows = rows_of(seed) + 2 * np.random.default_rng(seed).normal(size=(6, 4))[PIDS] * [1, 1, 0, 0]
    problem = Problem.of(rows, weighted_blocks(PIDS, CAMIDS))
    matrix, losses = descend(problem, np.eye(4), 3000, 1e-13)
    assert (np.diff(losses) <= 0).all() and len(losses) > 5
    assert np.linalg.eigvalsh(matrix).min() > -1e-12
    gradient = problem.gradient(problem.loss(matrix)[1])  # at the minimum over the cone: G >= 0 and <G, M> = 0
    size = np.abs(problem.gradient(problem.loss(np.eye(4))[1])).max()
    assert np.linalg.eigvalsh(gradient).min() > -1e-3 * size
    assert abs(np.sum(gradient * matrix)) < 1e-3 * size * np.trace(matrix)


def test_mlapg_without_negatives_shrinks_the_matrix_to_nothing():
    blocks = [block._replace(weights=block.weights.clip(0)) for block in weighted_blocks(PIDS, CAMIDS)]
    problem = Problem(rows_of(5), blocks, mu=1.0)
    matrix, losses = descend(problem, np.eye(4), 500, 1e-12)
    assert np.abs(matrix).max() < 1e-6
    assert losses[-1] == pytest.approx(np.log1p(np.exp(-1)), abs=1e-6)


def test_mlapg_hands_out_the_distances_of_its_matrix():
    rows = rows_of(6)
    metric = MLAPG(n_components=0.0).fit(rows, PIDS, CAMIDS)
    centred = rows - rows.mean(axis=0)
    matrix, losses = descend(Problem.of(centred, weighted_blocks(PIDS, CAMIDS)), np.eye(4), 300, 1e-4)
    np.testing.assert_allclose(metric.losses, losses)
    np.testing.assert_allclose(metric.distance(rows, rows), quadratic_distances(rows, rows, matrix), atol=1e-9)
