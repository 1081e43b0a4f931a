"""LFDA and MFA, and both on kernels: by hand, against enumeration, and with Fisher's analysis as a special case."""

import numpy as np
import pytest
from gpnet_metrics.graphs import (
    discriminant,
    fisher_graphs,
    kernel_fisher_graphs,
    local_fisher_graphs,
    marginal_graphs,
    squared_distances,
)
from gpnet_metrics.klfda import KLFDA
from gpnet_metrics.kmfa import KMFA
from gpnet_metrics.lfda import LFDA
from gpnet_metrics.mahalanobis import quadratic_distances
from gpnet_metrics.mfa import MFA
from scipy.linalg import eigh, subspace_angles

from crowd import people
from gluon_personnet.core.errors import DataError, PluginError, RecipeError

RNG = np.random.default_rng(13)
SIX = np.array([[0.0], [1.0], [10.0], [2.0], [13.0], [20.0]])  # 0 1 2 | 10 13 | 20
SIX_PIDS = np.array([0, 0, 1, 0, 1, 2])


def half_scatter(rows, graph):
    """By its definition."""
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows))]
    return sum(graph[i, j] * np.outer(rows[i] - rows[j], rows[i] - rows[j]) for i, j in pairs) / 2


# --- graphs -----------------------------------------------------------------------------------------------------------


def test_marginal_graphs_by_hand():
    squares = (SIX - SIX.T) ** 2
    within, between = marginal_graphs(squares, SIX_PIDS, 1)
    assert within.astype(int).tolist() == [
        [0, 1, 0, 1, 0, 0],
        [1, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    nearest = {(0, 2), (1, 2), (2, 3), (3, 2), (4, 5), (5, 4)}  # of another person: 0-10, 1-10, 10-2, 2-10, 13-20
    joined = {(i, j) for i, j in zip(*np.nonzero(between))}
    assert joined == nearest | {(j, i) for i, j in nearest}
    assert (marginal_graphs(squares, SIX_PIDS, 0)[1] == (SIX_PIDS[:, None] != SIX_PIDS)).all()
    assert (marginal_graphs(squares, SIX_PIDS, 99)[1] == (SIX_PIDS[:, None] != SIX_PIDS)).all()


def test_local_fisher_graphs_by_hand():
    within, between = local_fisher_graphs((SIX - SIX.T) ** 2, SIX_PIDS, 2)
    # second neighbours within the person: of 0 at 2, of 1 at 1, of 2 at 2; of 10 and 13 the only one, at 3
    affinity = np.exp(-1 / (2 * 1))
    assert within[0, 1] == pytest.approx(affinity / 3)
    assert between[0, 1] == pytest.approx(affinity * (1 / 6 - 1 / 3))
    assert within[2, 4] == pytest.approx(np.exp(-9 / (3 * 3)) / 2)
    assert within[0, 2] == 0 and between[0, 2] == pytest.approx(1 / 6)
    assert np.diag(within).max() == np.diag(between).max() == 0
    np.testing.assert_array_equal(within, within.T)


def test_the_local_scale_of_lfda_is_taken_within_a_person_and_that_of_klfda_among_all_rows():
    rows, pids = np.array([[0.0], [1.0], [0.1], [5.0]]), np.array([0, 0, 1, 1])
    squares = (rows - rows.T) ** 2
    assert 2 * local_fisher_graphs(squares, pids, 1)[0][0, 1] == pytest.approx(np.exp(-1))  # neighbours at 1 and 1
    assert 2 * kernel_fisher_graphs(squares, pids, 1)[0][0, 1] == pytest.approx(np.exp(-1 / (0.1 * 0.9)))


def test_kernel_fisher_graphs_by_hand():
    within, between = kernel_fisher_graphs((SIX - SIX.T) ** 2, SIX_PIDS, 2)
    # second neighbours: of 0 at 2, of 1 at 1, of 2 at 2, of 10 at 8, of 13 at 7 (20), of 20 at 10 (10)
    affinity = np.exp(-1 / (2 * 1))
    assert within[0, 1] == pytest.approx(affinity / 3)
    assert between[0, 1] == pytest.approx(affinity * (1 / 6 - 1 / 3))
    assert within[2, 4] == pytest.approx(np.exp(-9 / (8 * 7)) / 2)
    assert within[0, 2] == 0 and between[0, 2] == pytest.approx(1 / 6)


@pytest.mark.parametrize("make", [local_fisher_graphs, kernel_fisher_graphs])
def test_rows_that_are_equal_have_a_local_scale_all_the_same(make):
    graphs = make(np.zeros((6, 6)), SIX_PIDS, 2)
    assert np.isfinite(graphs).all() and graphs[0][0, 1] == pytest.approx(1 / 3)


def test_squared_distances_of_a_linear_kernel():
    rows = RNG.normal(size=(7, 3))
    right = ((rows[:, None] - rows) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(rows @ rows.T), right, atol=1e-12)


# --- directions -------------------------------------------------------------------------------------------------------


def test_scatters_of_a_complete_affinity_are_those_of_fishers_analysis():
    rows, pids, _ = people(5)
    within, between = fisher_graphs(np.ones((len(rows),) * 2), pids)
    centred = rows - rows.mean(axis=0)
    means = np.stack([rows[pids == pid].mean(axis=0) for pid in range(5)])[pids]
    np.testing.assert_allclose(half_scatter(rows, within), (rows - means).T @ (rows - means), atol=1e-12)
    np.testing.assert_allclose(half_scatter(rows, between), (means - rows.mean(0)).T @ centred, atol=1e-12)


def test_directions_of_a_complete_affinity_are_those_of_fishers_analysis():
    rows, pids, _ = people(5)
    found = discriminant(rows, *fisher_graphs(np.ones((len(rows),) * 2), pids), 3, 1e-12)
    means = np.stack([rows[pids == pid].mean(axis=0) for pid in range(5)])[pids]
    inner, outer = (rows - means).T @ (rows - means), (means - rows.mean(0)).T @ (means - rows.mean(0))
    right = eigh(outer, inner)[1][:, -3:]
    assert subspace_angles(found, right).max() < 1e-6
    np.testing.assert_allclose(found.T @ inner @ found, np.eye(3), atol=1e-9)


def test_directions_against_enumerated_scatters():
    rows, pids, _ = people(5)
    within, between = local_fisher_graphs(squared_distances(rows @ rows.T), pids, 3)
    inner = half_scatter(rows, within)
    inner = 0.7 * inner + 0.3 * np.trace(inner) / 6 * np.eye(6)
    right = eigh(half_scatter(rows, between), inner)[1][:, -2:]
    assert subspace_angles(discriminant(rows, within, between, 2, 0.3), right).max() < 1e-9
    assert discriminant(rows, within, between, 99, 0.3).shape == (6, 6)


@pytest.mark.parametrize("make", [LFDA, MFA, KLFDA, KMFA])
@pytest.mark.parametrize("options", [{"dims": 0}, {"regulariser": 0.0}, {"regulariser": 1.5}])
def test_wrong_options(make, options):
    rows, pids, camids = people()
    with pytest.raises(RecipeError, match="right: at least 1, above 0 and up to 1"):
        make(**options).fit(np.abs(rows), pids, camids)


# --- metrics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("graphs", ["mfa", "lfda"])
def test_with_a_linear_kernel_they_are_the_linear_ones(graphs, monkeypatch):
    """The regularisers differ (features there, weights of rows here), so both are made too small to matter."""
    linear, kernel = {"lfda": (LFDA, KLFDA), "mfa": (MFA, KMFA)}[graphs]
    monkeypatch.setattr("gpnet_metrics.klfda.kernel_fisher_graphs", local_fisher_graphs)  # the same local scale
    rows, pids, camids = people(15, dims=5)
    rows = rows.astype(np.float32)
    options = {"dims": 3, "neighbours": 2, "regulariser": 1e-9}
    by_rows = linear(n_components=0.0, **options).fit(rows, pids, camids).distance(rows[:9], rows)
    by_kernel = kernel(kernel="linear", **options).fit(rows, pids, camids).distance(rows[:9], rows)
    np.testing.assert_allclose(by_kernel, by_rows, rtol=1e-3, atol=1e-4 * by_rows.max())


@pytest.mark.parametrize("linear, kernel", [(LFDA, KLFDA), (MFA, KMFA)], ids=["lfda", "mfa"])
def test_on_a_kernel_they_are_the_linear_ones_on_its_columns(linear, kernel):
    rows, pids, camids = people(10, dims=5)
    columns = rows @ rows.T
    metric = kernel(kernel="linear", dims=4)
    projection = metric._fit_projection(columns, pids, camids)
    graphs = {
        LFDA: lambda: kernel_fisher_graphs(((rows[:, None] - rows) ** 2).sum(axis=2), pids, 6),
        MFA: lambda: marginal_graphs(((rows[:, None] - rows) ** 2).sum(axis=2), pids, 12),
    }[linear]()
    right = discriminant(columns, *graphs, 4, 0.01)
    np.testing.assert_allclose(
        quadratic_distances(columns @ projection, columns @ projection),
        quadratic_distances(columns @ right, columns @ right),
        atol=1e-8,
    )


@pytest.mark.parametrize("make", [lambda: LFDA(0.0, dims=3), lambda: MFA(0.0, dims=3)], ids=["lfda", "mfa"])
def test_rotation_order_and_unit(make):
    rows, pids, camids = people()
    turn, order = np.linalg.qr(RNG.normal(size=(6, 6)))[0], RNG.permutation(len(rows))
    distances = make().fit(rows, pids, camids).distance(rows[:9], rows)
    for given, new in (((rows @ turn, pids, camids), rows @ turn), ((rows[order], pids[order], camids[order]), rows)):
        np.testing.assert_allclose(make().fit(*given).distance(new[:9], new), distances, rtol=1e-8, atol=1e-9)
    larger = make().fit(100 * rows, pids, camids).distance(100 * rows[:9], 100 * rows)
    np.testing.assert_allclose(larger, distances, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("make", [KLFDA, KMFA])
def test_chi2_kernels_are_for_histograms(make):
    rows, pids, camids = people()
    with pytest.raises(DataError, match="kernel chi2: found the value -.*; right: histograms, 0 or more"):
        make().fit(rows, pids, camids)
    with pytest.raises(PluginError, match="kernel 'ch2' unknown; did you mean 'chi2'"):
        make(kernel="ch2")
