"""PCCA: pairwise constrained component analysis."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import coo_matrix, diags
from scipy.special import expit

from gluon_personnet.core.seeding import generator
from gpnet_metrics.checks import at_least
from gpnet_metrics.kernel import KernelMetric
from gpnet_metrics.pairs import sample_pairs

SHARPNESS = 3.0  # beta of the generalised logistic loss


class PCCA(KernelMetric):
    """A projection that brings pairs of one person closer than 1 and pairs of two people further apart than 1.

    Parameters
    ----------
    kernel : {'linear', 'chi2', 'chi2-rbf', 'exp', 'rbf'}
        The chi2 ones are for histograms. The kernel matrix is scaled to a mean of 1 on its diagonal.
    dims : int
        Directions kept.
    npratio : int
        Pairs of two people drawn for each pair of one.
    max_steps : int
    tolerance : float
        End when a step lowers the loss by less than this share of it.
    seed : int
        Of the pairs of two people.

    Source: Mignon and Jurie, PCCA: A New Approach for Distance Learning from Sparse Pairwise Constraints, CVPR 2012;
    start and defaults as in the code of Xiong et al., ECCV 2014.
    Differs from the source in: step lengths after Barzilai and Borwein; those of the code shrink until it stands still
    above a minimum; pairs are of two cameras; the bandwidth of 'chi2-rbf', see :class:`~gpnet_metrics.kernels.Chi2RBF`.
    Checked against: PCCA.m of the benchmark of Gou et al., TPAMI 2019, run by GNU Octave: its start and first step,
    largest difference 1e-6 of the largest distance.
    """

    name = "pcca"
    penalty = 0.0

    def __init__(self, kernel="chi2-rbf", dims=40, npratio=10, max_steps=1000, tolerance=1e-4, seed=0):
        super().__init__(kernel)
        self._dims_kept, self._npratio = (
            at_least(self.name, "dims", dims, 1),
            at_least(self.name, "npratio", npratio, 1),
        )
        self._limits = at_least(self.name, "max_steps", max_steps, 1), at_least(self.name, "tolerance", tolerance, 0)
        self._seed = seed

    def _fit_projection(self, kernel, pids, camids):
        scale = len(kernel) / np.trace(kernel)
        pairs = Pairs.sample(pids, camids, self._npratio, generator(self._seed, "pcca pairs"))
        kernel = kernel * scale
        first = start(kernel, pairs, self._dims_kept)
        projection, self.losses = descend(first, kernel, pairs, self.penalty, *self._limits)
        return projection.T * scale


class Pairs(NamedTuple):
    """Constraints: rows `first` and `second`, int (P,) each, and `signs` float64 (P,), +1 one person, -1 two."""

    first: np.ndarray
    second: np.ndarray
    signs: np.ndarray

    @classmethod
    def sample(cls, pids, camids, npratio, rng):
        """All positives and `npratio` negatives for each."""
        positives, negatives = sample_pairs(pids, camids, npratio, rng)
        signs = np.repeat([1.0, -1.0], [len(positives), len(negatives)])
        return cls(*np.concatenate([positives, negatives]).T, signs)


def loss_and_step(projection, kernel, pairs, penalty=0.0):
    """The loss at a projection A and the direction in which it rises.

    sum of log(1 + exp(beta y (D^2 - 1))) / beta + penalty * tr(A K A^T), with D = |A (k_i - k_j)|.

    Parameters
    ----------
    projection : float64 (k, N)
    kernel : float64 (N, N)
    pairs : Pairs
    penalty : float

    Returns
    -------
    loss : float
    step : float64 (k, N)
        2 (Y + penalty * A). The gradient is this times K; without K it is the gradient in feature space.
    """
    mapped = projection @ kernel  # (k, N)
    squares = ((mapped[:, pairs.first] - mapped[:, pairs.second]) ** 2).sum(axis=0)
    exponents = SHARPNESS * pairs.signs * (squares - 1)
    loss = np.logaddexp(0, exponents).sum() / SHARPNESS + penalty * (mapped * projection).sum()
    slopes = pairs.signs * expit(exponents)
    size = (len(kernel), len(kernel))
    weights = coo_matrix((slopes, (pairs.first, pairs.second)), size).tocsr()
    weights = weights + weights.T
    laplacian = diags(np.asarray(weights.sum(axis=1)).ravel()) - weights
    return loss, 2 * ((laplacian @ mapped.T).T + penalty * projection)


def start(kernel, pairs, size):
    """Whitened principal components of the kernel's columns, float64 (k, N), divided by the pairs' mean distance."""
    count = len(kernel)
    centred = kernel - kernel.mean(axis=1, keepdims=True)
    size = min(size, count - 1)
    values, vectors = eigh(centred @ centred.T / count, subset_by_index=[count - size, count - 1])
    kept = values > values[-1] * count * np.finfo(np.float64).eps
    projection = (vectors[:, kept] / np.sqrt(values[kept])).T[::-1]
    mapped = projection @ kernel
    return projection / np.linalg.norm(mapped[:, pairs.first] - mapped[:, pairs.second], axis=0).mean()


def descend(projection, kernel, pairs, penalty, max_steps, tolerance):
    """Gradient descent in feature space with step lengths of Barzilai and Borwein's kind, cut until the loss falls.

    Returns
    -------
    projection : float64 (k, N)
    losses : list of float
        At the start and after each step; falling.
    """
    loss, step = loss_and_step(projection, kernel, pairs, penalty)
    losses, length = [loss], 0.1
    while len(losses) <= max_steps:
        while True:
            found = projection - length * step
            loss, following = loss_and_step(found, kernel, pairs, penalty)
            if loss < losses[-1]:
                break
            length *= 0.5
            if length < 1e-12:
                return projection, losses
        moved, turned = found - projection, following - step
        inner = ((moved @ kernel) * turned).sum()
        length = ((moved @ kernel) * moved).sum() / inner if inner > 0 else 2 * length
        projection, step = found, following
        losses.append(loss)
        if losses[-2] - loss <= tolerance * losses[-2]:
            break
    return projection, losses
