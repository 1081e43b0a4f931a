"""What ``gpnet new-plugin`` writes works for every kind, its tests can fail, and plugins/example is what it writes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.plugin.scaffold import KINDS, plugin_files

ROOT = Path(__file__).parents[2]


def run(folder, *command, code=0):
    """Run Python with the written plugin importable, as if it were installed."""
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_written_plugin_passes_its_test_and_can_be_used(gpnet, tmp_path):
    output = gpnet("new-plugin", "work/gpnet-mean-place").output
    folder = tmp_path / "work/gpnet-mean-place"
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert written == [
        "README.md",
        "gpnet_mean_place/__init__.py",
        "gpnet_mean_place/protocol.py",
        "setup.py",
        "tests/test_protocol.py",
    ]
    assert all(f"wrote work/gpnet-mean-place/{name}" in output for name in written)
    where = "./work/gpnet-mean-place"  # with ./ pip takes it for a folder; a name would be asked of the package index
    assert output.endswith(f"install and test it with: pip install {where} pytest && python -m pytest {where}\n")

    run(folder, "setup.py", "-q", "egg_info")  # what an installation leaves behind, entry point included
    assert "gpnet-mean-place 0.1.0" in run(folder, "-m", "gluon_personnet", "list", "plugins")
    pids = np.arange(6)
    arrays = {"query_pids": pids, "query_camids": 0 * pids, "gallery_pids": pids, "gallery_camids": 0 * pids + 1}
    np.savez(folder / "d.npz", distmat=1.0 - np.eye(6), **arrays)
    output = run(folder, "-m", "gluon_personnet", "evaluate", "--distmat", "d.npz", "--protocol", "mean-place")
    assert "mean_rank: 1.0" in output or "mean rank: 1" in output


def test_there_is_a_kind_for_every_hook():
    assert {f"{kind}s" for kind in KINDS} == set(ENTRY_CLASSES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_listed_passes_its_test_and_does_what_the_readme_says(gpnet, tmp_path, kind):
    gpnet("new-plugin", "gpnet-my-own", "--kind", kind)
    folder = tmp_path / "gpnet-my-own"
    assert not any("$" in path.read_text() for path in folder.rglob("*") if path.is_file())
    run(folder, "setup.py", "-q", "egg_info")
    assert "my-own" in run(folder, "-m", "gluon_personnet", "list", f"{kind}s")
    assert " passed" in run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    trial = KINDS[kind].trial.replace("$name", "my-own").split()[1:]
    if kind == "protocol":  # the latest run is not there
        assert "max_rank=20" in run(folder, "-m", "gluon_personnet", "show", "protocol", "my-own")
    elif kind == "network":
        small = ["--set", "training.pairs=24", "--set", "training.batch_pairs=12", "--set", "network.options={}",
                 "--set", "training.validate_every=24", "--quiet"]  # fmt: skip
        assert "best validation" in run(folder, "-m", "gluon_personnet", *trial, *small)
    else:
        assert run(folder, "-m", "gluon_personnet", *trial)


@pytest.mark.parametrize(
    "kind, right, wrong",
    [
        ("protocol", "check_distmat(distmat,", "check_distmat(-distmat,"),
        ("protocol", 'EXCLUDE = "same-person-and-camera"', 'EXCLUDE = "junk"'),
        ("protocol", '"ties": TIES,', ""),
        ("metric", "if not np.isfinite(rows).all():", "if False:"),
        ("feature", ".astype(np.float32)", ""),
        ("matcher", "np.min(rows, axis=1)", "-np.min(rows, axis=1)"),
        ("dataset", 'role = "train" if pid % 2 == number else', 'role = "train" if pid % 3 == number else'),
        ("network", "self.gallery(gallery_maps)", "self.gallery(2 * gallery_maps)"),
    ],
)
def test_the_written_test_can_fail(gpnet, tmp_path, kind, right, wrong):
    gpnet("new-plugin", "x", "--name", "mine", "--kind", kind)
    path = tmp_path / f"x/gpnet_mine/{kind}.py"
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))
    output = run(tmp_path / "x", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", code=1)
    assert "AssertionError" in output


def test_the_example_is_what_the_command_writes():
    folder = ROOT / "plugins/example"
    right = plugin_files("example", "example", ["dataset", "protocol"])
    tracked = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in (".py", ".md")}
    assert {name for name in tracked if not name.startswith(("build/", "."))} == set(right)
    assert {name: (folder / name).read_text(encoding="utf-8") for name in right} == right


def test_an_empty_folder_is_filled_and_another_left_alone(gpnet, tmp_path):
    (tmp_path / "gpnet_mine").mkdir()
    gpnet("new-plugin", "gpnet_mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert tmp_path / "gpnet_mine/gpnet_mine/protocol.py" in before
    output = gpnet("new-plugin", "gpnet_mine", "--name", "other", code=1).output
    assert output == "gpnet: folder gpnet_mine: exists and is not empty; right: a new folder\n"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["My Rank"], "plugin name 'my rank': right: kebab-case, such as my-rank; give it with --name"),
        (["x", "--name", "Rank"], "plugin name 'Rank': right: kebab-case"),
        (["x", "--name", "../up"], "plugin name '../up': right: kebab-case"),
        (["market1501"], "plugin name 'market1501': taken by what is installed"),  # a protocol
        (["x", "--name", "kissme", "--kind", "metric"], "plugin name 'kissme': taken by what is installed"),
        (["gpnet-protocols"], "plugin name 'protocols': taken by what is installed"),  # a package
    ],
)
def test_names_that_cannot_be_used_are_refused(gpnet, tmp_path, arguments, words):
    assert gpnet("new-plugin", *arguments, code=1).output.startswith(f"gpnet: {words}")
    assert not list(tmp_path.iterdir())
