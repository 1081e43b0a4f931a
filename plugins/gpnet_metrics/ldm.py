"""LDM (LDML): logistic discriminant metric learning."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from gpnet_metrics.checks import at_least
from gpnet_metrics.mahalanobis import Form, Mahalanobis, quadratic_distances
from gpnet_metrics.pairs import camera_blocks
from gpnet_metrics.scatter import pair_scatter, weighted_scatter


class LDM(Mahalanobis):
    """Maximises the likelihood of "same" with probability sigma(b - d(x, z)), over all pairs of two cameras.

    Parameters
    ----------
    n_components : float
        Principal components: number, fraction of the variance, or 0 for none.
    max_iter : int
        Steps of the optimisation.

    Source: Guillaumin, Verbeek, Schmid, Is That You? Metric Learning Approaches for Face Identification, ICCV 2009;
    100 iterations from a rotation, as in its code.
    Differs from the source in: same and different pairs weigh alike as groups; pairs are of two cameras; L-BFGS instead
    of conjugate gradients; rows are first scaled to a mean squared distance of 1 between different people, so that
    their unit does not matter.
    Checked against: scikit-learn's LogisticRegression on the products of the differences, whose minimum is the same
    where it is positive semidefinite, largest difference 1e-4 of the largest distance.
    """

    name = "ldm"

    def __init__(self, n_components=100.0, max_iter=100):
        super().__init__(n_components)
        self._max_iter = at_least(self.name, "max_iter", max_iter, 1)

    def _fit_form(self, rows, pids, camids):
        scale = 1 / np.sqrt(np.trace(pair_scatter(rows, pids, camids).different))
        blocks, dims = camera_blocks(pids, camids), rows.shape[1]
        start = np.append(np.eye(dims), 1.0)
        found = minimize(
            likelihood, start, (rows * scale, blocks), "L-BFGS-B", jac=True, options={"maxiter": self._max_iter}
        )
        return Form(scale * found.x[:-1].reshape(dims, dims))


def likelihood(parameters, rows, blocks):
    """Negative mean log-likelihood of same pairs plus that of different pairs, and its gradient.

    Parameters
    ----------
    parameters : float64 (r * k + 1,)
        L (r, k) row by row, then b: the distance is |L^T (x - z)|^2.
    rows : float64 (N, r)
    blocks : sequence of Block
        The pairs.

    Returns
    -------
    float, float64 (r * k + 1,)
    """
    projection, bias = parameters[:-1].reshape(rows.shape[1], -1), parameters[-1]
    projected = rows @ projection
    num_same, num_different = (sum(getattr(block, kind).sum() for block in blocks) for kind in ("same", "different"))
    loss, gradient, bias_gradient = 0.0, np.zeros((rows.shape[1],) * 2), 0.0
    for block in blocks:
        margins = bias - quadratic_distances(projected[block.first], projected[block.second])
        share = np.where(block.same, -1 / num_same, block.different / num_different)  # signed weight of each pair
        margins[block.same] *= -1  # log(1 + exp(margin)) is now the loss of either kind
        loss += (np.abs(share) * np.logaddexp(0, margins)).sum()
        weights = share * expit(margins)
        gradient -= weighted_scatter(rows[block.first], rows[block.second], weights)
        bias_gradient += weights.sum()
    return loss, np.append(2 * gradient @ projection, bias_gradient)
