"""What ``gpnet new-plugin`` writes works, and its test can fail."""

import os
import subprocess
import sys

import numpy as np
import pytest


def run(folder, *command, code=0):
    """Run Python with the written plugin importable, as if it were installed."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
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
        "tests/test_mean_place.py",
    ]
    assert all(f"wrote work/gpnet-mean-place/{name}" in output for name in written)
    assert not any("$" in path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "2 passed" in run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")

    run(folder, "setup.py", "-q", "egg_info")  # what an installation leaves behind, entry point included
    assert "gpnet-mean-place 0.1.0" in run(folder, "-m", "gluon_personnet", "list", "plugins")
    pids = np.arange(6)
    arrays = {"query_pids": pids, "query_camids": 0 * pids, "gallery_pids": pids, "gallery_camids": 0 * pids + 1}
    np.savez(folder / "d.npz", distmat=1.0 - np.eye(6), **arrays)
    output = run(folder, "-m", "gluon_personnet", "evaluate", "--distmat", "d.npz", "--protocol", "mean-place")
    assert "mean_rank: 1.0" in output


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("check_distmat(distmat,", "check_distmat(-distmat,"),
        ('EXCLUDE = "same-person-and-camera"', 'EXCLUDE = "junk"'),
        ('"ties": TIES,', ""),
    ],
)
def test_the_written_test_can_fail(gpnet, tmp_path, right, wrong):
    gpnet("new-plugin", "x", "--name", "mine")
    path = tmp_path / "x/gpnet_mine/protocol.py"
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))
    output = run(tmp_path / "x", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", code=1)
    assert "AssertionError" in output


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
        (["gpnet-protocols"], "plugin name 'protocols': taken by what is installed"),  # a package
    ],
)
def test_names_that_cannot_be_used_are_refused(gpnet, tmp_path, arguments, words):
    assert gpnet("new-plugin", *arguments, code=1).output.startswith(f"gpnet: {words}")
    assert not list(tmp_path.iterdir())
