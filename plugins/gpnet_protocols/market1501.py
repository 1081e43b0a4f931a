"""Market-1501, single query."""

from gluon_personnet.evaluation.distances import EXCLUSIONS, TIES, check_distmat
from gluon_personnet.evaluation.ranking import average_precision, cmc_from_ranks, inverse_negative_penalty, rank_matches
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import CameraRule, no_query_left, rank1_hits
from gpnet_protocols.options import Count, MemoryMib

AVERAGE_PRECISION = (
    "exact: mean over the hits of the precision at the hit; market1501: trapezoids between the precision before and at "
    "each hit, 1 before the first row"
)
"""The two variants, for the protocol card."""


class Market1501(CameraRule):
    """Rank-k, mean average precision in both variants, and mINP over the whole gallery.

    Gallery images of the query's person in the query's camera, and those of pid -1, are passed over. Those of pid 0
    (distractors) are candidates that match nobody, as long as no query has pid 0.

    Parameters
    ----------
    max_rank : int
        Length of the curve.
    use_cameras : bool
        False keeps gallery images of the query's person and camera, for images that have no camera.
    memory_mib : float
        Budget for temporary arrays.

    Source: Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015; mINP: Ye et al., Deep
    Learning for Person Re-identification: A Survey and Outlook, TPAMI 2021.

    Checked against: ``eval_market1501`` of torchreid and ``cmc`` of open-reid on thirty random problems; largest
    difference of a rate 2.4e-08, which is float32 there, and of the exact average precision 3e-17.
    """

    name = "market1501"
    query_card = "every query image by itself"

    def __init__(self, max_rank: Count = 50, use_cameras: bool = True, memory_mib: MemoryMib = 256.0):
        self.max_rank, self.memory_mib = max_rank, memory_mib
        self.exclude = "same-person-and-camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure CMC, ``mean_ap`` and ``minp``: see :class:`~gluon_personnet.plugin.contracts.Protocol`.

        Raises
        ------
        DataError
            If the input is wrong or no query has a true match.
        """
        distances = self._pool(check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids))
        ranks = rank_matches(distances, self.exclude, rng, self.memory_mib)
        used = len(ranks.starts)
        if not used:
            raise no_query_left(self, distances)
        return Measures(
            card=self._card(),
            cmc=cmc_from_ranks(ranks.rank[ranks.starts], self.max_rank),
            queries_used=used,
            queries_skipped=len(distances.query_pids) - used,
            others={
                "mean_ap": {name: float(ap.mean()) for name, ap in average_precision(ranks).items()},
                "minp": float(inverse_negative_penalty(ranks).mean()),
            },
            hits=rank1_hits(ranks, len(distances.query_pids)),
            hit_pids=distances.query_pids,
        )

    def _pool(self, distances):
        return distances

    def _card(self):
        return {
            "gallery": "every gallery image; pid 0 are distractors that match nobody",
            "query": self.query_card,
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": "none",
            "ties": TIES,
            "average precision": AVERAGE_PRECISION,
        }
