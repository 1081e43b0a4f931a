"""The folder of a run: locks, leftovers, damage, where its data lay; and what is said of too few people."""

import re
import signal
import subprocess
import sys

import pytest

from picture_files import png
from runs import LONG, assert_same_state, log, wait_for_steps
from tiny import settings

RECIPE = "toy"


def test_two_trainings_in_one_folder_are_refused_while_the_first_one_runs(gpnet, start_gpnet, tmp_path):
    first = start_gpnet("train", RECIPE, "--out", "a", *settings(**LONG))
    wait_for_steps(tmp_path / "a", 1, first)
    for more in ([], ["--resume"], ["--workers", "2"], ["--resume", "--workers", "2"]):
        output = gpnet("train", RECIPE, "--out", "a", *more, *settings(**LONG), code=1).output
        assert output.startswith(f"gpnet: run a: in use by process {first.pid} on ") and output.count("\n") == 1
    first.send_signal(signal.SIGINT)
    assert "go on with" in first.communicate(timeout=60)[0]
    gpnet("train", RECIPE, "--out", "a", "--resume", *settings(**LONG))
    gpnet("train", RECIPE, "--out", "whole", *settings(**LONG))
    assert_same_state("whole", "a")
    assert not list(tmp_path.rglob(".lock"))


def test_of_two_that_start_together_one_trains_and_one_is_refused(start_gpnet, tmp_path):
    both = [start_gpnet("train", RECIPE, "--quiet", "--out", "a", *settings(seed=seed)) for seed in (1, 2)]
    ends = sorted((process.communicate(timeout=120), process.returncode)[::-1] for process in both)
    assert [code for code, _ in ends] == [0, 1]
    assert "Traceback" not in ends[1][1][1] and ends[1][1][1].startswith("gpnet: run a: ")
    assert [line["event"] for line in log(tmp_path / "a")] == ["train", "validation"] * 2


def test_a_killed_training_leaves_no_lock_and_no_temporary_file_for_the_next(gpnet, start_gpnet, tmp_path):
    killed = """
import os, signal, sys
import numpy as np
save = np.savez
def half(file, **arrays):
    file.write(b"half"); file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
np.savez = half
from gluon_personnet.cli import main
main(sys.argv[1:])
"""
    done = subprocess.run([sys.executable, "-c", killed, "train", RECIPE, "--out", "a", *settings()], cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "a").glob(".*.part*"))) == 1 and (tmp_path / "a/.lock").exists()
    gpnet("train", RECIPE, "--out", "a", "--resume", *settings())
    assert not list((tmp_path / "a").glob(".*"))


def test_resuming_with_a_damaged_log_keeps_what_is_whole(gpnet, interrupted, tmp_path):
    with interrupted(3):
        gpnet("train", RECIPE, "--out", "a", *settings(), code=130)
    path = tmp_path / "a/log.jsonl"
    path.write_bytes(b'{"event": "tra\n\xff\n[]\n' + path.read_bytes() + b'{"event"')
    gpnet("train", RECIPE, "--out", "a", "--resume", *settings())
    assert [line["step"] for line in log("a")] == sorted(line["step"] for line in log("a"))


@pytest.mark.parametrize("change", ["step", "recipe", "best", "parameter", "optimizer"])
def test_a_checkpoint_without_all_its_values_is_one_line(gpnet, interrupted, tmp_path, change):
    from gluon_personnet.network.checkpoint import Checkpoint

    with interrupted(3):
        gpnet("train", RECIPE, "--out", "a", *settings(), code=130)
    found = Checkpoint.load(tmp_path / "a/checkpoint.npz")
    found.record.pop(change, None)
    for name in [name for name in found.arrays if name.startswith(change)][:1]:
        del found.arrays[name]
    found.save(tmp_path / "a/checkpoint.npz")
    output = gpnet("train", RECIPE, "--out", "a", "--resume", *settings(), code=1).output
    assert output.startswith("gpnet: checkpoint a/checkpoint.npz: ") and output.count("\n") == 1


def test_a_reader_that_has_enough_loses_no_result(start_gpnet, tmp_path):
    process = start_gpnet("train", RECIPE, "--quiet", "--out", "a", *settings())
    assert process.stdout.readline().startswith("training toy")
    process.stdout.close()
    errors = process.stderr.read()
    process.wait()
    assert errors == "" and (tmp_path / "a/model-symbol.json").exists() and (tmp_path / "a/curve.png").exists()
    process.stdout = None


def test_a_folder_that_cannot_be_written_is_one_line(gpnet, tmp_path):
    (tmp_path / "file").write_text("")
    output = gpnet("train", RECIPE, "--out", "file/a", *settings(), code=1).output
    assert output.startswith("gpnet: file/a: cannot be written: Not a directory") and output.count("\n") == 1


def test_a_run_remembers_where_its_data_lay(gpnet, tmp_path, monkeypatch):
    """The hint that training prints works as it stands, and in another folder."""
    for pid in range(24):
        for camid in (0, 1):
            path = tmp_path / f"far/away/mine/{pid}/{camid}_0.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(10 * pid + camid))
    monkeypatch.delenv("GPNET_DATA", raising=False)
    of = settings(dataset__name="folder", dataset__options="{path: mine}")
    output = gpnet("train", RECIPE, "--quiet", "--out", "a", "--data", "far/away", *of).output
    (hint,) = (line.partition(": gpnet ")[2] for line in output.splitlines() if line.startswith("evaluate it with: "))
    assert "rank" in gpnet(*hint.split(), "--quiet").output
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    gpnet("evaluate", "--run", tmp_path / "a", "--quiet")
    (tmp_path / "far").rename(tmp_path / "gone")
    message = gpnet("evaluate", "--run", tmp_path / "a", "--quiet", code=1).output
    assert "dataset 'folder': mine not found under" in message and "far/away" in message
    gpnet("evaluate", "--run", tmp_path / "a", "--quiet", "--data", tmp_path / "gone/away")


def test_errors_about_a_small_data_set_name_the_key_and_a_value_that_does(gpnet, tmp_path):
    """Whoever follows them trains a bundled recipe on few people."""
    for pid in range(24):
        for camid in (0, 1):
            path = tmp_path / f"mine/{pid}/{camid}_0.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(10 * pid + camid))
    of = ["train", "cuhk01", "--quiet", "--out", "a", "--set", "dataset.name=folder", "--set", "training.pairs=96"]
    of += ["--set", "dataset.options={path: mine}", "--set", "network.options={units: [16, 16, 8], channels: 4}"]
    of += ["--set", "training.metric_head_at=1.0"]
    followed = []
    for _ in range(2):
        output = gpnet(*of, code=1).output
        advice = re.findall(r"([a-z_.]+=\d+)", output)
        followed += [words.split("=")[0] for words in advice]
        of += [word for words in advice for word in ("--set", words)]
    keys = ["dataset.validation_identities", "training.batch_pairs", "training.hard_negatives_per_positive"]
    assert followed == keys
    assert "best validation rank-1" in gpnet(*of).output
