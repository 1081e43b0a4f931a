"""XQDA: a discriminant subspace and KISSME's metric in it, both across cameras."""

import numpy as np
from scipy.linalg import eigh, solve, svd

from gluon_personnet.core.errors import RecipeError
from gpnet_metrics.checks import above, at_least
from gpnet_metrics.mahalanobis import Form, Mahalanobis
from gpnet_metrics.scatter import pair_scatter

SOLVERS = ("eigh", "svd")


class XQDA(Mahalanobis):
    """Cross-view quadratic discriminant analysis.

    With I and E the covariances of differences across cameras, of same and of different people, the subspace W is that
    of the directions in which E exceeds I, and M = (W^T I W)^-1 - (W^T E W)^-1 in it. M is not made definite.

    Parameters
    ----------
    n_components : float
        Principal components before it: number, fraction of the variance, or 0 for none.
    dims : int
        The most directions W may have; 0 takes all.
    regulariser : float
        Times a third of the mean squared length of the training rows, added to the diagonal of I. A row of LOMO is
        three parts of length 1: with these it is the source's 0.001.
    solver : {'eigh', 'svd'}
        'eigh' takes the generalised eigenvectors of (E, I) with eigenvalues above 1, as the source defines W; 'svd' the
        left singular vectors of I^-1 E with singular values above 1, as its released code does. LOMO on VIPeR, rank-1
        over ten splits: 40.25 and 39.72.

    Source: Liao, Hu, Zhu, Li, Person Re-Identification by Local Maximal Occurrence Representation and Metric Learning,
    CVPR 2015, the covariances by equations 8 and 9.
    Differs from the source in: where dimensions are more than rows, these are reduced to their span by way of the Gram
    matrix instead of a QR decomposition; any number of cameras.
    Checked against: XQDA.m and MahDist.m of its authors, run by GNU Octave, with solver 'svd', largest difference 1e-9
    of the largest distance.
    """

    name = "xqda"

    def __init__(self, n_components=0.0, dims=0, regulariser=0.001, solver="eigh"):
        super().__init__(n_components)
        if solver not in SOLVERS:
            raise RecipeError(f"metric 'xqda': solver: {solver!r}; right: one of {', '.join(SOLVERS)}")
        self._most = at_least(self.name, "dims", dims, 0)
        self._regulariser = above(self.name, "regulariser", regulariser, 0)
        self._solver = solver

    def _fit_form(self, rows, pids, camids):
        intra, extra = pair_scatter(rows, pids, camids)[:2]
        intra[np.diag_indices_from(intra)] += self._regulariser * self._reduction.power / 3
        directions = _by_eigh(extra, intra) if self._solver == "eigh" else _by_svd(extra, intra)
        directions = directions[:, : self._most or None]
        within, between = (directions.T @ matrix @ directions for matrix in (intra, extra))
        matrix = np.linalg.inv(within) - np.linalg.inv(between)
        return Form(directions, (matrix + matrix.T) / 2)


def _by_eigh(extra, intra):
    """Generalised eigenvectors (r, k) with eigenvalues above 1, largest first, at least one."""
    values, vectors = eigh(extra, intra)
    return vectors[:, ::-1][:, : max(1, int((values > 1).sum()))]


def _by_svd(extra, intra):
    left, values, _ = svd(solve(intra, extra, assume_a="pos"))
    return left[:, : max(1, int((values > 1).sum()))]
