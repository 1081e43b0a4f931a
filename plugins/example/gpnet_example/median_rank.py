"""How far down the list is the right person?"""

import numpy as np

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXCLUSIONS, TIES, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks, rank_matches
from gluon_personnet.plugin.contracts import Measures

EXCLUDE = "same-person-and-camera"


class MedianRank:
    """Median and mean rank of the first true match (1 is best), and the CMC.

    Parameters
    ----------
    max_rank : int
        Length of the CMC.
    """

    def __init__(self, max_rank=20):
        self.max_rank = max_rank

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """See :class:`gluon_personnet.plugin.contracts.Protocol`."""
        problem = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        ranks = rank_matches(problem, EXCLUDE, rng)
        first = ranks.rank[ranks.starts]
        if not len(first):
            raise DataError("protocol 'median-rank': no query has a true match; right: at least one")
        return Measures(
            card={
                "gallery": "all images",
                "query": "every query image",
                "exclusion": EXCLUSIONS[EXCLUDE],
                "repeats": "one ranking",
                "ties": TIES,
            },
            cmc=cmc_from_ranks(first, self.max_rank),
            queries_used=len(first),
            queries_skipped=len(query_pids) - len(first),
            others={"median_rank": float(np.median(first)), "mean_rank": float(first.mean())},
        )
