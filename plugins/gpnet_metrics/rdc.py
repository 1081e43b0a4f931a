"""RDC: relative distance comparison, the learner behind the rows RDC and PRDC."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from gluon_personnet.core.seeding import generator
from gpnet_metrics.absdiff import AbsDiff, pair_differences
from gpnet_metrics.checks import at_least
from gpnet_metrics.pairs import sample_pairs


class RDC(AbsDiff):
    """Directions of |x - z| along which different people differ more than one person does.

    `normalise` and `max_directions` were chosen with ELF on training identities of CUHK01's split 0, 316 to learn from
    and 316 to judge by, three times: no reported split tests them. With 20 for `npratio` rank-1 was 0.6 points better
    there, for four times the memory.

    Parameters
    ----------
    dims, normalise
        See :class:`~gpnet_metrics.absdiff.AbsDiff`.
    npratio : int
        Pairs of two people drawn for each pair of one; each is compared with it.
    max_directions : int
    max_steps : int
        Of L-BFGS, for one direction.
    tolerance : float
        End when a direction lowers the criterion by less than this share of it.
    seed : int
        Of the pairs of two people.

    Source: Zheng, Gong, Xiang, Person Re-identification by Probabilistic Relative Distance Comparison, CVPR 2011;
    Reidentification by Relative Distance Comparison, TPAMI 2013.
    Differs from the source in: each direction is found by L-BFGS instead of gradient steps; the dimensions that vary
    most instead of all; pairs of two people are sampled; pairs are of two cameras, where anyone was seen by two, and
    start from the row of the lower camera, not from every row.
    Checked against: LogPenalizedExpRankSubpsace_Seq.m as the benchmark of Gou et al., TPAMI 2019, has it, run by GNU
    Octave on the same pairs until both hardly move, largest difference 1e-4 of the largest distance.
    """

    name = "rdc"

    def __init__(
        self, dims=8000, normalise="none", npratio=5, max_directions=40, max_steps=100, tolerance=1e-3, seed=0
    ):  # fmt: skip
        super().__init__(dims, normalise)
        self._npratio, self._seed = at_least(self.name, "npratio", npratio, 1), seed
        self._limits = (
            at_least(self.name, "max_directions", max_directions, 1),
            at_least(self.name, "max_steps", max_steps, 1),
            at_least(self.name, "tolerance", tolerance, 0),
        )

    def _learn_differences(self, rows, pids, camids):
        rows = rows.astype(np.float32)
        positives, negatives = sample_pairs(pids, camids, self._npratio, generator(self._seed, "rdc pairs"))
        same, different = pair_differences(rows, positives), pair_differences(rows, negatives)
        scale = np.sqrt(np.einsum("pd,pd->p", different, different).mean())  # unit of the features
        same /= scale
        different /= scale
        directions, self.criteria = directions_of(same, different, *self._limits)
        self._directions = directions / scale

    def _score(self, differences):
        return ((differences @ self._directions.T) ** 2).sum(axis=1)


def criterion(w, same, different, offset):
    """mean of log(1 + exp(offset + (w^T d_same)^2 - (w^T d_different)^2)) and its gradient.

    Parameters
    ----------
    w : float64 (r,)
    same : float (P, r)
    different : float (P * npratio, r)
        Those compared with a row of `same` follow each other. Products are taken in their precision.
    offset : float64 (P, npratio)
        The exponent that earlier directions leave: the logarithm of the source's accumulated factor a.

    Returns
    -------
    float, float64 (r,)
    """
    near, far = _products(w, same, different)
    exponent = offset + near[:, None] ** 2 - far**2
    slope = expit(exponent) / exponent.size
    return np.logaddexp(0, exponent).mean(), 2 * _combine(slope.sum(axis=1) * near, -slope * far, same, different)


def _products(w, same, different):
    w = w.astype(same.dtype)
    return (same @ w).astype(np.float64), (different @ w).astype(np.float64).reshape(len(same), -1)


def _combine(of_same, of_different, same, different):
    """float64 (r,): weighted sum of rows, float (P,) weights of same ones and (P, npratio) of different ones."""
    total = of_same.astype(same.dtype) @ same + of_different.ravel().astype(same.dtype) @ different
    return total.astype(np.float64)


def directions_of(same, different, max_directions, max_steps, tolerance):
    """Directions found one after the other, each within what those before leave of the differences.

    Differences are deflated by keeping each search orthogonal to the earlier directions, which is the same.

    Returns
    -------
    directions : float64 (k, r)
        Orthogonal, k from 1.
    criteria : list of float
        Before the first direction and after each; falling. Each is the criterion of all directions so far.
    """
    offset = np.zeros((len(same), len(different) // len(same)))
    basis, directions, criteria = np.zeros((0, same.shape[1])), [], [np.log(2.0)]

    def deflated(vector):
        return vector - basis.T @ (basis @ vector)

    def objective(w):
        value, gradient = criterion(w, same, different, offset)
        return value, deflated(gradient)

    while len(directions) < min(max_directions, same.shape[1]):
        weight = expit(offset)
        start = deflated(_combine(-weight.sum(axis=1), weight, same, different))
        length = np.linalg.norm(start)
        if length == 0:
            break
        found = minimize(objective, start / length, jac=True, method="L-BFGS-B", options={"maxiter": max_steps})
        if directions and criteria[-1] - found.fun <= tolerance * criteria[-1]:
            break
        w = deflated(found.x)
        directions.append(w)
        basis = np.vstack([basis, w / (np.linalg.norm(w) or 1.0)])
        criteria.append(float(found.fun))
        near, far = _products(w, same, different)
        offset = offset + near[:, None] ** 2 - far**2
    return np.reshape(directions, (-1, same.shape[1])), criteria
