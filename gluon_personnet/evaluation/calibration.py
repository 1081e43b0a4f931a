"""From a distance to the probability of being the same person."""

from typing import Any, Tuple

import numpy as np

_STEPS = 100


def p_same(distance: Any, slope: float, offset: float) -> np.ndarray:
    """P(same) = 1 / (1 + exp(slope distance - offset)): float64 in (0, 1), of the shape of `distance`."""
    return np.exp(-np.logaddexp(0, slope * np.asarray(distance, np.float64) - offset))


def fit_platt(same: np.ndarray, different: np.ndarray, prior: float = 0.5) -> Tuple[float, float]:
    """Fit :func:`p_same` by maximum likelihood.

    Parameters
    ----------
    same, different : float64 (P,), (N,)
        Distances of pairs of the same person and of different people, at least one each.
    prior : float
        Weight of all of `same` together; `different` weighs the rest. In (0, 1).

    Returns
    -------
    slope, offset : float
        The slope is positive when pairs of the same person are closer. Finite for separable pairs as well, because the
        targets are (P + 1) / (P + 2) and 1 / (N + 2) instead of 1 and 0.

    Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999 (targets); Newton's method with
    halved steps.

    Examples
    --------
    >>> slope, offset = fit_platt(np.array([0.0, 1.0, 1.0]), np.array([2.0, 1.0, 2.0]))
    >>> p_same([0.0, 1.5, 2.0], slope, offset).round(2)
    array([0.85, 0.38, 0.23])
    """
    distance = np.concatenate([same, different])
    centre, scale = distance.mean(), distance.std() or 1.0
    design = np.stack([-(distance - centre) / scale, np.ones(len(distance))], 1)
    sizes = (len(same), len(different))
    target = np.repeat([(sizes[0] + 1) / (sizes[0] + 2), 1 / (sizes[1] + 2)], sizes)
    weight = np.repeat([prior / sizes[0], (1 - prior) / sizes[1]], sizes)
    parameters = _logistic(design, target, weight)
    slope = parameters[0] / scale
    return float(slope), float(parameters[1] + slope * centre)


def _logistic(design, target, weight):
    """Weighted logistic regression of targets in [0, 1] by Newton's method: float64 (columns of `design`,)."""

    def loss(parameters):
        score = design @ parameters
        return weight @ (np.logaddexp(0, score) - target * score)

    parameters = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = np.exp(-np.logaddexp(0, -(design @ parameters)))
        gradient = design.T @ (weight * (chance - target))
        hessian = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]  # equal distances make it singular
        while loss(parameters - step) > loss(parameters) and np.abs(step).max() > 1e-12:
            step /= 2
        parameters = parameters - step
        if np.abs(step).max() < 1e-10:
            break
    return parameters
