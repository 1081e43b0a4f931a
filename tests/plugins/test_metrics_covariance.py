"""KISSME and XQDA: their covariances against enumeration, and what follows from the formulas."""

import itertools

import numpy as np
import pytest
from gpnet_metrics.kissme import KISSME
from gpnet_metrics.mahalanobis import quadratic_distances
from gpnet_metrics.scatter import group_scatter, mean_outer, pair_scatter, regular, weighted_scatter
from gpnet_metrics.xqda import XQDA

from crowd import people
from gluon_personnet.core.errors import RecipeError

RNG = np.random.default_rng(7)


def enumerated(rows, pairs):
    return np.mean([np.outer(rows[i] - rows[j], rows[i] - rows[j]) for i, j in pairs], axis=0)


# --- covariances ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cameras", [(0, 1), (0, 0, 1, 1), (0, 1, 1, 2, 5), (3, 3, 3)])
def test_pair_scatter_against_enumeration(cameras):
    rows, pids, camids = people(9, cameras=cameras)
    keep = RNG.random(len(rows)) > 0.2  # classes of different sizes, some in one camera only
    rows, pids, camids = rows[keep] + 5, pids[keep], camids[keep]
    crossing = len(set(cameras)) == 1
    pairs = [(i, j) for i, j in itertools.combinations(range(len(rows)), 2) if crossing or camids[i] != camids[j]]
    same = [(i, j) for i, j in pairs if pids[i] == pids[j]]
    different = [(i, j) for i, j in pairs if pids[i] != pids[j]]
    found = pair_scatter(rows, pids, camids)
    assert (found.num_same, found.num_different) == (len(same), len(different))
    np.testing.assert_allclose(found.same, enumerated(rows, same), atol=1e-12)
    np.testing.assert_allclose(found.different, enumerated(rows, different), atol=1e-12)


def test_group_scatter_by_hand():
    scatter, count = group_scatter(np.array([[0.0], [3.0], [10.0]]), np.array([4, 4, 7]))
    assert (scatter.item(), count) == (9.0, 1)


def test_weighted_scatter_against_enumeration():
    first, second, weights = RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(5, 4))
    right = sum(
        weights[i, j] * np.outer(first[i] - second[j], first[i] - second[j]) for i in range(5) for j in range(4)
    )
    np.testing.assert_allclose(weighted_scatter(first, second, weights), right, atol=1e-12)


def test_a_singular_covariance_gets_a_millionth_of_its_mean_eigenvalue():
    np.testing.assert_allclose(regular(np.diag([3.0, 0.0])), np.diag([3 + 1.5e-6, 1.5e-6]))
    good = np.diag([3.0, 1.0])
    assert regular(good) is good


# --- KISSME -----------------------------------------------------------------------------------------------------------


def test_kissme_against_its_formula():
    rows, pids, camids = people()
    same, different = pair_scatter(rows, pids, camids)[:2]
    right = np.linalg.inv(same) - 0.3 * np.linalg.inv(different)
    found = KISSME(n_components=0.0, weight=0.3).fit(rows, pids, camids).distance(rows[:5], rows)
    np.testing.assert_allclose(found, quadratic_distances(rows[:5], rows, right), atol=1e-8)


def test_kissme_with_many_random_pairs_nears_that_with_all():
    rows, pids, camids = people()
    exact, sampled, few = (
        KISSME(n_components=0.0, npratio=npratio).fit(rows, pids, camids).distance(rows[:9], rows).ravel()
        for npratio in (0, 300, 1)
    )
    assert np.corrcoef(exact, sampled)[0, 1] > 0.9999
    assert np.abs(exact - few).mean() > 5 * np.abs(exact - sampled).mean()


def test_kissme_made_definite():
    rows, pids, camids = people(noise=1.5)
    indefinite, definite = (KISSME(0.0, psd=psd).fit(rows, pids, camids).distance(rows, rows) for psd in (False, True))
    assert indefinite.min() < -0.01 and definite.min() > -1e-9


def test_outer_products_by_hand():
    np.testing.assert_array_equal(mean_outer(np.array([[1.0, 2.0], [3.0, 0.0]])), [[5, 1], [1, 2]])


# --- XQDA -------------------------------------------------------------------------------------------------------------


def test_xqda_against_its_definition():
    rows, pids, camids = people(30, noise=1.5)
    intra, extra = pair_scatter(rows, pids, camids)[:2]
    intra = intra + 0.001 / 3 * (rows**2).sum(axis=1).mean() * np.eye(6)
    values, vectors = np.linalg.eig(np.linalg.solve(intra, extra))
    directions = vectors.real[:, values.real > 1]
    assert 1 <= directions.shape[1] < 6
    matrix = np.linalg.inv(directions.T @ intra @ directions) - np.linalg.inv(directions.T @ extra @ directions)
    found = XQDA().fit(rows, pids, camids).distance(rows[:5], rows)
    np.testing.assert_allclose(found, quadratic_distances(rows[:5] @ directions, rows @ directions, matrix), atol=1e-8)


def test_xqda_of_many_dimensions_is_that_of_the_rows_themselves():
    rows, pids, camids = people(10, dims=30)  # 40 rows of 30 dimensions
    turned = np.linalg.qr(RNG.normal(size=(500, 30)))[0].T  # the same in 500
    found = XQDA().fit(rows @ turned, pids, camids).distance(rows[:7] @ turned, rows @ turned)
    np.testing.assert_allclose(found, XQDA().fit(rows, pids, camids).distance(rows[:7], rows), atol=1e-7)


@pytest.mark.parametrize("solver", ["eigh", "svd"])
def test_xqda_caps_its_subspace(solver):
    rows, pids, camids = people(30)
    one = XQDA(dims=1, solver=solver).fit(rows, pids, camids)
    distances = one.distance(rows, rows)
    values = np.linalg.svd(distances - distances.mean(axis=0) - distances.mean(axis=1)[:, None] + distances.mean())[1]
    assert values[1] < 1e-9 * values[0]  # of one direction


def test_xqda_knows_its_solvers():
    with pytest.raises(RecipeError, match="metric 'xqda': solver: 'qr'; right: one of eigh, svd"):
        XQDA(solver="qr")


# --- both -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: KISSME(0.0), XQDA, lambda: XQDA(solver="svd")], ids=["kissme", "xqda", "svd"])
def test_rotation_shift_and_unit_change_no_distance(make):
    rows, pids, camids = people()
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    distances = make().fit(rows, pids, camids).distance(rows[:9], rows)
    moved = make().fit(rows @ turn, pids, camids).distance(rows[:9] @ turn, rows @ turn)
    np.testing.assert_allclose(moved, distances, atol=1e-8)
    larger = make().fit(1000 * rows, pids, camids).distance(1000 * rows[:9], 1000 * rows)
    np.testing.assert_allclose(larger, distances, atol=1e-7)
    order = RNG.permutation(len(rows))
    shuffled = make().fit(rows[order], pids[order], camids[order]).distance(rows[:9], rows)
    np.testing.assert_allclose(shuffled, distances, atol=1e-8)


@pytest.mark.parametrize("make", [KISSME, lambda: KISSME(npratio=1), XQDA], ids=["kissme", "sampled", "xqda"])
def test_fewer_pairs_than_dimensions(make):
    rows, pids, camids = people(4, dims=50, cameras=(0, 1))
    distances = make().fit(rows, pids, camids).distance(rows, rows)
    same = pids[:, None] == pids
    assert np.isfinite(distances).all() and distances[same].max() < distances[~same].min()
