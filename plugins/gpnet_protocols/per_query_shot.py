"""Single-shot galleries drawn anew for every query, as two published code bases do for CUHK03."""

from typing import Annotated

import numpy as np

from gluon_personnet.evaluation.distances import EXCLUSIONS, TIES, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks
from gluon_personnet.plugin.contracts import Measures
from gluon_personnet.plugin.ranges import AtLeast
from gpnet_protocols.common import CameraRule, by_identity, mean_and_std, no_query_left
from gpnet_protocols.expectation import expected_cmc
from gpnet_protocols.options import Count, MemoryMib


class PerQueryShot(CameraRule):
    """Base of ``open-reid-cuhk03`` and ``torchreid-cuhk03``, which differ in `exclude` only.

    Each query is ranked against one random image per identity, drawn from the candidates for this query.

    Parameters
    ----------
    repeats : int
        Draws for each query; 0 gives their expectation in closed form, without noise.
    max_rank : int
        Length of the curve.
    memory_mib : float
        Budget for temporary arrays.
    """

    can_ignore_cameras = False

    def __init__(self, repeats: Annotated[int, AtLeast(0)] = 10, max_rank: Count = 50, memory_mib: MemoryMib = 256.0):
        self.repeats, self.max_rank, self.memory_mib = repeats, max_rank, memory_mib

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure the CMC, and nothing else: see :class:`~gluon_personnet.plugin.contracts.Protocol`.

        Raises
        ------
        DataError
            If the input is wrong or no query has a true match.
        """
        distances = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        if not self.repeats:
            cmc, used = expected_cmc(distances, self.exclude, "candidates", self.max_rank, memory_mib=self.memory_mib)
            std, used = None, int(used.sum())
        else:
            ranks = self._draw(distances, rng)
            used = ranks.shape[1]
            curves = [cmc_from_ranks(row, self.max_rank) for row in ranks] if used else []
            cmc, std = mean_and_std(curves) if used else (None, None)
        if not used:
            raise no_query_left(self, distances)
        skipped = len(distances.query_pids) - used
        return Measures(self._card(), cmc, std, used, skipped, repeats=self.repeats)

    def _draw(self, distances, rng):
        """Rank of the true match in every draw: int64 (repeats, queries that have one)."""
        columns, _, starts = by_identity(distances.gallery_pids)
        sizes = np.diff(starts, append=len(columns))
        parts = [np.empty((self.repeats, 0), np.int64)]
        for rows in distances.tiles(self.memory_mib / 2):
            match, excluded = (mask[:, columns] for mask in distances.masks(rows, self.exclude))
            kept = match.any(axis=1)
            if not kept.any():
                continue
            rows, match, excluded = rows[kept], match[kept], excluded[kept]
            candidates = np.where(excluded, np.inf, distances.distmat[np.ix_(rows, columns)])
            ranks = np.empty((self.repeats, len(rows)), np.int64)
            for repeat in range(self.repeats):
                place = rng.permutation(len(columns))  # a new order of ties for every draw
                lot = np.where(excluded, -1.0, rng.random(excluded.shape))  # the highest lot of an identity is drawn
                drawn = lot == np.repeat(np.maximum.reduceat(lot, starts, axis=1), sizes, axis=1)
                true = (drawn & match).argmax(axis=1)
                limit = candidates[np.arange(len(rows)), true][:, None]
                ahead = (candidates < limit) | ((candidates == limit) & (place < place[true, None]))
                ranks[repeat] = 1 + (ahead & drawn).sum(axis=1)
            parts.append(ranks)
        return np.concatenate(parts, axis=1)

    def _card(self):
        expected = not self.repeats
        return {
            "gallery": "one random image of each identity, drawn for each query from its candidates",
            "query": "every query image",
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": "none: the expectation over all draws in closed form"
            if expected
            else f"{self.repeats} draws for each query; mean and standard deviation (ddof 0) over them",
            "ties": "the expectation over all orders of equal distances"
            if expected
            else f"{TIES}, a new one for every draw",
        }
