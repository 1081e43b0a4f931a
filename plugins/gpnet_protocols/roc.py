"""The receiver operating characteristic of pairs of images."""

from typing import NamedTuple

import numpy as np


class Roc(NamedTuple):
    """Accepted shares of pairs at each threshold; a pair is accepted when its distance is at most the threshold.

    Attributes
    ----------
    limits : float64 (T,)
        Thresholds, ascending: every distance that occurs among the pairs of the same person.
    tpr : float64 (T,)
        Share of the pairs of the same person that is accepted; the last one is 1.
    fpr_below, fpr : float64 (T,)
        Share of the pairs of different people that is closer than the threshold, and that is accepted.

    Examples
    --------
    >>> curve = Roc(np.array([1.0, 3.0]), np.array([0.5, 1.0]), np.array([0.0, 0.5]), np.array([0.0, 0.5]))
    >>> curve.auc(), curve.equal_error_rate(), curve.operating_point(0.1)
    (0.75, 0.5, {'distance': 1.0, 'tpr': 0.5, 'fpr': 0.0})
    """

    limits: np.ndarray
    tpr: np.ndarray
    fpr_below: np.ndarray
    fpr: np.ndarray

    def _corners(self):
        """Corners (x, y) of the curve, just before and at each threshold, from (0, 0) to (1, 1)."""
        before = np.append(0, self.tpr[:-1])
        x = np.concatenate([[0], np.stack([self.fpr_below, self.fpr], 1).ravel(), [1]])
        y = np.concatenate([[0], np.stack([before, self.tpr], 1).ravel(), [1]])
        return x, y

    def auc(self):
        """Area under the curve: the chance that a pair of the same person is closer than one of different people."""
        x, y = self._corners()
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    def equal_error_rate(self):
        """Where as large a share of different pairs is accepted as of same pairs is refused."""
        x, y = self._corners()
        excess = x + y - 1
        at = int(np.argmax(excess >= 0))  # never 0: the curve begins at -1
        part = excess[at - 1] / (excess[at - 1] - excess[at])
        return float(x[at - 1] + part * (x[at] - x[at - 1]))

    def operating_point(self, rate):
        """The largest threshold that accepts at most `rate` of the pairs of different people.

        Returns
        -------
        dict
            ``distance`` (None when every threshold accepts more), ``tpr`` and ``fpr``.
        """
        at = int(np.searchsorted(self.fpr, rate, "right")) - 1
        if at < 0:
            return {"distance": None, "tpr": 0.0, "fpr": 0.0}
        return {"distance": float(self.limits[at]), "tpr": float(self.tpr[at]), "fpr": float(self.fpr[at])}
