"""A run's log, one line of JSON for every event, and the bar that a training shows."""

import errno
import json
import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

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


LOG_EVERY = 20
"""Steps between two readings of the loss, each of which waits for the device."""


class Progress:
    """Counts the pairs or images of a training.

    Parameters
    ----------
    total, done : int
        Of the whole training, and of it before this process.
    unit : {'pairs', 'images'}
        What is counted.
    shown : bool
        Whether there is a bar.
    """

    def __init__(self, total, done, unit, shown):
        self._losses = []
        self._bar = tqdm(total=total, initial=done, desc="train", unit=unit[:-1], unit_scale=True, disable=not shown)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._bar.close()

    def add(self, loss, count):
        """Take note of a step's loss, and keep the program at most one step ahead of the device."""
        self._losses.append(loss)
        if len(self._losses) > 1:
            self._losses[-2].wait_to_read()
        self._bar.update(count)

    @property
    def due(self):
        """Whether it is time to read the losses."""
        return len(self._losses) == LOG_EVERY

    def read(self):
        """Mean of the losses since they were read last."""
        loss = float(np.mean([value.asscalar() for value in self._losses]))
        self._losses.clear()
        return loss

    def show(self, **values):
        """Show values behind the bar when it is drawn next."""
        self._bar.set_postfix(values, refresh=False)

    def name(self, what):
        """Say what is being done."""
        self._bar.set_description(what)
