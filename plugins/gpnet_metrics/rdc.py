"""RDC: relative distance comparison, the learner behind the rows RDC and PRDC."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from gluon_personnet.seeding import generator
from gpnet_metrics.absdiff import AbsDiff, pair_differences
from gpnet_metrics.pairs import sample_pairs


class RDC(AbsDiff):
    """Directions of |x - z| along which different people differ more than one person does.

    Parameters
    ----------
    n_components : float
        See :class:`~gpnet_metrics.reduction.Reduction`; the absolute differences are those of the components.
    normalise : {'none', 'before', 'after'}
    npratio : int
        Different pairs drawn for each pair of one person; each is compared with that pair.
    max_directions : int
    max_steps : int
        Of L-BFGS, for one direction.
    tolerance : float
        End when a direction lowers the criterion by less than this share of it.
    seed : int
        Of the different pairs.

    Source: Zheng, Gong, Xiang, Reidentification by Relative Distance Comparison, TPAMI 2013; Person Re-identification by
    Probabilistic Relative Distance Comparison, CVPR 2011, sections 2.2 and 2.3.
    Differs from the source in: each direction is found by L-BFGS instead of gradient steps; absolute differences of
    principal components instead of all dimensions; different pairs are sampled.
    """

    name = "rdc"

    def __init__(
        self,
        n_components=100.0,
        normalise="none",
        npratio=10,
        max_directions=40,
        max_steps=100,
        tolerance=1e-3,
        seed=0,
    ):
        super().__init__(n_components, normalise)
        self._npratio, self._seed = npratio, seed
        self._limits = max_directions, max_steps, tolerance

    def _learn(self, rows, pids, camids):
        positives, negatives = sample_pairs(pids, camids, self._npratio, generator(self._seed, "rdc pairs"))
        same, different = pair_differences(rows, positives), pair_differences(rows, negatives)
        scale = np.sqrt((different**2).sum(axis=1).mean())  # the result does not depend on the unit of the features
        directions, self.criteria = directions_of(same / scale, different / scale, *self._limits)
        self._directions = directions / scale

    def _score(self, differences):
        return ((differences @ self._directions.T) ** 2).sum(axis=1)


def criterion(w, same, different, offset):
    """mean of log(1 + exp(offset + (w^T d_same)^2 - (w^T d_different)^2)) and its gradient.

    Parameters
    ----------
    w : float64 (r,)
    same : float64 (P, r)
    different : float64 (P * npratio, r)
        Those compared with a row of `same` follow each other.
    offset : float64 (P, npratio)
        The exponent that earlier directions leave.

    Returns
    -------
    float, float64 (r,)
    """
    near, far = same @ w, (different @ w).reshape(offset.shape)
    exponent = offset + near[:, None] ** 2 - far**2
    slope = expit(exponent) / exponent.size
    gradient = 2 * (same.T @ (slope.sum(axis=1) * near) - different.T @ (slope * far).ravel())
    return np.logaddexp(0, exponent).mean(), gradient


def directions_of(same, different, max_directions, max_steps, tolerance):
    """Directions found one after the other, the differences being deflated by each.

    Returns
    -------
    directions : float64 (k, r)
        Orthogonal.
    criteria : list of float
        Before the first direction and after each; falling. Each is the criterion of all directions so far.
    """
    offset = np.zeros((len(same), len(different) // len(same)))
    directions, criteria = [], [np.log(2.0)]
    while len(directions) < min(max_directions, same.shape[1]):
        weight = expit(offset)
        start = different.T @ weight.ravel() - same.T @ weight.sum(axis=1)
        length = np.linalg.norm(start)
        if length <= 1e-12 * len(same):
            break
        found = minimize(
            criterion, start / length, (same, different, offset), "L-BFGS-B", True, options={"maxiter": max_steps}
        )
        if criteria[-1] - found.fun <= tolerance * criteria[-1]:
            break
        w = found.x
        directions.append(w)
        criteria.append(float(found.fun))
        offset = offset + (same @ w)[:, None] ** 2 - ((different @ w) ** 2).reshape(offset.shape)
        same, different = (rows - np.outer(rows @ w, w) / (w @ w) for rows in (same, different))
    return np.array(directions).reshape(-1, same.shape[1]), criteria
