"""ITML: the matrix nearest to the identity in LogDet divergence that keeps same pairs near and different ones far."""

import numpy as np

from gluon_personnet.core.seeding import generator
from gpnet_metrics.checks import above, at_least
from gpnet_metrics.mahalanobis import Form, Mahalanobis
from gpnet_metrics.pairs import sample_pairs

TRIALS, BINS = 100, 100  # the source's: random distances, and bins of their histogram


class ITML(Mahalanobis):
    """Information-theoretic metric learning by cyclic projections onto one pair's constraint at a time.

    Parameters
    ----------
    n_components : float
        Principal components: number, fraction of the variance, or 0 for none.
    npratio : int
        Random different pairs for each same pair.
    gamma : float
        Price of a violated constraint against distance from the identity.
    tolerance : float
        The cycles end when the multipliers change by less than this share of themselves.
    max_updates : int
        The most single projections, rounded down to whole cycles, at least one. LOMO on VIPeR, rank-1 over ten splits:
        19.46 after two cycles, 21.52 after three, 23.23 when converged; Liao et al., CVPR 2015, print 18.77.
    seed : int
        For the random pairs.

    Source: Davis, Kulis, Jain, Sra, Dhillon, Information-Theoretic Metric Learning, ICML 2007, algorithm 1; defaults
    and bounds (the centres of bins 5 and 95 of 100 over the range of 100 random squared distances) as in its code.
    Differs from the source in: same pairs are all those of two cameras, and different pairs are of two cameras, instead
    of a random choice among all rows.
    Checked against: ItmlAlg.m of its authors, run by GNU Octave on the same pairs and bounds, largest difference 1e-9
    of the largest distance.
    """

    name = "itml"

    def __init__(self, n_components=100.0, npratio=1, gamma=1.0, tolerance=0.01, max_updates=100000, seed=0):
        super().__init__(n_components)
        self._npratio = at_least(self.name, "npratio", npratio, 1)
        self._gamma = above(self.name, "gamma", gamma, 0)
        self._tolerance = at_least(self.name, "tolerance", tolerance, 0)
        self._max_updates = at_least(self.name, "max_updates", max_updates, 1)
        self._seed = seed

    def _fit_form(self, rows, pids, camids):
        positives, negatives = sample_pairs(pids, camids, self._npratio, generator(self._seed, "itml pairs"))
        near, far = _bounds(rows, generator(self._seed, "itml bounds"))
        pairs = np.concatenate([positives, negatives])
        signs = np.repeat([1, -1], [len(positives), len(negatives)])
        differences = rows[pairs[:, 0]] - rows[pairs[:, 1]]
        apart = (differences**2).sum(axis=1) > 1e-12 * far  # equal rows constrain nothing
        signs = signs[apart]
        bounds = np.where(signs > 0, near, far)
        matrix, _, _ = project_cyclically(
            differences[apart], signs, bounds, self._gamma, self._tolerance, self._max_updates
        )
        return Form(None, matrix)


def project_cyclically(differences, signs, bounds, gamma, tolerance, max_updates):
    """Algorithm 1.

    Parameters
    ----------
    differences : float64 (P, r)
    signs : int (P,)
        1 for a pair that should be nearer than its bound, -1 for one that should be farther.
    bounds : float64 (P,)
        On squared distances.
    gamma, tolerance, max_updates
        As in :class:`ITML`.

    Returns
    -------
    matrix : float64 (r, r)
        Positive definite.
    slack : float64 (P,)
        The bounds as softened; the constraints hold for these.
    converged : bool
    """
    matrix, slack, multipliers = np.eye(differences.shape[1]), bounds.astype(np.float64), np.zeros(len(bounds))
    share = gamma / (gamma + 1)
    for _ in range(max(1, max_updates // len(bounds))):
        before = multipliers.copy()
        for index, (difference, sign) in enumerate(zip(differences, signs)):
            mapped = matrix @ difference
            distance = difference @ mapped
            step = min(multipliers[index], sign * share * (1 / distance - 1 / slack[index]))
            multipliers[index] -= step
            slack[index] = 1 / (1 / slack[index] + sign * step / gamma)
            scaled = sign * step / (1 - sign * step * distance) * mapped
            matrix += scaled[:, None] * mapped
        size = np.linalg.norm(multipliers) + np.linalg.norm(before)
        if size == 0 or np.abs(multipliers - before).sum() < tolerance * size:
            return (matrix + matrix.T) / 2, slack, True
    return (matrix + matrix.T) / 2, slack, False


def _bounds(rows, rng):
    """Squared distances below which same pairs should be, and above which different ones."""
    first, second = rng.integers(len(rows), size=(2, TRIALS))
    distances = ((rows[first] - rows[second]) ** 2).sum(axis=1)
    lowest, width = distances.min(), np.ptp(distances) / BINS
    return lowest + 4.5 * width, lowest + 94.5 * width
