"""All pairs of training rows between two cameras, weighted so that either kind counts one half of a loss each."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from gpnet_metrics.pairs import crossing


class Block(NamedTuple):
    """Pairs of the rows `first` with the rows `second`: int64 (A,), int64 (B,).

    ``weights`` float64 (A, B): 1 / number of positives for one identity, -1 / number of negatives for two, 0 for a pair
    that does not count.
    """

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray


def cross_blocks(pids, camids):
    """All pairs of rows of two cameras, one :class:`Block` for each two cameras; needs float64 A * B in memory.

    Where no identity was seen by two cameras the one block holds all pairs of two rows, either way round.
    """
    cameras = crossing(pids, camids)
    places = [np.flatnonzero(cameras == camera) for camera in np.unique(cameras)]
    if len(places) == len(pids) > 2:
        every = np.arange(len(pids))
        sides = [(every, every)]
    else:
        sides = [(first, second) for at, first in enumerate(places) for second in places[at + 1 :]]
    same = [pids[first][:, None] == pids[second] for first, second in sides]
    counted = [cameras[first][:, None] != cameras[second] for first, second in sides]
    positives = sum((one & valid).sum() for one, valid in zip(same, counted))
    negatives = sum((~one & valid).sum() for one, valid in zip(same, counted))
    return [
        Block(first, second, np.where(one, 1 / positives, -1 / max(negatives, 1)) * valid)
        for (first, second), one, valid in zip(sides, same, counted)
    ]


def logistic(values, weights):
    """Sum of |weight| * log(1 + exp(+-value)), + for positive weights, and its derivative by each value.

    Parameters
    ----------
    values, weights : float64 (A, B)

    Returns
    -------
    loss : float
    slopes : float64 (A, B)
    """
    signed = np.copysign(values, values * np.sign(weights))
    return float((np.abs(weights) * np.logaddexp(0, signed)).sum()), weights * expit(signed)
