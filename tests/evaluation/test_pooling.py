"""Results of several splits as one, by hand."""

import json

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.pooling import pool
from gluon_personnet.evaluation.uncertainty import bootstrap_interval


def split(number=0, **figures):
    return {"protocol": "open-set", "card": {"split": f"{number}, hash {number}"}, **figures}


def rate(*rates):
    """Of 10 trials on one split, as open-set gives it."""
    return {"0.1": {"mean": float(np.mean(rates)), "std": float(np.std(rates))}}


def test_a_deviation_over_splits_is_that_of_the_means_of_the_splits():
    """Two splits with trials .1 .9 and .7 .9: the mean of their deviations is .25, that of their means .15."""
    parts = [split(0, detection_and_identification_rate=rate(0.1, 0.9))]
    parts += [split(1, detection_and_identification_rate=rate(0.7, 0.9))]
    found = pool(parts)["detection_and_identification_rate"]["0.1"]
    assert found == pytest.approx({"mean": 0.65, "std": 0.15})


def test_a_deviation_within_equal_splits_is_none_over_them():
    parts = [split(n, dir=rate(0.1, 0.9)) for n in range(3)]
    assert pool(parts)["dir"]["0.1"] == {"mean": 0.5, "std": 0.0}


def test_numbers_get_a_mean_and_a_deviation_with_ddof_0():
    pooled = pool([split(n, minp=value, mean_ap={"exact": value}) for n, value in enumerate((0.2, 0.4, 0.9))])
    right = {"mean": 0.5, "std": pytest.approx(np.sqrt((0.09 + 0.01 + 0.16) / 3))}
    assert pooled["minp"] == right and pooled["mean_ap"] == {"exact": right}
    assert pooled["card"]["statistics"] == "mean and standard deviation (ddof 0) over 3 splits"


def test_equal_numbers_deviate_by_nothing():
    assert pool([split(n, minp=0.1) for n in range(3)])["minp"] == {"mean": 0.1, "std": 0.0}


def threshold(distance):
    return {"distance": distance, "tpr": 0.5 if distance else 0.0, "p_same": distance and 0.9}


@pytest.mark.parametrize("order", [(None, 2.0, 3.0), (2.0, None, 3.0), (2.0, 3.0, None)])
def test_a_split_without_a_threshold_is_left_out_and_said(order):
    pooled = pool([split(n, threshold=threshold(distance)) for n, distance in enumerate(order)])["threshold"]
    assert pooled["distance"] == {"mean": 2.5, "std": 0.5, "splits": 2}
    assert pooled["p_same"] == {"mean": 0.9, "std": 0.0, "splits": 2}
    assert pooled["tpr"] == {"mean": pytest.approx(1 / 3), "std": pytest.approx(np.std([0.5, 0.5, 0]))}


def test_one_split_with_a_figure_has_no_deviation_and_none_has_no_figure():
    parts = [split(0, a=None, b=None, c=float("nan")), split(1, a=3.0, b=None, c=1.0), split(2, a=None, b=None)]
    pooled = pool(parts)
    assert pooled["a"] == {"mean": 3.0, "std": None, "splits": 1} and pooled["b"] is None
    assert pooled["c"] == {"mean": 1.0, "std": None, "splits": 1}  # missing and not finite count as None
    json.dumps(pooled, allow_nan=False)


def test_a_mapping_that_some_splits_lack_is_pooled_from_the_others():
    pooled = pool([split(0, threshold=None), split(1, threshold={"tpr": 0.5}), split(2)])
    assert pooled["threshold"] == {"tpr": {"mean": 0.5, "std": None, "splits": 1}}


def test_a_figure_repeated_within_the_split_may_be_missing_in_one():
    pooled = pool([split(0, dir=rate(0.2)), split(1, dir={"0.1": None}), split(2, dir=rate(0.4))])
    assert pooled["dir"]["0.1"] == pytest.approx({"mean": 0.3, "std": 0.1, "splits": 2})


def test_lists_of_different_length_are_pooled_where_they_have_elements():
    pooled = pool([split(0, recall=[0.0, 1.0]), split(1, recall=[1.0]), split(2, recall=None)])
    assert pooled["recall"] == [{"mean": 0.5, "std": 0.5, "splits": 2}, {"mean": 1.0, "std": None, "splits": 1}]


def curve(*cmc):
    return {"cmc": {str(rank + 1): {"mean": v, "std": None} for rank, v in enumerate(cmc)}, "curve": list(cmc)}


def test_cmc_and_curve_at_the_ranks_that_every_split_has():
    pooled = pool([split(0, **curve(0.2, 0.6, 1.0)), split(1, **curve(0.4, 1.0))])
    assert list(pooled["cmc"]) == ["1", "2"]
    assert pooled["cmc"]["1"] == pytest.approx({"mean": 0.3, "std": 0.1})
    assert pooled["curve"] == pytest.approx([0.3, 0.8])


def test_a_cmc_over_trials_deviates_over_the_splits_only():
    parts = [split(n, cmc={"1": {"mean": mean, "std": 0.7}}) for n, mean in enumerate((0.25, 0.75))]
    assert pool(parts)["cmc"] == {"1": {"mean": 0.5, "std": 0.25}}


def test_queries_add_up_and_single_queries_stand_one_after_the_other():
    parts = [split(0, queries={"used": 2, "skipped": 1}, per_query={"rank1": [1.0, 0.0, None], "pid": [1, 2, 3]})]
    parts += [split(1, queries={"used": 1, "skipped": 0}, per_query={"rank1": [0.5], "pid": [2]})]
    for part in parts:
        part["rank1_interval"] = [0.0, 1.0]
    pooled = pool(parts)
    assert pooled["queries"] == {"used": 3, "skipped": 1}
    assert pooled["per_query"] == {"rank1": [1.0, 0.0, None, 0.5], "pid": [1, 2, 3, 2]}
    assert pooled["rank1_interval"] == list(bootstrap_interval([1.0, 0.0, np.nan, 0.5], [1, 2, 3, 2]))
    del parts[1]["per_query"]
    assert not {"per_query", "rank1_interval"} & set(pool(parts))


def test_the_card_keeps_what_is_equal_and_lists_what_differs():
    cards = [{"split": f"{n}, hash {n}", "query images": str(10 + n), "ties": "random"} for n in range(3)]
    parts = [{"protocol": "market1501", "card": card, "test_hash": f"h{n}"} for n, card in enumerate(cards)]
    pooled = pool(parts)
    assert pooled["card"]["split"] == "0, hash 0; 1, hash 1; 2, hash 2" and pooled["card"]["ties"] == "random"
    assert pooled["card"]["query images"] == "33"
    assert pooled["test_hash"] == "h0; h1; h2"


def test_one_split_stays_as_it_is():
    part = split(0, dir=rate(0.1, 0.9), minp=0.5)
    assert pool([part]) == part


def test_the_parts_stay_as_they_were():
    parts = [split(n, **curve(0.2, 1.0), dir=rate(0.1, 0.9), limit=None) for n in range(2)]
    before = json.dumps(parts)
    pool(parts)
    assert json.dumps(parts) == before


@pytest.mark.parametrize(
    "change, text",
    [
        ({"protocol": "single-shot"}, "protocol: found 'open-set' in the first and 'single-shot' in that at place 1"),
        ({"seed": 3}, "seed: found 0 in the first and 3"),
        ({"options": {"trials": 2}}, "options: found {} in the first and {'trials': 2}"),
        ({"repeats": 2}, "repeats: found 10 in the first and 2"),
    ],
)
def test_results_of_different_kinds_are_refused(change, text):
    part = split(0, seed=0, options={}, repeats=10)
    pooled = pool([part, part])
    assert (pooled["seed"], pooled["options"], pooled["repeats"]) == (0, {}, 10)
    with pytest.raises(DataError) as caught:
        pool([part, {**part, **change}])
    assert text in str(caught.value)


def test_no_split_is_refused():
    with pytest.raises(DataError, match="found no split; right: one at least"):
        pool([])
