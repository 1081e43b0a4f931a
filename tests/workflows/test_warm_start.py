"""gpnet train --init: weights of another run, and no identity that was seen there in the test."""

import re

import numpy as np
import pytest

from gluon_personnet.network.checkpoint import Checkpoint
from runs import arrays, assert_same_state
from tiny import settings

NOTHING_LEARNED = {"optimizer__learning_rate": "1.0e-30", "optimizer__l2": 0}


@pytest.fixture
def first(gpnet):
    gpnet("train", "toy", "--quiet", "--out", "first", *settings())


def test_starts_from_the_selected_weights(gpnet, first, tmp_path):
    output = gpnet("train", "toy", "--out", "second", "--init", "first", *settings(**NOTHING_LEARNED)).output
    assert "started from the weights of run first\n" in output
    selected, found = arrays(tmp_path / "first/best.npz"), arrays(tmp_path / "second/best.npz")
    assert set(selected) == set(found)
    for name, array in selected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-6, atol=1e-9)
    assert "started from run first, weights " in " ".join(gpnet("evaluate", "--run", "second").output.split())


def test_what_does_not_fit_is_named_and_starts_anew(gpnet, first, tmp_path):
    other = settings(network__options="{channels: 4, units: [16, 24, 8], dropout: 0.5}", **NOTHING_LEARNED)
    output = gpnet("train", "toy", "--out", "second", "--init", "first", *other).output
    anew = "head.dense.1.bias, head.dense.1.weight, head.dense.2.weight"
    assert f"started from the weights of run first; anew: {anew}\n" in output
    selected, found = arrays(tmp_path / "first/best.npz"), arrays(tmp_path / "second/best.npz")
    name = "parameter/head.dense.0.weight"
    np.testing.assert_allclose(found[name], selected[name], rtol=1e-6, atol=1e-9)


def test_a_stop_loses_neither_the_weights_nor_the_record(gpnet, first, interrupted, tmp_path):
    gpnet("train", "toy", "--quiet", "--out", "whole", "--init", "first", *settings())
    with interrupted(3):
        gpnet("train", "toy", "--quiet", "--out", "halves", "--init", "first", *settings(), code=130)
    gpnet("train", "toy", "--quiet", "--out", "halves", "--resume", *settings())
    assert_same_state("whole", "halves")
    records = [Checkpoint.load_record(tmp_path / name / "checkpoint.npz") for name in ("whole", "halves")]
    assert records[0]["started_from"] == records[1]["started_from"]
    assert records[0]["started_from"]["run"] == "first" and len(records[0]["started_from"]["seen"]) > 10


@pytest.mark.parametrize("again", [["--resume"], ["--init", "first"]])
def test_ended_before_its_first_step_it_still_has_them(gpnet, first, tmp_path, monkeypatch, again):
    from gluon_personnet.training.trainer import Trainer

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        gpnet("train", "toy", "--quiet", "--out", "killed", "--init", "first", *settings(), code=130)
    gpnet("train", "toy", "--quiet", "--out", "killed", *again, *settings())
    gpnet("train", "toy", "--quiet", "--out", "whole", "--init", "first", *settings())
    assert_same_state("whole", "killed")


@pytest.mark.parametrize("between", [False, True])
def test_an_identity_that_was_seen_is_not_tested(gpnet, first, between, tmp_path):
    """Nor if it was seen by the run that the other one started from."""
    init = "first"
    if between:
        gpnet("train", "toy", "--quiet", "--out", "second", "--init", "first", *settings())
        init = "second"
    result = gpnet("train", "toy", "--quiet", "--out", "leak", "--init", init, *settings(dataset__split=1), code=1)
    expected = (
        rf"gpnet: run {init}: trained on \d of the 6 identities that toy split 1 tests, with images such as \S+, "
    )
    assert re.match(expected, result.output) and result.output.count("\n") == 1, result.output
    assert not (tmp_path / "leak/checkpoint.npz").exists()


def test_every_weight_of_the_same_network_fits(gpnet):
    strong = ["--set", "network.name=personnet-strong", "--set", "network.options={channels: 2, units: 8}"]
    gpnet("train", "toy", "--quiet", "--out", "first", *settings(), *strong)
    output = gpnet("train", "toy", "--out", "second", "--init", "first", *settings(), *strong).output
    assert "started from the weights of run first\n" in output


def test_a_run_of_another_kind_of_network(gpnet, first):
    strong = ["--set", "network.name=personnet-strong", "--set", "network.options={channels: 2, units: 8}"]
    result = gpnet("train", "toy", "--quiet", "--out", "x", "--init", "first", *settings(), *strong, code=1)
    assert result.output == "gpnet: run first: found a network personnet; right: personnet-strong, the recipe's\n"


def test_no_run(gpnet):
    result = gpnet("train", "toy", "--quiet", "--out", "x", "--init", "nowhere", *settings(), code=1)
    assert result.output.startswith("gpnet: run nowhere: not validated yet") and result.output.count("\n") == 1
