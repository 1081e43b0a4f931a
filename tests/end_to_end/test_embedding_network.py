"""An embedding network from recipe to figures: trained, stopped and gone on with, evaluated."""

import json
from pathlib import Path

import numpy as np
import pytest

from gluon_personnet.recipe.bundled import recipe_path
from runs import assert_same_state, log
from tiny import settings

EMBEDDING = {
    "network__name": "backbone",  # the shapes of its layers are open until their first input
    "network__options": "{backbone: mobilenetv2_0.25, height_px: 32, width_px: 32}",
    "training__sampler": "identities",
    "training__images": 128,
    "training__batch_images": 16,
    "training__images_per_identity": 2,
    "training__pairs": 0,
    "training__negatives_per_positive": 2,
    "training__hard_negatives_per_positive": 0,
    "training__validate_every": 64,
    "training__checkpoint_every": 32,
    "training__averaging": 0.5,
    "optimizer__name": "adamw",
    "optimizer__options": "{}",
    "evaluation__mirrored": "true",
}


def train(gpnet, name, *more, **changes):
    return gpnet("train", "cuhk01", "--quiet", "--out", name, *settings(**{**EMBEDDING, **changes}), *more)


def test_trained_evaluated_and_the_same_again(gpnet):
    train(gpnet, "a")
    train(gpnet, "b")
    assert_same_state("a", "b")
    events = log("a")
    assert [line["images"] for line in events if line["event"] == "validation"] == [64, 128]
    output = gpnet("evaluate", "--run", "a", "--quiet", "--json", "a.json").output
    assert "rank-1" in output and "backbone of a" in output
    origin = json.loads(Path("a.json").read_text())["origin"]
    assert origin["distance"].startswith("cosine of vectors averaged")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"network__name": "personnet", "network__options": "{channels: 4, units: [16, 16, 8]}"},
         "training.sampler: found 'identities' for a network that scores pairs; right: 'balanced-pairs'"),
        ({"training__losses": "{ranking: 1}"}, "training.losses.ranking: not a loss of an embedding network"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_before_training(gpnet, changes, message):
    of = settings(**{**EMBEDDING, **changes})
    for command in (["train", "cuhk01", "--quiet", "--out", "x"], ["check", recipe_path("cuhk01")]):
        output = gpnet(*command, *of, code=1).output
        assert message in output and output.count("\n") == 1


def test_what_means_nothing_without_pairs_is_refused(gpnet):
    train(gpnet, "run")
    output = gpnet("evaluate", "--run", "run", "--quiet", "--shortlist", "raw-pixels", code=1).output
    assert "embeds single images, whose distances are one product; leave it out" in output
    output = gpnet("evaluate", "--run", "run", "--quiet", "--precision", "bfloat16", code=1).output
    assert output.startswith("gpnet: precision bfloat16: known for PersonNet's head only")


@pytest.mark.parametrize("hard", [0, 1])
def test_balanced_pairs_may_train_an_embedding_too(gpnet, hard):
    """With hard negatives, which are then found by all distances."""
    changes = {"training__sampler": "balanced-pairs", "training__pairs": 96, "training__images": 0,
               "training__batch_pairs": 24, "training__hard_negatives_per_positive": hard,
               "training__losses": "{triplet: 1}"}  # fmt: skip
    train(gpnet, "pairs", **changes)
    assert [line["pairs"] for line in log("pairs") if line["event"] == "validation"][-1] == 96


def test_images_are_not_shared_among_workers(gpnet):
    output = gpnet("train", "cuhk01", "--quiet", "--workers", "2", *settings(**EMBEDDING), code=1).output
    assert output.startswith("gpnet: training.sampler: found 'identities' with 2 workers; right: one worker")
    assert output.count("\n") == 1


def test_a_study_of_it_counts_images(gpnet):
    gpnet("study", "bias", "cuhk01", "--quiet", "--seeds", "1", "--out", "study", *settings(**EMBEDDING))
    result = json.loads(Path("study/study.json").read_text())
    assert (result["unit"], result["images"]) == ("images", 128)
    assert [line["images"] for line in result["variants"][0]["runs"][0]["validation"]] == [64, 128]


@pytest.mark.parametrize(
    "name, options",
    [("joint-reid", "{height_px: 40, width_px: 30}"), ("fpnn", "{height_px: 40, width_px: 30, filters: 8, units: 8}")],
)
def test_networks_with_a_pair_of_their_own_are_trained_with_hard_negatives(gpnet, name, options):
    changes = {"network__name": name, "network__options": options, "training__hard_negatives_per_positive": 1,
               "training__batch_pairs": 16, "training__losses": "{ranking: 1, identification: 1}"}  # fmt: skip
    gpnet("train", "cuhk01", "--quiet", "--out", "run", *settings(**changes))
    output = gpnet("evaluate", "--run", "run", "--quiet").output
    assert f"{name} of run" in output and "rank-1" in output
    gpnet("evaluate", "--run", "run", "--quiet", "--save-distmat", "alone.npz")
    gpnet("cache", "--clear")
    gpnet("evaluate", "--run", "run", "--quiet", "--backend", "loky", "--workers", "1", "--save-distmat", "pool.npz")
    np.testing.assert_array_equal(*(np.load(f"{one}.npz")["distmat"] for one in ("alone", "pool")))


def test_it_may_start_from_another_run(gpnet):
    train(gpnet, "run")
    output = train(gpnet, "again", "--init", "run").output
    assert "anew" not in output
