"""Verification and open set, by hand and against loops."""

import numpy as np
import pytest
from gpnet_protocols.open_set import OpenSet
from gpnet_protocols.verification import Verification

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.calibration import fit_platt, p_same


def random_problem(seed, levels=None):
    rng = np.random.default_rng(seed)
    query_pids, gallery_pids = rng.integers(0, 6, 30), rng.integers(-1, 7, 50)
    distmat = rng.normal(size=(30, 50)) - 1.5 * (query_pids[:, None] == gallery_pids)
    if levels:
        distmat = np.round(distmat * levels)
    return distmat, query_pids, rng.integers(0, 3, 30), gallery_pids, rng.integers(0, 3, 50)


def pairs_of(problem):
    """Distances of pairs of the same person in two cameras, and of different people."""
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem
    same, different = [], []
    for row in range(len(query_pids)):
        for column in range(len(gallery_pids)):
            if gallery_pids[column] == -1:
                continue
            if gallery_pids[column] != query_pids[row]:
                different.append(distmat[row, column])
            elif gallery_camids[column] != query_camids[row]:
                same.append(distmat[row, column])
    return np.array(same), np.array(different)


def verify(problem, **options):
    return Verification(**options).evaluate(*problem, np.random.default_rng(0)).others


@pytest.mark.parametrize("levels", [None, 3], ids=["no-ties", "ties"])
@pytest.mark.parametrize("memory_mib", [256, 0.001])
def test_verification_equals_a_loop(levels, memory_mib):
    problem = random_problem(1, levels)
    same, different = pairs_of(problem)
    others = verify(problem, false_accept_rate=0.02, memory_mib=memory_mib)
    assert others["pairs"] == {"same": len(same), "different": len(different)}
    wins = (same[:, None] < different).mean() + 0.5 * (same[:, None] == different).mean()
    assert others["auc"] == pytest.approx(wins, abs=1e-12)
    for rate, tpr in others["tpr_at_fpr"].items():
        thresholds = [t for t in np.unique(same) if (different <= t).mean() <= float(rate)]
        assert tpr == pytest.approx(max([(same <= t).mean() for t in thresholds], default=0), abs=1e-12)
    threshold = others["threshold"]
    assert threshold["fpr"] == pytest.approx((different <= threshold["distance"]).mean()) and threshold["fpr"] <= 0.02
    assert threshold["tpr"] == pytest.approx((same <= threshold["distance"]).mean())


def test_equal_error_rate():
    """Without ties it is where the two staircases cross: the least of the larger of both errors."""
    same, different = pairs_of(random_problem(2))
    thresholds = np.concatenate([same, different])
    errors = [max((same > t).mean(), (different <= t).mean()) for t in thresholds]
    assert verify(random_problem(2))["eer"] == pytest.approx(min(errors), abs=1e-12)


def test_a_threshold_may_accept_exactly_the_share_asked_for():
    """Ten pairs of different people, one of them closer than the pair of the same person."""
    distmat = np.array([[5.0, *range(4, 14)]])
    problem = (distmat, np.array([7]), np.array([0]), np.arange(7, 18), np.ones(11, int))
    others = verify((distmat + (distmat == 5) * (np.arange(11) > 0), *problem[1:]), false_accept_rate=0.1)
    assert others["threshold"]["fpr"] == 0.1 and others["tpr_at_fpr"]["0.1"] == 1 and others["tpr_at_fpr"]["0.01"] == 0


def test_a_constant_distance_verifies_nothing():
    problem = random_problem(3)
    others = verify((np.ones_like(problem[0]), *problem[1:]))
    assert others["auc"] == others["eer"] == 0.5
    assert set(others["tpr_at_fpr"].values()) == {0.0}
    assert others["threshold"]["distance"] is None and others["threshold"]["p_same"] is None
    assert others["calibration"]["slope"] == pytest.approx(0, abs=1e-9)


def test_perfect_distances_verify_everything():
    problem = random_problem(4)
    perfect = 1.0 - (problem[1][:, None] == problem[3])
    others = verify((perfect, *problem[1:]))
    assert others["auc"] == 1 and others["eer"] == 0 and set(others["tpr_at_fpr"].values()) == {1.0}
    reverse = verify((-perfect, *problem[1:]))
    assert reverse["auc"] == 0 and reverse["eer"] == 1 and reverse["calibration"]["slope"] < 0


def test_calibration_recovers_the_model_that_made_the_pairs():
    """Gaussians of unit variance at -1 and 1 with even odds: P(same) = 1 / (1 + exp(2 d))."""
    rng = np.random.default_rng(5)
    same, different = rng.normal(-1, 1, 20_000), rng.normal(1, 1, 60_000)
    slope, offset = fit_platt(same, different)
    assert slope == pytest.approx(2, abs=0.05) and offset == pytest.approx(0, abs=0.05)
    rare = fit_platt(same, different, prior=0.1)
    assert rare[1] - offset == pytest.approx(np.log(1 / 9), abs=0.1)


def test_calibration_is_at_the_maximum_of_the_likelihood():
    rng = np.random.default_rng(6)
    same, different = rng.normal(3, 2, 40), rng.normal(5, 2, 90)
    slope, offset = fit_platt(same, different)

    def loss(slope, offset):
        a, b = p_same(same, slope, offset), p_same(different, slope, offset)
        high, low = 41 / 42, 1 / 92
        first = -(high * np.log(a) + (1 - high) * np.log(1 - a)).mean()
        return first - (low * np.log(b) + (1 - low) * np.log(1 - b)).mean()

    for step in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        assert loss(slope + step[0], offset + step[1]) > loss(slope, offset)


def test_calibration_of_separable_pairs_is_finite():
    slope, offset = fit_platt(np.zeros(10) + 1e6, np.ones(10) + 1e6)
    assert np.isfinite([slope, offset]).all()
    np.testing.assert_allclose(p_same([1e6, 1e6 + 1], slope, offset), [11 / 12, 1 / 12], atol=1e-4)


def test_a_given_calibration_is_used_and_said():
    problem = random_problem(7)
    given = Verification(slope=2.0, offset=1.0).evaluate(*problem, np.random.default_rng(0))
    assert given.others["calibration"]["slope"] == 2 and "not fitted on these pairs" in given.card["calibration"]
    fitted = Verification().evaluate(*problem, np.random.default_rng(0))
    assert "fitted on the pairs that are measured" in fitted.card["calibration"]
    at = given.others["threshold"]
    assert at["p_same"] == pytest.approx(1 / (1 + np.exp(2 * at["distance"] - 1)))


def test_verification_needs_both_kinds_of_pairs():
    with pytest.raises(DataError, match="no pair of different people"):
        verify((np.ones((1, 1)), np.array([1]), np.array([0]), np.array([1]), np.array([1])))


# Open set ---------------------------------------------------------------------------------------------------------


def naive_rates(problem, absent):
    """Detection-and-identification rates with these pids removed from the gallery, for distances without ties."""
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem
    alarms, known = [], []
    for row, (pid, camid) in enumerate(zip(query_pids, query_camids)):
        shown = [c for c in range(len(gallery_pids)) if gallery_pids[c] != -1 and gallery_pids[c] not in absent]
        shown = [c for c in shown if not (gallery_pids[c] == pid and gallery_camids[c] == camid)]
        best = min(shown, key=lambda c: distmat[row, c])
        if pid in absent or pid not in gallery_pids:
            alarms.append(distmat[row, best])
        elif pid in gallery_pids[shown]:
            known.append((distmat[row, best], gallery_pids[best] == pid))
    rates = []
    for rate in (0.01, 0.1):
        best = 0.0
        for threshold in sorted(distmat.ravel()):
            if np.mean(np.array(alarms) <= threshold) <= rate:
                best = max(best, np.mean([right and distance <= threshold for distance, right in known]))
        rates.append(best)
    return rates


class Removes:
    """A generator that removes the given people (positions among the identities)."""

    def __init__(self, people):
        self.people = np.array(people)
        self.permutation = np.random.default_rng(0).permutation

    def choice(self, people, count, replace):
        assert count == len(self.people) and not replace and set(self.people) <= set(people)
        return self.people


def test_open_set_equals_a_loop():
    for seed, absent in ((1, [0, 2, 4]), (2, [1, 2, 5]), (3, [3, 4, 5])):
        problem = random_problem(seed)
        identities = np.unique(problem[3][problem[3] >= 0])
        measures = OpenSet(trials=1).evaluate(*problem, Removes(np.searchsorted(identities, absent)))
        rates = measures.others["detection_and_identification_rate"]
        assert [rates[key]["std"] for key in ("0.01", "0.1")] == [None, None]  # nothing was repeated
        assert [rates["0.01"]["mean"], rates["0.1"]["mean"]] == pytest.approx(naive_rates(problem, absent), abs=1e-12)
        assert "3 of 6 identities" in measures.card["gallery"]
        assert measures.cmc is None


def test_open_set_of_perfect_and_of_constant_distances():
    problem = random_problem(8)
    perfect = 1.0 - (problem[1][:, None] == problem[3])
    for distmat, expected in ((perfect, 1.0), (np.ones_like(perfect), 0.0)):
        others = OpenSet().evaluate(distmat, *problem[1:], np.random.default_rng(0)).others
        assert list(others["detection_and_identification_rate"].values()) == [{"mean": expected, "std": 0.0}] * 2


def test_open_set_threshold_admits_the_stated_share_of_alarms():
    """20 absent people, one query each: at 10 % two of their distances may be below the threshold, at 1 % none."""
    pids = np.arange(40)
    distmat = np.full((40, 40), 10.0)
    distmat[np.arange(20, 40), 0] = np.arange(20) + 0.5  # absent people are near person 0 at 0.5, 1.5, ...
    distmat[np.arange(20), np.arange(20)] = np.arange(20) / 2  # known people at 0, 0.5, ...
    problem = (distmat, pids, np.zeros(40, int), pids, np.ones(40, int))
    rates = OpenSet(trials=1).evaluate(*problem, Removes(np.arange(20, 40))).others
    # 1 %: below 0.5 is one known person of 20; 10 %: below 2.5 are five.
    found = {key: rate["mean"] for key, rate in rates["detection_and_identification_rate"].items()}
    assert found == {"0.01": 1 / 20, "0.1": 5 / 20}


def test_open_set_counts_and_needs_two_people():
    pids, camids = np.array([1, 2, 3, 9]), np.zeros(4, int)  # 3 is only in the query's camera, 9 nowhere
    gallery = np.array([1, 2, 3]), np.array([1, 1, 0])
    measures = OpenSet().evaluate(np.ones((4, 3)), pids, camids, *gallery, np.random.default_rng(0))
    assert (measures.queries_used, measures.queries_skipped) == (3, 1)
    with pytest.raises(DataError, match="one identity has a query with a true match; right: at least two"):
        OpenSet().evaluate(np.ones((1, 3)), pids[:1], camids[:1], *gallery, np.random.default_rng(0))
