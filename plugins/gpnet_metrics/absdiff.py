"""Base of the metrics that learn from the absolute difference of two features."""

from abc import abstractmethod

import numpy as np

from gpnet_metrics.checks import at_least
from gpnet_metrics.learned import LearnedMetric

VALUES = 2**24  # float64 differences held at a time: 128 MiB


class AbsDiff(LearnedMetric):
    """Base: a subclass sets ``name`` and overrides ``_learn_differences`` and ``_score``.

    What describes a pair is |x - z|, dimension by dimension. Dimensions are chosen rather than combined: what an
    absolute difference means is lost in principal components.

    Parameters
    ----------
    dims : int
        How many dimensions, those that vary most among the training rows; 0 for all.
    normalise : {'none', 'before'}
        As in :class:`~gpnet_metrics.reduction.Reduction`, before dimensions are chosen.
    """

    def __init__(self, dims=0, normalise="none"):
        super().__init__(normalise=normalise)
        self._most = at_least(self.name, "dims", dims, 0)

    def _learn(self, rows, pids, camids):
        self._chosen = np.sort(np.argsort(-rows.var(axis=0), kind="stable")[: self._most or None])
        self._learn_differences(rows[:, self._chosen], pids, camids)

    @abstractmethod
    def _learn_differences(self, rows, pids, camids):
        """Learn from float64 (N, r) rows of the chosen dimensions."""

    @abstractmethod
    def _score(self, differences):
        """Distances float64 (P,) of float64 (P, r) absolute differences."""

    def _compare(self, query, gallery):
        query, gallery = query[:, self._chosen], gallery[:, self._chosen]
        distances = np.empty((len(query), len(gallery)))
        step = max(1, VALUES // gallery.size)
        for start in range(0, len(query), step):
            block = np.abs(query[start : start + step, None] - gallery)  # (b, G, r)
            distances[start : start + step] = self._score(block.reshape(-1, gallery.shape[1])).reshape(block.shape[:2])
        return distances


def pair_differences(rows, pairs):
    """|x_i - x_j| (P, r), of the rows' type, for int (P, 2) pairs of rows."""
    differences = rows[pairs[:, 0]]
    differences -= rows[pairs[:, 1]]
    return np.abs(differences, out=differences)
