"""KISSME: a metric from two covariances, without optimisation."""

import numpy as np

from gluon_personnet.core.seeding import generator
from gpnet_metrics.checks import at_least
from gpnet_metrics.mahalanobis import Form, Mahalanobis, project_psd
from gpnet_metrics.pairs import sample_pairs
from gpnet_metrics.scatter import mean_outer, pair_scatter, regular


class KISSME(Mahalanobis):
    """M = S^-1 - weight D^-1, S and D being the covariances of the differences of same and of different pairs.

    A singular covariance gets 1e-6 of its mean eigenvalue on the diagonal.

    Parameters
    ----------
    n_components : float
        Principal components: number, fraction of the variance, or 0 for none.
    npratio : int
        Random different pairs for each same pair, 1 in the source; 0 takes all there are, by class sums. LOMO on VIPeR,
        rank-1 over ten splits: 25.06 with 1, 35.47 with 10, 36.14 with all.
    weight : float
        Of D^-1; 1 in the source.
    psd : bool
        Whether M is projected to the positive semidefinite matrices. Indefinite ones rank as well.
    seed : int
        For the random pairs.

    Source: Koestinger, Hirzer, Wohlhart, Roth, Bischof, Large Scale Metric Learning from Equivalence Constraints,
    CVPR 2012.
    Differs from the source in: all different pairs by default; pairs are of two cameras; the projection sets negative
    eigenvalues to 0, not to 1e-6.
    Checked against: scikit-learn's EmpiricalCovariance of the differences of all pairs, largest difference 1e-10 of the
    largest distance.
    """

    name = "kissme"

    def __init__(self, n_components=100.0, npratio=0, weight=1.0, psd=False, seed=0):
        super().__init__(n_components)
        self._npratio = at_least(self.name, "npratio", npratio, 0)
        self._weight, self._psd, self._seed = weight, psd, seed

    def _fit_form(self, rows, pids, camids):
        same, different = self._covariances(rows, pids, camids)
        matrix = np.linalg.inv(regular(same)) - self._weight * np.linalg.inv(regular(different))
        matrix = (matrix + matrix.T) / 2
        return Form(None, project_psd(matrix) if self._psd else matrix)

    def _covariances(self, rows, pids, camids):
        if not self._npratio:
            return pair_scatter(rows, pids, camids)[:2]
        pairs = sample_pairs(pids, camids, self._npratio, generator(self._seed, "kissme pairs"))
        return [mean_outer(rows[first] - rows[second]) for first, second in (each.T for each in pairs)]
