"""The ranking core, by hand and against loops that say the definition."""

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXCLUSIONS, check_distmat
from gluon_personnet.evaluation.ranking import (
    Ranks,
    average_precision,
    cmc_from_ranks,
    inverse_negative_penalty,
    rank_matches,
)


def random_problem(seed, num_query=30, num_gallery=120, dtype=np.float64):
    """Several cameras, ragged numbers of matches, junk, people who are only in the query or only in the gallery."""
    rng = np.random.default_rng(seed)
    distmat = rng.permutation(num_query * num_gallery).reshape(num_query, num_gallery).astype(dtype)
    labels = [rng.integers(0, 9, num_query), rng.integers(0, 3, num_query)]
    labels += [rng.integers(-1, 8, num_gallery), rng.integers(0, 3, num_gallery)]
    return check_distmat(distmat, *labels)


def is_excluded(exclude, query_pid, query_camid, pid, camid):
    same_camera = camid == query_camid
    return (
        pid == -1
        or {
            "junk": False,
            "same-person-and-camera": same_camera and pid == query_pid,
            "camera": same_camera,
        }[exclude]
    )


def naive_ranks(problem, exclude):
    """(query, column, rank) of every true match, for distances without ties."""
    found = []
    for row, distances in enumerate(problem.distmat):
        rank = 0
        for column in np.argsort(distances):
            pid, camid = problem.gallery_pids[column], problem.gallery_camids[column]
            if is_excluded(exclude, problem.query_pids[row], problem.query_camids[row], pid, camid):
                continue
            rank += 1
            if pid == problem.query_pids[row]:
                found.append((row, column, rank))
    return found


@pytest.mark.parametrize("exclude", sorted(EXCLUSIONS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32])
def test_ranks_equal_those_of_a_loop(exclude, dtype):
    problem = random_problem(1, dtype=dtype)
    ranks = rank_matches(problem, exclude, np.random.default_rng(0))
    assert list(zip(*ranks)) == naive_ranks(problem, exclude)


@pytest.mark.parametrize("memory_mib", [1e-6, 0.01, 0.05])
def test_tiles_change_nothing(memory_mib):
    problem = random_problem(2)
    problem = problem._replace(distmat=problem.distmat // 50)  # with ties
    whole, tiled = (rank_matches(problem, "camera", np.random.default_rng(0), mib) for mib in (256, memory_mib))
    for one, other in zip(whole, tiled):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("num_gallery", [1, 7, 8, 9, 2039, 2040, 2041, 5000])
def test_the_last_of_a_gallery_of_any_length(num_gallery):
    pids = np.arange(num_gallery)
    distmat = np.arange(num_gallery)[None] * 1.0
    problem = check_distmat(distmat, [num_gallery - 1], [0], pids, np.ones_like(pids))
    assert rank_matches(problem, "camera", np.random.default_rng(0)).rank == [num_gallery]


def test_the_distance_matrix_stays_as_it_was():
    problem = random_problem(3)
    before = problem.distmat.copy()
    rank_matches(problem, "camera", np.random.default_rng(0))
    np.testing.assert_array_equal(problem.distmat, before)


def test_ties_follow_one_permutation_of_the_gallery():
    """All distances equal, everyone a match: every query sees the same random order."""
    problem = check_distmat(np.zeros((3, 50)), [1] * 3, [0] * 3, [1] * 50, [1] * 50)
    orders = []
    for seed in (0, 1):
        ranks = rank_matches(problem, "camera", np.random.default_rng(seed))
        places = ranks.column.reshape(3, 50)
        assert sorted(places[0]) == list(range(50))
        assert (places == places[0]).all() and (ranks.rank.reshape(3, 50) == np.arange(1, 51)).all()
        orders.append(places[0].tolist())
    assert orders[0] != orders[1] and orders[0] != sorted(orders[0])


def test_ties_put_a_match_between_the_closest_and_the_farthest_place():
    problem = random_problem(4)
    problem = problem._replace(distmat=problem.distmat // 100)
    ranks = rank_matches(problem, "camera", np.random.default_rng(0))
    distances = np.where(problem.masks(slice(None), "camera")[1], np.inf, problem.distmat)
    limit = problem.distmat[ranks.query, ranks.column][:, None]
    ahead, upto = (distances[ranks.query] < limit).sum(1), (distances[ranks.query] <= limit).sum(1)
    assert (ahead < ranks.rank).all() and (ranks.rank <= upto).all()
    assert len(set(zip(ranks.query, ranks.rank))) == len(ranks.rank)  # no two matches of a query share a place
    assert (ahead + 1 < ranks.rank).any() and (ranks.rank < upto).any()  # neither favourable nor unfavourable


def test_a_constant_distance_scores_chance():
    """One match among ten images: its mean rank is 5.5, with a standard deviation of 2.87 for one draw."""
    problem = check_distmat(np.ones((1, 10)), [4], [0], np.arange(10), np.ones(10, int))
    drawn = [rank_matches(problem, "camera", np.random.default_rng(seed)).rank[0] for seed in range(1000)]
    assert abs(np.mean(drawn) - 5.5) < 4 * 2.87 / np.sqrt(1000)
    assert set(drawn) == set(range(1, 11))


def test_average_precision_and_penalty_equal_those_of_a_loop():
    ranks = rank_matches(random_problem(5), "same-person-and-camera", np.random.default_rng(0))
    by_query = [ranks.rank[ranks.query == row] for row in np.unique(ranks.query)]
    exact, trapezoid, penalty = [], [], []
    for places in by_query:
        area, mean, hits, old_precision = 0.0, 0.0, 0, 1.0
        for place in range(1, places[-1] + 1):  # walk down the list, as the definition does
            hit = place in places
            hits += hit
            if hit:
                mean += hits / place / len(places)
                area += (old_precision + hits / place) / 2 / len(places)
            old_precision = hits / place
        exact.append(mean)
        trapezoid.append(area)
        penalty.append(len(places) / places[-1])
    precision = average_precision(ranks)
    np.testing.assert_allclose(precision["exact"], exact, rtol=1e-12)
    np.testing.assert_allclose(precision["market1501"], trapezoid, rtol=1e-12)
    np.testing.assert_allclose(inverse_negative_penalty(ranks), penalty, rtol=1e-12)
    assert len({len(places) for places in by_query}) > 3, "the numbers of matches should be ragged"


def test_perfect_ranking_has_full_marks():
    ranks = Ranks(np.array([0, 0, 0, 4]), np.array([5, 6, 7, 8]), np.array([1, 2, 3, 1]))
    for values in (*average_precision(ranks).values(), inverse_negative_penalty(ranks)):
        np.testing.assert_array_equal(values, [1, 1])


def test_cmc_repeats_its_last_value_behind_the_end():
    np.testing.assert_allclose(cmc_from_ranks(np.array([2, 1, 2]), 5), [1 / 3, 1, 1, 1, 1])
    np.testing.assert_allclose(cmc_from_ranks(np.array([7, 3, 3, 9]), 4), [0, 0, 0.5, 0.5])


@pytest.mark.parametrize("value, shown", [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_the_first_entry_that_is_not_finite_is_named(value, shown):
    distmat = np.zeros((2000, 600))  # several tiles
    distmat[1500, 33] = distmat[1999, 2] = value
    with pytest.raises(DataError, match=rf"^distmat: {shown} at query row 1500, gallery column 33; right: finite"):
        check_distmat(distmat, [0] * 2000, [0] * 2000, [0] * 600, [0] * 600)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"distmat": np.zeros(6)}, r"distmat: float64 of shape \(6,\); right: numbers \(num_query, num_gallery\)"),
        ({"distmat": np.zeros((2, 3), complex)}, r"distmat: complex128"),
        ({"distmat": np.zeros((2, 3), bool)}, r"distmat: bool"),
        ({"distmat": np.zeros((0, 3)), "query_pids": [], "query_camids": []}, r"distmat: shape \(0, 3\) is empty"),
        (
            {"query_pids": [1]},
            r"query_pids: int64 of shape \(1,\); right: integers \(2,\) for a distmat of shape \(2, 3",
        ),
        ({"query_camids": [0, 0.5]}, r"query_camids: float64 of shape \(2,\); right: integers \(2,\)"),
        ({"gallery_pids": [1, 2]}, r"gallery_pids: int64 of shape \(2,\); right: integers \(3,\)"),
        ({"gallery_camids": [[0, 0, 0]]}, r"gallery_camids: int64 of shape \(1, 3\); right: integers \(3,\)"),
    ],
)
def test_wrong_input_is_refused(change, message):
    given = {"distmat": np.zeros((2, 3)), "query_pids": [1, 2], "query_camids": [0, 0]}
    given.update(gallery_pids=[1, 2, 3], gallery_camids=[1, 1, 1])
    check_distmat(**given)
    with pytest.raises(DataError, match=message):
        check_distmat(**{**given, **change})
