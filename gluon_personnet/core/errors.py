"""Errors that a user can cause. The command line prints each as one line and exits with 1."""

import difflib
import errno
import os
from typing import Iterable, Union


class GpnetError(Exception):
    """Base of all errors reported as one line: what is wrong, where, what was found, what would be right."""


class RecipeError(GpnetError):
    """A recipe, or an option of it, that cannot be run."""


class DataError(GpnetError):
    """A data set, archive or image that cannot be read or does not hold what it should."""


class CheckpointError(GpnetError):
    """A checkpoint or run directory that is damaged or belongs to something else."""


class DataWarning(UserWarning):
    """Something about a data set that may be meant so; the command line shows it in one line."""


class PluginError(GpnetError):
    """A plugin that cannot be loaded or breaks its contract."""


class TrainingError(GpnetError):
    """Training that cannot go on, for instance because the loss is not finite."""


class ScoringError(GpnetError):
    """Scoring by several processes that cannot go on."""


class LockedError(GpnetError):
    """A folder that another process works in."""


class FileError(GpnetError, OSError):
    """A file that cannot be written: the :class:`OSError` that it was, told in one line.

    Parameters
    ----------
    path : path
        As the user gave it.
    error : OSError
    """

    def __init__(self, path: "Union[str, os.PathLike[str]]", error: OSError):
        reason = error.strerror or str(error)
        advice = _ADVICE.get(error.errno or 0, "choose another place").format(folder=os.path.dirname(path) or ".")
        self.text = f"{os.fspath(path)}: cannot be written: {reason}; {advice}"
        super().__init__(self.text)
        self.errno, self.strerror, self.filename = error.errno, reason, os.fspath(path)

    def __str__(self):
        return self.text

    def __reduce__(self):
        return FileError, (self.filename, OSError(self.errno, self.strerror))


_ROOM = "make room there, or choose another place"
_RIGHTS = "right: a file and a folder that you may write"
_ADVICE = {
    errno.ENOENT: "right: a folder that exists; make it with: mkdir -p {folder}",
    errno.EISDIR: "right: the name of a file",
    errno.ENOTDIR: "right: a folder, {folder} is none",
    errno.ENAMETOOLONG: "right: a shorter name",
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
}


class BackendError(GpnetError):
    """MXNet, its libraries or the device asked for are not there."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as ``"; did you mean 'depth'?"``, or the list of what is known when nothing comes near."""
    near = difflib.get_close_matches(str(word), [str(name) for name in known], n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return "; known: " + ", ".join(sorted(str(name) for name in known))
