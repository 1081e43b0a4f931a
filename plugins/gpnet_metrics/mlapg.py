"""MLAPG: metric learning by accelerated proximal gradient."""

from typing import NamedTuple

import numpy as np

from gpnet_metrics.checks import at_least
from gpnet_metrics.cross_pairs import logistic, weighted_blocks
from gpnet_metrics.mahalanobis import Form, Mahalanobis, factor_psd, project_psd, quadratic_distances
from gpnet_metrics.scatter import weighted_scatter


class MLAPG(Mahalanobis):
    """Logistic loss of all cross-camera pairs, asymmetrically weighted, over positive semidefinite matrices.

    Parameters
    ----------
    n_components : float
        See :class:`~gpnet_metrics.reduction.Reduction`. Each step takes the eigenvalues of a matrix of this size.
    normalise : {'none', 'before', 'after'}
    max_steps : int
    tolerance : float
        End when a step lowers the loss by less than this share of it.

    Source: Liao and Li, Efficient PSD Constrained Asymmetric Metric Learning for Person Re-identification, ICCV 2015.
    Differs from the source in: 600 principal components by default instead of all; the momentum starts anew when a step
    would raise the loss, so that it never rises.
    Checked against: MLAPG.m of its authors, run by GNU Octave until both hardly move, largest difference 1e-5 of the
    largest distance.
    """

    name = "mlapg"

    def __init__(self, n_components=600.0, normalise="none", max_steps=300, tolerance=1e-4):
        super().__init__(n_components, normalise)
        self._max_steps = at_least(self.name, "max_steps", max_steps, 1)
        self._tolerance = at_least(self.name, "tolerance", tolerance, 0)

    def _fit_form(self, rows, pids, camids):
        problem = Problem.of(rows, weighted_blocks(pids, camids))
        matrix, self.losses = descend(problem, np.eye(rows.shape[1]), self._max_steps, self._tolerance)
        return Form(factor_psd(matrix))


class Problem(NamedTuple):
    """The loss as a function of M: sum of |w| * log(1 + exp(+-(d_M(x, z) - mu))).

    Parameters
    ----------
    rows : float64 (N, r)
    blocks : list of WeightedBlock
    mu : float
        Mean of all cross-camera distances under M = I.
    """

    rows: np.ndarray
    blocks: list
    mu: float

    @classmethod
    def of(cls, rows, blocks):
        """The problem whose mu is the mean of these rows' distances."""
        total = sum((quadratic_distances(rows[b.first], rows[b.second]) * (b.weights != 0)).sum() for b in blocks)
        return cls(rows, blocks, total / sum((b.weights != 0).sum() for b in blocks))

    def loss(self, matrix):
        """Loss at a symmetric matrix (r, r), and what :meth:`gradient` needs."""
        loss, slopes = 0.0, []
        for first, second, weights in self.blocks:
            values = quadratic_distances(self.rows[first], self.rows[second], matrix) - self.mu
            part, slope = logistic(values, weights)
            loss += part
            slopes.append(slope)
        return loss, slopes

    def gradient(self, slopes):
        """Gradient (r, r), symmetric: the sum of slope * (x - z)(x - z)^T."""
        return sum(
            weighted_scatter(self.rows[first], self.rows[second], slope)
            for (first, second, _), slope in zip(self.blocks, slopes)
        )


def descend(problem, matrix, max_steps, tolerance, curvature=2.0**-8):
    """Accelerated proximal gradient from a positive semidefinite matrix (r, r).

    Returns
    -------
    matrix : float64 (r, r)
    losses : list of float
        At the start and after each step; never rising.
    """
    previous, speed = matrix, 1.0
    losses = [problem.loss(matrix)[0]]
    while len(losses) <= max_steps:
        following = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead = matrix + (speed - 1) / following * (matrix - previous)
        found, loss, curvature = _step(problem, ahead, curvature)
        if loss > losses[-1] and ahead is not matrix:
            found, loss, curvature = _step(problem, matrix, curvature)
            following = 1.0
        if loss > losses[-1]:  # no more than rounding is left to gain
            break
        previous, matrix, speed = matrix, found, following
        losses.append(loss)
        if losses[-2] - loss <= tolerance * losses[-2]:
            break
    return matrix, losses


def _step(problem, at, curvature):
    """A projected gradient step from `at` whose quadratic model, of at least that curvature, bounds the loss."""
    loss, slopes = problem.loss(at)
    gradient = problem.gradient(slopes)
    while True:
        found = project_psd(at - gradient / curvature)
        moved = found - at
        bound = loss + (gradient * moved).sum() + curvature / 2 * (moved**2).sum()
        reached = problem.loss(found)[0]
        if reached <= bound + 1e-12 * abs(loss):
            return found, reached, curvature
        curvature *= 2
