"""gpnet table and gpnet cache: rows, failures, going on after a stop."""

import json
import os
import signal
import time

import pytest

TOY = ["--dataset", "toy", "--set", "identities=20", "--set", "test_identities=8", "--protocol", "single-shot"]
BROKEN = """\
summary: kissme in a negative number of dimensions
source: none
fidelity: reconstruction
feature: {name: raw-pixels}
metric: {name: kissme, options: {n_components: -1.0}}
published:
  toy:
    - {identities: 12/8, protocol: single-shot, cmc: {rank-1: 12.5}, printed: nowhere}
"""


def test_rows_one_that_fails_and_all_that_is_written(start_gpnet, tmp_path):
    (tmp_path / "broken.yml").write_text(BROKEN)
    # a process of its own, since a row reports the most memory that its process ever had
    process = start_gpnet("table", *TOY, "--splits", "0,1", "--quiet", "euclid", "broken.yml", "kissme")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    (folder,) = tmp_path.glob("runs/table-toy-*")
    assert {path.name for path in folder.iterdir()} == {"table.md", "table.json", "cmc.png", "cmc.svg"}
    text = (folder / "table.md").read_text()
    assert text.strip() in output
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.split()[1] for line in lines[2:]] == ["euclid", "broken", "kissme"]
    assert len({len(line) for line in lines}) == 1
    assert "failed" in lines[3] and "rank-1: 12.50 (12/8, single-shot) [1]" in lines[3]
    assert "* broken: n_components: -1.0; right: 0, a fraction below 1, or a whole number" in text
    assert "* [1] nowhere" in text
    table = json.loads((folder / "table.json").read_text())
    euclid, broken, kissme = table["rows"]
    assert "report" not in broken and broken["published"][0]["cmc"] == {"1": 0.125}
    assert [part["number"] for part in kissme["report"]["results"][0]["splits"]] == [0, 1]
    assert [cost.keys() for cost in euclid["report"]["origin"]["cost"]] == [{"seconds", "pairs", "memory_mib"}] * 2
    assert 20 < euclid["report"]["origin"]["cost"][0]["memory_mib"] < 2000


def test_all_failing_is_an_error(gpnet, tmp_path):
    (tmp_path / "broken.yml").write_text(BROKEN)
    assert "failed" in gpnet("table", *TOY, "--quiet", "broken.yml", code=1).output


def test_a_stopped_table_goes_on_where_it_was(start_gpnet, gpnet, tmp_path, monkeypatch):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "kept"))
    process = start_gpnet("table", *TOY, "--splits", "all", "euclid", "kissme")
    done = tmp_path / "kept/distances"
    deadline = time.monotonic() + 120
    while len(list(done.glob("*/head.json"))) < 12:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (table,) = tmp_path.glob("runs/table-toy-*/table.md")
    assert "euclid" in table.read_text()
    kept = {path: path.stat().st_mtime_ns for path in done.glob("*/head.json")}
    gpnet("table", *TOY, "--splits", "all", "--quiet", "euclid", "kissme")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(list(done.glob("*/head.json"))) == 20


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        ([*TOY, "euclit"], 1, "method 'euclit': neither a run nor a baseline nor a file; did you mean 'euclid'?"),
        ([*TOY, "--splits", "11", "euclid"], 1, "--splits 11: right: all, or numbers from 0 to 9"),
        ([*TOY[:-1], "sigle-shot", "euclid"], 1, "did you mean 'single-shot'"),
        (TOY, 2, "Missing argument"),
    ],
)
def test_wrong_use(gpnet, arguments, code, words):
    assert words in gpnet("table", *arguments, code=code).output


def test_the_cache_is_shown_and_removed(gpnet, tmp_path):
    before = os.environ["GPNET_CACHE"]
    try:
        where = ["--cache", tmp_path / "kept"]
        gpnet("evaluate", "--baseline", "euclid", *TOY, "--quiet", *where)
        assert "raw-pixels" in gpnet("cache", *where).output
        assert len(list((tmp_path / "kept").rglob("features/*/*.npy"))) == 20 * 4
        (tmp_path / "kept/mine.txt").write_text("not ours")
        gpnet("cache", "--clear", *where)
        assert [path.name for path in (tmp_path / "kept").iterdir()] == ["mine.txt"]
        assert "empty" in gpnet("cache", *where).output
    finally:
        os.environ["GPNET_CACHE"] = before
