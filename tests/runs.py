"""What tests of trainings share: a longer recipe, waiting for steps, the log, and comparing two states."""

import json
import time
from pathlib import Path

import numpy as np


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


LONG = {"training__pairs": 2400, "training__validate_every": 120, "training__checkpoint_every": 84}
