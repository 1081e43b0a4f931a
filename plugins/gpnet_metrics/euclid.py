"""Euclidean distance."""

import numpy as np

from gluon_personnet.contracts import Combination
from gluon_personnet.errors import DataError


class Euclid:
    """The Euclidean distance; nothing is learned, so that a learned metric can be compared with it."""

    def fit(self, features, pids, camids):
        """Take note of the dimension of float (N, D) rows; return self."""
        self._dims = _finite(features).shape[1]
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G), at least 0."""
        query, gallery = (_finite(rows, self._dims).astype(np.float64) for rows in (query, gallery))
        squares = (query**2).sum(axis=1)[:, None] + (gallery**2).sum(axis=1) - 2 * (query @ gallery.T)
        return np.sqrt(np.maximum(squares, 0))


def _finite(rows, dims=None):
    rows = np.asarray(rows)
    if rows.ndim != 2 or dims not in (None, rows.shape[1]):
        raise DataError(f"metric 'euclid': features of shape {rows.shape}; right: (N, {dims or 'D'})")
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise DataError(f"metric 'euclid': row {row} of the features holds NaN or infinity; right: finite numbers")
    return rows


def baseline():
    """The row "Euclid": raw pixels and their distance."""
    return Combination(feature="raw-pixels", metric="euclid")
