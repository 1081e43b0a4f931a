"""Locks that fall away with the process that holds them, however it ends."""

import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Union

from gluon_personnet.core.errors import FileError, LockedError

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = ".lock"
"""The file in a folder that is locked; it names the holder, and goes when the holder leaves in good order."""

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


def lock_file(descriptor: int, wait: bool = False) -> Optional[bool]:
    """Lock an open file until it is closed.

    Parameters
    ----------
    descriptor : int
        Open for writing: network file systems ask for it.
    wait : bool
        Wait until no other process holds the lock.

    Returns
    -------
    bool or None
        True: locked. False: another process, or another descriptor of this one, holds the lock. None: the file system
        has no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        return False if error.errno in _HELD else None
    return True


def same_file(descriptor: int, path: Union[str, Path]) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except OSError:
        return False


@contextlib.contextmanager
def exclusive(
    folder: Union[str, Path], name: str, wait: bool = False, on_wait: Optional[Callable[[str], None]] = None
) -> Iterator[bool]:
    """Hold a folder for this process; make the folder if it is missing, and remove it if it is then left empty.

    The lock is advisory: it keeps out others who ask for it. It falls away with the process, killed or not.

    Parameters
    ----------
    folder : path
    name : str
        What the folder is, for the error line.
    wait : bool
        Wait for the holder to leave. Hold one folder at a time, then nobody waits for ever.
    on_wait : callable, optional
        Is told who the holder is before the wait begins.

    Yields
    ------
    bool
        False where the file system has no locks: then nobody is kept out.

    Raises
    ------
    LockedError
        If another process holds it and `wait` is false.
    FileError
        If the folder or its lock file cannot be made.
    """
    folder = Path(folder)
    path = folder / LOCK_NAME
    made: List[Path] = []
    try:
        descriptor = _opened(path, made)
        while True:
            locked = lock_file(descriptor)
            if locked is False:
                holder = _holder(descriptor)
                if not wait:
                    os.close(descriptor)
                    raise LockedError(f"{name}: in use by {holder}; wait for its end, or choose another folder")
                if on_wait:
                    on_wait(holder)
                lock_file(descriptor, wait=True)
            if locked is None or same_file(descriptor, path):
                break
            os.close(descriptor)  # the holder before has left, and taken its file along
            descriptor = _opened(path, made)
        try:
            with contextlib.suppress(OSError):  # a full disk: the lock holds without a name
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
            yield locked is not None
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)
    finally:
        for made_folder in made:
            with contextlib.suppress(OSError):  # something is in it, or another has removed it
                made_folder.rmdir()


def _opened(path, made):
    """A descriptor of the lock file; adds the folders that had to be made to `made`, the innermost first."""
    for _ in range(100):  # a holder that leaves may remove the folder between the two steps
        try:
            missing = []
            for folder in (path.parent, *path.parent.parents):
                if os.path.lexists(folder):
                    break
                missing.append(folder)
            for folder in reversed(missing):
                with contextlib.suppress(FileExistsError):
                    folder.mkdir()
                    made.insert(0, folder)
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError as error:
            last = error
        except OSError as error:
            raise FileError(path.parent, error) from error
    raise FileError(path.parent, last)


def _holder(descriptor):
    with contextlib.suppress(OSError):
        found = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
        if found:
            return found
    return "another process"
