"""What all contract suites share: one way to say what is broken, and calls that turn any exception into it."""

import contextlib
import copy

import numpy as np

from gluon_personnet.core.errors import GpnetError


def require(condition, what, found, expected):
    """Raise AssertionError with one sentence unless `condition` holds."""
    if not condition:
        raise AssertionError(f"{what}: found {found}; expected {expected}")


@contextlib.contextmanager
def running(what):
    """Turn any exception of the block into an AssertionError that says what was being done."""
    try:
        yield
    except Exception as error:  # whatever a third party's code raises
        raise AssertionError(f"{what}: found {one_line(error)}; expected no exception") from error


@contextlib.contextmanager
def unchanged(what, **arrays):
    """Require that the block leaves the arrays, or lists of arrays, as they were."""
    before = copy.deepcopy(arrays)
    yield
    for name, array in arrays.items():
        same = len(array) == len(before[name]) and all(map(np.array_equal, array, before[name]))
        require(same, what, f"its argument {name} changed", "arguments left as they were")


def require_refusal(what, function, *arguments):
    """Require that the call raises GpnetError or ValueError."""
    try:
        function(*arguments)
    except (GpnetError, ValueError):
        return
    except Exception as error:  # anything else is a crash, not a refusal
        raise AssertionError(f"{what}: found {one_line(error)}; expected GpnetError or ValueError") from error
    raise AssertionError(f"{what}: found it accepted; expected GpnetError or ValueError")


def one_line(error):
    """Class and first line of an exception."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
