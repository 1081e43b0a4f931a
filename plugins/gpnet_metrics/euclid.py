"""Euclidean distance."""

import numpy as np

from gluon_personnet.contracts import Combination
from gpnet_metrics.checks import check_rows
from gpnet_metrics.mahalanobis import quadratic_distances


class Euclid:
    """The Euclidean distance; nothing is learned, so that a learned metric can be compared with it."""

    def fit(self, features, pids, camids):
        """Take note of the dimension and the mean of float (N, D) rows; return self."""
        self._mean = check_rows("euclid", features).mean(axis=0, dtype=np.float64)
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G), at least 0."""
        query, gallery = (check_rows("euclid", rows, len(self._mean)) for rows in (query, gallery))
        # the mean changes no distance; without it near rows far from 0 would lose digits
        return np.sqrt(quadratic_distances(query - self._mean, gallery - self._mean))


def baseline():
    """The row "Euclid": raw pixels and their distance."""
    return Combination(feature="raw-pixels", metric="euclid")
