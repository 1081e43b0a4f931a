"""The command line itself: help, lists, recipes, doctor, bench."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gluon_personnet.cli import COMMANDS, main
from gluon_personnet.recipe.bundled import bundled_recipes
from gluon_personnet.recipe.parsing import load_recipe

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path for path in (ROOT / "recipes").rglob("*.yml") if path.parent.name != "baselines")


def command(name):
    return main.get_command(click.Context(main), name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(gpnet, name):
    output = gpnet(name, "--help").output
    assert f"  gpnet {name}" in output.split("Example")[1]
    for parameter in command(name).params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name


@pytest.mark.parametrize("kind", ["datasets", "protocols", "networks", "recipes", "plugins", "features"])
def test_lists_in_both_forms_agree(gpnet, kind):
    rows = json.loads(gpnet("list", kind, "--json").output)[kind]
    names = [row["name"] for row in rows]
    assert names == sorted(names)
    lines = gpnet("list", kind).output.splitlines()
    assert [line.split()[0] for line in lines] == names if names else lines == [f"no {kind} are registered"]


def test_bundled_names_are_there(gpnet):
    listed = {kind: gpnet("list", kind).output for kind in ("datasets", "protocols", "recipes", "networks")}
    datasets = ("toy", "cuhk01", "cuhk03", "market1501", "viper")
    assert all(name in listed["datasets"] for name in (*datasets, "folder"))
    assert "single-shot" in listed["protocols"] and "personnet" in listed["networks"]
    assert all(name in listed["recipes"] for name in (*datasets, "paper/cuhk01"))


def test_show(gpnet):
    assert "trials=10" in gpnet("show", "protocol", "single-shot").output
    assert gpnet("show", "recipe", "toy").output.strip() == (ROOT / "recipes/toy.yml").read_text().strip()


def test_bundled_recipes_are_the_files_of_the_checkout():
    assert sorted(bundled_recipes()) == sorted(str(p.relative_to(ROOT / "recipes"))[:-4] for p in RECIPES)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT / "recipes")))
def test_every_recipe_loads_in_full_and_names_what_it_is_for(path):
    load_recipe(path)
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ") and 20 <= len(lines) <= 50


@pytest.mark.parametrize("name", ["toy", "cuhk01", "cuhk03", "market1501", "viper", "paper/cuhk01"])
def test_check_builds_everything_but_the_images(gpnet, name):
    parameters = "933,666" if name == "toy" else "22,863,394"
    assert f"{parameters} parameters" in gpnet("check", f"recipes/{name}.yml").output


def test_check_of_a_data_set(gpnet):
    output = gpnet("check", "toy", "--quiet", "--set", "identities=12", "--set", "test_identities=3").output
    assert "48 images, 12 identities, 2 cameras" in output and "no problems found" in output


def test_doctor(gpnet):
    output = gpnet("doctor").output
    assert "mxnet 1.9.1" in output and "device cpu(0)" in output and "no problems found" in output


def test_bench_writes_json(gpnet, tmp_path):
    gpnet("bench", "difference", "--pairs", "4", "--repeats", "1", "--json", "out.json")
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["ratio_to_literal"] > 0 and result["relative_error"] < 1e-5


def test_bench_train_counts_arithmetic_by_hand():
    from gluon_personnet.bench.train import work_of_parts
    from gluon_personnet.network.backend import mx
    from gluon_personnet.network.personnet import PersonNet
    from gluon_personnet.training.classifier import Classifier

    classifier = Classifier(800, weight=1.0, smoothing=0.1, hidden_units=512)
    classifier.initialize()
    classifier(mx.nd.zeros((1, 32, 32, 7)), mx.nd.zeros(1), mx.nd.zeros(1))  # settles its shapes
    image = 148 * 48 * 27 * 32 + 72 * 22 * 288 * 32 + 34 * 9 * 288 * 32 + 32 * 7 * 288 * 32 + 32 * 7 * 32 * 32 * 5
    pair = 30 * 5 * 288 * 32 + 960 * 4096 + 4096 * 4096 + 4096 * 512 + 512 * 2
    identities = 32 * 32 * 7 * 512 + 512 * 800
    work = work_of_parts(PersonNet(), classifier, images=3, pairs=5)
    assert (work["sides"][0], work["head"][0]) == (6 * 3 * image, 6 * 5 * pair)
    assert work["identification"][0] == 6 * 3 * identities
    assert work["update"] == (0, 5 * 4 * (22_863_394 + identities))
    assert work["averaging"] == (0, 3 * 4 * 22_863_394 // 8)


def test_bench_train_measures_every_part_against_its_limit(gpnet, tmp_path):
    result = gpnet("bench", "train", "--pairs", "4", "--negatives", "1", "--repeats", "1", "--json", "out.json")
    parts = json.loads((tmp_path / "out.json").read_text())["parts"]
    assert set(parts) == {"sides", "head", "identification", "update", "averaging", "prepare (in the background)"}
    for name in ("sides", "head", "identification", "update", "averaging"):
        assert f"parts {name}: s " in result.output
        assert (
            0
            < parts[name]["share_of_limit"]
            == pytest.approx(max(parts[name]["arithmetic_s"], parts[name]["memory_s"]) / parts[name]["s"])
        )


WITHOUT_MXNET = """
import importlib.metadata, sys
version = importlib.metadata.version
def hidden(name):
    if name.startswith("mxnet"):
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)
importlib.metadata.version = hidden
sys.modules["mxnet"] = None
from gluon_personnet.cli import main
main(sys.argv[1:], prog_name="gpnet")
"""


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        (["--help"], 0, "Commands:"),
        (["list", "protocols"], 0, "single-shot"),
        (["doctor"], 1, "problem: MXNet is not installed; install the extra [cpu]"),
        (["train", "toy"], 1, "gpnet: MXNet is not installed; install the extra [cpu]"),
    ],
)
def test_without_mxnet(tmp_path, arguments, code, text):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MXNET, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert text in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_both_wheels_of_mxnet_are_refused(monkeypatch):
    from gluon_personnet.core.errors import BackendError
    from gluon_personnet.network import backend

    monkeypatch.setattr(backend.importlib.metadata, "version", lambda name: "1.9.1")
    with pytest.raises(BackendError, match="both mxnet and mxnet-cu112 are installed"):
        backend._require_one_wheel()


def test_missing_driver_is_named_with_what_to_install(monkeypatch):
    from gluon_personnet.core.errors import BackendError
    from gluon_personnet.network import backend

    def missing(name, mode):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(backend.ctypes, "CDLL", missing)
    with pytest.raises(BackendError, match=r"no NVIDIA driver \(libcuda.so.1\).*pip install '.\[cpu\]'"):
        backend._preload_cuda()
