"""A folder for one process alone, however that process ends."""

import subprocess
import sys

import pytest

from gluon_personnet.core import locks
from gluon_personnet.core.errors import FileError, LockedError
from gluon_personnet.core.locks import exclusive

HOLD = """
import sys
from gluon_personnet.core.locks import exclusive
with exclusive(sys.argv[1], "run a"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds a folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "runs/a")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_one_is_told_who_holds_it(holder, tmp_path):
    words = rf"^run a: in use by process {holder.pid} on .+; wait for its end"
    with pytest.raises(LockedError, match=words), exclusive(tmp_path / "runs/a", "run a"):
        pass
    assert (tmp_path / "runs/a/.lock").exists()


def test_it_falls_away_with_a_killed_process(holder, tmp_path):
    holder.kill()
    holder.wait()
    with exclusive(tmp_path / "runs/a", "run a") as locked:
        assert locked
    assert list((tmp_path / "runs/a").iterdir()) == []  # not this process's to remove


def test_who_waits_gets_it_when_the_holder_leaves_and_takes_folder_and_file_along(holder, tmp_path):
    def leave(who):
        assert str(holder.pid) in who
        holder.communicate("\n")

    with exclusive(tmp_path / "runs/a", "run a", wait=True, on_wait=leave) as locked:
        assert locked and (tmp_path / "runs/a/.lock").exists()
    assert not (tmp_path / "runs").exists()


def test_folders_that_it_made_go_when_empty_and_only_these(tmp_path):
    with exclusive(tmp_path / "a/b", "b"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    with exclusive(tmp_path / "mine", "mine"):
        pass
    with exclusive(tmp_path / "a/b", "b"):
        (tmp_path / "a/b/result").write_text("")
    assert (tmp_path / "mine").exists() and (tmp_path / "a/b/result").exists()


def test_file_systems_without_locks_are_reported(tmp_path, monkeypatch):
    def none(descriptor, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", none)
    with exclusive(tmp_path / "a", "a") as locked:
        assert not locked
    monkeypatch.setattr(locks, "fcntl", None)
    with exclusive(tmp_path / "a", "a") as locked:
        assert not locked


def test_a_place_that_cannot_be_held_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    words = "file: cannot be written: Not a directory"
    with pytest.raises(FileError, match=words), exclusive(tmp_path / "file", "file"):
        pass
