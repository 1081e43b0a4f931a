"""Errors that a user can cause. The command line prints each as one line and exits with 1."""

import difflib


class GpnetError(Exception):
    """Base of all errors reported as one line: what is wrong, where, what was found, what would be right."""


class RecipeError(GpnetError):
    """A recipe, or an option of it, that cannot be run."""


class DataError(GpnetError):
    """A data set, archive or image that cannot be read or does not hold what it should."""


class CheckpointError(GpnetError):
    """A checkpoint or run directory that is damaged or belongs to something else."""


class PluginError(GpnetError):
    """A plugin that cannot be loaded or breaks its contract."""


class TrainingError(GpnetError):
    """Training that cannot go on, for instance because the loss is not finite."""


class ScoringError(GpnetError):
    """Scoring by several processes that cannot go on."""


class BackendError(GpnetError):
    """MXNet, its libraries or the device asked for are not there."""


def did_you_mean(word, known):
    """A hint such as ``"; did you mean 'depth'?"``, or the list of what is known when nothing comes near."""
    near = difflib.get_close_matches(str(word), [str(name) for name in known], n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return "; known: " + ", ".join(sorted(str(name) for name in known))
