"""Training by several workers on the loopback address: same result as alone, nobody waits for ever, nobody is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tiny import settings

TWENTY_STEPS = {
    "training__pairs": 240,
    "training__validate_every": 24,
    "training__checkpoint_every": 24,
    "training__metric_head_at": 0.5,
    # Rounding moves the maximum of a pool now and then, which changes a gradient by far more than rounding. So small
    # images, few channels, a low rate: a change of the starting weights in their last place then takes at most 0.27 of
    # the tolerance below, with six seeds; with 160x60 px, 4 channels and ten times the rate it takes up to 18 times it.
    "optimizer__learning_rate": "2.5e-5",
    # dropout masks are drawn for the pairs of one worker, so with dropout two workers are as good as one, not equal
    "network__options": "{channels: 2, units: [16, 16, 8], dropout: 0.0, height_px: 96, width_px: 48}",
}
PATIENCE_SECONDS = 120


def arrays(run):
    with np.load(Path(run) / "checkpoint.npz") as archive:
        return {name: archive[name] for name in archive.files if name != "record"}


def assert_close(run, other):
    """Parameters and optimizer states of two runs, within rounding."""
    first, second = arrays(run), arrays(other)
    assert set(first) == set(second)
    for name, array in first.items():
        np.testing.assert_allclose(array, second[name], rtol=1e-4, atol=2e-6, err_msg=name)


def wait_until(condition, what, process=None):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process is None or process.poll() is None, (what, process.communicate())
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.01)


def children(process):
    """Process ids by the name of their role, of all processes that a launcher has started."""
    found = {}
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        try:
            pairs = [entry.partition("=") for entry in Path(f"/proc/{pid}/environ").read_text().split("\0")]
        except OSError:  # not yet a program of its own, or no longer there
            continue
        environment = {name: value for name, _, value in pairs}
        if "DMLC_ROLE" in environment:
            found[environment["DMLC_ROLE"] + environment.get("DMLC_WORKER_ID", "")] = int(pid)
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_nobody_is_left(pids):
    wait_until(lambda: not any(map(is_running, pids)), "all processes end")


def steps(folder, *arguments, **changes):
    return ["train", "toy", "--out", folder, *arguments, *settings(**{**TWENTY_STEPS, **changes})]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run of twenty steps by two workers."""
    folder = tmp_path_factory.mktemp("workers")
    command = [sys.executable, "-m", "gluon_personnet", *steps("run", "--workers", "2")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    assert "by 2 workers: 20 steps" in done.stdout and done.stdout.count("training toy") == 1
    return folder / "run"


def test_two_workers_and_a_server_reach_the_parameters_of_one_process(gpnet, whole):
    gpnet(*steps("alone"))
    assert_close("alone", whole)
    assert {path.name for path in Path("alone").iterdir()} == {path.name for path in whole.iterdir()}


def test_lost_worker_ends_all_with_one_line_and_the_run_goes_on_from_its_checkpoint(start_gpnet, tmp_path, whole):
    process = start_gpnet(*steps("run", "--quiet", "--workers", "2"))
    wait_until((tmp_path / "run/checkpoint.npz").exists, "a checkpoint", process)
    pids = children(process)
    assert set(pids) == {"scheduler", "server", "worker0", "worker1"}
    os.kill(pids["worker1"], signal.SIGKILL)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    (line,) = errors.splitlines()
    assert line.startswith("gpnet: training worker 1 was lost (killed by SIGKILL); the others have been ended; go on ")
    assert line.endswith("with: gpnet train toy --out run --resume --workers 2")
    assert_nobody_is_left(pids.values())
    assert not (tmp_path / "run/model-symbol.json").exists()  # it did not finish

    process = start_gpnet(*steps("run", "--quiet", "--resume", "--workers", "2"))
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    interrupted, uninterrupted = arrays(tmp_path / "run"), arrays(whole)
    for name, array in uninterrupted.items():  # the sum of two gradients does not depend on which one comes first
        assert interrupted[name].tobytes() == array.tobytes(), name


def test_stopped_by_ctrl_c_and_resumed_by_one_process(gpnet, start_gpnet, tmp_path, whole):
    process = start_gpnet(*steps("run", "--quiet", "--workers", "2"))
    wait_until((tmp_path / "run/checkpoint.npz").exists, "a checkpoint", process)
    pids = children(process)
    refused = gpnet(*steps("run", "--resume"), code=1).output
    assert refused.startswith(f"gpnet: run run: in use by process {process.pid} on ")  # the launcher
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, errors) == (130, "")
    assert "go on with: gpnet train toy --out run --resume --workers 2" in output
    assert_nobody_is_left(pids.values())
    gpnet(*steps("run", "--resume"))
    assert_close("run", whole)


def test_nobody_outlives_a_killed_launcher(start_gpnet):
    process = start_gpnet(*steps("run", "--workers", "2"))
    wait_until(lambda: len(children(process)) == 4, "all processes are there", process)
    pids = children(process).values()
    process.kill()
    assert_nobody_is_left(pids)


def test_what_is_wrong_for_all_workers_is_said_once(start_gpnet):
    nowhere = steps("run", "--workers", "2", dataset__name="viper", dataset__options="{}")
    process = start_gpnet(*nowhere, GPNET_DATA="nowhere")
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1 and "viper" in errors.lower(), errors


def test_more_workers_than_identities_are_refused_before_anything_starts(gpnet):
    result = gpnet(*steps("run", "--workers", "5"), code=1)
    assert result.output == (
        "gpnet: training.batch_pairs: found 12, that is 4 identities for 5 workers; "
        "right: at least one identity for each\n"
    )


def test_three_workers_train_a_network_with_statistics_and_a_classifier(start_gpnet, tmp_path):
    """Whatever state there is, worker 0 has it and gives it to the others."""
    changes = {
        "network__name": "personnet-strong",
        "network__options": "{channels: 4, units: 8}",
        "training__losses": "{pair-softmax: 1, identification: 0.5}",
        "training__metric_head_at": "1.0",
        "training__hard_negatives_per_positive": "1",
        "training__negatives_per_positive": "1",
        "training__pairs": "48",
        "optimizer__name": "adam",
        "optimizer__options": "{}",
    }
    for more in (), ("--resume",):
        process = start_gpnet(*steps("run", "--quiet", "--workers", "3", *more, **changes))
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, errors) == (0, ""), errors
        assert "by 3 workers: 4 steps" in output
    assert all(np.isfinite(array).all() for array in arrays(tmp_path / "run").values())


def by_hand(port, role, **more):
    """The environment of one process of a training on several machines."""
    common = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(port), "DMLC_INTERFACE": "lo"}
    common.update(DMLC_NODE_HOST="127.0.0.1", DMLC_NUM_WORKER="2", DMLC_NUM_SERVER="1")
    return {**common, "DMLC_ROLE": role, **more}


def test_workers_started_by_hand_must_agree_on_the_recipe(start_gpnet):
    from gluon_personnet.training.distributed.launcher import free_port

    port = free_port()
    for role in ("scheduler", "server"):
        start_gpnet(*steps("run"), **by_hand(port, role))
    workers = [
        start_gpnet(*steps("run", "--quiet", seed=seed), **by_hand(port, "worker", DMLC_WORKER_ID=str(number)))
        for number, seed in enumerate((1, 2))
    ]
    for number, process in enumerate(workers):
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        expected = "training worker 1 was started with another recipe than worker 0"
        assert (process.returncode, errors) == (1, f"gpnet: training worker {number}: {expected}\n")


def test_a_worker_waits_only_so_long_for_the_others(start_gpnet):
    from gluon_personnet.training.distributed.launcher import free_port

    environment = by_hand(free_port(), "worker", DMLC_WORKER_ID="0")
    process = start_gpnet(*steps("run", "--worker-timeout", "0.2"), **environment)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert errors == (
        "gpnet: training worker 0: waited 0.2 s for the other workers and servers in vain; "
        "one of them is lost, or was never started\n"
    )
