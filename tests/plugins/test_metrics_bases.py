"""What the metrics share: checks, reduction, pairs, and the ways to compare."""

import numpy as np
import pytest
from gpnet_metrics.absdiff import AbsDiff, pair_differences
from gpnet_metrics.bilinear import Bilinear, Decision
from gpnet_metrics.cosine import Cosine
from gpnet_metrics.euclid import Euclid
from gpnet_metrics.itml import ITML
from gpnet_metrics.kissme import KISSME
from gpnet_metrics.kmfa import KMFA
from gpnet_metrics.l1 import L1
from gpnet_metrics.ldm import LDM
from gpnet_metrics.lfda import LFDA
from gpnet_metrics.lmnn import LMNN
from gpnet_metrics.mahalanobis import Form, Mahalanobis, factor_psd, project_psd, quadratic_distances
from gpnet_metrics.pairs import negative_pairs, positive_pairs, sample_pairs
from gpnet_metrics.reduction import Reduction
from gpnet_metrics.xqda import XQDA

from gluon_personnet.core.errors import DataError, RecipeError

RNG = np.random.default_rng(5)
PIDS, CAMIDS = np.repeat(np.arange(6), 4), np.tile([0, 0, 1, 1], 6)


def euclid(rows, others):
    return ((rows[:, None] - others) ** 2).sum(axis=2)


# --- reduction --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (12, 12), (9, 5000)])
def test_components_are_those_of_the_singular_value_decomposition(shape):
    rows = RNG.normal(3, 1, shape) * RNG.uniform(0.5, 2, shape[1])
    reduction = Reduction(4.0)
    reduced = reduction.fit(rows)
    reduction.keep()
    left, values, right = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(reduced), np.abs(left[:, :4] * values[:4]), atol=1e-10)
    np.testing.assert_allclose(reduction.transform(rows), reduced, atol=1e-10)
    new = RNG.normal(3, 1, (5, shape[1]))
    np.testing.assert_allclose(
        np.abs(reduction.transform(new)), np.abs((new - rows.mean(axis=0)) @ right[:4].T), atol=1e-10
    )


def test_components_of_float32_rows_lose_no_more_than_the_rows_themselves():
    rows = RNG.uniform(0, 1, (20, 3000)).astype(np.float32)
    single, double = (Reduction(19.0).fit(given) for given in (rows, rows.astype(np.float64)))
    np.testing.assert_allclose(np.abs(single), np.abs(double), atol=1e-9)


def test_a_fraction_takes_as_many_components_as_it_needs():
    rows = np.zeros((8, 3))
    rows[0:2, 0], rows[2:4, 1], rows[4:6, 2] = (4, -4), (2, -2), (1, -1)  # variances 16 : 4 : 1
    for fraction, right in ((0.7, 1), (16 / 21 + 1e-9, 2), (0.9, 2), (0.99, 3), (1.0, 1), (2.0, 2), (9.0, 3)):
        assert Reduction(fraction).fit(rows).shape[1] == right  # 1.0 is one component


def test_never_more_components_than_the_rows_span():
    rows = RNG.normal(size=(6, 40))
    assert Reduction(100.0).fit(rows).shape == (6, 5)
    assert Reduction(100.0).fit(np.repeat(rows[:3], 2, axis=0)).shape == (6, 2)
    assert Reduction(0.0).fit(rows).shape == (6, 40)
    assert Reduction(0.0, span=True).fit(rows).shape == (6, 5)


def test_all_components_keep_distances():
    rows = RNG.normal(size=(7, 50))
    np.testing.assert_allclose(euclid(*[Reduction(span=True).fit(rows)] * 2), euclid(rows, rows), atol=1e-10)


@pytest.mark.parametrize("side", ["before", "after"])
def test_rows_of_length_1(side):
    rows = RNG.normal(size=(20, 6))
    reduction = Reduction(3.0, side)
    reduced = reduction.fit(rows)
    reduction.keep()
    np.testing.assert_allclose(reduction.transform(rows), reduced, atol=1e-12)
    if side == "before":
        np.testing.assert_allclose(reduction.transform(7 * rows), reduced, atol=1e-12)
    else:
        np.testing.assert_allclose(np.linalg.norm(reduced, axis=1), 1)


@pytest.mark.parametrize("wrong", [-1.0, 2.5, np.inf, np.nan])
def test_wrong_number_of_components(wrong):
    with pytest.raises(RecipeError, match="n_components: .*; right: 0, a fraction below 1, or a whole number"):
        Reduction(wrong)
    with pytest.raises(RecipeError, match="normalise: 'l2'; right: one of none, before, after"):
        Reduction(1.0, "l2")


# --- pairs ------------------------------------------------------------------------------------------------------------


def test_positives_by_hand():
    pids, camids = np.array([7, 3, 7, 3, 7]), np.array([1, 0, 0, 0, 1])
    assert positive_pairs(pids, camids).tolist() == [[2, 0], [2, 4]]  # 3 was seen by one camera only


def test_positives_against_a_loop():
    pids, camids = RNG.integers(0, 9, 60), RNG.integers(0, 3, 60)
    right = {(i, j) for i in range(60) for j in range(60) if pids[i] == pids[j] and camids[i] < camids[j]}
    found = positive_pairs(pids, camids).tolist()
    assert len(found) == len(right) and set(map(tuple, found)) == right


def test_without_a_second_camera_all_pairs_of_an_identity_count():
    pids, camids = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1])
    positives, negatives = sample_pairs(pids, camids, 2, np.random.default_rng(0))
    assert positives.tolist() == [[0, 1], [0, 2], [1, 2], [3, 4]]
    assert (pids[negatives[:, 0]] != pids[negatives[:, 1]]).all()


def test_negatives():
    positives, negatives = sample_pairs(PIDS, CAMIDS, 3, np.random.default_rng(0))
    assert negatives.shape == (3 * len(positives), 2)
    first, second = negatives.T
    np.testing.assert_array_equal(first, np.repeat(positives[:, 0], 3))
    assert (PIDS[first] != PIDS[second]).all() and (CAMIDS[first] != CAMIDS[second]).all()
    again = sample_pairs(PIDS, CAMIDS, 3, np.random.default_rng(0))[1]
    np.testing.assert_array_equal(again, negatives)
    many = negative_pairs(PIDS, CAMIDS, np.array([[0, 2]]), 1000, np.random.default_rng(1))[:, 1]
    counts = np.bincount(many, minlength=24)[(PIDS != 0) & (CAMIDS == 1)]
    assert counts.sum() == 1000 and counts.min() > 60  # 10 candidates, drawn evenly


def test_negatives_where_all_others_are_in_the_same_camera():
    pids, camids = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 0])
    positives, negatives = sample_pairs(pids, camids, 4, np.random.default_rng(0))
    assert positives.tolist() == [[0, 1]]
    assert set(negatives[:, 1].tolist()) <= {2, 3}


# --- ways to compare --------------------------------------------------------------------------------------------------


def test_quadratic_distances_against_a_loop():
    query, gallery, matrix = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(3, 3))
    matrix = matrix + matrix.T  # indefinite
    right = [[(x - z) @ matrix @ (x - z) for z in gallery] for x in query]
    np.testing.assert_allclose(quadratic_distances(query, gallery, matrix), right, atol=1e-12)
    np.testing.assert_allclose(quadratic_distances(query, gallery), euclid(query, gallery), atol=1e-12)
    assert quadratic_distances(query, query).min() >= 0


def test_projection_onto_psd_matrices():
    matrix = RNG.normal(size=(5, 5))
    found = project_psd(matrix)
    assert np.linalg.eigvalsh(found).min() > -1e-12
    np.testing.assert_allclose(project_psd(found), found, atol=1e-12)
    np.testing.assert_allclose(project_psd(np.diag([2.0, -3.0])), np.diag([2.0, 0.0]), atol=1e-15)
    factor = factor_psd(matrix)
    np.testing.assert_allclose(factor @ factor.T, found, atol=1e-12)
    assert factor_psd(np.diag([2.0, -3.0])).shape == (2, 1)


def test_distances_that_are_not_learned_by_hand():
    query, gallery = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [6.0, 8.0], [-4.0, 3.0]])
    right = {
        L1: [[7, 7, 8], [0, 14, 7]],
        Euclid: [[5, 5, np.sqrt(50)], [0, 10, 5]],
        Cosine: [[1, 0, 1], [1, 1, 1]],  # a row of zeros has no angle
    }
    for make, distances in right.items():
        np.testing.assert_allclose(make().fit(gallery, None, None).distance(query, gallery), distances, atol=1e-7)


class Given(Mahalanobis):
    """Scales the first component by 3, by way of M or of a projection."""

    name = "given"

    def __init__(self, by, **options):
        super().__init__(**options)
        self._by = by

    def _fit_form(self, rows, pids, camids):
        scales = np.ones(rows.shape[1])
        scales[0] = 3
        return Form(np.diag(scales)) if self._by == "projection" else Form(None, np.diag(scales**2))


@pytest.mark.parametrize("normalise", ["none", "before", "after"])
@pytest.mark.parametrize("n_components, dims", [(0.0, 6), (4.0, 6), (0.0, 90), (4.0, 90)])
def test_a_projection_is_as_good_as_its_square(normalise, n_components, dims):
    rows, query, gallery = (RNG.normal(1, 1, (count, dims)) for count in (24, 3, 5))
    by_matrix, by_projection = (
        Given(by, n_components=n_components, normalise=normalise).fit(rows, PIDS, CAMIDS).distance(query, gallery)
        for by in ("matrix", "projection")
    )
    np.testing.assert_allclose(by_matrix, by_projection, atol=1e-10)
    if n_components == 0 and dims == 6 and normalise == "none":
        scales = np.array([9, 1, 1, 1, 1, 1.0])
        np.testing.assert_allclose(by_matrix, ((query[:, None] - gallery) ** 2 * scales).sum(axis=2))


class SumOfDifferences(AbsDiff):
    name = "sum"

    def _learn_differences(self, rows, pids, camids):
        self._weights = np.arange(1.0, rows.shape[1] + 1)

    def _score(self, differences):
        return differences @ self._weights


def test_absolute_differences_against_a_loop(monkeypatch):
    monkeypatch.setattr("gpnet_metrics.absdiff.VALUES", 40)
    rows = RNG.normal(size=(24, 4))
    found = SumOfDifferences().fit(rows, PIDS, CAMIDS).distance(rows[:7], rows[:9])
    right = [[np.abs(x - z) @ [1, 2, 3, 4] for z in rows[:9]] for x in rows[:7]]
    np.testing.assert_allclose(found, right)
    pairs = np.array([[0, 5], [3, 1]])
    np.testing.assert_allclose(pair_differences(rows, pairs)[1], np.abs(rows[3] - rows[1]))


class GivenDecision(Bilinear):
    name = "decision"

    def _fit_decision(self, rows, pids, camids):
        return self.decision


def test_decision_values_against_a_loop():
    rows = RNG.normal(size=(24, 3))
    a, b = (matrix + matrix.T for matrix in RNG.normal(size=(2, 3, 3)))
    metric = GivenDecision()
    metric.decision = Decision(a, b, 0.5)
    found = metric.fit(rows, PIDS, CAMIDS).distance(rows[:4], rows[:6])
    x, z = rows - rows.mean(axis=0), rows - rows.mean(axis=0)
    right = [[x[i] @ a @ x[i] / 2 + z[j] @ a @ z[j] / 2 - x[i] @ b @ z[j] + 0.5 for j in range(6)] for i in range(4)]
    np.testing.assert_allclose(found, right, atol=1e-12)
    metric.decision = Decision(a, a)
    found = metric.fit(rows, PIDS, CAMIDS).distance(rows[:4], rows[:6])
    np.testing.assert_allclose(2 * found, quadratic_distances(rows[:4], rows[:6], a), atol=1e-12)


# --- input ------------------------------------------------------------------------------------------------------------

GOOD = RNG.normal(size=(24, 4))
REFUSED = {
    "one dimension": (GOOD[0], PIDS, CAMIDS, r"features of shape \(4,\); right: \(N, D\)"),
    "no rows": (GOOD[:0], PIDS[:0], CAMIDS[:0], r"features of shape \(0, 4\)"),
    "text": (GOOD.astype(str), PIDS, CAMIDS, "features of type <U32; right: real numbers"),
    "infinity": (np.where(GOOD[3, 1] == GOOD, np.inf, GOOD), PIDS, CAMIDS, "row 3 of the features holds NaN"),
    "short": (GOOD, PIDS[1:], CAMIDS, r"24 rows, identities of shape \(23,\), cameras of shape \(24,\)"),
    "one identity": (GOOD, PIDS * 0, CAMIDS, "1 identities, at most 24 rows of one; right: at least 2 identities"),
    "no pair": (GOOD, np.arange(24), CAMIDS, "24 identities, at most 1 rows of one"),
    "constant": (GOOD * 0 + 0.1, PIDS, CAMIDS, "all 24 rows are equal; right: features that differ"),
    "junk": (GOOD, np.where(PIDS > 0, -1, PIDS), CAMIDS, "1 identities, at most 4 rows of one"),
}


@pytest.mark.parametrize("rows, pids, camids, message", REFUSED.values(), ids=list(REFUSED))
def test_refused(rows, pids, camids, message):
    with pytest.raises(DataError, match="metric 'sum': " + ".*" + message) as caught:
        SumOfDifferences().fit(rows, pids, camids)
    assert "\n" not in str(caught.value)


def test_junk_teaches_nothing():
    pids = np.where(PIDS == 2, -1, PIDS)
    people = pids >= 0
    with_junk = Given("matrix", n_components=2.0).fit(GOOD, pids, CAMIDS).distance(GOOD, GOOD)
    without = Given("matrix", n_components=2.0).fit(GOOD[people], pids[people], CAMIDS[people]).distance(GOOD, GOOD)
    np.testing.assert_array_equal(with_junk, without)


@pytest.mark.parametrize(
    "make, options, message",
    [
        (KISSME, {"npratio": -1}, "metric 'kissme': npratio: -1; right: 0 or more"),
        (XQDA, {"dims": -1}, "metric 'xqda': dims: -1; right: 0 or more"),
        (XQDA, {"regulariser": 0.0}, "metric 'xqda': regulariser: 0.0; right: above 0"),
        (ITML, {"npratio": 0}, "metric 'itml': npratio: 0; right: 1 or more"),
        (ITML, {"gamma": 0.0}, "metric 'itml': gamma: 0.0; right: above 0"),
        (ITML, {"max_updates": 0}, "metric 'itml': max_updates: 0; right: 1 or more"),
        (LDM, {"max_iter": 0}, "metric 'ldm': max_iter: 0; right: 1 or more"),
        (LMNN, {"push": 1.0}, "metric 'lmnn': push: 1.0; right: between 0 and 1"),
        (LMNN, {"tolerance": float("nan")}, "metric 'lmnn': tolerance: nan; right: 0 or more"),
        (LFDA, {"neighbours": 0}, "metric 'lfda': neighbours: 0; right: 1 or more"),
        (KMFA, {"neighbours": -1}, "metric 'kmfa': neighbours: -1; right: 0 or more"),
    ],
)
def test_wrong_options(make, options, message):
    with pytest.raises(RecipeError, match=message):
        make(**options)
