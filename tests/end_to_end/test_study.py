"""gpnet study: equal budgets, every variant and seed, going on after a stop, and what is written."""

import json

import pytest

from gluon_personnet.cli.study import NAMES
from gluon_personnet.recipe.bundled import recipe_path
from gluon_personnet.recipe.parsing import load_recipe
from gluon_personnet.workflows.study import STUDIES
from tiny import settings

PAIRS = 96
SMALL = "{channels: 2, compare_channels: 2, embedding_units: 4, units: 8}"
LOSSES = "{pair-softmax: 1, identification: 1}"


def test_the_command_offers_every_study():
    assert set(NAMES) == set(STUDIES)


@pytest.mark.parametrize("name", NAMES)
def test_variants_of_the_recipe_that_a_study_is_made_for_all_differ(name):
    path = recipe_path("cuhk01-strong" if name == "strong" else "cuhk01")
    recipes = [load_recipe(path, changes) for changes in STUDIES[name].variants.values()]
    assert not any(recipe in recipes[:place] for place, recipe in enumerate(recipes))


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_is_trained_with_every_seed_for_equally_many_pairs(gpnet, tmp_path, name):
    if name == "strong":
        changes = {
            "network__name": "personnet-strong",
            "network__options": SMALL,
            "training__losses": LOSSES,
        }
        changes.update(augmentation__colour=0.2, augmentation__erasing=0.5, evaluation__mirrored="true")
    else:
        changes = {}
    result = gpnet("study", name, "toy", "--seeds", "1,2", "--out", "s", "--quiet", *settings(**changes))
    written = json.loads((tmp_path / "s/study.json").read_text())
    assert [variant["name"] for variant in written["variants"]] == list(STUDIES[name].variants)
    assert result.output.count(" +- ") == len(written["variants"])
    losses = set()
    for variant in written["variants"]:
        assert variant["name"] in result.output
        assert [run["seed"] for run in variant["runs"]] == [1, 2]
        assert {run["validation"][-1]["pairs"] for run in variant["runs"]} == {PAIRS}
        rank1 = [100 * run["validation"][-1]["cmc"]["1"] for run in variant["runs"]]
        assert variant["rank1"]["mean"] == pytest.approx(sum(rank1) / 2)
        losses.update(run["train"][-1]["loss"] for run in variant["runs"])
    same = 2 * (name == "strong")  # averaging mirrored pairs changes the validation only
    assert len(losses) == 2 * len(written["variants"]) - same
    assert (tmp_path / "s/study.png").stat().st_size > 10_000
    assert (tmp_path / "s/study.svg").read_text().startswith("<?xml")


def test_variants_that_are_done_are_not_trained_again(gpnet, tmp_path):
    arguments = "study", "bias", "toy", "--seeds", "1", "--out", "s", "--quiet", *settings()
    assert " +- " not in gpnet(*arguments).output  # one seed has no deviation
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("s/*/best.npz")}
    assert len(before) == 2
    first = json.loads((tmp_path / "s/study.json").read_text())
    gpnet(*arguments)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert json.loads((tmp_path / "s/study.json").read_text()) == first


def test_a_stopped_study_goes_on(gpnet, tmp_path, interrupted):
    arguments = "study", "bias", "toy", "--seeds", "1", "--out", "s", "--quiet", *settings()
    with interrupted(8 + 3):  # in the second variant
        result = gpnet(*arguments, code=130)
    assert "stopped; the same command goes on from here" in result.output
    assert (tmp_path / "s/within-0.5-seed-1").exists() and not (tmp_path / "s/study.json").exists()
    gpnet(*arguments)
    assert (tmp_path / "s/study.json").exists()


def test_wrong_seeds_are_refused(gpnet):
    result = gpnet("study", "bias", "toy", "--seeds", "1;2", code=2)
    assert "--seeds 1;2: right: whole numbers such as 1,2,3" in result.output


def test_a_study_with_other_settings_in_the_same_folder_is_refused(gpnet):
    gpnet("study", "bias", "toy", "--seeds", "1", "--out", "s", "--quiet", *settings())
    changed = settings(optimizer__learning_rate=1.0e-3)
    result = gpnet("study", "bias", "toy", "--seeds", "1", "--out", "s", "--quiet", *changed, code=1)
    assert "made with another recipe (optimizer.learning_rate" in result.output
