"""Sums of (x_i - x_j)(x_i - x_j)^T over pairs of rows, never visiting a pair by itself."""

from typing import NamedTuple

import numpy as np

from gpnet_metrics.pairs import has_crossing


class PairScatter(NamedTuple):
    """Mean outer products float64 (r, r) of the differences of same and of different pairs, and their numbers."""

    same: np.ndarray
    different: np.ndarray
    num_same: int
    num_different: int


def group_scatter(rows, groups):
    """Sum over all unordered pairs of rows of one group, and the number of such pairs.

    Of a group of n rows it is n sum x x^T - (sum x)(sum x)^T.
    """
    _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), rows.shape[1]))
    np.add.at(sums, places, rows)
    weighted = rows * np.sqrt(counts[places])[:, None]
    return weighted.T @ weighted - sums.T @ sums, int((counts * (counts - 1) // 2).sum())


def pair_scatter(rows, pids, camids):
    """Scatter of all pairs of two cameras, of one identity and of two; of all pairs where no identity has two cameras.

    Source: equations 8 and 9 of Liao, Hu, Zhu, Li, Person Re-Identification by Local Maximal Occurrence Representation
    and Metric Learning, CVPR 2015, which are for two cameras; here pairs of two cameras are all pairs without those of
    one camera, for any number of cameras.
    """
    same, num_same = group_scatter(rows, pids)
    everything, num_all = group_scatter(rows, np.zeros(len(rows), np.int64))
    if has_crossing(pids, camids):
        same_camera, count = group_scatter(rows, pids * (camids.max() + 1) + camids)
        same, num_same = same - same_camera, num_same - count
        one_camera, count = group_scatter(rows, camids)
        everything, num_all = everything - one_camera, num_all - count
    num_different = num_all - num_same
    return PairScatter(same / num_same, (everything - same) / num_different, num_same, num_different)


def mean_outer(differences):
    """Mean of v v^T over float64 (P, r) rows v."""
    return differences.T @ differences / len(differences)


def weighted_scatter(first, second, weights):
    """Sum over i, j of w_ij (x_i - z_j)(x_i - z_j)^T.

    Parameters
    ----------
    first, second : float64 (n, r), float64 (m, r)
    weights : float64 (n, m)
    """
    crossed = first.T @ (weights @ second)
    own = (first * weights.sum(axis=1)[:, None]).T @ first + (second * weights.sum(axis=0)[:, None]).T @ second
    return own - crossed - crossed.T


def regular(matrix):
    """A covariance that can be inverted: with 1e-6 of its mean eigenvalue on the diagonal if it is singular."""
    values = np.linalg.eigvalsh(matrix)
    if values[0] > 1e-10 * values[-1]:
        return matrix
    return matrix + 1e-6 * max(values.mean(), np.finfo(np.float64).tiny) * np.eye(len(matrix))
