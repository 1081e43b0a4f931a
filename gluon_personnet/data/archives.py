"""Read-only views of folders and zip archives, and where they are looked for.

Archives are read in place and never extracted. A zip archive that holds anything unusual is refused as a whole, when
it is opened: a public data set has no use for such members, and nothing of it should be half read.
"""

import os
import re
import stat
import threading
import zipfile
from pathlib import Path
from typing import List, Optional, Sequence, Union

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import DataError

MAX_FILE_BYTES = 64 * 2**20


class Files:
    """The files of a folder or zip archive.

    Parameters
    ----------
    path : path-like
        A folder or a zip archive.

    Attributes
    ----------
    path : pathlib.Path
    names : tuple of str
        Regular files as relative names with ``/``, sorted. A folder that wraps everything in a zip archive is part of
        the names.
    links : tuple of str
        Links to folders, which are not followed.

    Raises
    ------
    DataError
        If the path is missing, is neither folder nor zip archive, or is an archive with members that are unsafe.
    """

    def __init__(self, path: Union[str, Path]):
        self.path = Path(path)
        self._zip, self.links = None, ()
        if not self.path.exists():
            raise DataError(f"{self.path}: not found; right: a folder or a zip archive")
        if self.path.is_dir():
            self.names, self.links = _folder_names(self.path)
        else:
            self._zip = _open_zip(self.path)
            self._lock = threading.Lock()
            self.names = _zip_names(self.path, self._zip)
        self._known = frozenset(self.names)

    def read(self, name: str) -> bytes:
        """The bytes of one file; safe to call from several threads.

        Raises
        ------
        DataError
            If there is no such file, it is damaged, larger than 64 MiB, or a link that leaves the folder.
        """
        if name not in self._known:
            raise DataError(f"{self.path}: no file {name!r} in it; right: one of its {len(self.names)} files")
        return self._read_member(name) if self._zip else self._read_file(name)

    def fingerprint(self, name: str) -> str:
        """32 hexadecimal digits of the bytes of one file."""
        return digest(self.read(name))

    def _read_member(self, name):
        try:
            with self._lock:  # all members share one file position
                return self._zip.read(name)
        except Exception as error:  # zipfile passes on whatever its decompressors and parsers raise
            raise DataError(
                f"{self.path}: member {name!r} is damaged ({error}); right: a complete copy of the archive"
            ) from error

    def _read_file(self, name):
        file = (self.path / name).resolve()
        if self.path.resolve() not in file.parents:
            raise DataError(f"{self.path}: {name!r} is a link to {file}; right: files inside the folder")
        try:
            size = file.stat().st_size
            if size > MAX_FILE_BYTES:
                raise DataError(f"{self.path}: {name!r} has {size} bytes; right: {MAX_FILE_BYTES} at most")
            return file.read_bytes()
        except OSError as error:
            raise DataError(f"{self.path}: cannot read {name!r}: {error.strerror}; right: a readable file") from error


def _folder_names(folder):
    """Relative names of all files, and of all links to folders."""

    def stop(error):
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}; right: a readable folder")

    found, links = [], []
    for directory, folders, names in os.walk(folder, onerror=stop):
        found += [Path(directory, name).relative_to(folder).as_posix() for name in names]
        paths = (Path(directory, name) for name in folders)
        links += [path.relative_to(folder).as_posix() for path in paths if path.is_symlink()]
    return tuple(sorted(found)), tuple(sorted(links))


def _open_zip(path):
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # a garbage directory makes zipfile raise much more than BadZipFile
        raise DataError(
            f"{path}: not a zip archive, or cut off ({error}); right: a folder or a complete zip archive"
        ) from error


def _zip_names(path, archive):
    names = set()
    for info in archive.infolist():
        fault = _member_fault(info)
        if info.filename in names:
            fault = "appears twice; right: one member of each name"
        if fault:
            raise DataError(f"{path}: member {info.orig_filename!r} {fault}")
        names.add(info.filename)
    return tuple(sorted(name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")))


def _member_fault(info):
    name = info.orig_filename  # as stored: zipfile cuts `filename` at NUL and, on Windows, changes backslashes
    if name.startswith("/") or re.match("[A-Za-z]:", name) or "\\" in name or "\0" in name or ".." in name.split("/"):
        return "has an unsafe name; right: relative names with '/' and without '..'"
    if info.flag_bits & 1:
        return "is encrypted; right: an archive without a password"
    # 0 is what archivers write that know nothing of Unix file types
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or special file; right: regular files and folders"
    if info.file_size > MAX_FILE_BYTES:
        return f"declares {info.file_size} bytes; right: {MAX_FILE_BYTES} at most"
    return None


class Locator:
    """Finds data sets in a list of directories.

    Parameters
    ----------
    directories : list of path-like
        Searched in this order.
    """

    def __init__(self, directories: Sequence[Union[str, Path]]):
        self.directories = [Path(directory) for directory in directories]

    def __call__(
        self, dataset_name: str, candidates: Sequence[str], hint: str = "put it there or name its folder with --data"
    ) -> Files:
        """The first candidate that exists.

        Parameters
        ----------
        dataset_name, hint : str
            For the error message: which data set, and what to do.
        candidates : sequence of str
            Names of archives or folders relative to a directory; all are tried in one directory before the next.

        Returns
        -------
        Files

        Raises
        ------
        DataError
            If none exists, or if the one found cannot be read.
        """
        for directory in self.directories:
            for candidate in candidates:
                if (directory / candidate).exists():
                    return Files(directory / candidate)
        searched = ", ".join(f"{directory.as_posix()}/" for directory in self.directories)
        raise DataError(f"dataset {dataset_name!r}: {candidates[0]} not found under {searched}; {hint}")


def data_directories(option: Optional[str] = None) -> List[Path]:
    """Where data sets are looked for: `option` (``--data``) alone if given, else ``$GPNET_DATA`` if set, then data/."""
    if option:
        return [Path(option)]
    environment = os.environ.get("GPNET_DATA")
    return ([Path(environment)] if environment else []) + [Path("data")]
