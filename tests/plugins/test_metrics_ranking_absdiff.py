"""RankSVM and RDC: gradients, criteria, deflation, and what they find where the answer is known."""

import numpy as np
import pytest
from gpnet_metrics.rank_svm import RankSVM, squared_hinge
from gpnet_metrics.rdc import RDC, criterion, directions_of
from scipy.optimize import check_grad, minimize

RNG = np.random.default_rng(7)


def test_squared_hinge_by_hand_and_its_gradient():
    wider = np.array([[1.0, 0.0], [0.0, -2.0]])
    loss, gradient = squared_hinge(np.array([0.5, 0.5]), wider, 3.0)
    assert loss == pytest.approx(0.25 + 3 * (0.25 + 4) / 2)  # margins 0.5 and -1
    np.testing.assert_allclose(gradient, [0.5 - 3 * 0.5, 0.5 + 3 * 2 * 2])
    rows = RNG.normal(size=(40, 5))
    value, slope = (lambda w, part=part: squared_hinge(w, rows, 2.0)[part] for part in (0, 1))
    assert check_grad(value, slope, RNG.normal(size=5)) < 1e-5


def test_rank_svm_recovers_the_weights_that_made_the_ranking():
    weights = np.array([3.0, 1.0, 0.0, -1.0])
    wider = RNG.normal(size=(4000, 4))
    wider = wider[wider @ weights > 0]
    found = minimize(squared_hinge, np.zeros(4), (wider, 1e4), "L-BFGS-B", True).x
    cosine = found @ weights / np.linalg.norm(found) / np.linalg.norm(weights)
    assert cosine > 0.999


def people(num_people=60, dims=8, useful=2, noise=4.0):
    """Rows of two cameras: people differ in the first dimensions, images in the others."""
    centres = np.zeros((num_people, dims))
    centres[:, :useful] = RNG.normal(0, 3, (num_people, useful))
    pids, camids = np.repeat(np.arange(num_people), 2), np.tile([0, 1], num_people)
    spread = np.where(np.arange(dims) < useful, 0.3, noise)
    return centres[pids] + RNG.normal(size=(len(pids), dims)) * spread, pids, camids


def test_rank_svm_weighs_what_tells_people_apart():
    metric = RankSVM().fit(*people())
    assert metric._weights[:2].min() > 5 * np.abs(metric._weights[2:]).max()


def test_rank_svm_compares_rows_of_length_1():
    rows, pids, camids = people()
    lengths = RNG.uniform(1, 9, (len(rows), 1))
    one = RankSVM().fit(rows, pids, camids).distance(rows, rows)
    other = RankSVM().fit(rows * lengths, pids, camids).distance(rows * lengths, rows)
    np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4 * np.abs(one).max())


def test_only_the_dimensions_that_vary_most_take_part():
    rows, pids, camids = people()
    metric = RankSVM(dims=3, normalise="none").fit(rows, pids, camids)
    largest = sorted(np.argsort(rows.var(axis=0))[-3:])
    moved = rows.copy()
    moved[:, [dim for dim in range(8) if dim not in largest]] += 100
    np.testing.assert_array_equal(metric.distance(moved, rows), metric.distance(rows, rows))
    every = RankSVM(dims=0).fit(rows, pids, camids).distance(rows, rows)
    np.testing.assert_array_equal(every, RankSVM(dims=8).fit(rows, pids, camids).distance(rows, rows))


def differences(count=50, npratio=3, dims=6):
    """Overlapping kinds of differences, so that no one direction parts them."""
    return np.abs(RNG.normal(0, 1, (count, dims))), np.abs(RNG.normal(0, 1.3, (count * npratio, dims)))


def test_the_criterion_is_that_of_a_loop_and_its_gradient_that_of_finite_differences():
    same, different = differences()
    w, offset = RNG.normal(size=6) / 3, RNG.normal(size=(50, 3))
    exponents = [
        offset[p, n] + (w @ same[p]) ** 2 - (w @ different[3 * p + n]) ** 2 for p in range(50) for n in range(3)
    ]  # fmt: skip
    assert criterion(w, same, different, offset)[0] == pytest.approx(np.mean(np.log1p(np.exp(exponents))))
    value, slope = (lambda w, part=part: criterion(w, same, different, offset)[part] for part in (0, 1))
    assert check_grad(value, slope, w) < 1e-6


def test_directions_are_orthogonal_and_the_criterion_falls():
    same, different = differences()
    directions, criteria = directions_of(same, different, 6, 100, 1e-6)
    assert len(directions) >= 2
    assert (np.diff(criteria) < 0).all()
    inner = directions @ directions.T
    np.testing.assert_allclose(inner - np.diag(np.diag(inner)), 0, atol=1e-9)
    # the last one is the criterion of all of them together
    near, far = (same @ directions.T) ** 2, (different @ directions.T) ** 2
    exponents = near.sum(axis=1)[:, None] - far.sum(axis=1).reshape(50, 3)
    assert criteria[-1] == pytest.approx(np.mean(np.logaddexp(0, exponents)))


def test_a_search_kept_orthogonal_is_a_search_on_deflated_differences():
    same, different = differences()
    directions, criteria = directions_of(same, different, 2, 200, 1e-9)
    first = directions[0]
    offset = ((same @ first) ** 2)[:, None] - ((different @ first) ** 2).reshape(50, 3)
    deflated = [rows - np.outer(rows @ first, first) / (first @ first) for rows in (same, different)]
    assert np.abs(deflated[0] @ first).max() < 1e-9
    start = directions[1] * 1.3
    found = minimize(criterion, start, (*deflated, offset), "L-BFGS-B", True)
    assert found.fun == pytest.approx(criteria[2], rel=1e-4)


def test_rdc_does_not_depend_on_the_unit():
    rows, pids, camids = people()
    one, other = (RDC().fit(rows * unit, pids, camids).distance(rows * unit, rows * unit) for unit in (1, 1000))
    np.testing.assert_allclose(other, one, rtol=1e-2, atol=1e-2 * one.max())
