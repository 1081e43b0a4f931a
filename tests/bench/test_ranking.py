"""gpnet bench ranking."""

import json

import numpy as np
import pytest


def test_bench_ranking_compares_three_ways(gpnet, tmp_path):
    gpnet("bench", "ranking", "--queries", "150", "--gallery", "2000", "--json", "out.json")
    result = json.loads((tmp_path / "out.json").read_text())
    assert (result["queries"], result["gallery"], result["equal_to_1e-12"]) == (150, 2000, True)
    assert result["largest_difference"] < 1e-12 and result["ratio_to_loop"] > 0 and result["peak_mib"] > 10


def test_bench_ranking_tells_when_the_core_is_wrong(monkeypatch):
    from gluon_personnet.bench import ranking

    right = ranking.rank_matches

    def wrong(*arguments):
        ranks = right(*arguments)
        return ranks._replace(rank=ranks.rank + 1)

    monkeypatch.setattr(ranking, "rank_matches", wrong)
    assert not ranking.run(60, 1500)["equal_to_1e-12"]


def test_bench_ranking_has_the_structure_of_market1501():
    from gluon_personnet.bench.ranking import market_problem

    problem = market_problem(600, 10000)
    shares = [np.mean(problem.gallery_pids == pid) for pid in (-1, 0)]
    np.testing.assert_allclose(shares, [3819 / 19732, 2798 / 19732], atol=0.02)
    assert set(problem.gallery_pids) <= set(range(-1, 751)) and set(problem.gallery_camids) == set(range(6))
    assert 0 not in problem.query_pids


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["ranking", "--pairs", "8"], "--pairs means nothing for the bench ranking; right: --queries, --gallery"),
        (["ranking", "--device", "cpu"], "--device means nothing for the bench ranking"),
        (["train", "--gallery", "8"], "--gallery means nothing for the bench train; right: --pairs, --negatives, "),
    ],
)
def test_options_of_other_benches_are_usage_errors(gpnet, arguments, words):
    assert words in gpnet("bench", *arguments, code=2).output


def test_a_bench_without_any_match_says_so(gpnet):
    output = gpnet("bench", "ranking", "--queries", "1", "--gallery", "1", code=1).output
    assert output.startswith("gpnet: bench ranking: none of 1 queries has a true match among 1 gallery images; right:")
