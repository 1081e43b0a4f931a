"""Logistic losses over all pairs of two cameras, weighted so that either kind of pair counts as much as the other."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from gpnet_metrics.pairs import camera_blocks


class WeightedBlock(NamedTuple):
    """Pairs of the rows `first`, int64 (A,), with the rows `second`, int64 (B,).

    ``weights`` float64 (A, B): 1 / number of positives for one identity, -1 / number of negatives for two, 0 for a pair
    that does not count; both numbers are of all blocks together.
    """

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray


def weighted_blocks(pids, camids):
    """:func:`~gpnet_metrics.pairs.camera_blocks` with weights."""
    blocks = camera_blocks(pids, camids)
    positives, negatives = (sum(int(kind.sum()) for kind in kinds) for kinds in zip(*(block[2:] for block in blocks)))
    return [
        WeightedBlock(first, second, same / max(positives, 1) - different / max(negatives, 1))
        for first, second, same, different in blocks
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
