"""Ranks of true matches, and what follows from them: CMC, average precision, inverse negative penalty.

Only the places of the true matches are needed, never a full argsort: the rank of a match is one plus the number of
candidates that are closer to the query. Nothing here loops over queries; memory is bounded by tiles of rows.
"""

from typing import Dict, NamedTuple

import numpy as np

from gluon_personnet.evaluation.distances import Distances


class Ranks(NamedTuple):
    """Row, column and rank (1 is best) of all true matches, each int64 (M,), sorted by row, then by rank."""

    query: np.ndarray
    column: np.ndarray
    rank: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """int64 (U,): where each query that has a true match begins; its first entry is its best match."""
        return np.flatnonzero(np.diff(self.query, prepend=-1))


def rank_matches(distances: Distances, exclude: str, rng: np.random.Generator, memory_mib: float = 256) -> Ranks:
    """The place of every true match among the candidates of its query.

    Takes a time proportional to the number of gallery images times the number of true matches.

    Parameters
    ----------
    distances : Distances
    exclude : str
        A key of :data:`EXCLUSIONS`.
    rng : numpy.random.Generator
        Draws the permutation of the gallery that equal distances are ordered by.
    memory_mib : float
        Budget for temporary arrays, besides the distance matrix.

    Returns
    -------
    Ranks

    Examples
    --------
    >>> from gluon_personnet.evaluation.distances import check_distmat
    >>> distances = check_distmat([[0, 1, 2, 3]], [7], [0], [7, 8, 7, 7], [0, 0, 1, 1])
    >>> rank_matches(distances, "same-person-and-camera", np.random.default_rng(0)).rank
    array([2, 3])
    """
    place = rng.permutation(distances.distmat.shape[1])
    # Queries with about as many matches share a tile, because a tile takes one pass per match of its richest query.
    pids, count = np.unique(distances.gallery_pids, return_counts=True)
    found = np.searchsorted(pids, distances.query_pids).clip(max=len(pids) - 1)
    order = np.argsort(np.where(pids[found] == distances.query_pids, count[found], 0), kind="stable")
    parts = []
    for rows in distances.tiles(memory_mib, order):
        match, excluded = distances.masks(rows, exclude)
        query, column, rank = _rank_tile(distances.distmat[rows], match, excluded, place)
        parts.append((rows[query], column, rank))
    query, column, rank = (np.concatenate(part) for part in zip(*parts))
    order = np.lexsort((rank, query))
    return Ranks(query[order], column[order], rank[order])


def _rank_tile(distances, match, excluded, place):
    if distances.dtype.kind != "f":
        distances = distances.astype(np.float64)
    np.copyto(distances, np.inf, where=excluded)  # never closer than a match, which is finite
    query, column = np.nonzero(match)
    first = np.searchsorted(query, query)
    slot = np.arange(len(query)) - first
    limits = np.full((len(distances), slot.max(initial=-1) + 1), -np.inf, distances.dtype)
    limits[query, slot] = distances[query, column]
    scratch = _scratch(distances.shape)
    ahead, upto = np.empty(limits.shape, np.int64), np.empty(limits.shape, np.int64)
    for k in range(limits.shape[1]):
        ahead[:, k] = _count_true(np.less, distances, limits[:, k : k + 1], scratch)
        upto[:, k] = _count_true(np.less_equal, distances, limits[:, k : k + 1], scratch)
    rank = 1 + ahead[query, slot]
    tied = upto[query, slot] - ahead[query, slot] > 1
    for k in np.unique(slot[tied]):
        at = np.flatnonzero(tied & (slot == k))
        before = distances[query[at]] == limits[query[at], k, None]
        before &= place < place[column[at], None]
        rank[at] += before.sum(axis=1)
    return query, column, rank


def _scratch(shape):
    """Flags of a tile, each row padded so that :func:`_count_true` can add words of eight flags."""
    words = -(-shape[1] // 8)
    run = min(words, 255)  # a lane of a word is a byte and holds 255 at most
    return np.zeros((shape[0], -(-words // run), run * 8), bool)


def _count_true(compare, distances, limits, scratch):
    """Row by row, how many entries compare as true: six times as fast as ``compare(...).sum(axis=1)``."""
    flat = scratch.reshape(len(scratch), -1)
    compare(distances, limits, out=flat[:, : distances.shape[1]])
    lanes = scratch.view(np.uint64).sum(axis=2)
    return lanes.view(np.uint8).reshape(len(flat), -1).sum(axis=1, dtype=np.int64)


def cmc_from_ranks(first_ranks: np.ndarray, max_rank: int) -> np.ndarray:
    """Cumulative matching characteristic.

    Parameters
    ----------
    first_ranks : int (U,)
        Rank of the best true match of each query, 1 is best; at least one.
    max_rank : int
        Length of the curve. Behind the end of a shorter gallery it repeats its last value.

    Returns
    -------
    float64 (max_rank,)
        Share of queries found at rank 1..max_rank, in [0, 1].

    Examples
    --------
    >>> cmc_from_ranks(np.array([1, 3]), 4)
    array([0.5, 0.5, 1. , 1. ])
    """
    hits = np.bincount(np.minimum(first_ranks, max_rank + 1), minlength=max_rank + 2)[1:-1]
    return np.cumsum(hits) / len(first_ranks)


def average_precision(ranks: Ranks) -> Dict[str, np.ndarray]:
    """Average precision of each query that has a true match, in both definitions.

    Parameters
    ----------
    ranks : Ranks

    Returns
    -------
    dict of float64 (U,)
        ``exact``: mean over the hits of the precision at the hit. ``market1501``: the area under straight lines between
        the precision before and at each hit, the precision before the first row being 1.

    Source: Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015.

    Examples
    --------
    >>> ap = average_precision(Ranks(np.array([0, 0]), np.array([2, 5]), np.array([2, 5])))
    >>> ap["exact"], ap["market1501"]
    (array([0.45]), array([0.2875]))
    """
    starts = ranks.starts
    matches = np.diff(starts, append=len(ranks.rank))
    hit = 1 + np.arange(len(ranks.rank)) - np.repeat(starts, matches)
    precision = hit / ranks.rank
    before = np.where(ranks.rank == 1, 1.0, (hit - 1) / np.maximum(ranks.rank - 1, 1))
    return {
        "exact": np.add.reduceat(precision, starts) / matches,
        "market1501": np.add.reduceat((precision + before) / 2, starts) / matches,
    }


def inverse_negative_penalty(ranks: Ranks) -> np.ndarray:
    """Number of true matches divided by the rank of the last one, for each query that has a true match.

    Returns
    -------
    float64 (U,) in (0, 1]

    Source: Ye et al., Deep Learning for Person Re-identification: A Survey and Outlook, TPAMI 2021 (mINP).

    Examples
    --------
    >>> inverse_negative_penalty(Ranks(np.array([0, 0]), np.array([2, 5]), np.array([2, 5])))
    array([0.4])
    """
    ends = np.append(ranks.starts[1:], len(ranks.rank))
    return np.diff(ends, prepend=0) / ranks.rank[ends - 1]
