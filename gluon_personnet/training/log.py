"""A run's log: one line of JSON for every event."""

import errno
import json
import os
from pathlib import Path

from gluon_personnet.core.errors import FileError
from gluon_personnet.core.files import write_text


def append_line(path, **event) -> None:
    """Add an event, JSON types, to the log.

    Raises
    ------
    FileError
        If it cannot be written; no part of the line is then left.
    """
    line = (json.dumps(event) + "\n").encode()
    try:
        with open(path, "ab", buffering=0) as file:
            start = file.tell()
            if file.write(line) < len(line):  # the disk is full
                file.truncate(start)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise FileError(path, error) from error


def trim(path, step: int) -> None:
    """Drop what was logged after that step: going on from its checkpoint logs it again. Damaged lines go too.

    Raises
    ------
    FileError
        If it cannot be read or written.
    """
    try:
        lines = Path(path).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(path, error) from error
    write_text(path, b"".join(line for line in lines if _is_up_to(step, line)).decode())


def _is_up_to(step, line):
    """Whether a line is whole, is an event, and happened up to that step."""
    try:
        event = json.loads(line)
        return line.endswith(b"\n") and isinstance(event["event"], str) and event["step"] <= step
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
