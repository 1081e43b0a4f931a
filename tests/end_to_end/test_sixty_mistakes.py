"""Sixty bad inputs: each ends in one line with exit code 1 or 2, without a traceback, and leaves nothing behind."""

import json

import numpy as np
import pytest

GOOD = {
    "distmat": np.ones((2, 3)),
    "query_pids": np.arange(2),
    "query_camids": np.zeros(2, int),
    "gallery_pids": np.arange(3),
    "gallery_camids": np.ones(3, int),
}
TOY = [
    "--dataset",
    "toy",
    "--set",
    "identities=20",
    "--set",
    "test_identities=8",
    "--protocol",
    "single-shot",
    "--quiet",
]
RECIPE = "dataset: {name: toy}\ntraining: {pairs: 24, batch_pairs: 12}\n"


def npz(path, **changes):
    arrays = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    np.savez(path, **arrays)


@pytest.fixture
def bad_files(tmp_path):
    """Files that commands of the table name."""
    npz(tmp_path / "nan.npz", distmat=np.array([[1.0, np.nan, 1], [1, 1, 1]]))
    npz(tmp_path / "inf.npz", distmat=np.array([[1.0, np.inf, 1], [1, 1, 1]]))
    npz(tmp_path / "short.npz", query_pids=np.arange(1))
    npz(tmp_path / "float_pids.npz", gallery_pids=np.arange(3) / 2)
    npz(tmp_path / "missing.npz", gallery_camids=None)
    npz(tmp_path / "more.npz", weights=np.ones(3))
    npz(tmp_path / "empty.npz", distmat=np.ones((0, 3)), query_pids=np.arange(0), query_camids=np.arange(0))
    npz(tmp_path / "objects.npz", distmat=np.array([["a", "b", "c"]] * 2))
    npz(tmp_path / "huge.npz", distmat=np.full((2, 3), 2**60 + 1))
    npz(tmp_path / "strangers.npz", gallery_pids=np.arange(3) + 7)
    npz(tmp_path / "good.npz")
    np.save(tmp_path / "single.npy", np.ones(3))
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "zero.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "good.npz").read_bytes()[:200])
    for name, text in {
        "list": "[1, 2]",
        "number": "3",
        "null": "null",
        "empty": "",
        "cut": '{"results": [',
        "foreign": '{"results": [{"protocol": "single-shot", "cmc": 3}]}',
        "newer": json.dumps({"schema": 99, "results": []}),
    }.items():
        (tmp_path / f"{name}.json").write_text(text)
    for name, text in {
        "tabs": "dataset:\n\tname: toy\n",
        "twice": RECIPE + "seed: 1\nseed: 2\n",
        "word": "hello",
        "nothing": "",
        "alias": "a: &x 1\nb: *x\n",
        "tag": "dataset: !!python/object/apply:os.system [ls]\n",
        "key": RECIPE.replace("batch_pairs", "bacth_pairs"),
        "on": RECIPE.replace("toy", "on"),
        "octal": RECIPE + "seed: 010\n",
        "deep": "[" * 3000 + "]" * 3000,
        "negative": RECIPE.replace("24", "-24"),
        "protocol": RECIPE + "evaluation: {protocol: verification}\n",
        "network": RECIPE + "network: {name: personent}\n",
        "unit": RECIPE + "network: {options: {units: [1, 2]}}\n",
        "baseline": "summary: s\nsource: s\nfidelity: exact\nfeature: {name: loom}\nmetric: {name: euclid}\n",
        "figures": "summary: s\nsource: s\nfidelity: exact\nfeature: {name: lomo}\nmetric: {name: euclid}\n"
        "published: {viper: 3}\n",
    }.items():
        (tmp_path / f"{name}.yml").write_text(text)
    (tmp_path / "latin.yml").write_bytes(b"dataset: {name: caf\xe9}\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("no image")
    (tmp_path / "not.zip").write_bytes(b"PK\x03\x04 and nothing")


def distmat(name):
    return ["evaluate", "--distmat", name, "--protocol", "market1501"]


MISTAKES = [
    *(distmat(f"{name}.npz") for name in ("nan", "inf", "short", "float_pids", "missing", "more", "empty", "objects")),
    *(distmat(f"{name}.npz") for name in ("huge", "strangers", "single", "text", "zero", "cut", "nowhere")),
    [*distmat("good.npz"), "--rerank", "k-reciprocal"],
    [*distmat("good.npz"), "--protocol-set", "max_rank=0"],
    [*distmat("good.npz"), "--protocol-set", "nothing=1"],
    [*distmat("good.npz"), "--protocol-set", "max_rank"],
    [*distmat("good.npz"), "--json", "no/such/folder/out.json"],
    [*distmat("good.npz"), "--plot", "out.docx"],
    [*distmat("good.npz"), "--seed", "-1"],
    ["evaluate", "--distmat", "good.npz", "--protocol", "marked1501"],
    ["evaluate", "--distmat", "good.npz", "--baseline", "euclid"],
    *(["report", f"{name}.json"] for name in ("list", "number", "null", "empty", "cut", "foreign", "newer")),
    ["report", "nowhere.json"],
    *(["check", f"{name}.yml"] for name in ("tabs", "twice", "word", "nothing", "alias", "tag", "key", "on", "octal")),
    *(["check", f"{name}.yml"] for name in ("deep", "negative", "protocol", "network", "unit", "baseline", "figures")),
    ["check", "latin.yml"],
    ["check", "nowhere.yml"],
    ["train", "toy", "--set", "training.pairs=x"],
    ["train", "toy", "--set", "training"],
    ["train", "toy", "--set", "=3"],
    ["train", "toy", "--set", "training.pairs=[1"],
    ["train", "toy", "--resume", "--workers", "0"],
    ["train", "toy", "--device", "gpu:99"],
    ["check", "folder"],
    ["check", "folder", "--set", "path=folder", "--data", "."],
    ["check", "folder", "--set", "path=not.zip", "--data", "."],
    ["check", "folder", "--set", "path=nowhere", "--data", "."],
    ["check", "toy", "--set", "identities=.nan"],
    ["evaluate", "--run", "folder"],
    ["evaluate", "--method", "nobody", *TOY],
    ["evaluate", "--baseline", "euclid", *TOY, "--splits", "99"],
    ["evaluate", "--baseline", "euclid", *TOY, "--splits", "one"],
    ["evaluate", "--baseline", "euclid", *TOY, "--query-expansion", "0"],
    ["evaluate", "--baseline", "euclid", *TOY, "--precision", "int8"],
    ["evaluate", "--baseline", "euclid", "--dataset", "toy", "--set", "test_identities=5000", *TOY[-3:]],
    ["table", "--dataset", "toy", "--protocol", "single-shot", "nobody"],
    ["show", "protocol", "nothing"],
    ["new-plugin", "folder"],
    ["study", "depth", "toy", "--seeds", "a"],
    ["bench", "nothing"],
]


def test_there_are_sixty():
    assert len(MISTAKES) >= 60 and len({tuple(words) for words in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_one_line_and_nothing_left_behind(gpnet, bad_files, tmp_path, monkeypatch, words):
    monkeypatch.delenv("GPNET_DATA", raising=False)
    before = {path: path.stat().st_size for path in tmp_path.rglob("*")}
    from click.testing import CliRunner

    from gluon_personnet.cli import main

    result = CliRunner().invoke(main, words, prog_name="gpnet")
    assert isinstance(result.exception, SystemExit), result.exc_info
    lines = [line for line in result.output.splitlines() if line.startswith(("gpnet: ", "Error: "))]
    assert result.exit_code in (1, 2), result.output
    if words[:2] == ["check", "folder"] and "problems found" in result.output:
        lines = [line for line in result.output.splitlines() if "problem: " in line]
    assert len(lines) == 1 and len(lines[0]) > 25, result.output
    assert "Traceback" not in result.output and "object at 0x" not in result.output
    assert {path: path.stat().st_size for path in tmp_path.rglob("*")} == before
