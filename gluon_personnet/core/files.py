"""Writing files so that a kill at any moment leaves the old one or the new one."""

import contextlib
import json
import os
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Yield a temporary path in the folder of `path`; rename it there at the end, remove it after an error."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def write_text(path, text):
    """Write UTF-8 text to `path` in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Write JSON types to `path` in one step."""
    write_text(path, json.dumps(value, indent=2) + "\n")
