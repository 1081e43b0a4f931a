"""Euclidean distance."""

import numpy as np

from gpnet_metrics.checks import check_rows
from gpnet_metrics.mahalanobis import quadratic_distances
from gpnet_metrics.reduction import Reduction


class Euclid:
    """The Euclidean distance; nothing is learned, so that a learned metric can be compared with it.

    Parameters
    ----------
    n_components : float
        Principal components of the training rows to measure it in: number, fraction of the variance, or 0 for none.

    Checked against: scikit-learn's pairwise_distances, largest difference 1e-10 of the largest distance.
    """

    def __init__(self, n_components=0.0):
        self._reduction = Reduction(n_components) if n_components else None

    def fit(self, features, pids, camids):
        """Take note of the dimension, mean and components of float (N, D) rows; return self."""
        rows = check_rows("euclid", features)
        self._mean = rows.mean(axis=0, dtype=np.float64)
        if self._reduction:
            self._reduction.fit(rows)
            self._reduction.keep()
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G), at least 0."""
        query, gallery = (self._reduced(check_rows("euclid", rows, len(self._mean))) for rows in (query, gallery))
        return np.sqrt(quadratic_distances(query, gallery))

    def _reduced(self, rows):
        # the mean changes no distance; without it near rows far from 0 would lose digits
        return self._reduction.transform(rows) if self._reduction else rows - self._mean
