"""Base of the metrics that learn from the absolute difference of two features."""

import numpy as np

from gpnet_metrics.learned import LearnedMetric

VALUES = 2**24  # float64 differences held at a time: 128 MiB


class AbsDiff(LearnedMetric):
    """Base: a subclass sets ``name``, learns in ``_learn`` and overrides ``_score``.

    What describes a pair is |x - z|, dimension by dimension.
    """

    def _score(self, differences):
        """Distances float64 (P,) of float64 (P, r) absolute differences."""
        raise NotImplementedError

    def _compare(self, query, gallery):
        distances = np.empty((len(query), len(gallery)))
        step = max(1, VALUES // gallery.size)
        for start in range(0, len(query), step):
            block = np.abs(query[start : start + step, None] - gallery)  # (b, G, r)
            distances[start : start + step] = self._score(block.reshape(-1, gallery.shape[1])).reshape(block.shape[:2])
        return distances


def pair_differences(rows, pairs):
    """|x_i - x_j| float64 (P, r) for int (P, 2) pairs of rows."""
    return np.abs(rows[pairs[:, 0]] - rows[pairs[:, 1]])
