"""Base of the metrics that learn a quadratic form of the difference of two features."""

from abc import abstractmethod
from typing import NamedTuple, Optional

import numpy as np

from gpnet_metrics.learned import LearnedMetric


class Form(NamedTuple):
    """d(x, z) = (P^T (x - z))^T M (P^T (x - z)).

    Parameters
    ----------
    projection : float64 (r, k) or None
        P; None is the identity.
    matrix : float64 (k, k) or None
        M, symmetric, not necessarily positive semidefinite: distances may be negative. None is the identity.
    """

    projection: Optional[np.ndarray] = None
    matrix: Optional[np.ndarray] = None


class Mahalanobis(LearnedMetric):
    """Base: a subclass sets ``name`` and overrides ``_fit_form(rows, pids, camids)``, which returns a :class:`Form`.

    Rows are centred and, by option, reduced to principal components of the training rows. Without a reduction, and
    with fewer rows than dimensions, a metric works in the span of the centred training rows.
    """

    span = True

    def _learn(self, rows, pids, camids):
        self._form = self._fit_form(rows, pids, camids)

    def _settle(self):
        projection, matrix = self._form
        if self._reduction.normalises_after:
            self._reduction.keep()
        else:  # folded into the components, so that only k of them are ever formed
            self._reduction.keep(projection)
            self._form = Form(None, matrix)

    def _compare(self, query, gallery):
        projection, matrix = self._form
        if projection is not None:
            query, gallery = query @ projection, gallery @ projection
        return quadratic_distances(query, gallery, matrix)

    @abstractmethod
    def _fit_form(self, rows, pids, camids):
        """Learn from float64 (N, r) reduced rows, int64 (N,) pids and camids; return a :class:`Form`."""


def quadratic_distances(query, gallery, matrix=None):
    """(x - z)^T M (x - z) of every pair.

    Parameters
    ----------
    query, gallery : float64 (Q, k), float64 (G, k)
    matrix : float64 (k, k), symmetric, or None for the identity

    Returns
    -------
    float64 (Q, G)
        Not below 0 for the identity.
    """
    mapped = query if matrix is None else query @ matrix
    distances = mapped @ gallery.T
    distances *= -2
    distances += (mapped * query).sum(axis=1)[:, None]
    distances += ((gallery if matrix is None else gallery @ matrix) * gallery).sum(axis=1)
    return np.maximum(distances, 0, out=distances) if matrix is None else distances


def project_psd(matrix):
    """The nearest symmetric positive semidefinite matrix in Frobenius norm: negative eigenvalues become 0."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * values.clip(0)) @ vectors.T


def factor_psd(matrix):
    """L float64 (k, r) with L L^T = the nearest positive semidefinite matrix, r its rank, as a projection."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    kept = values > max(values[-1], 0) * len(values) * np.finfo(np.float64).eps
    return vectors[:, kept] * np.sqrt(values[kept])
