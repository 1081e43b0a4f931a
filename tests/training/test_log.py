"""The log of a run, whole or damaged."""

import json

import pytest

from gluon_personnet.core.errors import FileError
from gluon_personnet.training.log import append_line, trim


def test_lines_up_to_a_step_stay(tmp_path):
    for step in range(4):
        append_line(tmp_path / "log", event="train", step=step)
    trim(tmp_path / "log", 1)
    assert [json.loads(line)["step"] for line in (tmp_path / "log").read_text().splitlines()] == [0, 1]


@pytest.mark.parametrize(
    "damage",
    [b'{"event": "tr\n', b"\xff\xfe\n", b"[]\n", b"3\n", b"{}\n", b'{"event": "train", "step": null}\n', b"\0" * 99]
    + [b"[" * 9000 + b"\n", b'{"event": "train", "step": 1}'],
)
def test_damaged_lines_go(tmp_path, damage):
    good = b'{"event": "train", "step": 0}\n'
    (tmp_path / "log").write_bytes(good + damage + (good if damage.endswith(b"\n") else b""))
    trim(tmp_path / "log", 5)
    assert set((tmp_path / "log").read_bytes().splitlines(keepends=True)) == {good}


def test_a_log_that_is_not_there_is_not_made(tmp_path):
    trim(tmp_path / "missing/log", 5)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_and_a_folder_are_one_line(tmp_path):
    with pytest.raises(FileError, match="/dev/full: cannot be written: No space left on device; make room there"):
        append_line("/dev/full", event="train", step=1)
    for function in (lambda path: append_line(path, event="train"), lambda path: trim(path, 1)):
        with pytest.raises(FileError, match="cannot be written: Is a directory; right: the name of a file"):
            function(tmp_path)
