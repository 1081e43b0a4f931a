"""MLR: metric learning to rank."""

import numpy as np

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gpnet_metrics.checks import above, at_least
from gpnet_metrics.mahalanobis import Form, Mahalanobis, factor_psd, project_psd, quadratic_distances
from gpnet_metrics.pairs import has_crossing
from gpnet_metrics.structural import LOSSES, cutting_plane, worst_rankings


class MLR(Mahalanobis):
    """Structural SVM over rankings: each training row ranks the rows of the other cameras.

    Parameters
    ----------
    n_components : float
        See :class:`~gpnet_metrics.reduction.Reduction`; the matrix learned is of this size.
    normalise : {'none', 'before', 'after'}
    loss : {'auc', 'map', 'mrr', 'precision', 'top'}
        See :data:`~gpnet_metrics.structural.LOSSES`.
    k : int
        For 'precision' and 'top'.
    c : float
        Weight of the mean loss against the squared Frobenius norm of the matrix, for rows whose squared distances have
        mean 1.
    tolerance : float
        Of the duality gap, as a share of c.
    max_rounds : int
        Constraints at most.

    Source: McFee and Lanckriet, Metric Learning to Rank, ICML 2010; one slack for all queries.
    Differs from the source in: 1/2 |W|^2 regularises instead of tr(W), which gives the dual a closed form over the
    constraints found so far, and another minimum: no low rank is sought; a row ranks the rows of the other cameras
    instead of all others; rows are first scaled to a mean squared distance of 1.
    Checked against: scikit-learn's LinearSVC on the products of the differences, whose minimum is the same for the loss
    'auc' where it is positive semidefinite, largest difference 0.01 of the largest distance. The source's code has no
    Frobenius norm any more.
    """

    name = "mlr"

    def __init__(self, n_components=100.0, normalise="none", loss="auc", k=1, c=1e3, tolerance=1e-2, max_rounds=60):
        super().__init__(n_components, normalise)
        if loss not in LOSSES:
            raise RecipeError(f"metric 'mlr': loss {loss!r} unknown{did_you_mean(loss, LOSSES)}")
        self._loss, self._k = loss, at_least(self.name, "k", k, 1)
        self._solver = (
            above(self.name, "c", c, 0),
            above(self.name, "tolerance", tolerance, 0),
            at_least(self.name, "max_rounds", max_rounds, 1),
        )

    def _fit_form(self, rows, pids, camids):
        same, candidate = ranked(pids, camids)
        queries = (same & candidate).any(axis=1) & (~same & candidate).any(axis=1)
        same, candidate = same[queries], candidate[queries]
        rows = rows / np.sqrt(2 * rows.var(axis=0).sum())

        def violated(matrix):
            factor = factor_psd(matrix)
            scores = -quadratic_distances(rows[queries] @ factor, rows @ factor)
            coefficient, loss = worst_rankings(scores, same, candidate, self._loss, self._k)
            return constraint(rows, queries, coefficient), loss

        matrix, self.bounds = cutting_plane(violated, project_psd, (rows.shape[1],) * 2, *self._solver)
        return Form(factor_psd(matrix))


def ranked(pids, camids):
    """Who is the same, and whom each row ranks, bool (N, N): the rows of the other cameras."""
    cameras = camids if has_crossing(pids, camids) else np.arange(len(pids))
    return pids[:, None] == pids, cameras[:, None] != cameras


def constraint(rows, queries, coefficient):
    """Sum of coefficient * phi over queries q and rows x, phi(q, x) = -(q - x)(q - x)^T.

    Parameters
    ----------
    rows : float64 (N, r)
    queries : bool (N,)
        Which rows are queries.
    coefficient : float64 (Q, N)
        Each line sums to 0, so that q q^T takes no part.

    Returns
    -------
    float64 (r, r), symmetric
    """
    cross = (rows[queries].T @ coefficient) @ rows
    return cross + cross.T - (rows.T * coefficient.sum(axis=0)) @ rows
