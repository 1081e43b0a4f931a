"""plugins/example, installed by pip as a third party's distribution, used from the command line."""

import json
import subprocess
import sys

from tiny import settings


def gpnet(folder, *arguments):
    command = [sys.executable, "-m", "gluon_personnet", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_listed_with_its_distribution(tmp_path):
    assert "gpnet-example 0.1.0" in gpnet(tmp_path, "list", "plugins")
    assert "example" in gpnet(tmp_path, "list", "protocols")
    assert "example" in gpnet(tmp_path, "list", "datasets")


def test_trained_on_and_evaluated_by(tmp_path):
    options = settings(dataset__name="example", dataset__options="{num_people: 40}")
    gpnet(tmp_path, "train", "toy", "--quiet", *options)
    output = gpnet(tmp_path, "evaluate", "--quiet", "--protocol", "example", "--json", "out.json")
    assert "mean rank" in output
    (result,) = json.loads((tmp_path / "out.json").read_text())["results"]
    assert 1 <= result["mean_rank"] <= 40  # 20 test identities with 2 gallery images
