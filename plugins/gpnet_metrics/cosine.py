"""Cosine distance."""

import numpy as np

from gpnet_metrics.checks import check_rows
from gpnet_metrics.reduction import unit_rows


class Cosine:
    """1 - cos of the angle between two features, 0 to 2; nothing is learned. A feature of zeros is at 1 from all.

    Checked against: scikit-learn's pairwise_distances, largest difference 1e-8 of the largest distance.
    """

    def fit(self, features, pids, camids):
        """Take note of the dimension of float (N, D) rows; return self."""
        self._dims = check_rows("cosine", features).shape[1]
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G) in [0, 2]."""
        query, gallery = (check_rows("cosine", rows, self._dims).astype(np.float64) for rows in (query, gallery))
        return 1 - (unit_rows(query) @ unit_rows(gallery).T).clip(-1, 1)
