"""Base of the metrics that learn weights of kernel columns."""

from abc import ABC, abstractmethod

from gpnet_metrics.checks import check_rows, check_training
from gpnet_metrics.kernels import make_kernel
from gpnet_metrics.mahalanobis import quadratic_distances


class KernelMetric(ABC):
    """Base: a subclass sets ``name`` and overrides ``_fit_projection(kernel, pids, camids)``.

    A feature x becomes T^T k(x), with k(x) its kernel values against all training rows; the distance is the squared
    Euclidean one there.

    Parameters
    ----------
    kernel : {'linear', 'chi2', 'chi2-rbf', 'exp', 'rbf'}
    """

    name = "kernel"

    def __init__(self, kernel):
        self._kernel = make_kernel(kernel)

    def fit(self, features, pids, camids):
        """Learn from float (N, D) training rows with their int (N,) identities and cameras; return self.

        Raises
        ------
        DataError
            If the rows cannot be learned from: see :func:`~gpnet_metrics.checks.check_training`.
        """
        rows, pids, camids = check_training(self.name, features, pids, camids)
        self._dims = rows.shape[1]
        self._projection = self._fit_projection(self._kernel.fit(rows).train, pids, camids)
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G), at least 0; smaller is more alike."""
        query, gallery = (check_rows(self.name, rows, self._dims) for rows in (query, gallery))
        return quadratic_distances(self._kernel(query) @ self._projection, self._kernel(gallery) @ self._projection)

    @abstractmethod
    def _fit_projection(self, kernel, pids, camids):
        """Learn T float64 (N, k) from the float64 (N, N) kernel matrix, int64 (N,) pids and camids."""
