"""Writing files so that a kill at any moment leaves the old one or the new one."""

import contextlib
import json
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator, Optional, Union

from gluon_personnet.core.errors import FileError
from gluon_personnet.core.locks import LOCK_NAME, lock_file, same_file

STDOUT = "-"
"""The name that stands for standard output."""

_DESCRIPTOR = re.compile(r"/dev/(?:fd/(\d+)|std(in|out|err))|/proc/(?:self|thread-self|\d+)/fd/(\d+)")
_STANDARD = {"in": 0, "out": 1, "err": 2}
_LONGEST = 120
"""Bytes of a file's name that go into that of its temporary file: both must fit into 255."""


@contextlib.contextmanager
def replacing(path: Union[str, Path]) -> Iterator[Path]:
    """Yield a temporary path with the ending of `path`; put what is written there in its place at the end.

    A regular file is replaced in one step and keeps its mode; after an error the old one stays. Of a symbolic link the
    target is replaced. What is no regular file (a pipe, a device, ``/dev/stdout``) is written into. Temporary files
    that killed writers of this name have left are removed.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    try:
        before = _status(path)
        descriptor = _descriptor_of(path)
        regular = descriptor is None and (before is None or stat.S_ISREG(before.st_mode))
        with _replacing_file(path, before) if regular else _writing_into(path, descriptor) as temporary:
            yield temporary
    except FileError:
        raise
    except OSError as error:
        raise FileError(path, error) from error


def _status(path):
    """The status of what is there, None if nothing is."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(21, "it is a folder")
    if stat.S_ISREG(found.st_mode) and not os.access(path, os.W_OK):
        raise PermissionError(13, "the file is write-protected")
    return found


def _descriptor_of(path):
    """The number of the open file that a name such as ``/dev/stdout`` or ``/dev/fd/63`` stands for, else None."""
    path = os.path.abspath(path)
    for _ in range(40):
        found = _DESCRIPTOR.fullmatch(path)
        if found:
            return _STANDARD[found[2]] if found[2] else int(found[1] or found[3])
        if not os.path.islink(path):
            return None
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return None


@contextlib.contextmanager
def _replacing_file(path, before):
    target = Path(os.path.realpath(path))
    clear_leftovers(target)
    temporary, descriptor = locked_temporary(target)
    try:
        if before is not None:
            with contextlib.suppress(OSError):  # another's file, replaced by one of one's own
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
        yield temporary
        os.fsync(descriptor)
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
        os.close(descriptor)


@contextlib.contextmanager
def _writing_into(path, descriptor):
    """For what cannot be replaced: write to a temporary file elsewhere first, then copy it."""
    with tempfile.TemporaryDirectory(prefix="gpnet-") as folder:
        temporary = Path(folder, "written" + Path(path).suffix)
        temporary.touch()
        yield temporary
        if descriptor is not None:
            sys.stdout.flush()  # what was printed before stays before
            sys.stderr.flush()
        opened = os.open(path, os.O_WRONLY) if descriptor is None else os.dup(descriptor)
        with open(temporary, "rb") as source, open(opened, "wb") as sink:
            shutil.copyfileobj(source, sink)


def _temporary_names(target):
    """What the names of a file's temporary files begin and end with."""
    name, suffix = target.name, target.suffix if len(os.fsencode(target.suffix)) <= 20 else ""
    raw = os.fsencode(name)
    if len(raw) > _LONGEST:
        name = os.fsdecode(raw[: _LONGEST // 2] + raw[-_LONGEST // 2 :])
    return f".{name}.", f".part{suffix}"


def locked_temporary(target: Path) -> "tuple[Path, int]":
    """A new file beside `target`, and a descriptor that is to stay open while it is written.

    The descriptor holds a lock. By it the next writer knows that this one lives: see :func:`clear_leftovers`.
    """
    begin, end = _temporary_names(Path(target))
    while True:
        temporary = Path(target).with_name(f"{begin}{secrets.token_hex(6)}{end}")
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        lock_file(descriptor, wait=True)
        if same_file(descriptor, temporary):
            return temporary, descriptor
        os.close(descriptor)  # cleared by another writer before it was locked


def clear_leftovers(target: Path) -> int:
    """Remove the temporary files of `target` whose writers live no more; return how many they were."""
    target = Path(target)
    begin, end = _temporary_names(target)
    removed = 0
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if entry.name.startswith(begin) and entry.name.endswith(end) and len(entry.name) > len(begin + end):
                removed += remove_if_dead(Path(entry.path))
    return removed


def remove_if_dead(path: Path) -> bool:
    """Remove a temporary file unless a process holds its lock; return whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        if lock_file(descriptor) and same_file(descriptor, path):
            os.unlink(path)
            return True
        return False
    except OSError:
        return False
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def scratch_folder(prefix: str, parent: Optional[Path] = None) -> Iterator[Path]:
    """Yield a new folder for work in progress and remove it at the end, and those that killed processes have left.

    Parameters
    ----------
    prefix : str
        Of its name, such as ``gpnet-maps-``.
    parent : path, optional
        Where to make it; by default the system's folder for temporary files.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    parent = Path(tempfile.gettempdir() if parent is None else parent)
    _clear_scratch(prefix, parent)
    folder, descriptor = _locked_scratch(prefix, parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _locked_scratch(prefix, parent):
    try:
        while True:
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
            lock_file(descriptor, wait=True)
            if same_file(descriptor, folder / LOCK_NAME):
                return folder, descriptor
            os.close(descriptor)  # cleared by another process before it was locked
    except OSError as error:
        raise FileError(parent, error) from error


def _clear_scratch(prefix, parent):
    """Remove the scratch folders of this user whose processes live no more."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if not entry.name.startswith(prefix) or not entry.is_dir(follow_symlinks=False):
                    continue
                if entry.stat(follow_symlinks=False).st_uid != os.geteuid():
                    continue
                # one without a lock file has just been made, or is nobody's business
                descriptor = os.open(os.path.join(entry.path, LOCK_NAME), os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if lock_file(descriptor):
                        shutil.rmtree(entry.path, ignore_errors=True)
                finally:
                    os.close(descriptor)


def write_text(path: Union[str, Path], text: str) -> None:
    """Write UTF-8 text to `path` in one step; ``-`` is standard output.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    if os.fspath(path) == STDOUT:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    data = text.encode("utf-8", "backslashreplace")  # a file name may hold bytes that are no UTF-8
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Union[str, Path], value: Any) -> None:
    """Write JSON types to `path` in one step; ``-`` is standard output.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    write_text(path, json.dumps(value, indent=2) + "\n")
