"""Intervals and paired comparisons."""

import json

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.uncertainty import bootstrap_interval, compare_paired
from gluon_personnet.plugin.manager import PluginManager


def test_interval_is_that_of_a_mean_of_identities():
    rng = np.random.default_rng(0)
    hits = (rng.random(400) < 0.6).astype(float)
    low, high = bootstrap_interval(hits, np.arange(400))
    half = 1.96 * np.sqrt(hits.mean() * (1 - hits.mean()) / 400)
    np.testing.assert_allclose([low, high], [hits.mean() - half, hits.mean() + half], atol=0.01)


def test_queries_of_one_identity_are_drawn_together():
    hits = (np.random.default_rng(0).random(100) < 0.5).astype(float)
    repeated, pids = np.repeat(hits, 16), np.repeat(np.arange(100), 16)
    narrow = np.diff(bootstrap_interval(repeated, np.arange(1600)))
    wide = np.diff(bootstrap_interval(repeated, pids))
    np.testing.assert_allclose(wide / narrow, 4, rtol=0.15)  # 16 times fewer independent values


def test_skipped_queries_do_not_count():
    values = [1.0, np.nan, 0.0, 1.0]
    assert bootstrap_interval(values, [1, 9, 2, 3]) == bootstrap_interval([1.0, 0.0, 1.0], [1, 2, 3])
    assert np.isnan(bootstrap_interval([np.nan], [1])).all()


def result(rank1, pids=None, protocol="market1501", test_hash="a", **others):
    pids = list(range(len(rank1))) if pids is None else pids
    per_query = {"rank1": rank1, "pid": pids}
    return {"protocol": protocol, "options": {}, "test_hash": test_hash, "seed": 0, "per_query": per_query, **others}


def test_mcnemar_by_hand():
    found = compare_paired(result([1, 1, 0, 0, 0, 0, 0, 0, None]), result([0, 1, 1, 1, 1, 1, 1, 0, 1]))
    assert (found["queries"], found["only_first"], found["only_second"]) == (8, 1, 5)
    assert found["rank1"] == [0.25, 0.75]
    assert found["difference"] == 0.5
    assert found["mcnemar_p"] == pytest.approx(2 * (1 + 6) / 2**6)  # binomial(6, 1/2): at most 1, both tails
    assert found["interval"][0] < 0.5 < found["interval"][1]


def test_equal_results_and_means_over_trials():
    same = compare_paired(result([1, 0, 1]), result([1, 0, 1]))
    assert (same["difference"], same["interval"], same["mcnemar_p"]) == (0.0, [0.0, 0.0], 1.0)
    assert compare_paired(result([0.5, 0.1]), result([0.6, 0.1]))["mcnemar_p"] is None


@pytest.mark.parametrize(
    "other, text",
    [
        (
            result([1, 0], test_hash="b"),
            "paired comparison: test_hash: found 'a' and 'b'; right: the same query and gallery rows",
        ),
        (result([1, 0], test_hash=None), "test_hash: found none; right: results that name their test rows"),
        (result([1, 0], protocol="multi-shot"), "protocol: found 'market1501' and 'multi-shot'; right: the same"),
        (
            result([1, 0], options={"use_cameras": False}),
            "option use_cameras of market1501: found 'not set' and False; right: the same definition",
        ),
        (result([1, 0], pids=[0, 5]), "the queries differ"),
        (result([None, None]), "no query is used in both results; right: one at least"),
        ({"protocol": "verification", "card": {}}, "'verification' keeps no values of single queries"),
    ],
)
def test_what_cannot_be_compared_is_refused(other, text):
    with pytest.raises(DataError) as caught:
        compare_paired(result([1, 0]), other)
    assert text in str(caught.value)


def test_results_with_galleries_of_other_seeds_are_refused():
    drawn = {"protocol": "single-shot", "repeats": 10}
    with pytest.raises(DataError, match="^paired comparison: seed: found 0 and 1; right: the same drawn galleries$"):
        compare_paired(result([1, 0.5], **drawn), result([0.5, 0.5], **drawn, seed=1))
    assert compare_paired(result([1, 0.5], **drawn), result([0.5, 0.5], **drawn))["difference"] == -0.25


def test_the_seed_does_not_matter_where_nothing_is_drawn():
    assert compare_paired(result([1, 0]), result([1, 0], seed=7))["difference"] == 0


def test_results_of_other_recipes_on_the_same_rows_are_compared():
    """Cards and training rows differ, and options that no rank-1 depends on."""
    one = result([1, 0], card={"split": "0, hash a", "identities": "5 train"}, options={"max_rank": 50}, train_hash="x")
    two = result([1, 1], card={"split": "0, hash b", "identities": "4 train"}, options={"max_rank": 20}, train_hash="y")
    assert compare_paired(one, two)["difference"] == 0.5


@pytest.mark.parametrize("name", ["single-shot", "multi-shot", "market1501", "market1501-multi-query", "cuhk03-np"])
def test_values_of_single_queries_average_to_the_rank1(name):
    rng = np.random.default_rng(0)
    query_pids, gallery_pids = np.repeat(np.arange(20), 2), np.repeat(np.arange(1, 22), 3)
    distmat = rng.normal(0, 1, (40, 63)) - 1.5 * (query_pids[:, None] == gallery_pids)
    protocol = PluginManager().find("protocols", name).build()
    measures = protocol.evaluate(
        distmat, query_pids, np.zeros(40, int), gallery_pids, np.ones(63, int), np.random.default_rng(1)
    )
    assert len(measures.hits) == len(measures.hit_pids)
    assert np.isnan(measures.hits).sum() == measures.queries_skipped  # identity 0 is not in the gallery
    assert np.nanmean(measures.hits) == pytest.approx(measures.cmc[0])


def test_report_command(gpnet, tmp_path):
    rng = np.random.default_rng(0)
    pids = np.repeat(np.arange(15), 2)
    for name, signal in (("a", 1.0), ("b", 3.0)):
        arrays = {
            "distmat": rng.normal(0, 1, (30, 30)) - signal * (pids[:, None] == pids),
            **{f"{side}_pids": pids for side in ("query", "gallery")},
            "query_camids": np.zeros(30, int),
            "gallery_camids": np.ones(30, int),
        }
        np.savez(tmp_path / f"{name}.npz", **arrays)
        gpnet("evaluate", "--distmat", f"{name}.npz", "--protocol", "market1501", "--json", f"{name}.json")
    arguments = ["report", "a.json", "b.json", "--protocol", "market1501", "--paired"]
    output = gpnet(*arguments, "--plot", "p.png", "--json", "out.json").output
    assert "rank-1, 95 % interval" in output and "McNemar's exact p" in output and (tmp_path / "p.png").exists()
    assert json.loads((tmp_path / "out.json").read_text())["paired"]["difference"] > 0.2
    assert "two results; found 1" in gpnet("report", "a.json", "--paired", code=2).output
    assert "no result of protocol 'single-shot'; found market1501" in gpnet("report", "a.json", code=1).output
