"""Arrays kept on disk under the content they were computed from, so that what is costly is computed once."""

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

import numpy as np


def cache_folder():
    """``$GPNET_CACHE``; by default ``gpnet`` in ``$XDG_CACHE_HOME``, or in ``~/.cache`` where that is unset."""
    chosen = os.environ.get("GPNET_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpnet"


def digest(*parts):
    """32 hexadecimal digits for texts and arrays: other dtypes, shapes, values or orders give others.

    Parameters
    ----------
    parts : str or ndarray
    """
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, str):
            found.update(f"text {len(part.encode())} {part}".encode())
        else:
            found.update(f"array {part.dtype.str} {part.shape} ".encode())
            found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


class ArrayCache:
    """Arrays as ``.npy`` files in one folder of the cache, each under a key such as :func:`digest` gives.

    Several processes may use one folder at a time. A file that was not written to its end is as good as missing.

    Parameters
    ----------
    name : str
        The folder's name inside :func:`cache_folder`.
    """

    def __init__(self, name):
        self._folder = cache_folder() / name

    def path(self, key):
        """Where the array of that key is, or would be."""
        return self._folder / f"{key}.npy"

    def get(self, key):
        """The array kept under `key`, or None."""
        try:
            return np.load(self.path(key), allow_pickle=False)
        except (OSError, ValueError, EOFError):  # not there, cut off, or something else
            return None

    def put(self, key, array):
        """Keep an array; return whether it was kept. A disk that is full or read-only makes things slow, not wrong."""
        # Unlike files.replacing this does not wait for the disk, for thousands of small files: get() sees damage.
        temporary = self._folder / f".{key}.{uuid.uuid4().hex}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as file:
                np.save(file, array, allow_pickle=False)
            os.replace(temporary, self.path(key))
            return True
        except OSError:
            return False
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
