"""The seams of the road: two sources of one figure agree, and what changes an input changes the figure."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiny import settings

ROOT = Path(__file__).parents[2]
SINGLE_SHOT = ["--protocol", "single-shot", "--quiet", "--json", "out.json"]


def result(path="out.json"):
    """The one result of a report."""
    (found,) = json.loads(Path(path).read_text(encoding="utf-8"))["results"]
    return found


def rank1(path="out.json"):
    return result(path)["cmc"]["1"]["mean"]


def write_people(folder, alike, people=8):
    """One image of each person by either of two cameras, the same picture in both or noise."""
    for pid in range(people):
        for camid in (0, 1):
            rng = np.random.default_rng([pid, 0 if alike else camid + 1])
            path = folder / f"mine/{pid:04d}/{camid}_0.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (32, 16, 3), dtype=np.uint8)).save(path)


def test_other_pictures_under_the_same_names_give_other_figures(gpnet, tmp_path):
    write_people(tmp_path / "old", alike=True)
    write_people(tmp_path / "new", alike=False)
    of = ["evaluate", "--baseline", "euclid", "--dataset", "folder", "--set", "path=mine", *SINGLE_SHOT, "--data"]
    gpnet(*of, "old")
    assert rank1() == 1.0
    gpnet(*of, "new")
    kept = rank1()
    assert kept < 1.0
    gpnet("cache", "--clear")
    gpnet(*of, "new")
    assert rank1() == kept


PLUGIN = """
import numpy as np
from gluon_personnet import BaselineEntry, DatasetEntry, FeatureEntry, MetricEntry, ProtocolEntry, hookimpl
from gluon_personnet.data.splits import identity_split
from gluon_personnet.plugin.contracts import Combination, Measures, Sample

RATE, ALIKE, SIGN, SCALE = {rate}, {alike}, {sign}, {scale}

class Rank:
    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        card = dict.fromkeys(("gallery", "query", "exclusion", "repeats", "ties"), f"with rate {{RATE}}")
        nearest = float(np.mean(gallery_pids[distmat.argmin(axis=1)] == query_pids))
        return Measures(card, np.full(20, RATE), queries_used=len(query_pids), others={{"nearest": nearest}})

class People:
    num_splits, expected = 1, {{}}
    def __init__(self, locate):
        self.samples = [Sample(f"{{pid}}-{{camid}}", pid, camid) for pid in range(8) for camid in (0, 1)]
    def read(self, row):
        seed = self.samples[row].pid if ALIKE else row
        return np.random.default_rng(seed).integers(0, 256, (16, 8, 3), dtype=np.uint8)
    def split(self, number):
        return identity_split(self.samples, 4, number, "mine")

class Pixels:
    def extract(self, image):
        return (SCALE * image.ravel()).astype(np.float32)

class Distance:
    def fit(self, features, pids, camids):
        return self
    def distance(self, query, gallery):
        return SIGN * ((query[:, None].astype(float) - gallery) ** 2).sum(axis=2)

@hookimpl
def gpnet_protocols():
    return [ProtocolEntry("my-rank", "gpnet_mine:Rank", "mine")]
@hookimpl
def gpnet_datasets():
    return [DatasetEntry("my-people", "gpnet_mine:People", "mine")]
@hookimpl
def gpnet_features():
    return [FeatureEntry("my-pixels", "gpnet_mine:Pixels", "mine")]
@hookimpl
def gpnet_metrics():
    return [MetricEntry("my-distance", "gpnet_mine:Distance", "mine")]
@hookimpl
def gpnet_baselines():
    return [BaselineEntry("my-baseline", lambda: Combination("my-pixels", "my-distance"), "mine", fidelity="exact")]
"""
AS_WRITTEN = {"rate": 0.5, "alike": True, "sign": 1, "scale": 1}


def install(site, **changes):
    """The plugin as a distribution in a folder of its own, with some constants changed."""
    info = site / "gpnet_mine.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gpnet-mine\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gluon_personnet]\nmine = gpnet_mine\n")
    (site / "gpnet_mine.py").write_text(PLUGIN.format(**{**AS_WRITTEN, **changes}))


@pytest.mark.parametrize(
    ("change", "figure", "card"),
    [
        ({"rate": 0.25}, (0.25, 1.0), "with rate 0.25"),
        ({"alike": False}, (0.5, 0.25), "with rate 0.5"),
        ({"sign": -1}, (0.5, 0.0), "with rate 0.5"),
        ({"scale": 0}, (0.5, 0.25), "with rate 0.5"),
    ],
    ids=["protocol", "data set", "metric", "feature"],
)
def test_an_edited_plugin_counts_at_once(start_gpnet, tmp_path, change, figure, card):
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    of = ["--dataset", "my-people", "--protocol", "my-rank", "--quiet"]
    environment = {"PYTHONPATH": path, "GPNET_CACHE": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    found = []
    for changes in ({}, change):
        install(tmp_path / "site", **changes)
        for command in (["evaluate", "--baseline", "my-baseline", "--json", "out.json"], ["table", "my-baseline"]):
            process = start_gpnet(*command, *of, **environment)
            output, errors = process.communicate()
            assert process.returncode == 0, errors
        measured = result(tmp_path / "out.json")
        assert f"{100 * measured['cmc']['1']['mean']:.2f}" in output  # the row of the table
        found.append((measured["cmc"]["1"]["mean"], measured["nearest"]))
    assert found == [(0.5, 1.0), figure] and measured["card"]["ties"] == card


@pytest.fixture
def run(gpnet):
    """A trained run in runs/a."""
    gpnet("train", "toy", "--quiet", "--out", "runs/a", *settings())


def without_origin(path):
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    return {key: value for key, value in report.items() if key != "origin"}


def test_one_figure_three_ways(run, gpnet):
    from gluon_personnet import evaluate, load
    from gluon_personnet.core.files import write_json

    protocols = ["--protocol", "single-shot", "--protocol", "market1501", "--quiet"]
    gpnet("evaluate", "--run", "runs/a", *protocols, "--json", "run.json", "--save-distmat", "d.npz")
    gpnet("evaluate", "--distmat", "d.npz", *protocols, "--json", "file.json")
    write_json("api.json", evaluate(load("runs/a"), ["single-shot", "market1501"]))
    assert without_origin("run.json") == without_origin("file.json") == without_origin("api.json")
    assert len(without_origin("run.json")["results"]) == 2


def test_a_second_protocol_on_the_same_method_scores_nothing(run, gpnet, monkeypatch):
    from gluon_personnet.scoring.scorer import Scorer

    gpnet("evaluate", "--run", "runs/a", *SINGLE_SHOT)
    monkeypatch.setattr(Scorer, "distmat", None)
    gpnet("evaluate", "--run", "runs/a", "--protocol", "market1501", "--quiet", "--json", "other.json")
    assert 0 < result("other.json")["mean_ap"]["exact"] <= 1


def test_a_run_compares_with_a_baseline_and_with_a_run_of_another_seed(run, gpnet):
    gpnet("train", "toy", "--quiet", "--out", "runs/b", *settings(seed=7))
    for name in ("a", "b"):
        gpnet("evaluate", "--run", f"runs/{name}", *SINGLE_SHOT[:-1], f"{name}.json")
    people = ["--dataset", "toy", "--set", "identities=24", "--set", "test_identities=6"]
    gpnet("evaluate", "--baseline", "euclid", *people, *SINGLE_SHOT[:-1], "euclid.json")
    assert result("a.json")["test_hash"] == result("b.json")["test_hash"] == result("euclid.json")["test_hash"]
    for other in ("b.json", "euclid.json"):
        gpnet("report", "a.json", other, "--paired", "--json", "paired.json")
        paired = json.loads(Path("paired.json").read_text())["paired"]
        assert paired["difference"] == pytest.approx(rank1(other) - rank1("a.json"))


SMALL_TILES = """
import os, time
from gluon_personnet.cli import main
from gluon_personnet.scoring import kept_tiles, tiling

append, cut = kept_tiles.TileLog.append, tiling.Tiling.__init__

def append_and_wait(log, tile, distances):
    append(log, tile, distances)
    time.sleep(float(os.environ["PAUSE"]))

kept_tiles.TileLog.append = append_and_wait
tiling.Tiling.__init__ = lambda self, queries, gallery, rows, columns: cut(self, queries, gallery, 2, 2)
main()
"""


@pytest.mark.slow
def test_killed_at_ten_random_moments_and_others_in_between(run, tmp_path):
    """An evaluation of a run goes on with the tiles it has, whatever else of that run is evaluated meanwhile."""

    def start(cache, pause, *arguments):
        command = [sys.executable, "-c", SMALL_TILES, "evaluate", "--protocol", "single-shot", "--quiet", *arguments]
        environment = {**os.environ, "GPNET_CACHE": str(tmp_path / cache), "PAUSE": pause}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)

    def kept():
        return sum(path.stat().st_size for path in (tmp_path / "killed").rglob("*.tiles"))

    assert start("whole", "0", "--mirrored", "--save-distmat", "whole.npz").wait() == 0
    chance, sizes = random.Random(0), [0]
    for moment in range(10):  # 72 tiles of 0.1 s each
        process, deadline = start("killed", "0.1", "--mirrored"), time.monotonic() + 120
        while kept() == sizes[-1] and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
        process.wait()
        sizes.append(kept())
        if moment in (3, 7):
            other = "--no-mirrored" if moment == 3 else "--shortlist=raw-pixels"
            assert start("killed", "0", other).wait() == 0
            assert kept() == sizes[-1]
    assert sizes == sorted(set(sizes))  # each of them added tiles, and none was lost
    assert start("killed", "0", "--mirrored", "--save-distmat", "resumed.npz", "--json", "out.json").wait() == 0
    assert json.loads((tmp_path / "out.json").read_text())["origin"]["cost"][0]["pairs"] < 288
    distmats = [np.load(tmp_path / name)["distmat"] for name in ("whole.npz", "resumed.npz")]
    assert distmats[0].tobytes() == distmats[1].tobytes() and kept() == 0


@pytest.mark.parametrize("name", ["evaluate.py"])
def test_examples_run(tmp_path, name):
    command = [sys.executable, str(ROOT / "docs/examples" / name)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("rank-1") == 2, done.stderr


def test_a_new_kind_of_method_is_one_file(tmp_path, start_gpnet):
    """With table, cards, splits and re-ranking."""
    text = (ROOT / "docs/examples/new_method.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    info = tmp_path / "site/gpnet_new.dist-info"
    info.mkdir(parents=True)
    (info.parent / "new_method.py").write_text(text)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gpnet-new\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gluon_personnet]\nnew = new_method\n")
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    people = ["--dataset", "toy", "--set", "identities=20", "--set", "test_identities=8", "--splits", "0,1", "--quiet"]
    for command, words in (
        ("evaluate --method striped-colour --protocol single-shot --rerank k-reciprocal --rerank-k1 4 --rerank-k2 2",
         ["mean colours of 6 stripes", "rank-1 by split", "re-ranking"]),
        ("table --protocol market1501 striped-colour euclid", ["| striped-colour", "| euclid", "mAP exact"]),
    ):  # fmt: skip
        process = start_gpnet(*command.split(), *people, PYTHONPATH=path)
        output, errors = process.communicate()
        assert process.returncode == 0 and all(word in output for word in words), errors
