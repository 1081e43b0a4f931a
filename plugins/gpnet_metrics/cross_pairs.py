"""Logistic losses over all pairs, weighted so that either kind of pair counts as much as the other."""

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


def all_weighted_blocks(pids, size=1024):
    """All pairs of two rows, whatever their cameras, each once, with weights.

    Parameters
    ----------
    pids : int (N,)
    size : int
        Rows `first` of one block, so that the blocks of many rows fit into memory.

    Returns
    -------
    list of WeightedBlock
    """
    count = len(pids)
    _, members = np.unique(pids, return_counts=True)
    positives = int((members * (members - 1) // 2).sum())
    negatives = count * (count - 1) // 2 - positives
    blocks = []
    for start in range(0, count - 1, size):
        first, second = np.arange(start, min(start + size, count)), np.arange(start, count)
        weights = np.where(pids[first][:, None] == pids[second], 1 / max(positives, 1), -1 / max(negatives, 1))
        blocks.append(WeightedBlock(first, second, np.triu(weights, 1)))
    return blocks


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
