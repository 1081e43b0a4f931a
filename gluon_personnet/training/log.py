"""A run's log: one line of JSON for every event."""

import json

from gluon_personnet.core.files import write_text


def append_line(path, **event):
    """Add an event, JSON types, to the log."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


def trim(path, step):
    """Drop what was logged after that step: going on from its checkpoint logs it again. Half a line goes too."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    write_text(path, "".join(kept))
