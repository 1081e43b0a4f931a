"""Single-shot against a loop, and its expectation in closed form against many trials."""

import itertools

import gpnet_protocols.single_shot
import numpy as np
import pytest
from gpnet_protocols.common import one_per_identity
from gpnet_protocols.open_reid_cuhk03 import OpenReidCUHK03
from gpnet_protocols.single_shot import SingleShot
from gpnet_protocols.single_shot_exact import SingleShotExact
from gpnet_protocols.torchreid_cuhk03 import TorchreidCUHK03


def ragged(seed, num_pids=12, cameras=(1,), levels=None):
    """One to three query images of each identity in camera 0, 3 to 5 gallery images; `levels`: steps of distance."""
    rng = np.random.default_rng(seed)
    query_pids = np.repeat(np.arange(num_pids), 1 + np.arange(num_pids) % 3)
    gallery_pids = rng.permutation(np.repeat(np.arange(num_pids), rng.integers(3, 6, num_pids)))
    distmat = rng.normal(size=(len(query_pids), len(gallery_pids))) - 1.0 * (query_pids[:, None] == gallery_pids)
    if levels:
        distmat = np.floor(distmat * levels)
    return (
        distmat,
        query_pids,
        np.zeros_like(query_pids),
        gallery_pids,
        rng.choice(cameras, len(gallery_pids)),
    )


def naive_curve(problem, columns, max_rank):
    """CMC of one gallery, for distances without ties, and how many queries were ranked."""
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem
    ranks = []
    for row, (pid, camid) in enumerate(zip(query_pids, query_camids)):
        ranked = [c for c in sorted(columns, key=lambda c: distmat[row, c]) if gallery_camids[c] != camid]
        ranks += [place for place, c in enumerate(ranked, start=1) if gallery_pids[c] == pid]
    return [sum(rank <= k for rank in ranks) / len(ranks) for k in range(1, max_rank + 1)], len(ranks)


@pytest.mark.parametrize("cameras", [(1,), (0, 1, 2)])
def test_trials_equal_those_of_a_loop(cameras, monkeypatch):
    problem = ragged(1, cameras=cameras)
    galleries = [one_per_identity(problem[3], np.random.default_rng(seed)) for seed in range(4)]
    for gallery in galleries:
        assert problem[3][gallery].tolist() == list(range(12))
    remaining = iter(galleries)
    monkeypatch.setattr(gpnet_protocols.single_shot, "one_per_identity", lambda pids, rng: next(remaining))
    measures = SingleShot(trials=4, max_rank=20).evaluate(*problem, np.random.default_rng(0))
    curves, counts = zip(*(naive_curve(problem, gallery, 20) for gallery in galleries))
    np.testing.assert_allclose(measures.cmc, np.mean(curves, axis=0), atol=1e-12)
    np.testing.assert_allclose(measures.cmc_std, np.std(curves, axis=0), atol=1e-12)
    assert measures.others == {"rankings": sum(counts), "rankings_skipped": 4 * 24 - sum(counts)}
    assert (measures.others["rankings_skipped"] > 0) == (len(cameras) > 1)


def test_every_gallery_image_is_drawn_equally_often():
    pids = np.array([4, -1, 2, 4, 4, 2, -1])
    drawn = np.zeros(7)
    for seed in range(3000):
        columns = one_per_identity(pids, np.random.default_rng(seed))
        assert pids[columns].tolist() == [2, 4]
        drawn[columns] += 1
    np.testing.assert_allclose(drawn / 3000, [1 / 3, 0, 1 / 2, 1 / 3, 1 / 3, 1 / 2, 0], atol=4 * 0.5 / np.sqrt(3000))


def test_one_query_of_each_identity():
    problem = ragged(2)
    measures = SingleShot(trials=1, query="one").evaluate(*problem, np.random.default_rng(0))
    assert measures.others["rankings"] == measures.queries_used == 12
    assert "one random query image of each identity" in measures.card["query"]
    many = SingleShot(trials=50, query="one").evaluate(*problem, np.random.default_rng(0))
    assert many.queries_used == 24


def test_queries_are_used_and_skipped():
    """Pid 1 is never in the gallery, pid 2 only in the query's camera, pid 3 in both."""
    problem = (np.ones((3, 4)), np.array([1, 2, 3]), np.zeros(3, int), np.array([2, 3, 3, 9]), np.array([0, 0, 1, 1]))
    measures = SingleShot(trials=30).evaluate(*problem, np.random.default_rng(0))
    assert (measures.queries_used, measures.queries_skipped) == (1, 2)
    assert 0 < measures.others["rankings"] < 30
    exact = SingleShotExact().evaluate(*problem, None)
    assert (exact.queries_used, exact.queries_skipped) == (1, 2)


@pytest.mark.parametrize("query", ["all", "one"])
@pytest.mark.parametrize("levels", [None, 2], ids=["no-ties", "ties"])
def test_exact_equals_the_mean_of_many_trials(query, levels):
    problem = ragged(3, levels=levels)
    drawn = SingleShot(trials=2000, query=query, max_rank=12).evaluate(*problem, np.random.default_rng(0))
    exact = SingleShotExact(query=query, max_rank=12).evaluate(*problem, None)
    error = drawn.cmc_std / np.sqrt(2000)
    assert (np.abs(exact.cmc - drawn.cmc) <= 4 * error + 1e-12).all()
    assert 0.1 < exact.cmc[0] < 0.9 and error[0] < 0.005, "the comparison should mean something"


@pytest.mark.parametrize("protocol", [OpenReidCUHK03, TorchreidCUHK03])
@pytest.mark.parametrize("levels", [None, 2], ids=["no-ties", "ties"])
def test_compatibility_draws_agree_with_their_expectation(protocol, levels):
    problem = ragged(4, num_pids=8, cameras=(0, 1), levels=levels)
    expected = protocol(repeats=0, max_rank=8).evaluate(*problem, None).cmc
    drawn = np.mean(  # several seeds, because the order of ties is drawn once for each evaluation
        [protocol(repeats=10, max_rank=8).evaluate(*problem, np.random.default_rng(s)).cmc for s in range(200)], axis=0
    )
    assert (np.abs(expected - drawn) <= 4 * 0.5 / np.sqrt(200 * len(problem[1]))).all()


@pytest.mark.parametrize("levels", [None, 2], ids=["no-ties", "ties"])
def test_exact_equals_the_mean_over_every_gallery_and_order(levels):
    """Three identities: all galleries and all orders of equal distances, one by one."""
    rng = np.random.default_rng(6)
    query_pids, gallery_pids = np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1, 1, 2, 2])
    distmat = rng.random((4, 7))
    if levels:
        distmat = np.floor(distmat * levels)
    curves = []
    for gallery in itertools.product(*(np.flatnonzero(gallery_pids == pid) for pid in range(3))):
        for order in itertools.permutations(gallery):
            ranks = []
            for row, pid in enumerate(query_pids):
                ranked = sorted(order, key=lambda column: distmat[row, column])  # sorted is stable
                ranks.append(1 + [gallery_pids[column] for column in ranked].index(pid))
            curves.append([np.mean(np.array(ranks) <= k) for k in (1, 2, 3)])
    problem = (distmat, query_pids, np.zeros(4, int), gallery_pids, np.ones(7, int))
    exact = SingleShotExact(max_rank=3).evaluate(*problem, None)
    np.testing.assert_allclose(exact.cmc, np.mean(curves, axis=0), atol=1e-12)


def test_exact_counts_a_ranking_as_often_as_it_is_not_dropped():
    """Pid 0 has its true match in one of two galleries, pid 1 in all: of three rankings two are those of pid 1."""
    distmat = np.array([[1.0, 9.0, 9.0], [9.0, 9.0, 9.5]])
    problem = (distmat, np.array([0, 1]), np.zeros(2, int), np.array([0, 0, 1]), np.array([1, 0, 1]))
    exact = SingleShotExact(max_rank=2).evaluate(*problem, None)
    # Pid 0 is first. Pid 1 has pid 0 ahead when the image of camera 1 is drawn, which is every other time.
    np.testing.assert_allclose(exact.cmc, [(0.5 * 1 + 1 * 0.5) / 1.5, 1])
