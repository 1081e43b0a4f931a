"""Scoring from the command line: precisions, shortlists, memory, going on after a kill."""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tiny import settings


@pytest.fixture
def run(gpnet):
    """A trained run in runs/a; returns a function that evaluates it and returns output, report and distances."""
    gpnet("train", "toy", "--out", "runs/a", *settings())

    def evaluate(*arguments):
        output = gpnet("evaluate", "--quiet", *arguments, "--json", "out.json", "--save-distmat", "d.npz").output
        return output, json.loads(Path("out.json").read_text()), np.load("d.npz")["distmat"]

    return evaluate


def test_precision_is_named_and_its_agreement_stated(run, needs_precision):
    needs_precision("int8")
    output, report, distmat = run()
    assert re.search("precision +float32\n", output) and "agreement" not in report
    output, reduced, changed = run("--precision", "int8", "--compare-precision")
    assert re.search("precision +int8 fully connected layers", output) and "int8 against float32" in output
    agreement = reduced["agreement"]
    assert agreement["largest_change"] == pytest.approx(np.abs(changed - distmat).max()) and agreement["speed"] > 0
    assert 0 < agreement["largest_change"] < 0.1 * agreement["spread"]
    assert 0.9 < agreement["kendall_tau"] <= 1
    assert list(agreement["cmc"]["single-shot"]) == ["1", "5", "10", "20"]
    assert len(list(Path("runs/a/evaluation").glob("single-shot-*.json"))) == 1


def test_a_shortlist_of_the_whole_gallery_is_exact_and_a_short_one_says_what_it_lost(run):
    _, whole, distmat = run()
    for name in ("raw-pixels", "raw-pixels+euclid", "embedding"):
        output, report, listed = run("--shortlist", name, "--shortlist-size", "12")
        np.testing.assert_allclose(listed, distmat, atol=1e-5)
        assert report["results"][0]["cmc"] == whole["results"][0]["cmc"]
        assert report["origin"]["shortlist"] == [{"recall": 1.0, "queries_with_a_match": 1.0}]
    output, report, listed = run("--shortlist", "raw-pixels", "--shortlist-size", "3")
    assert re.search("approximate +a shortlist by raw-pixels keeps 3 of 12 gallery images: ", output)
    assert report["origin"]["cost"][0]["pairs"] == 36 and 0 < report["origin"]["shortlist"][0]["recall"] < 1
    best = np.sort(listed, axis=1)
    assert (best[:, 3:] == listed.max() - np.arange(8, -1, -1)).all() and best[:, :3].max() < best[:, 3:].min()
    np.testing.assert_allclose(listed[listed <= best[:, :3].max()], distmat[listed <= best[:, :3].max()], atol=1e-5)


def test_mirrored_shortlist(run):
    _, _, distmat = run("--mirrored")
    _, _, listed = run("--mirrored", "--shortlist", "embedding", "--shortlist-size", "12")
    np.testing.assert_allclose(listed, distmat, atol=1e-5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--compare-precision"], "--compare-precision needs --precision"),
        (["--shortlist-size", "5"], "--shortlist-size needs --shortlist"),
        (["--shortlist", "embedding", "--rerank", "k-reciprocal"], "--shortlist and --rerank do not go together"),
        (
            ["--distmat", "d.npz", "--protocol", "market1501", "--precision", "int8"],
            "--precision does not go with distances from a file",
        ),
    ],
)
def test_options_that_do_not_go_together(gpnet, arguments, message):
    assert message in gpnet("evaluate", *arguments, code=2).output


def test_unknown_feature_of_a_shortlist(run, gpnet):
    assert "did you mean 'raw-pixels'" in gpnet("evaluate", "--shortlist", "raw-pixel", code=1).output


SLOW_KEEPING = """
import time
from gluon_personnet.scoring import kept_tiles as tile_log
from gluon_personnet.cli import main

append = tile_log.TileLog.append

def append_and_wait(log, tile, distances):
    append(log, tile, distances)
    print("kept", flush=True)
    time.sleep(600)

tile_log.TileLog.append = append_and_wait
main()
"""


def test_killed_evaluation_goes_on_to_the_same_distances(run, tmp_path, monkeypatch):
    _, report, whole = run("--mirrored")
    assert report["origin"]["cost"][0]["pairs"] == 288
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "cache"))
    command = [sys.executable, "-c", SLOW_KEEPING, "evaluate", "--mirrored", "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "kept\n"  # the tile of the pairs as they are; that of mirrored ones is not
        process.kill()
    cache = Path(os.environ["GPNET_CACHE"])
    (kept,) = cache.rglob("*.tiles")
    assert kept.stat().st_size > 12 * 12 * 8
    run("--no-mirrored")  # what else is evaluated in between changes nothing
    assert kept.exists()
    _, report, resumed = run("--mirrored")
    assert resumed.tobytes() == whole.tobytes()
    assert report["origin"]["cost"][0]["pairs"] == 144  # of 288: half was read from the disk
    assert not list(cache.rglob("*.tiles"))


@pytest.fixture
def small_bench(monkeypatch):
    """Benches on a small network: what they measure is not looked at here."""
    from gluon_personnet.bench import estimate, score
    from gluon_personnet.network.personnet import PersonNet
    from gluon_personnet.scoring.cost import Cost

    for module in (estimate, score):
        monkeypatch.setattr(module, "PersonNet", functools.partial(PersonNet, channels=8, units=[16, 16, 8]))
    monkeypatch.setattr(score, "NAIVE_PAIRS", 2)
    monkeypatch.setattr(score, "CACHED_PAIRS", 4)
    monkeypatch.setattr(estimate, "IMAGES", 8)
    monkeypatch.setattr(Cost, "AT_LEAST_SECONDS", 0.0)


def test_bench_score(gpnet, small_bench):
    arguments = ["--queries", "2", "--gallery", "3", "--repeats", "1"]
    gpnet("bench", "score", *arguments, "--sizes", "none", "--json", "s.json")
    result = json.loads(Path("s.json").read_text())
    assert {"ratio_to_naive", "roofline_share", "float32", "naive"} <= set(result)
    assert result["float32"]["largest_change_of_margin"] == 0
    for precision in ("bfloat16", "int8"):
        if precision in result:
            assert result[precision]["largest_change_of_margin"] > 0
        else:
            assert "needs a processor" in result["not_available"][precision]
    assert result["ratio_to_naive"] == pytest.approx(result["float32"]["pairs_per_s"] / result["naive"]["pairs_per_s"])
    if "torch" in result:
        assert result["torch"]["largest_difference_of_logits"] < 1e-4
    assert "--slice means nothing for the bench score" in gpnet("bench", "score", "--slice", "3", code=2).output
    assert "right: none, or numbers" in gpnet("bench", "score", "--sizes", "many", code=2).output


def test_bench_estimate(gpnet, small_bench):
    gpnet("bench", "estimate", "--queries", "9", "--gallery", "4", "--slice", "3", "--json", "e.json")
    result = json.loads(Path("e.json").read_text())
    assert result["estimated_seconds"] > 0 and result["slice_seconds"] > 0
    error = result["slice_estimated_seconds"] / result["slice_seconds"] - 1
    assert result["slice_estimate_error"] == pytest.approx(error)


def test_growth_is_measured_in_processes_of_their_own_and_drawn(tmp_path):
    from gluon_personnet.bench.growth import growth, plot_growth

    result = growth(sizes=(40,), queries=2, memory_mib=1)
    (row,) = result["sizes"]
    assert (row["gallery"], row["pairs"], result["spread"]) == (40, 80, 1.0)
    assert row["maps_mib"] > 1 and row["peak_mib"] > row["grown_mib"] >= 0
    plot_growth(result, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
