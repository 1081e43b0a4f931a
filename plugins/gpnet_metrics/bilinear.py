"""Base of the metrics that learn a quadratic decision function of two features."""

from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from gpnet_metrics.learned import LearnedMetric


class Decision(NamedTuple):
    """f(x, z) = x^T A x / 2 + z^T A z / 2 - x^T B z + c; A and B symmetric float64 (r, r), not necessarily definite."""

    a: np.ndarray
    b: np.ndarray
    c: float = 0.0


class Bilinear(LearnedMetric):
    """Base: a subclass sets ``name`` and overrides ``_fit_decision``, whose values are the distances.

    With A = B this is half of a Mahalanobis distance.
    """

    def _learn(self, rows, pids, camids):
        self._decision = self._fit_decision(rows, pids, camids)

    def _compare(self, query, gallery):
        return decision_values(query, gallery, self._decision)

    @abstractmethod
    def _fit_decision(self, rows, pids, camids):
        """Learn from float64 (N, r) reduced rows, int64 (N,) pids and camids; return a :class:`Decision`."""


def decision_values(query, gallery, decision):
    """f of every pair of float64 (Q, r) and (G, r) rows, float64 (Q, G)."""
    a, b, c = decision
    own = [((rows @ a) * rows).sum(axis=1) / 2 for rows in (query, gallery)]
    return own[0][:, None] + own[1] - (query @ b) @ gallery.T + c
