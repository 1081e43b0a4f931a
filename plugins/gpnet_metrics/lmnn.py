"""LMNN: large margin nearest neighbours."""

import numpy as np

from gluon_personnet.core.errors import RecipeError
from gpnet_metrics.checks import at_least
from gpnet_metrics.mahalanobis import Form, Mahalanobis, quadratic_distances
from gpnet_metrics.pairs import camera_blocks
from gpnet_metrics.scatter import pair_scatter, weighted_scatter

SMALLEST = 1e-12  # a step below this share of the first one moves nothing


class LMNN(Mahalanobis):
    """Pulls each row's nearest same row of another camera, and pushes different ones out of the margin around it.

    Minimised by gradient descent on the projection L, starting from the identity: a step that does not lower the
    objective is undone and halved.

    Parameters
    ----------
    n_components : float
        Principal components: number, fraction of the variance, or 0 for none.
    push : float
        Weight of pushing, 0 to 1; pulling has the rest.
    max_iter : int
        Steps that may be tried.
    tolerance : float
        Ends when a step lowers the objective by less than this share.

    Source: Weinberger, Saul, Distance Metric Learning for Large Margin Nearest Neighbor Classification, JMLR 2009, with
    one target neighbour.
    Differs from the source in: targets and impostors are rows of another camera; descent on L instead of projected
    descent on L L^T; the objective is evaluated in full at each step instead of over a list of impostors; rows are
    first scaled to a mean squared distance of 1 between different people, so that their unit does not matter.
    Checked against: LMNN of metric-learn 0.7, on rows of one camera and until both hardly move, largest difference 0.01
    of the largest distance; the objective by loops in the tests.
    """

    name = "lmnn"

    def __init__(self, n_components=100.0, push=0.5, max_iter=200, tolerance=1e-4):
        super().__init__(n_components)
        if not 0 < push < 1:
            raise RecipeError(f"metric 'lmnn': push: {push}; right: between 0 and 1")
        self._push = push
        self._max_iter = at_least(self.name, "max_iter", max_iter, 1)
        self._tolerance = at_least(self.name, "tolerance", tolerance, 0)

    def _fit_form(self, rows, pids, camids):
        scale = 1 / np.sqrt(np.trace(pair_scatter(rows, pids, camids).different))
        problem = MarginProblem(rows * scale, pids, camids, self._push)
        projection, _ = descend(problem, self._max_iter, self._tolerance)
        return Form(scale * projection)


def descend(problem, max_iter, tolerance):
    """Minimise from the identity; return L float64 (r, r) and the objective after each accepted step, falling."""
    projection = np.eye(problem.rows.shape[1])
    loss, gradient = problem.evaluate(projection)
    step = first = 0.1 * np.linalg.norm(projection) / max(np.linalg.norm(gradient), np.finfo(np.float64).tiny)
    losses = [loss]
    for _ in range(max_iter):
        tried = projection - step * gradient
        loss, new_gradient = problem.evaluate(tried)
        if loss >= losses[-1]:
            step /= 2
            if step < SMALLEST * first:
                break
            continue
        projection, gradient = tried, new_gradient
        losses.append(loss)
        if losses[-2] - loss < tolerance * loss:
            break
        step *= 1.5
    return projection, losses


class MarginProblem:
    """The objective over L: mean over rows of (1 - push) d(target) + push sum [1 + d(target) - d(impostor)]_+.

    Parameters
    ----------
    rows : float64 (N, r)
    pids, camids : int64 (N,)
    push : float
    """

    def __init__(self, rows, pids, camids, push):
        self.rows, self._push = rows, push
        self._blocks = camera_blocks(pids, camids)
        self._targets = [self._nearest(block) for block in self._blocks]
        self._count = sum(len(places) for pair in self._targets for places, _ in pair)

    def _nearest(self, block):
        """For the rows of either side: which of them have a target, and where on the other side it is."""
        distances = quadratic_distances(self.rows[block.first], self.rows[block.second])
        distances[~block.same] = np.inf
        targets = []
        for matrix in (distances, distances.T):
            nearest = matrix.argmin(axis=1)
            places = np.flatnonzero(np.isfinite(matrix[np.arange(len(matrix)), nearest]))
            targets.append((places, nearest[places]))
        return targets

    def evaluate(self, projection):
        """L float64 (r, k), the distance being |L^T (x - z)|^2 -> objective and its gradient float64 (r, k)."""
        projected = self.rows @ projection
        loss, scatter = 0.0, np.zeros((self.rows.shape[1],) * 2)
        for block, targets in zip(self._blocks, self._targets):
            distances = quadratic_distances(projected[block.first], projected[block.second])
            weights = np.zeros_like(distances)
            sides = ((distances, block.different, weights), (distances.T, block.different.T, weights.T))
            for side, places in zip(sides, targets):
                loss += self._margins(*side, *places)
            scatter += weighted_scatter(self.rows[block.first], self.rows[block.second], weights)
        return loss / self._count, 2 / self._count * scatter @ projection

    def _margins(self, distances, different, weights, places, targets):
        """Loss of the rows at `places` of one side; adds to `weights` what each distance contributes to it."""
        pulled = distances[places, targets]
        gaps = 1 + pulled[:, None] - distances[places]
        active = (gaps > 0) & different[places]
        weights[places] -= self._push * active
        weights[places, targets] += 1 - self._push + self._push * active.sum(axis=1)
        return (1 - self._push) * pulled.sum() + self._push * gaps[active].sum()
