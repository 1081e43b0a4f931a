"""A run tested on another data set, or on another split of its own."""

import json
from pathlib import Path

import pytest

from tiny import settings

OTHER = ["--dataset", "toy", "--set", "identities=12", "--set", "test_identities=6", "--set", "seed=5"]


@pytest.fixture
def run(gpnet):
    gpnet("train", "toy", "--quiet", "--out", "run", *settings())


def test_people_whom_it_has_not_seen(gpnet, run):
    own = gpnet("evaluate", "--run", "run", "--quiet").output
    output = gpnet("evaluate", "--run", "run", "--quiet", "--protocol", "single-shot", *OTHER).output
    assert "trained on" in output and "toy split 0; no training image is of somebody in this test" in output
    assert "trained on" not in own
    written = sorted(path.relative_to("run/evaluation") for path in Path("run/evaluation").rglob("single-shot*.json"))
    assert len(written) == 2 and {str(path.parent)[:4] for path in written} == {".", "toy-"}
    origin = json.loads((Path("run/evaluation") / written[1]).read_text())["origin"]
    assert origin["identities"] == "6 train, 6 test"


def test_people_whom_it_has_seen_are_named(gpnet, run):
    options = [word for key in ("identities=24", "test_identities=6") for word in ("--set", key)]
    command = ["evaluate", "--run", "run", "--quiet", "--protocol", "single-shot", "--dataset", "toy", *options]
    output = gpnet(*command, "--splits", "1", code=1).output
    assert output.startswith("gpnet: run run: trained on ") and " of the 6 identities that toy split 1 tests" in output
    assert output.count("\n") == 1
