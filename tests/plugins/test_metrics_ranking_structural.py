"""Structural ranking: worst rankings against all rankings, the cutting plane against its bounds and by hand."""

import itertools

import numpy as np
import pytest
from gpnet_metrics.structural import LOSSES, coefficients, cutting_plane, worst_ranking, worst_rankings


def loss_of(pattern, loss, k):
    """Of a ranking written as a sequence of whether each place holds a true match; straight from the definitions."""
    places = np.flatnonzero(pattern)
    if loss == "auc":
        others = np.flatnonzero(np.logical_not(pattern))
        return np.mean([[other < place for other in others] for place in places])
    return {
        "map": 1 - np.mean([np.mean(pattern[: place + 1]) for place in places]),
        "mrr": 1 - 1 / (1 + places[0]),
        "precision": 1 - np.mean(pattern[:k]),
        "top": float(not any(pattern[:k])),
    }[loss]


def violation(order, same, scores, loss, k):
    """H(y) by a double loop over pairs."""
    rank = {item: place for place, item in enumerate(order)}
    matches, others = np.flatnonzero(same), np.flatnonzero(~same)
    inverted = [2 * (scores[p] - scores[j]) for p in matches for j in others if rank[j] < rank[p]]
    margin = np.sum(inverted) / (len(matches) * len(others))
    return loss_of([same[item] for item in order], loss, k) - margin


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("num_matches", [1, 2, 3, 4])
def test_worst_ranking_is_the_worst_of_all_120(loss, num_matches):
    rng = np.random.default_rng(num_matches)
    for _ in range(12):
        scores, same = rng.normal(0, 0.4, 5), rng.permutation(5) < num_matches
        k = int(rng.integers(1, 6 - num_matches))
        worst = max(violation(order, same, scores, loss, k) for order in itertools.permutations(range(5)))
        matches, others = -np.sort(-scores[same]), -np.sort(-scores[~same])
        before, value = worst_ranking(matches, others, loss, k)
        assert (np.diff(before) >= 0).all() and before.min() >= 0 and before.max() <= len(others)
        of_matches, of_others = coefficients(before, len(others))
        assert value - of_matches @ matches - of_others @ others == pytest.approx(worst, abs=1e-12)
        pattern = [p for p, _ in sorted([(True, b) for b in before] + [(False, j + 0.5) for j in range(len(others))],
                                        key=lambda item: item[1])]  # fmt: skip
        assert value == pytest.approx(loss_of(pattern, loss, k))


def test_the_auc_oracle_by_hand():
    # 0.9 has nobody within a half above 0.4; 0.2 has 0.6 and 0.1 above -0.3
    before, loss = worst_ranking(np.array([0.9, 0.2]), np.array([0.3, 0.1, -0.4]))
    assert before.tolist() == [0, 2]
    assert loss == pytest.approx(2 / 6)
    of_matches, of_others = coefficients(before, 3)
    np.testing.assert_allclose(of_matches, [0, 2 / 3])
    np.testing.assert_allclose(of_others, [-1 / 3, -1 / 3, 0])


def test_rankings_of_all_queries_leave_out_what_is_no_candidate():
    rng = np.random.default_rng(0)
    scores, same = rng.normal(size=(6, 9)), np.zeros((6, 9), bool)
    same[:, :2] = True
    candidate = np.ones((6, 9), bool)
    candidate[:, 4] = False
    coefficient, loss = worst_rankings(scores, same, candidate)
    kept, kept_loss = worst_rankings(scores[:, candidate[0]], same[:, candidate[0]], np.ones((6, 8), bool))
    np.testing.assert_allclose(coefficient[:, candidate[0]], kept)
    assert (coefficient[:, 4] == 0).all() and loss == kept_loss
    np.testing.assert_allclose(coefficient.sum(axis=1), 0, atol=1e-15)


def psd(w):
    w = np.asarray(w)
    values, vectors = np.linalg.eigh((w + w.T) / 2)
    return (vectors * np.maximum(values, 0)) @ vectors.T


@pytest.mark.parametrize("project", [lambda w: w, lambda w: np.maximum(w, 0), psd], ids=["all", "positive", "psd"])
def test_the_duality_gap_falls_and_closes(project):
    """Pairs of a hinge loss: the most violated constraint is the mean over the pairs that lack their margin."""
    rng = np.random.default_rng(1)
    shape = (200, 4, 4) if project is psd else (200, 6)
    pairs = rng.normal(0.2, 1, shape)
    pairs = (pairs + pairs.swapaxes(1, 2)) / 2 if project is psd else pairs

    def violated(w):
        lacking = np.sum(pairs * w, axis=tuple(range(1, pairs.ndim))) < 1
        return (pairs * lacking.reshape(-1, *[1] * (pairs.ndim - 1))).mean(axis=0), lacking.mean()

    w, bounds = cutting_plane(violated, project, shape[1:], c=3.0, tolerance=1e-5)
    best, dual = np.transpose(bounds)
    assert (np.diff(best) <= 0).all() and (np.diff(dual) >= 0).all() and (best >= dual - 1e-9).all()
    assert best[-1] - dual[-1] <= 3e-5 < best[0] - dual[0]
    np.testing.assert_allclose(project(w), w, atol=1e-12)
    margins = np.sum(pairs * w, axis=tuple(range(1, pairs.ndim)))
    assert 0.5 * np.sum(w**2) + 3 * np.maximum(1 - margins, 0).mean() == pytest.approx(best[-1])


def test_the_cutting_plane_by_hand():
    # 1/2 w^2 + 10 max(0, 1 - 2 w): at the kink w = 1/2 the objective is 1/8
    w, bounds = cutting_plane(lambda w: (np.array([2.0]), 1.0), lambda w: w, 1, c=10.0, tolerance=1e-9)
    np.testing.assert_allclose(w, [0.5], rtol=1e-6)
    assert bounds[-1] == pytest.approx((0.125, 0.125), rel=1e-6)
    # the constraint asks for negative weight, which the cone lacks
    w, _ = cutting_plane(lambda w: (np.array([-2.0]), 1.0), lambda w: np.maximum(w, 0), 1, c=10.0)
    assert w.tolist() == [0.0]
