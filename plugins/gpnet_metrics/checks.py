"""What options a metric takes and what rows it can be fitted on; anything else is one line of GpnetError."""

import numpy as np

from gluon_personnet.core.errors import DataError, RecipeError


def at_least(name, key, value, lowest):
    """Return the option's `value`, or raise RecipeError if it is below `lowest`."""
    if not value >= lowest:
        raise RecipeError(f"metric {name!r}: {key}: {value}; right: {lowest} or more")
    return value


def above(name, key, value, lowest):
    """Return the option's `value`, or raise RecipeError if it is not above `lowest`."""
    if not value > lowest:
        raise RecipeError(f"metric {name!r}: {key}: {value}; right: above {lowest}")
    return value


def check_rows(name, rows, dims=None):
    """Return `rows` as an array.

    Parameters
    ----------
    name : str
        The metric's, for the message.
    rows : float (N, D)
    dims : int, optional
        The D that is right.

    Raises
    ------
    DataError
        If they are no finite numbers, of another shape, or none at all.
    """
    rows = np.asarray(rows)
    if rows.ndim != 2 or dims not in (None, rows.shape[1]) or not rows.size:
        raise DataError(f"metric {name!r}: features of shape {rows.shape}; right: (N, {dims or 'D'}), at least one row")
    if rows.dtype.kind not in "fiub":
        raise DataError(f"metric {name!r}: features of type {rows.dtype}; right: real numbers")
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise DataError(f"metric {name!r}: row {row} of the features holds NaN or infinity; right: finite numbers")
    return rows


def check_training(name, features, pids, camids):
    """Return features (N, D), pids and camids int64 (N,), without rows of junk (pid -1).

    Raises
    ------
    DataError
        If :func:`check_rows` refuses the features, a label is missing, there is only one identity, every identity has
        only one row, or all rows are equal.
    """
    rows = check_rows(name, features)
    pids, camids = np.asarray(pids), np.asarray(camids)
    if pids.shape != (len(rows),) or camids.shape != (len(rows),):
        found = f"{len(rows)} rows, identities of shape {pids.shape}, cameras of shape {camids.shape}"
        raise DataError(f"metric {name!r}: fit: {found}; right: one identity and one camera for each row")
    if (pids < 0).any():
        people = pids >= 0
        rows, pids, camids = rows[people], pids[people], camids[people]
    _, counts = np.unique(pids, return_counts=True)
    if len(counts) < 2 or counts.max() < 2:
        found = f"{len(counts)} identities, at most {max(counts, default=0)} rows of one"
        raise DataError(f"metric {name!r}: fit: {found}; right: at least 2 identities, one of them with 2 rows or more")
    if (rows == rows[0]).all():
        raise DataError(f"metric {name!r}: fit: all {len(rows)} rows are equal; right: features that differ")
    return rows, pids.astype(np.int64), camids.astype(np.int64)
