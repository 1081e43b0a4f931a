"""All protocols that define a CMC: oracles by hand and laws."""

import inspect
import itertools

import numpy as np
import pytest

from protocol_cases import (
    CLOSED_FORM,
    DRAWN,
    ENTRIES,
    MARKET,
    MEANS,
    data_of,
    flat,
    many_images,
    measure,
    named,
    take,
    two_views,
)


def test_every_protocol_is_listed_with_its_options():
    assert set(ENTRIES) == {
        "single-shot",
        "single-shot-exact",
        "multi-shot",
        "multi-shot-sets",
        "market1501",
        "market1501-multi-query",
        "cuhk03-np",
        "verification",
        "open-set",
        "open-reid-cuhk03",
        "torchreid-cuhk03",
    }
    for entry in ENTRIES.values():
        defaults = {name: p.default for name, p in inspect.signature(entry.load()).parameters.items()}
        assert dict(entry.options) == defaults, entry.name
        assert entry.source and entry.summary
        assert entry.load().name == entry.name


# Oracles ----------------------------------------------------------------------------------------------------------

T1 = (
    np.arange(7.0)[None],
    np.array([0]),
    np.array([0]),
    np.array([0, 1, 0, 1, 2, 0, 2]),
    np.array([0, 0, 1, 1, 1, 1, 1]),
)
T2 = (
    np.array([[0.0, 1, 2, 3], [3, 2, 1, 0]]),
    np.array([0, 5]),
    np.array([0, 0]),
    np.array([0, 0, 0, 5]),
    np.array([1, 0, 0, 1]),
)


@pytest.mark.parametrize("name", MARKET)
def test_oracle_t1_market(name):
    measures = measure(name, T1, max_rank=6)
    np.testing.assert_array_equal(measures.cmc, [0, 1, 1, 1, 1, 1])
    assert measures.others["mean_ap"]["exact"] == pytest.approx(0.45)
    assert measures.others["mean_ap"]["market1501"] == pytest.approx(0.2875)
    assert measures.others["minp"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    "name, expected", [("open-reid-cuhk03", [0.5, 0.75, 1]), ("torchreid-cuhk03", [0.25, 0.75, 1])]
)
def test_oracle_t1_compatibility(name, expected):
    np.testing.assert_allclose(measure(name, T1, max_rank=3, repeats=0).cmc, expected, rtol=1e-12)
    drawn = measure(name, T1, max_rank=3, repeats=4000)
    assert np.abs(drawn.cmc - expected).max() < 4 * 0.5 / np.sqrt(4000)


@pytest.mark.parametrize("name", MARKET)
@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
@pytest.mark.parametrize("columns", list(itertools.permutations(range(4))))
def test_oracle_t2_in_every_order(name, order, columns):
    measures = measure(name, take(T2, list(order), list(columns)), max_rank=4)
    np.testing.assert_array_equal(measures.cmc, [1, 1, 1, 1])
    assert measures.queries_used == 2


# Laws -------------------------------------------------------------------------------------------------------------

EVERY = CLOSED_FORM + MEANS + DRAWN


@pytest.mark.parametrize("name, options", named(EVERY))
def test_cmc_is_a_distribution_function(name, options):
    for seed in range(3):
        measures = measure(name, many_images(seed), seed, max_rank=90, **options)
        assert measures.cmc.shape == (90,) and measures.cmc.dtype == np.float64
        assert measures.cmc[0] >= 0 and (np.diff(measures.cmc) >= -1e-12).all()
        assert measures.cmc[-1] == pytest.approx(1, abs=1e-12)
        assert measures.cmc[0] < 0.5, "random distances"


@pytest.mark.parametrize("name, options", named(EVERY))
def test_a_longer_curve_begins_like_a_short_one_and_ends_with_its_last_value(name, options):
    problem = two_views(3)
    short, long = (measure(name, problem, max_rank=length, **options).cmc for length in (5, 40))
    np.testing.assert_allclose(long[:5], short, atol=1e-12)
    np.testing.assert_allclose(long[12:], 1, atol=1e-12)


@pytest.mark.parametrize("name, options", named(EVERY))
def test_the_order_of_queries_and_gallery_does_not_matter(name, options):
    problem = data_of(name, options)
    rng = np.random.default_rng(5)
    rows, columns = (rng.permutation(size) for size in problem[0].shape)
    whole, shuffled = measure(name, problem, **options), measure(name, take(problem, rows, columns), **options)
    np.testing.assert_allclose(shuffled.cmc, whole.cmc, atol=1e-12)
    assert flat(shuffled.others) == pytest.approx(flat(whole.others), abs=1e-12)
    assert (shuffled.queries_used, shuffled.queries_skipped) == (whole.queries_used, whole.queries_skipped)


@pytest.mark.parametrize("name, options", named(CLOSED_FORM + DRAWN))
def test_an_increasing_map_of_the_distances_changes_nothing(name, options):
    problem = many_images(2)
    mapped = (np.exp(2 * problem[0]) - 100, *problem[1:])
    one, other = measure(name, problem, **options), measure(name, mapped, **options)
    np.testing.assert_array_equal(one.cmc, other.cmc)
    assert one.others == other.others


@pytest.mark.parametrize("name, options", named(EVERY))
def test_all_definitions_coincide_for_one_gallery_image_of_the_other_camera(name, options):
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem = two_views(4)
    ranks = [1 + (row < row[gallery_pids == pid]).sum() for row, pid in zip(distmat, query_pids)]
    expected = [np.mean([rank <= k for rank in ranks]) for k in range(1, 13)]
    np.testing.assert_allclose(measure(name, problem, max_rank=12, **options).cmc, expected, atol=1e-12)


@pytest.mark.parametrize("name, options", named(EVERY))
def test_a_constant_distance_scores_chance(name, options):
    """With one query and one gallery image of each identity every place is taken once: exactly k / N."""
    problem = two_views(5)
    constant = (np.zeros_like(problem[0]), *problem[1:])
    measures = measure(name, constant, max_rank=12, **options)
    np.testing.assert_allclose(measures.cmc, np.arange(1, 13) / 12, atol=1e-12)


@pytest.mark.parametrize("name, options", named(EVERY))
def test_the_same_seed_gives_the_same_bytes(name, options):
    one, other = (measure(name, many_images(6), seed=3, **options) for _ in range(2))
    assert one.cmc.tobytes() == other.cmc.tobytes() and one.others == other.others


@pytest.mark.parametrize("name, options", named(EVERY[:-2]))  # the last two draw tile by tile
def test_memory_budget_changes_nothing_but_memory(name, options):
    whole, tiled = (measure(name, many_images(7), memory_mib=mib, **options) for mib in (256, 0.001))
    np.testing.assert_allclose(tiled.cmc, whole.cmc, atol=1e-12)


# Junk, cameras, cards, errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", named(EVERY))
def test_junk_never_counts(name, options):
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem = two_views(8)
    junk = np.full(30, -1)
    with_junk = (
        np.hstack([distmat, np.full((12, 30), -1.0)]),
        query_pids,
        query_camids,
        np.concatenate([gallery_pids, junk]),
        np.concatenate([gallery_camids, np.arange(30) % 3]),
    )
    clean, dirty = (measure(name, given, max_rank=12, **options) for given in (problem, with_junk))
    np.testing.assert_allclose(dirty.cmc, clean.cmc, atol=1e-12)
    assert flat(dirty.others) == pytest.approx(flat(clean.others))


@pytest.mark.parametrize("name", MARKET)
def test_distractors_of_pid_0_stay_as_negatives(name):
    problem = (np.array([[1.0, 0, 2, 3]]), np.array([7]), np.array([0]), np.array([7, 0, 0, 8]), np.array([1, 0, 1, 1]))
    measures = measure(name, problem, max_rank=3)
    np.testing.assert_array_equal(measures.cmc, [0, 1, 1])
    assert measures.others["mean_ap"]["exact"] == 0.5


@pytest.mark.parametrize("name", MARKET)
def test_market_measures_equal_those_of_a_loop(name):
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem = many_images(9)
    firsts, exact, trapezoid, penalty = [], [], [], []
    for row in range(len(distmat)):
        good, seen, hits = [], 0, 0
        old_precision, area, mean = 1.0, 0.0, 0.0
        for column in np.argsort(distmat[row]):
            same = gallery_pids[column] == query_pids[row]
            if gallery_pids[column] == -1 or (same and gallery_camids[column] == query_camids[row]):
                continue
            seen, hits = seen + 1, hits + same
            if same:
                good.append(seen)
                mean += hits / seen
                area += (old_precision + hits / seen) / 2
            old_precision = hits / seen
        if good:
            firsts.append(good[0])
            exact.append(mean / hits)
            trapezoid.append(area / hits)
            penalty.append(hits / good[-1])
    measures = measure(name, problem, max_rank=20)
    np.testing.assert_allclose(measures.cmc, [np.mean(np.array(firsts) <= k) for k in range(1, 21)], atol=1e-12)
    assert measures.others["mean_ap"]["exact"] == pytest.approx(np.mean(exact))
    assert measures.others["mean_ap"]["market1501"] == pytest.approx(np.mean(trapezoid))
    assert measures.others["minp"] == pytest.approx(np.mean(penalty))
    assert measures.queries_used == len(firsts)


@pytest.mark.parametrize("distance, expected", [("minimum", [0, 1]), ("mean", [1, 1])])
def test_multi_query_pools_the_images_of_one_person_and_camera(distance, expected):
    distmat = np.array([[5.0, 1.0], [9.0, 9.0], [3.0, 9.0]])  # rows 0 and 2 belong together: minimum 3, 1; mean 4, 5
    problem = (distmat, np.array([7, 8, 7]), np.zeros(3, int), np.array([7, 6]), np.array([1, 1]))
    measures = measure("market1501-multi-query", problem, distance=distance, max_rank=2)
    np.testing.assert_array_equal(measures.cmc, expected)
    assert (measures.queries_used, measures.queries_skipped) == (1, 1)  # pid 8 has no true match


@pytest.mark.parametrize("distance, expected", [("minimum", [0, 1, 1]), ("mean", [1, 1, 1])])
def test_multi_shot_ranks_identities_by_their_images_of_other_cameras(distance, expected):
    distmat = np.array([[3.0, 5.0, 2.0, 9.0, 0.0, 1.0]])  # pid 7: 3, 5; pid 6: 2, 9; pid 7 and 5 in the query's camera
    problem = (distmat, np.array([7]), np.array([0]), np.array([7, 7, 6, 6, 7, 5]), np.array([1, 1, 1, 1, 0, 0]))
    np.testing.assert_array_equal(measure("multi-shot", problem, distance=distance, max_rank=3).cmc, expected)


@pytest.mark.parametrize("distance, expected", [("mean", [0, 1]), ("minimum", [1, 1])])
def test_multi_shot_sets_compare_all_images_of_a_person_with_all_of_another(distance, expected):
    # two queries of pid 7 in camera 0; own images: 1 9 / 9 9, mean 7; those of pid 6: 4 6 / 6 4, mean 5
    distmat = np.array([[1.0, 9.0, 4.0, 6.0], [9.0, 9.0, 6.0, 4.0]])
    problem = (distmat, np.array([7, 7]), np.zeros(2, int), np.array([7, 7, 6, 6]), np.ones(4, int))
    measures = measure("multi-shot-sets", problem, distance=distance, max_rank=2)
    np.testing.assert_array_equal(measures.cmc, expected)
    assert (measures.queries_used, measures.hits.shape, measures.hit_pids.tolist()) == (1, (1,), [7])
