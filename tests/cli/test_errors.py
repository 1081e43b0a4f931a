"""Whatever goes wrong ends as one line; a traceback means a bug."""

import errno
import json
import subprocess
import sys

import click
import pytest

from gluon_personnet.cli import cache, options


def fails_with(error):
    @click.command("cache")
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    "error, line",
    [
        (PermissionError(errno.EACCES, "Permission denied", "runs/a"), "gpnet: runs/a: Permission denied\n"),
        (OSError("odd"), "gpnet: odd\n"),
        (json.JSONDecodeError("Expecting value", "x\ny", 2), "gpnet: a file that should hold JSON does not: Expecting"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "gpnet: text cannot be read or written: "),
    ],
)
def test_errors_of_the_system_are_one_line(gpnet, monkeypatch, error, line):
    monkeypatch.setattr(cache, "command", fails_with(error))
    output = gpnet("cache", code=1).output
    assert output.startswith(line) and output.count("\n") == 1


def test_ctrl_c_is_130_and_a_bug_keeps_its_traceback(gpnet, monkeypatch):
    monkeypatch.setattr(cache, "command", fails_with(KeyboardInterrupt()))
    assert gpnet("cache", code=130).output == "gpnet: interrupted\n"
    monkeypatch.setattr(cache, "command", fails_with(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        gpnet("cache")


def test_a_reader_that_has_enough_is_no_error(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "gluon_personnet", "cache"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 1
    process.stderr.close()


def test_where_the_text_goes(capsys):
    options.talker("-")("text")
    options.talker("out.json")("more")
    options.talker(None)("still more")
    assert capsys.readouterr() == ("more\nstill more\n", "text\n")
