"""LADF: locally adaptive decision functions."""

import numpy as np
from scipy.optimize import minimize

from gpnet_metrics.bilinear import Bilinear, Decision, decision_values
from gpnet_metrics.checks import at_least
from gpnet_metrics.cross_pairs import all_weighted_blocks, logistic


class LADF(Bilinear):
    """A distance whose threshold depends on the two images: a quadratic function of both.

    `n_components` and `max_steps` were chosen with histograms on training identities of CUHK01's split 0, 316 to learn
    from and 316 to judge by, twice: no reported split tests them.

    Parameters
    ----------
    n_components : float
        See :class:`~gpnet_metrics.reduction.Reduction`; what is learned are two matrices of this size.
    normalise : {'none', 'before', 'after'}
    penalty_a, penalty_b : float
        Of the squared Frobenius norms of A and B.
    max_steps : int
        Iterations of L-BFGS; few of them regularise, too.

    Source: Li, Chang, Liang, Huang, Cao, Smith, Learning Locally-Adaptive Decision Functions for Person Verification,
    CVPR 2013; logistic loss of all pairs, whatever their cameras, and start as in its released code.
    Differs from the source in: L-BFGS instead of conjugate gradients; 200 principal components by default, not 600; the
    penalties are those of the benchmark of Gou et al., TPAMI 2019, while the released script has none.
    Checked against: svmml_full_gradient_final.m of its authors, run by GNU Octave, for the loss and the gradient, and
    scikit-learn's LogisticRegression for the minimum, largest difference 1e-4 of the largest distance.
    """

    name = "ladf"

    def __init__(self, n_components=200.0, normalise="after", penalty_a=1e-8, penalty_b=1e-6, max_steps=200):
        super().__init__(n_components, normalise)
        self._penalties = at_least(self.name, "penalty_a", penalty_a, 0), at_least(self.name, "penalty_b", penalty_b, 0)
        self._max_steps = at_least(self.name, "max_steps", max_steps, 1)

    def _fit_decision(self, rows, pids, camids):
        size = rows.shape[1]
        blocks = all_weighted_blocks(pids)
        start = np.concatenate([np.eye(size).ravel(), np.eye(size).ravel(), [0.0]])

        def objective(packed):
            loss, gradient = loss_and_gradient(unpack(packed, size), rows, blocks, self._penalties)
            return loss, np.concatenate([gradient.a.ravel(), gradient.b.ravel(), [gradient.c]])

        found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": self._max_steps})
        return unpack(found.x, size)


def unpack(packed, size):
    """Decision of a vector of size * size + size * size + 1 numbers."""
    a, b = packed[:-1].reshape(2, size, size)
    return Decision(a, b, float(packed[-1]))


def loss_and_gradient(decision, rows, blocks, penalties):
    """The regularised logistic loss of all pairs, and its gradient as a :class:`Decision`.

    Parameters
    ----------
    decision : Decision
    rows : float64 (N, r)
    blocks : list of WeightedBlock
    penalties : (float, float)

    Returns
    -------
    loss : float
    gradient : Decision
        Its matrices are symmetric: the gradient within the symmetric matrices.
    """
    a, b, c = decision
    loss = (penalties[0] * (a**2).sum() + penalties[1] * (b**2).sum()) / 2
    grad_a, grad_b, grad_c = penalties[0] * a, penalties[1] * b, 0.0
    for first, second, weights in blocks:
        x, z = rows[first], rows[second]
        part, slopes = logistic(decision_values(x, z, decision), weights)
        cross = x.T @ (slopes @ z)
        loss += part
        grad_a = grad_a + ((x.T * slopes.sum(axis=1)) @ x + (z.T * slopes.sum(axis=0)) @ z) / 2
        grad_b = grad_b - (cross + cross.T) / 2
        grad_c += slopes.sum()
    return loss, Decision(grad_a, grad_b, grad_c)
