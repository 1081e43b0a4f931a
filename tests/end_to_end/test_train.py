"""Training from the command line: what it writes, resuming, being killed."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from picture_files import png
from tiny import settings

from gluon_personnet import evaluate
from gluon_personnet.evaluation.reranking import KReciprocal
from gluon_personnet.network.backend import mx

RECIPE = "toy"


def arrays(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files if name != "record"}


def assert_same_state(run, other):
    """Parameters, averages and optimizer state of two runs, bit for bit."""
    first, second = (arrays(Path(path) / "checkpoint.npz") for path in (run, other))
    assert set(first) == set(second)
    for name, array in first.items():
        assert array.tobytes() == second[name].tobytes(), name


def log(run):
    lines = [json.loads(line) for line in (Path(run) / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_train_then_evaluate(gpnet, tmp_path):
    result = gpnet("train", RECIPE, "--out", "runs/a", *settings())
    assert "gpnet evaluate --run runs/a" in result.output
    written = {path.name for path in (tmp_path / "runs/a").iterdir()}
    assert written == {
        "recipe.yml", "log.jsonl", "curve.png", "checkpoint.npz", "best.npz", "model-symbol.json", "model-0000.params",
        "data.json",
    }  # fmt: skip
    assert [line["event"] for line in log("runs/a")] == ["train", "validation"] * 2

    result = gpnet("evaluate", "--protocol", "single-shot", "--json", "out.json")
    assert "CMC (%)" in result.output and "runs/a/evaluation/single-shot-cmc.png" in result.output
    report = json.loads((tmp_path / "out.json").read_text())
    (single_shot,) = report["results"]
    assert single_shot["protocol"] == "single-shot"
    assert list(single_shot["cmc"]) == ["1", "5", "10", "20"]
    means = [value["mean"] for value in single_shot["cmc"].values()]
    assert 0 <= means[0] <= means[1] <= means[2] <= means[3] == 1.0  # 6 test identities
    assert {"gallery", "query", "exclusion", "repeats", "ties"} <= set(single_shot["card"])
    assert {"method", "data set", "split", "identities"} <= set(report["origin"])
    assert (tmp_path / "runs/a/evaluation/single-shot-cmc.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "runs/a/evaluation/single-shot-cmc.svg").read_text()

    again = gpnet("evaluate", "--run", "runs/a", "--json", "again.json")
    assert "CMC (%)" in again.output
    assert json.loads((tmp_path / "again.json").read_text())["results"] == report["results"]


def without_origin(path):
    """A report but for where its distances come from."""
    return {**json.loads(Path(path).read_text()), "origin": None}


def test_saved_distances_give_the_results_of_the_run(gpnet, tmp_path):
    """Plain, re-ranked and with all definitions: a run, and the file that it saves."""
    gpnet("train", RECIPE, "--out", "runs/a", *settings())
    rerank = ["--rerank", "k-reciprocal", "--rerank-k1", "5", "--rerank-k2", "3"]
    named = ["--protocol", "single-shot", "--protocol", "market1501"]
    results = []
    for count, arguments in enumerate((named, [*named, *rerank]), start=1):
        gpnet("evaluate", *arguments, "--save-distmat", "d.npz", "--json", "run.json")
        assert len(list((tmp_path / "runs/a/evaluation").glob("*.json"))) == 2 * count  # nothing is overwritten
        gpnet("evaluate", "--distmat", "d.npz", *arguments, "--json", "file.json")
        results.append(without_origin("file.json"))
        assert results[-1] == without_origin("run.json")
        given = KReciprocal(5, 3) if rerank[0] in arguments else None
        python = evaluate("runs/a", ["single-shot", "market1501"], rerank=given)
        assert {**python, "origin": None} == results[-1]
        with np.load("d.npz") as archive:
            among = ["gallery_distmat", "query_distmat"] if rerank[0] in arguments else []
            labels = ["gallery_camids", "gallery_pids", "query_camids", "query_pids"]
            names = ["gallery_names", "query_names", "origin"]
            assert sorted(archive.files) == sorted(["distmat", *labels, *names, *among])
            assert archive["distmat"].shape == (12, 12)  # 6 test identities, two images by each camera
    assert results[0] != results[1]

    output = gpnet("evaluate", "--compare-definitions", "--json", "run.json", "--plot", "cmc.pdf").output
    gpnet("evaluate", "--distmat", "d.npz", "--compare-definitions", "--json", "file.json")
    assert without_origin("run.json") == without_origin("file.json")
    compared = {result["protocol"]: result for result in without_origin("run.json")["results"]}
    assert [compared["single-shot"], compared["market1501"]] == results[0]["results"]
    assert "verification: defines no CMC" in output and "  data set " in output
    assert (tmp_path / "cmc.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "runs/a/evaluation/definitions.txt").exists()


def test_mirrored_pairs_are_averaged_in_as_the_recipe_or_the_option_says(gpnet, tmp_path):
    gpnet("train", RECIPE, "--out", "plain", *settings())
    gpnet("train", RECIPE, "--out", "mirrored", *settings(evaluation__mirrored="true"))
    distances = {}
    for name, run, extra in (
        ("plain", "plain", []),
        ("option", "plain", ["--mirrored"]),
        ("recipe", "mirrored", []),
        ("off", "mirrored", ["--no-mirrored"]),
    ):
        output = gpnet("evaluate", "--quiet", "--run", run, "--save-distmat", f"{name}.npz", *extra).output
        assert ("mirrored pair's" in output) == (name in ("option", "recipe"))
        distances[name] = np.load(tmp_path / f"{name}.npz")["distmat"]
    assert np.abs(distances["plain"] - distances["option"]).max() > 1e-3
    assert np.abs(distances["recipe"] - distances["off"]).max() > 1e-3
    assert_same_state("plain", "mirrored")  # how validation scores has no influence on training


def test_same_seed_same_bytes_and_other_seed_others(gpnet):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        gpnet("train", RECIPE, "--out", name, *settings(seed=seed))
    assert_same_state("a", "b")
    assert log("a") == log("b")
    with pytest.raises(AssertionError):
        assert_same_state("a", "c")


STRONG = {
    "network__name": "personnet-strong",
    "network__options": "{channels: 2, compare_channels: 2, embedding_units: 4, units: 8, dropout: 0.5}",
    "training__identification": 0.5,
}
NORMALISED = {
    "network__options": "{channels: 4, units: [16, 16, 8], dropout: 0.5, normalise: 0.5}",
    "training__identification": 0.5,
    "training__metric_head_at": 0.25,  # step 2: before the stop below
}
PLAIN = {"training__identification": 0.5, "training__metric_head_at": 0.5}  # step 4: after it
NETWORKS = {"personnet": PLAIN, "normalised": NORMALISED, "strong": STRONG}


def test_normalisation_is_folded_away_for_evaluation_and_export(gpnet, tmp_path):
    gpnet("train", RECIPE, "--out", "a", *settings(**NORMALISED))
    selected = arrays(tmp_path / "a/best.npz")
    assert any("running_mean" in name for name in selected)
    exported = mx.nd.load(str(tmp_path / "a/model-0000.params"))
    assert not any("running" in name or "deviation" in name for name in exported)
    trained = selected["parameter/head.dense.0.weight"]
    (weight,) = (value for value in exported.values() if value.shape == trained.shape)  # FC1
    ratio = weight.asnumpy() / trained
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-4)
    assert np.abs(ratio[:, 0] - 1).min() > 1e-3
    assert "CMC (%)" in gpnet("evaluate", "--run", "a").output


@pytest.mark.parametrize("optimizer", ["rmsprop", "rmsprop-mxnet", "sgd", "adam"])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_stopped_and_resumed_run_is_the_uninterrupted_one(gpnet, interrupted, optimizer, network):
    """Stop after step 3 of 8, between two checkpoints, with everything switched on that has a state."""
    changes = {
        "optimizer__name": optimizer,
        "optimizer__options": "{}",
        "schedule__name": "plateau",
        "schedule__options": "{patience: 1, factor: 0.5}",
        "training__averaging": 0.5,
        "training__hard_negatives_per_positive": 1,
        "training__look_alikes_every_pairs": 24,
        "training__negatives_per_positive": 1,
        "augmentation__colour": 0.2,
        "augmentation__until": 0.65,  # step 5: between two searches for look-alikes
        **network,
    }
    gpnet("train", RECIPE, "--out", "whole", *settings(**changes))
    with interrupted(3):
        result = gpnet("train", RECIPE, "--out", "halves", *settings(**changes), code=130)
    assert "stopped after step 3; go on with: gpnet train toy --out halves --resume" in result.output
    gpnet("train", RECIPE, "--out", "halves", "--resume", *settings(**changes))
    assert_same_state("whole", "halves")
    assert [line for line in log("halves") if line["event"] == "validation"] == [
        line for line in log("whole") if line["event"] == "validation"
    ]


def wait_for_steps(run, count, process):
    """Wait until the log of a running process shows `count` steps."""
    deadline = time.monotonic() + 120
    path = run / "log.jsonl"
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        lines = path.read_text().splitlines() if path.exists() else []
        if lines and json.loads(lines[-1])["step"] >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"no {count} steps in two minutes")


LONG = {"training__pairs": 2400, "training__validate_every_pairs": 120, "training__checkpoint_every_pairs": 84}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_killed_run_resumes_to_the_same_parameters(gpnet, start_gpnet, tmp_path, number):
    gpnet("train", RECIPE, "--out", "whole", *settings(**LONG))
    process = start_gpnet("train", RECIPE, "--out", "killed", *settings(**LONG))
    wait_for_steps(tmp_path / "killed", 40, process)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130, errors
        assert "go on with" in output
    assert not (tmp_path / "killed/model-symbol.json").exists()  # it did not finish
    gpnet("train", RECIPE, "--out", "killed", "--resume", *settings(**LONG))
    assert_same_state("whole", "killed")


def test_killed_before_the_first_checkpoint_starts_again(gpnet, tmp_path):
    gpnet("train", RECIPE, "--out", "whole", *settings())
    gpnet("train", RECIPE, "--out", "early", *settings())
    (tmp_path / "early/checkpoint.npz").unlink()
    gpnet("train", RECIPE, "--out", "early", "--resume", *settings())
    assert_same_state("whole", "early")
    assert [line["step"] for line in log("early")] == [line["step"] for line in log("whole")]


def test_identification_leaves_no_trace_in_a_network_without_embedding(gpnet, tmp_path):
    """What tells identities apart is trained and kept for resuming, but the network that comes out is the paper's."""
    names = {}
    for name, weight in (("plain", 0.0), ("identified", 1.0)):
        gpnet("train", RECIPE, "--out", name, *settings(training__identification=weight))
        with np.load(tmp_path / name / "best.npz") as best:
            names[name] = {key: best[key] for key in best.files if key.startswith("parameter/")}
    assert names["plain"].keys() == names["identified"].keys()
    trunk = next(key for key in names["plain"] if "trunk" in key and key.endswith("weight"))
    assert np.abs(names["plain"][trunk] - names["identified"][trunk]).max() > 1e-4


def test_resuming_what_was_never_begun_begins_it(gpnet):
    gpnet("train", RECIPE, "--out", "whole", *settings())
    gpnet("train", RECIPE, "--out", "new", "--resume", *settings())
    assert_same_state("whole", "new")


def test_resuming_a_finished_run_changes_nothing(gpnet, tmp_path):
    gpnet("train", RECIPE, "--out", "a", *settings())
    before = (tmp_path / "a/checkpoint.npz").read_bytes(), (tmp_path / "a/log.jsonl").read_bytes()
    gpnet("train", RECIPE, "--out", "a", "--resume", *settings())
    assert ((tmp_path / "a/checkpoint.npz").read_bytes(), (tmp_path / "a/log.jsonl").read_bytes()) == before


def test_existing_run_is_not_overwritten(gpnet):
    gpnet("train", RECIPE, "--out", "a", *settings())
    result = gpnet("train", RECIPE, "--out", "a", *settings(), code=1)
    assert result.output == "gpnet: run a: exists; add --resume to go on with it, or choose another --out\n"


def test_changed_recipe_is_refused_on_resume_with_the_difference(gpnet):
    gpnet("train", RECIPE, "--out", "a", *settings())
    before = Path("a/recipe.yml").read_bytes()
    result = gpnet("train", RECIPE, "--out", "a", "--resume", *settings(optimizer__learning_rate="0.5"), code=1)
    assert "made with another recipe (optimizer.learning_rate: 0.00025 -> 0.5)" in result.output
    assert Path("a/recipe.yml").read_bytes() == before


def test_evaluate_refuses_a_split_that_changed(gpnet, monkeypatch):
    gpnet("train", RECIPE, "--out", "a", *settings())
    from gluon_personnet.data.task import Task

    monkeypatch.setattr(Task, "train_hash", "0" * 16)
    result = gpnet("evaluate", "--run", "a", code=1)
    assert "the data set now gives 0000000000000000" in result.output


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
