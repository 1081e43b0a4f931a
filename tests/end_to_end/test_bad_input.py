"""Bad input of every kind: one clear line, exit code 1 or 2, nothing left behind."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiny import settings


def png(seed=0):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (160, 60, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def write_cuhk01(path, identities=12, change=lambda name, data: (name, data)):
    """A zip in the format of CUHK01, each member passed through `change`."""
    with zipfile.ZipFile(path, "w") as archive:
        for pid in range(1, identities + 1):
            for shot in range(1, 5):
                name, data = change(f"campus/{pid:04d}{shot:03d}.png", png(pid))
                archive.writestr(name, data)


CUHK01 = settings(dataset__name="cuhk01", dataset__options="{test_identities: 4}")


@pytest.fixture
def refused(gpnet, tmp_path):
    """Run a command that must fail with one line holding all the words, and must leave the folder as it was."""

    def run(*arguments, words, code=1):
        before = sorted(tmp_path.rglob("*"))
        output = gpnet(*arguments, code=code).output
        line = [text for text in output.splitlines() if not text.startswith("gpnet: warning: ")][-1]
        assert output.count("\ngpnet: ") + output.startswith("gpnet: ") >= 1 and "Traceback" not in output
        for word in words:
            assert word in line
        assert sorted(tmp_path.rglob("*")) == before
        return output

    return run


def train(*extra):
    return ["train", "toy", "--quiet", "--out", "runs/a", "--data", ".", *extra]


def test_missing_archive(refused):
    refused(*train(*CUHK01), words=["gpnet: dataset 'cuhk01': CUHK01.zip not found under ./"])


def test_truncated_zip(refused, tmp_path):
    write_cuhk01(tmp_path / "CUHK01.zip")
    data = (tmp_path / "CUHK01.zip").read_bytes()
    (tmp_path / "CUHK01.zip").write_bytes(data[: len(data) // 2])
    refused(*train(*CUHK01), words=["CUHK01.zip", "zip"])


def test_corrupt_png(refused, tmp_path):
    def cut(name, data):
        return name, data[:500] if name.endswith("002.png") else data

    write_cuhk01(tmp_path / "CUHK01.zip", change=cut)
    refused(*train(*CUHK01), words=["CUHK01.zip", "002.png", "unreadable image"])


def test_zip_with_names_that_lead_out_of_it(refused, tmp_path):
    write_cuhk01(tmp_path / "CUHK01.zip", change=lambda name, data: ("../" + name, data))
    refused(*train(*CUHK01), words=["CUHK01.zip", "../campus/0001001.png"])


RECIPE = "dataset: {name: toy}\ntraining: {pairs: 12, batch_pairs: 12}\noptimizer: {learning_rate: 0.001}\n"


@pytest.mark.parametrize(
    "change, words",
    [
        (("batch_pairs", "bacth_pairs"), ["recipe mine.yml: training.bacth_pairs: unknown key", "'batch_pairs'?"]),
        (("pairs: 12,", "pairs: 12, pairs: 13,"), ["recipe mine.yml, line 2: duplicate key 'pairs'"]),
        (("0.001", "1e-3x"), ["recipe mine.yml: optimizer.learning_rate: found '1e-3x'; right: a number"]),
    ],
)
@pytest.mark.parametrize("command", ["train", "check"])
def test_recipe_mistakes(refused, recipe_file, change, words, command):
    refused(command, recipe_file(RECIPE.replace(*change)), words=words)


@pytest.mark.parametrize(
    "network, words",
    [
        ("{name: personnet-strong}", "0.5 with network personnet-strong; right: 1.0, or network personnet"),
        ("{options: {activation: relu}}", "0.5 with activation relu; right: 1.0, or tanh"),
    ],
)
@pytest.mark.parametrize("command", ["train", "check"])
def test_metric_head_of_a_network_that_has_none(refused, recipe_file, network, words, command):
    recipe = RECIPE.replace("batch_pairs: 12", "batch_pairs: 12, metric_head_at: 0.5") + f"network: {network}\n"
    refused(command, recipe_file(recipe), words=[f"gpnet: training.metric_head_at: found {words}"])


def test_unknown_recipe(refused):
    refused("train", "toi", words=["recipe toi: neither a file nor a bundled recipe; did you mean 'toy'?"])


def test_checkpoint_of_another_size(gpnet, refused, tmp_path):
    gpnet(*train(*settings()))
    from gluon_personnet.network.checkpoint import Checkpoint

    other = Checkpoint.load(tmp_path / "runs/a/best.npz")
    other.record["recipe"]["network"]["options"]["height_px"] = 128
    other.save(tmp_path / "runs/a/best.npz")
    refused("evaluate", "--run", "runs/a", words=["checkpoint runs/a/best.npz: made for another network or input size"])
    refused(*train("--resume", *settings(network__options="{height_px: 128}")), words=["height_px: absent -> 128"])


def test_damaged_checkpoint(gpnet, refused, tmp_path):
    gpnet(*train(*settings()))
    for name, command in (("best.npz", ["evaluate"]), ("checkpoint.npz", train("--resume", *settings()))):
        data = (tmp_path / "runs/a" / name).read_bytes()
        (tmp_path / "runs/a" / name).write_bytes(data[: len(data) // 2])
        refused(*command, words=[name, "damaged or not a checkpoint"])


def test_pids_in_one_view_only(refused, tmp_path):
    lines = ["path,pid,camid"]
    for pid in range(20):
        lines += [f"{pid}-{shot}.png,{pid},0" for shot in range(2)]
        for shot in range(2):
            (tmp_path / f"{pid}-{shot}.png").write_bytes(png(pid))
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    options = settings(dataset__name="folder", dataset__options="{path: .}")
    refused(*train(*options), words=["none of 20 identities to test on; right: people seen by two cameras"])


def test_nan_in_the_training_loss(gpnet, tmp_path):
    output = gpnet(*train(*settings(optimizer__learning_rate="1.0e+30")), code=1).output
    assert "gpnet: training step" in output and "Traceback" not in output
    assert "learning_rate usually helps" in output.splitlines()[-1]
    assert not list(tmp_path.rglob("*.part*"))


def test_nan_in_the_network_output(gpnet, refused, tmp_path):
    gpnet(*train(*settings()))
    from gluon_personnet.network.checkpoint import Checkpoint

    broken = Checkpoint.load(tmp_path / "runs/a/best.npz")
    broken.arrays["parameter/head.logits.bias"][0] = np.nan
    broken.save(tmp_path / "runs/a/best.npz")
    refused(
        "evaluate",
        "--quiet",
        words=["method 'runs/a': distmat: nan at query row 0, gallery column 0; right: finite numbers"],
    )


PROTOCOL = """
from gluon_personnet import ProtocolEntry, hookimpl
@hookimpl
def gpnet_protocols():
    return [ProtocolEntry(name={name!r}, factory="nowhere:Nothing", summary="mine")]
"""


def test_broken_plugin_leaves_every_command_working(gpnet, refused, install):
    install("mine", None)
    warning = "gpnet: warning: plugin 'mine' of third-party 1.0 is left out: ImportError: no module named"
    assert warning in gpnet("list", "protocols").output
    assert "single-shot" in gpnet("list", "protocols").output
    assert "left out: ImportError" in gpnet("list", "plugins").output
    gpnet(*train(*settings()))
    gpnet("evaluate")
    output = refused("doctor", words=["1 problems found"])
    assert "problem: plugin 'mine' is left out: ImportError" in output


def test_protocol_that_cannot_be_imported(refused, install):
    install("mine", PROTOCOL.format(name="mine"))
    refused("show", "protocol", "mine", words=["protocol 'mine': cannot load nowhere:Nothing"])


def test_two_plugins_of_one_name(refused, gpnet, install):
    install("mine", PROTOCOL.format(name="one"), "first")
    install("mine", PROTOCOL.format(name="two"), "second")
    words = ["two plugins are named 'mine'", "first 1.0", "second 1.0"]
    refused("list", "protocols", words=words)
    refused(*train(*settings()), words=words)
    assert "two plugins are named 'mine'" in gpnet("list", "plugins").output


def test_two_protocols_of_one_name(refused, install):
    install("mine", PROTOCOL.format(name="single-shot"))
    words = ["protocol 'single-shot'", "provided twice", "third-party 1.0", "gluon-personnet"]
    refused("list", "protocols", words=words)
    refused(*train(*settings()), words=words)


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["evaluate"], 1, ["no trained run found under runs/"]),
        (["evaluate", "--run", "nowhere"], 1, ["run nowhere: found no run"]),
        (["train", "toy", "--device", "gpu:7"], 1, ["device 'gpu:7': MXNet sees 0 GPU(s) here; right: cpu"]),
        (["train", "toy", "--device", "tpu"], 1, ["device 'tpu': unknown; right: cpu, gpu or gpu:N"]),
        (["train", "toy", "--set", "dataset.name=toi"], 1, ["no dataset is named 'toi'; did you mean 'toy'?"]),
        (["train", "toy", "--set", "dataset.options={people: 3}"], 1, ["dataset.options: unknown option 'people'"]),
        (
            ["train", "toy", "--set", "dataset.options={seed: x}"],
            1,
            ["dataset.options: seed: found 'x'; right: a whole number"],
        ),
        (["train", "toy", "--set", "dataset.split=99"], 1, ["data set 'toy': split 99: not there; right: 0 to 9"]),
        (["show", "protocol", "singel-shot"], 1, ["did you mean 'single-shot'?"]),
    ],
)
def test_other_mistakes(refused, arguments, code, words):
    refused(*arguments, code=code, words=words)


@pytest.mark.parametrize("arguments", [["tran"], ["train"], ["train", "toy", "--threads", "0"], ["list", "everything"]])
def test_usage_errors_exit_with_2(gpnet, arguments):
    output = gpnet(*arguments, code=2).output
    assert "Usage: gpnet" in output
    assert "'train'" in output if arguments == ["tran"] else "Error: " in output


def test_half_written_files_do_not_replace_good_ones(gpnet, monkeypatch, tmp_path):
    """The disk fills up while a checkpoint is written."""
    gpnet(*train(*settings()))
    before = {path: path.read_bytes() for path in (tmp_path / "runs/a").iterdir() if path.is_file()}

    def full(file, **arrays):
        Path(file.name).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    (tmp_path / "runs/b").mkdir()
    result = gpnet("train", "toy", "--quiet", "--out", "runs/b", *settings(), code=1)
    assert "checkpoint.npz: cannot be written: no space left on device" in result.output
    assert [path.name for path in (tmp_path / "runs/b").iterdir() if ".npz" in path.name] == []
    assert {path: path.read_bytes() for path in (tmp_path / "runs/a").iterdir() if path.is_file()} == before
