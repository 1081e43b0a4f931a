"""A full disk, a read-only folder, no home, no user entry, a plain locale: one line each, as root too."""

import os
import subprocess
import sys

import pytest

PEOPLE = ["--dataset", "toy", "--set", "identities=20", "--set", "test_identities=8", "--quiet"]
EVALUATE = ["evaluate", "--baseline", "euclid", *PEOPLE, "--protocol", "single-shot"]

NO_USER = """
import pwd

def unknown(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")

pwd.getpwuid = unknown
"""
READ_ONLY = """
import errno, io, os

real_open, real_mkdir = os.open, os.mkdir
refused = lambda path: OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

def mkdir(path, *rest, **more):
    if "frozen" in str(path):
        raise refused(path)
    return real_mkdir(path, *rest, **more)

def opened(path, flags, *rest, **more):
    if "frozen" in str(path) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        raise refused(path)
    return real_open(path, flags, *rest, **more)

os.open, os.mkdir = opened, mkdir
"""


def run(tmp_path, before, *words, code=0, **environment):
    """Run the command line after some code, in a process of its own; None takes a variable away."""
    changed = {**os.environ, "GPNET_CACHE": str(tmp_path / "cache"), **environment}
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom gluon_personnet.cli import main\nmain()", *words],
        cwd=tmp_path,
        env={key: value for key, value in changed.items() if value is not None},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("output", [["--json", "/dev/full"], ["--save-distmat", "/dev/full"]])
def test_a_full_disk_is_one_line(tmp_path, output):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    (line,) = run(tmp_path, "", *EVALUATE, *output, code=1).stderr.splitlines()
    assert line.startswith("gpnet: ") and "No space left on device" in line


@pytest.mark.parametrize(
    "words",
    [
        ["train", "toy", "--out", "frozen/run", "--quiet"],
        [*EVALUATE, "--json", "frozen/out.json"],
        ["table", "euclid", *PEOPLE, "--protocol", "single-shot", "--out", "frozen/table"],
        ["new-plugin", "frozen/gpnet-mine"],
    ],
    ids=["train", "evaluate", "table", "new-plugin"],
)
def test_a_read_only_folder_is_one_line(tmp_path, words):
    (tmp_path / "frozen").mkdir()
    lines = [
        line for line in run(tmp_path, READ_ONLY, *words, code=1).stderr.splitlines() if line.startswith("gpnet: ")
    ]
    assert len(lines) == 1 and "Read-only file system" in lines[0] and "frozen" in lines[0]
    assert not list((tmp_path / "frozen").iterdir())


def test_a_cache_that_cannot_be_written_makes_things_slow_not_wrong(tmp_path):
    (tmp_path / "frozen").mkdir()
    done = run(tmp_path, READ_ONLY, *EVALUATE, GPNET_CACHE=str(tmp_path / "frozen/cache"))
    assert "CMC (%)" in done.stdout


@pytest.mark.parametrize("before", ["", NO_USER], ids=["no HOME", "no HOME and no entry of the user"])
def test_without_a_home(tmp_path, before):
    done = run(tmp_path, before, *EVALUATE, GPNET_CACHE=None, HOME=None, XDG_CACHE_HOME=None)
    assert "CMC (%)" in done.stdout


def test_in_a_plain_locale(tmp_path):
    folder = os.fsencode(tmp_path / "mine") + b"/caf\xc3\xa9"
    os.makedirs(folder)
    plain = {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = run(tmp_path, "", "check", "folder", "--set", "path=mine", "--data", ".", code=1, **plain)
    assert len(done.stderr.splitlines()) == 1
    assert "CMC (%)" in run(tmp_path, "", *EVALUATE, **plain).stdout


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    (line,) = run(tmp_path, "", *EVALUATE, "--json", "not/there/out.json", code=2).stderr.splitlines()[-1:]
    assert line.startswith("Error: ") and "not/there" in line
