"""What all learned metrics share: rows are checked, reduced, and handed to the learner."""

from abc import ABC, abstractmethod

from gpnet_metrics.checks import check_rows, check_training
from gpnet_metrics.reduction import Reduction


class LearnedMetric(ABC):
    """Base of the metrics that learn from features in a vector space.

    A subclass sets ``name``, says in ``_learn`` what it learns from reduced rows, and in ``_compare`` how it compares.

    Parameters
    ----------
    n_components, normalise
        As in :class:`~gpnet_metrics.reduction.Reduction`.
    """

    name = "learned"
    span = False  # whether 0 components may stand for all of them: right where rotations change nothing

    def __init__(self, n_components=0.0, normalise="none"):
        self._reduction = Reduction(n_components, normalise, self.span)

    def fit(self, features, pids, camids):
        """Learn from float (N, D) training rows with their int (N,) identities and cameras; return self.

        Raises
        ------
        DataError
            If the rows cannot be learned from: see :func:`~gpnet_metrics.checks.check_training`.
        """
        rows, pids, camids = check_training(self.name, features, pids, camids)
        self._dims = rows.shape[1]
        self._learn(self._reduction.fit(rows), pids, camids)
        self._settle()
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G); smaller is more alike."""
        query, gallery = (check_rows(self.name, rows, self._dims) for rows in (query, gallery))
        return self._compare(self._reduction.transform(query), self._reduction.transform(gallery))

    def _settle(self):
        self._reduction.keep()

    @abstractmethod
    def _learn(self, rows, pids, camids):
        """Learn from float64 (N, r) reduced rows."""

    @abstractmethod
    def _compare(self, query, gallery):
        """Distances float64 (Q, G) of float64 (Q, r), (G, r) reduced rows."""
