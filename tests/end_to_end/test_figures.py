"""Figures are what they are called, and one result has one place."""

import json
from pathlib import Path

import pytest

from gluon_personnet.core.runs import run_name
from gluon_personnet.methods.features import entry_key
from gluon_personnet.plugin.manager import PluginManager
from tiny import settings

TOY = ["--dataset", "toy", "--set", "identities=20", "--set", "test_identities=8", "--quiet"]


def test_no_rank_behind_the_end_of_a_curve_is_printed(gpnet):
    of = ["--protocol", "single-shot", "--protocol-set", "max_rank=2", "--json", "out.json"]
    output = gpnet("evaluate", "--baseline", "euclid", *TOY, *of).output
    (result,) = json.loads(Path("out.json").read_text())["results"]
    assert list(result["cmc"]) == ["1"] and len(result["curve"]) == 2
    (ranks,) = [line.split() for line in output.splitlines() if line.startswith("  rank  ")]
    assert ranks == ["rank", "1"]


def test_no_rank_behind_the_end_of_a_curve_selects_a_model(gpnet):
    gpnet("train", "toy", "--quiet", "--out", "a", *settings(evaluation__options="{trials: 2, max_rank: 2}"))
    lines = [json.loads(line) for line in Path("a/log.jsonl").read_text().splitlines()]
    assert [list(line["cmc"]) for line in lines if line["event"] == "validation"] == [["1"], ["1"]]


def test_map_is_in_per_cent_in_text_and_table(gpnet):
    gpnet("evaluate", "--baseline", "euclid", *TOY, "--protocol", "market1501", "--json", "out.json")
    (result,) = json.loads(Path("out.json").read_text())["results"]
    figure = f"{100 * result['mean_ap']['exact']:.2f}"
    for command in (["evaluate", "--baseline", "euclid"], ["table", "euclid"]):
        output = gpnet(*command, *TOY, "--protocol", "market1501").output
        assert "mAP exact" in output and figure in output


def test_two_files_of_one_name_do_not_share_a_folder(gpnet, tmp_path):
    text = "summary: s\nsource: s\nfidelity: exact\nfeature: {{name: raw-pixels}}\nmetric: {{name: {metric}}}\n"
    written = []
    for folder, metric in (("a", "euclid"), ("b", "l1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.yml").write_text(text.format(metric=metric))
        output = gpnet("evaluate", "--method", f"{folder}/mine.yml", *TOY, "--protocol", "single-shot").output
        written += [line for line in output.splitlines() if line.endswith(".json")]
    assert len(set(written)) == 2


def test_recipes_of_one_name_have_runs_of_their_own():
    names = [
        run_name(recipe) for recipe in ("cuhk01", "paper/cuhk01", "recipes/paper/cuhk01.yml", "recipes/cuhk01.yml")
    ]
    assert names == ["cuhk01", "paper-cuhk01", "paper-cuhk01", "cuhk01"]


FEATURE = """
from gluon_personnet import FeatureEntry, hookimpl
class Mine:
    def extract(self, image): return image[0, 0].astype("float32")
@hookimpl
def gpnet_features(): return [FeatureEntry("mine", Mine, "mine", version={version})]
"""


@pytest.mark.parametrize("places", [("mine", "raw-pixels"), ("raw-pixels", "mine")])
def test_the_version_of_a_component_is_part_of_the_key(install, places):
    versions = []
    for version in (1, 2):
        name = f"mine{version}"
        install(name, FEATURE.format(version=version).replace('"mine"', f'"{name}"', 1))
        chosen = {"features": [name if each == "mine" else each for each in places]}
        made_of = entry_key(PluginManager(), "features", "side-by-side", chosen)["made of"]
        versions.append([part[2] for part in made_of if part[1] == name])
    assert versions == [[1], [2]]
