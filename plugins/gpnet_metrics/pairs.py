"""Pairs of training rows: same identity or different, as far as possible from two cameras.

Positives are all pairs of one identity by two cameras. Where no identity was seen by two cameras the metric learns from
all pairs of one identity, and negatives too are drawn without regard to cameras.
"""

import itertools
from typing import NamedTuple

import numpy as np


def has_crossing(pids, camids):
    """Whether any identity was seen by two cameras."""
    _, first, places = np.unique(pids, return_index=True, return_inverse=True)
    return bool((camids != camids[first][places]).any())


def _cameras(pids, camids):
    """`camids`, or every row its own camera where no identity was seen by two: then any two rows may be a pair."""
    return camids if has_crossing(pids, camids) else np.arange(len(camids))


def positive_pairs(pids, camids):
    """All unordered pairs of rows of one identity and two cameras.

    Parameters
    ----------
    pids, camids : int (N,)

    Returns
    -------
    int64 (P, 2)
        In each the row of the lower camera comes first; sorted.
    """
    cameras = _cameras(pids, camids)
    pairs = []
    for pid in np.unique(pids):
        rows = np.flatnonzero(pids == pid)
        first, second = np.nonzero(cameras[rows][:, None] < cameras[rows])
        pairs.append(np.stack([rows[first], rows[second]], axis=1))
    return np.concatenate(pairs).astype(np.int64)


def negative_pairs(pids, camids, positives, npratio, rng):
    """Random pairs of two identities and two cameras, `npratio` for each positive, which share its first row.

    Parameters
    ----------
    pids, camids : int (N,)
    positives : int (P, 2)
    npratio : int
    rng : numpy.random.Generator

    Returns
    -------
    int64 (P * npratio, 2)
        For each positive in turn. The second row is drawn with replacement from all of another identity by another
        camera than the first one's; where there is none, from all of another identity.
    """
    cameras = _cameras(pids, camids)
    drawn = np.empty((len(positives), npratio), np.int64)
    for row in np.unique(positives[:, 0]):
        others = pids != pids[row]
        far = others & (cameras != cameras[row])
        candidates = np.flatnonzero(far if far.any() else others)
        places = np.flatnonzero(positives[:, 0] == row)
        drawn[places] = rng.choice(candidates, (len(places), npratio))
    return np.stack([np.repeat(positives[:, 0], npratio), drawn.ravel()], axis=1)


def sample_pairs(pids, camids, npratio, rng):
    """(:func:`positive_pairs`, :func:`negative_pairs`): int64 (P, 2) and (P * npratio, 2)."""
    positives = positive_pairs(pids, camids)
    return positives, negative_pairs(pids, camids, positives, npratio, rng)


class Block(NamedTuple):
    """All pairs between the rows of two cameras.

    Parameters
    ----------
    first, second : int64 (n,), int64 (m,)
        Their rows.
    same, different : bool (n, m)
        Which pairs are of one identity, and which of two; neither for a row and itself.
    """

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray
    different: np.ndarray


def camera_blocks(pids, camids):
    """A :class:`Block` for each two cameras; one of all rows with themselves where no identity has two cameras."""
    everything = np.arange(len(pids))
    if not has_crossing(pids, camids):
        same = pids[:, None] == pids
        return [Block(everything, everything, same & ~np.eye(len(pids), dtype=bool), ~same)]
    groups = [np.flatnonzero(camids == camid) for camid in np.unique(camids)]
    blocks = []
    for first, second in itertools.combinations(groups, 2):
        same = pids[first][:, None] == pids[second]
        blocks.append(Block(first, second, same, ~same))
    return blocks
