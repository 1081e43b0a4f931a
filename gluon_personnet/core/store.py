"""Arrays kept on disk under what they were made from, so that what is costly is computed once.

:class:`ArrayCache` keeps many small arrays, one file each. :func:`entry` keeps a large result, several arrays with a
head, and the work in progress towards it. Both may be used by several processes at a time. Where nothing can be kept
(no home folder, a full or read-only disk) they say so by None and False, and never raise.
"""

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Union

import numpy as np

from gluon_personnet.core.digests import digest
from gluon_personnet.core.files import locked_temporary, remove_if_dead, replacing, write_json
from gluon_personnet.core.locks import exclusive

MARKER_NAME = "CACHEDIR.TAG"
"""In every folder that holds kept arrays: backup programs pass it over, and only such a folder is ever cleared."""

MARKER = """Signature: 8a477f597d28d172789f06886806bc55
# Arrays that gluon_personnet has computed and can compute again; `gpnet cache --clear` removes them.
"""

HEAD_NAME, WORK_NAME = "head.json", "work"
KEY = re.compile("[0-9a-f]{32}")
_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_-]*")


def cache_folder() -> Optional[Path]:
    """``$GPNET_CACHE``; by default ``gpnet`` in ``$XDG_CACHE_HOME``, or in ``~/.cache`` where that is unset.

    None where the user has no home folder: then nothing is kept.
    """
    chosen = os.environ.get("GPNET_CACHE")
    if chosen:
        return Path(chosen)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpnet"
    except RuntimeError:
        return None


def load_array(path: Union[str, Path], mmap: bool = False) -> Optional[np.ndarray]:
    """The array of an ``.npy`` file, None where it is missing, cut off or something else."""
    try:
        found = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except Exception:  # numpy has a dozen kinds of errors for damaged files
        return None
    if isinstance(found, np.ndarray):
        return found
    found.close()  # a zip file of that name
    return None


def mark(folder: Path) -> None:
    """Make a folder for kept arrays, with its marker."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), open(folder / MARKER_NAME, "x", encoding="utf-8") as file:
        file.write(MARKER)


class ArrayCache:
    """Arrays as ``.npy`` files in one folder of the cache, each under a key such as :func:`.digests.digest` gives.

    Several processes may use one folder at a time. A file that was not written to its end is as good as missing.

    Parameters
    ----------
    name : str
        The folder's name inside :func:`cache_folder`.
    """

    def __init__(self, name: str):
        cache = cache_folder()
        self._folder = None if cache is None else cache / name
        self._ready = False

    def path(self, key: str) -> Optional[Path]:
        """Where the array of that key is, or would be; None where nothing can be kept."""
        return None if self._folder is None else self._folder / f"{key}.npy"

    def get(self, key: str) -> Optional[np.ndarray]:
        """The array kept under `key`, or None."""
        path = self.path(key)
        return None if path is None else load_array(path)

    def put(self, key: str, array: np.ndarray) -> bool:
        """Keep an array; return whether it was kept. A disk that is full or read-only makes things slow, not wrong."""
        path = self.path(key)
        if self._folder is None or path is None:
            return False
        # Unlike files.replacing this does not wait for the disk, for thousands of small files: get() sees damage.
        try:
            if not self._ready:
                mark(self._folder)
                self._clear_leftovers()
                self._ready = True
            temporary, descriptor = locked_temporary(path)
        except OSError:
            return False
        try:
            with open(temporary, "wb") as file:
                np.save(file, array, allow_pickle=False)
            os.replace(temporary, path)
            return True
        except OSError:
            return False
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
            os.close(descriptor)

    def _clear_leftovers(self):
        """Once per object: looking through the folder at every array would take longer than most arrays."""
        for path in self._folder.iterdir():
            if is_temporary(path.name):
                remove_if_dead(path)


def is_temporary(name: str) -> bool:
    """Whether a name is that of a temporary file of a kept array."""
    return name.startswith(".") and name.endswith((".part", ".part.npy", ".part.json"))


class Entry:
    """One large result: named arrays and a head, in a folder of its own; made by :func:`entry`.

    The head is written last: an entry without it, or whose arrays are not of the length that it says, is as good as
    missing.

    Attributes
    ----------
    folder : path or None
        ``<cache>/<kind>/<key>``, which need not exist; None where nothing can be kept.
    """

    def __init__(self, folder: Optional[Path], key: str):
        self.folder, self._key = folder, key

    @property
    def head(self) -> Optional[Dict[str, Any]]:
        """The JSON types given to :meth:`write`; None unless the entry is complete."""
        record = self._record()
        return None if record is None else record["head"]

    @property
    def complete(self) -> bool:
        """Whether the entry was written to its end, and nothing of it is missing or cut off."""
        return self._record() is not None

    def read(self, name: str, mmap: bool = False) -> Optional[np.ndarray]:
        """An array of the entry; None where the entry is not complete, has no such array, or the array is damaged.

        Parameters
        ----------
        name : str
        mmap : bool
            Map the file into memory, read-only, rather than read it. Its values are then not compared with their
            digest.
        """
        record = self._record()
        if record is None or name not in record["arrays"]:
            return None
        array = load_array(self._path(name), mmap)
        if array is None or mmap or array.dtype.hasobject:
            return array
        return array if digest(array) == record["arrays"][name]["digest"] else None

    def write(self, arrays: Mapping[str, np.ndarray], head: Optional[Mapping[str, Any]] = None) -> bool:
        """Keep arrays and a head in the place of what was there, and remove the work in progress.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Names of letters, digits, ``_`` and ``-``.
        head : mapping, optional
            JSON types.

        Returns
        -------
        bool
            Whether it was kept. If not, as on a full disk, nothing half-written is left, and the work stays.
        """
        if self.folder is None:
            return False
        for name in arrays:
            if not _NAME.fullmatch(name):
                raise ValueError(f"entry: found array name {name!r}; right: letters, digits, _ and -")
        try:
            self._make()
            self._drop()
            listed = {}
            for name, array in arrays.items():
                path = self._path(name)
                with replacing(path) as temporary, open(temporary, "wb") as file:
                    np.save(file, array, allow_pickle=False)
                listed[name] = {"bytes": path.stat().st_size, "digest": digest(np.asarray(array))}
            write_json(self.folder / HEAD_NAME, {"key": self._key, "arrays": listed, "head": dict(head or {})})
        except OSError:
            self._drop()
            return False
        shutil.rmtree(self.folder / WORK_NAME, ignore_errors=True)
        return True

    @contextlib.contextmanager
    def working(self, on_wait: Optional[Callable[[str], None]] = None) -> Iterator[Optional[Path]]:
        """Yield the folder for work in progress, held for this process alone; it survives a kill.

        Another process that asks for the same entry waits here, and then finds the entry complete or goes on with
        the work. So look at :attr:`complete` inside. Hold one entry at a time. Yields None where there is no such
        folder, or the file system has no locks: then compute without it. ::

            with entry.working() as work:
                if not entry.complete:
                    entry.write({"distmat": compute(work)}, head)

        Parameters
        ----------
        on_wait : callable, optional
            Is told in words which process works on it, before the wait begins.
        """
        with contextlib.ExitStack() as stack:
            work = None
            with contextlib.suppress(OSError):
                if self.folder is not None:
                    self._make()
                    stack.callback(_remove_if_empty, self.folder)
                    if stack.enter_context(exclusive(self.folder, f"cache {self.folder}", True, on_wait)):
                        work = self.folder / WORK_NAME
                        work.mkdir(exist_ok=True)
                        stack.callback(_remove_if_empty, work)
            yield work

    def _make(self):
        mark(self.folder.parent)
        self.folder.mkdir(exist_ok=True)

    def _path(self, name):
        return self.folder / f"{name}.npy"

    def _record(self):
        """What the head file says, None if the entry is not complete."""
        if self.folder is None:
            return None
        try:
            record = json.loads((self.folder / HEAD_NAME).read_text(encoding="utf-8"))
            if record["key"] != self._key or not isinstance(record["head"], dict):
                return None
            whole = all(os.path.getsize(self._path(name)) == of["bytes"] for name, of in record["arrays"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return record if whole else None

    def _drop(self):
        """Remove head and arrays, the head first."""
        with contextlib.suppress(OSError):
            for path in (self.folder / HEAD_NAME, *self.folder.glob("*.npy")):
                path.unlink(missing_ok=True)


def entry(kind: str, key: str) -> Entry:
    """The entry of a kind under a key, kept or not.

    Parameters
    ----------
    kind : str
        A folder of the cache, such as ``distances``.
    key : str
        As :func:`digest` gives it.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     before = os.environ.get("GPNET_CACHE")
    ...     os.environ["GPNET_CACHE"] = folder
    ...     found = entry("distances", digest("weights", "images"))
    ...     print(found.complete, found.write({"distmat": np.eye(2)}, {"pairs": 4}), found.complete)
    ...     print(found.head, found.read("distmat").sum(), found.read("other"))
    ...     _ = os.environ.pop("GPNET_CACHE") if before is None else os.environ.update(GPNET_CACHE=before)
    False True True
    {'pairs': 4} 2.0 None
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"entry: found key {key!r}; right: 32 hexadecimal digits, as digest gives")
    cache = cache_folder()
    return Entry(None if cache is None else cache / kind / key, key)


def _remove_if_empty(folder):
    with contextlib.suppress(OSError):
        folder.rmdir()
