"""How much room the cache takes, and clearing it. Only what this package has written is counted and removed."""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path
from typing import Iterator, List, NamedTuple

from gluon_personnet.core.errors import LockedError
from gluon_personnet.core.files import remove_if_dead
from gluon_personnet.core.locks import LOCK_NAME, exclusive
from gluon_personnet.core.store import HEAD_NAME, KEY, MARKER, MARKER_NAME, WORK_NAME, cache_folder, is_temporary

_ARRAY = re.compile(r"[0-9a-f]{32}\.npy")


class Size(NamedTuple):
    """One folder of the cache: its name below the cache folder, how much it holds, and when it was last written."""

    name: str
    files: int
    bytes: int
    newest: float


class Cleared(NamedTuple):
    """What clearing has removed, and in words what it has left."""

    files: int
    bytes: int
    left: List[str]


def sizes() -> List[Size]:
    """Every folder of kept arrays, by name; none where there is no cache folder or it cannot be read."""
    found = []
    for folder in _folders():
        stats = [status for path in _own_files(folder) if (status := _status(path))]
        if stats:
            newest = max(status.st_mtime for status in stats)
            name = str(folder.relative_to(cache_folder() or folder))
            found.append(Size(name, len(stats), sum(status.st_size for status in stats), newest))
    return found


def clear(older_than_s: float = 0.0) -> Cleared:
    """Remove kept arrays; folders go when they are empty, and the cache folder itself stays.

    Removed are, in folders with the marker: arrays whose name is a key, entries, and temporary files of dead processes.
    An entry that a process works on stays.

    Parameters
    ----------
    older_than_s : float
        Only what was written so many seconds ago; 0 for all.
    """
    limit = time.time() - older_than_s if older_than_s > 0 else float("inf")
    count = size = 0
    left = []
    for folder in _folders():
        for path in _children(folder):
            files = [(file, status) for file in _files_of(path) if (status := _status(file))]
            if not files or max(status.st_mtime for _, status in files) >= limit:
                continue
            try:
                _remove(path)
            except LockedError:
                left.append(f"{path}: in use")
            except OSError as error:
                left.append(f"{path}: {error.strerror}")
            gone = [status for file, status in files if not os.path.lexists(file)]
            count, size = count + len(gone), size + sum(status.st_size for status in gone)
        _remove_if_empty(folder)
    cache = cache_folder()
    others = [str(path) for path in _children(cache) if path not in _folders()] if cache else []
    return Cleared(count, size, left + others)


def _folders() -> List[Path]:
    """The folders with the marker: kinds of entries, and of arrays, which may be one below."""
    cache = cache_folder()
    if cache is None:
        return []
    children = [path for path in _children(cache) if path.is_dir()]
    grandchildren = [path for child in children for path in _children(child) if path.is_dir()]
    return [path for path in sorted(children + grandchildren) if _is_marked(path)]


def _is_marked(folder):
    try:
        return (folder / MARKER_NAME).read_bytes()[: len(MARKER)] == MARKER.encode()
    except OSError:
        return False


def _children(folder) -> List[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # not there, a file, or not to be read
        return []


def _own_files(folder) -> Iterator[Path]:
    for path in _children(folder):
        yield from _files_of(path)


def _files_of(path) -> Iterator[Path]:
    """The files of an array or entry of a marked folder; none of anything else."""
    if KEY.fullmatch(path.name) and path.is_dir():
        for inside in _children(path):
            if inside.name in (HEAD_NAME, LOCK_NAME) or inside.suffix == ".npy" or is_temporary(inside.name):
                yield inside
        for root, _, names in os.walk(path / WORK_NAME):
            yield from (Path(root, name) for name in names)
    elif _ARRAY.fullmatch(path.name) or is_temporary(path.name):
        yield path


def _status(path):
    """Its status; None for what is gone meanwhile or is no file."""
    with contextlib.suppress(OSError):
        return path.lstat() if path.is_file() else None


def _remove(path):
    """Remove an array or entry.

    Raises
    ------
    LockedError
        If a process works on it.
    """
    if is_temporary(path.name):
        if not remove_if_dead(path) and path.exists():
            raise LockedError(str(path))
    elif path.is_dir():
        with exclusive(path, str(path)):
            for inside in _files_of(path):
                if WORK_NAME not in inside.relative_to(path).parts and inside.name != LOCK_NAME:
                    inside.unlink(missing_ok=True)
            shutil.rmtree(path / WORK_NAME, ignore_errors=True)
        with contextlib.suppress(OSError):
            path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _remove_if_empty(folder):
    """Remove a marked folder that holds nothing else, and the kind's folder above it."""
    cache = cache_folder()
    with contextlib.suppress(OSError):
        if [path.name for path in _children(folder)] == [MARKER_NAME]:
            (folder / MARKER_NAME).unlink()
            folder.rmdir()
            if folder.parent != cache:
                folder.parent.rmdir()
