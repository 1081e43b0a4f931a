"""Training from the command line: what it writes, resuming, being killed."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from gluon_personnet import evaluate
from gluon_personnet.evaluation.reranking import KReciprocal
from gluon_personnet.network.backend import mx
from runs import LONG, arrays, assert_same_state, log, wait_for_steps
from tiny import settings

RECIPE = "toy"


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


LOSSES = "{pair-softmax: 1, identification: 0.5}"
STRONG = {
    "network__name": "personnet-strong",
    "network__options": "{channels: 2, compare_channels: 2, embedding_units: 4, units: 8, dropout: 0.5}",
    "training__losses": LOSSES,
}
NORMALISED = {
    "network__options": "{channels: 4, units: [16, 16, 8], dropout: 0.5, normalise: 0.5}",
    "training__losses": LOSSES,
    "training__metric_head_at": 0.25,  # step 2: before the stop below
}
PLAIN = {
    "training__losses": LOSSES,
    "training__metric_head_at": 0.5,
}  # step 4: after it
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
        "training__look_alikes_every": 24,
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
        gpnet(
            "train", RECIPE, "--out", name, *settings(training__losses=f"{{pair-softmax: 1, identification: {weight}}}")
        )
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
