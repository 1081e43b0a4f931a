"""Pairs of training images by their trunk maps, for fitting the head to them."""

import numpy as np
from tqdm import tqdm

from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input

MOST_IMAGES, MOST_SAME, MOST_DIFFERENT = 6_000, 10_000, 15_000
"""Of the training images, and of the pairs of one identity and of two among them, that are used."""

BATCH, CHUNK = 64, 500
"""Images and pairs at a time."""


class MapPairs:
    """Trunk maps of training images as they are and mirrored, and pairs among them.

    Parameters
    ----------
    network : PersonNet
    samples : sequence of Sample
    rows : sequence of int
        Training rows.
    images : callable
        Rows -> uint8 (n, H, W, 3).
    any_order : bool
        Whether either image of a pair may be the query; otherwise it is that of the lower camera.
    rng : numpy.random.Generator
    execution : Execution

    Attributes
    ----------
    same, different : int64 (P, 2)
        Places of images of one identity, or of two, in two views: first those as they are, then those mirrored.
    """

    def __init__(self, network, samples, rows, images, any_order, rng, execution):
        rows = np.array(_some(rows, samples, rng))
        pids, camids = (np.array([getattr(samples[row], name) for row in rows]) for name in ("pid", "camid"))
        same = np.concatenate([_across(np.flatnonzero(pids == pid), camids) for pid in np.unique(pids)])
        same = rng.permutation(same)[:MOST_SAME]
        drawn = rng.integers(0, len(rows), (8 * MOST_DIFFERENT, 2))
        wanted = (pids[drawn[:, 0]] != pids[drawn[:, 1]]) & (camids[drawn[:, 0]] < camids[drawn[:, 1]])
        different = drawn[wanted][:MOST_DIFFERENT]
        for pairs in (same, different) if any_order else ():
            swapped = rng.random(len(pairs)) < 0.5
            pairs[swapped] = pairs[swapped, ::-1]
        self.same, self.different = (np.concatenate([pairs, pairs + len(rows)]) for pairs in (same, different))
        with tqdm(
            total=2 * len(rows), desc="metric head", unit="image", disable=not execution.progress, leave=False
        ) as bar:
            both = [_maps(network, rows, images, mirrored, execution.ctx, bar) for mirrored in (False, True)]
        self._maps = np.concatenate(both)

    def differences(self, pairs):
        """Differences of trunk maps, float32 (n, C, h, w), of some pairs at a time, in order."""
        for start in range(0, len(pairs), CHUNK):
            query, gallery = pairs[start : start + CHUNK].T
            yield self._maps[query] - self._maps[gallery]


def _some(rows, samples, rng):
    """All rows, or those of random identities that are enough images."""
    by_pid = {}
    for row in rows:
        by_pid.setdefault(samples[row].pid, []).append(row)
    chosen = []
    for pid in rng.permutation(sorted(by_pid)):
        if len(chosen) < MOST_IMAGES:
            chosen.extend(by_pid[pid])
    return sorted(chosen)


def _across(places, camids):
    """Pairs (n, 2) of places with the lower camera first."""
    first, second = np.meshgrid(places, places, indexing="ij")
    across = camids[first] < camids[second]
    return np.stack([first[across], second[across]], axis=1)


def _maps(network, rows, images, mirrored, ctx, bar):
    """Trunk maps float32 (n, C, h, w)."""
    maps = []
    for start in range(0, len(rows), BATCH):
        pixels = images(rows[start : start + BATCH])
        pixels = to_network_input(pixels[:, :, ::-1] if mirrored else pixels)
        maps.append(network.trunk(mx.nd.array(pixels, ctx=ctx)).asnumpy())
        bar.update(len(pixels))
    return np.concatenate(maps)
