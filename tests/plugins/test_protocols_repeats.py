"""What is drawn again and again: ties, deviations, and what is said of them."""

import numpy as np
import pytest

from gluon_personnet.evaluation.distances import check_distmat
from gluon_personnet.evaluation.measured import Measured
from gluon_personnet.evaluation.protocols import build_protocols, evaluate
from gluon_personnet.plugin.manager import PluginManager
from protocol_cases import DRAWN, ENTRIES, leaves, many_images, measure, named, two_views

REPEATS = {"single-shot": "trials", "open-set": "trials", "open-reid-cuhk03": "repeats", "torchreid-cuhk03": "repeats"}
FIVE = (np.zeros((1, 5)), np.array([3]), np.array([0]), np.arange(1, 6), np.ones(5, int))


@pytest.mark.parametrize(("name", "options"), named(DRAWN))
def test_more_repeats_converge_where_everything_is_tied(name, options):
    """Five equal identities: the right one is first in a fifth of the draws, whatever the seed."""
    for seed in range(3):
        cmc = measure(name, FIVE, seed, **{REPEATS[name]: 4000}, **options).cmc
        np.testing.assert_allclose(cmc[:5], [0.2, 0.4, 0.6, 0.8, 1.0], atol=5 * 0.5 / np.sqrt(4000))


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_how_often_is_said_and_one_repeat_has_no_deviation(name):
    if name not in REPEATS:
        measures = measure(name, many_images(3))
        assert (measures.repeats, measures.cmc_std) == (0, None)
        return
    one, three = (measure(name, many_images(3), **{REPEATS[name]: count}) for count in (1, 3))
    assert (one.repeats, three.repeats) == (1, 3)
    assert one.cmc_std is None
    if three.cmc is None:
        rates = one.others["detection_and_identification_rate"].values()
        assert all(rate["std"] is None for rate in rates)
    else:
        assert three.cmc_std.shape == three.cmc.shape


def of_splits(*rankings):
    """One part for each split."""
    names = [[tuple(map(str, range(len(one[axis])))) for axis in (1, 3)] for one in rankings]
    return [
        Measured(check_distmat(*one), *name, {}, {}, None, number)
        for number, (one, name) in enumerate(zip(rankings, names))
    ]


def test_the_deviation_of_open_set_over_splits_is_that_of_their_means():
    manager = PluginManager()
    rankings = [many_images(seed) for seed in range(3)]
    (pooled,) = evaluate(of_splits(*rankings), build_protocols(manager, ["open-set"]))["results"]
    for key in ("0.01", "0.1"):
        means = [one["detection_and_identification_rate"][key]["mean"] for one in pooled["splits"]]
        found = pooled["detection_and_identification_rate"][key]
        assert found == {"mean": pytest.approx(np.mean(means)), "std": pytest.approx(np.std(means))}
        assert len(set(means)) > 1


def test_verification_over_splits_of_which_one_has_no_threshold():
    distmat, *labels = two_views(1)
    easy = 1.0 - (labels[0][:, None] == labels[2]) + distmat / 10
    hard = easy.copy()
    hard[0, labels[2] == 1] = -1.0  # the nearest pair of all is of different people
    (pooled,) = evaluate(
        of_splits((easy, *labels), (hard, *labels)), build_protocols(PluginManager(), ["verification"])
    )["results"]
    threshold = pooled["threshold"]
    assert pooled["splits"][1]["threshold"]["distance"] is None
    assert threshold["distance"] == {
        "mean": pooled["splits"][0]["threshold"]["distance"], "std": None, "splits": 1
    }  # fmt: skip
    assert all(np.isfinite(leaf) for leaf in leaves(threshold) if leaf is not None)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_junk_queries_change_no_rate(name):
    """Two bad boxes, one of them very close to a person's image."""
    pids, cameras = np.array([1, 2, 3]), np.zeros(3, int)
    people = np.array([[0.10, 0.80, 0.90], [0.70, 0.20, 0.85], [0.75, 0.95, 0.30]])
    junk = np.array([[0.05, 0.60, 0.65], [0.15, 0.55, 0.66]])
    without = measure(name, (people, pids, cameras, pids, cameras + 1))
    found = measure(name, (np.vstack([people, junk]), np.r_[pids, -1, -1], np.zeros(5, int), pids, cameras + 1))
    assert (found.queries_used, without.queries_used) == (3, 3) and found.queries_skipped > without.queries_skipped
    if found.cmc is not None:
        np.testing.assert_array_equal(found.cmc, without.cmc)
    rates = [[leaf for leaf in leaves(one.others) if type(leaf) is float] for one in (found, without)]
    assert rates[0] == pytest.approx(rates[1])
    if name == "verification":
        assert found.others["auc"] == 1.0
