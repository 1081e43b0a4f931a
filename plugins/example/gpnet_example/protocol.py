"""How far down the list is the right person, on average?"""

from typing import Annotated

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXCLUSIONS, TIES, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks, rank_matches
from gluon_personnet.plugin.contracts import Measures
from gluon_personnet.plugin.ranges import AtLeast

EXCLUDE = "same-person-and-camera"


class Example:
    """Mean rank of the first true match (1 is best), and the CMC.

    Parameters
    ----------
    max_rank : int
        Length of the CMC.
    """

    def __init__(self, max_rank: Annotated[int, AtLeast(1)] = 20):
        self.max_rank = max_rank

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """See gluon_personnet.plugin.contracts.Protocol: smaller is more alike; rng decides among equal distances."""
        distances = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        ranks = rank_matches(distances, EXCLUDE, rng)
        first = ranks.rank[ranks.starts]
        if not len(first):
            raise DataError("protocol 'example': no query has a true match; right: at least one")
        return Measures(
            card=self._card(),
            cmc=cmc_from_ranks(first, self.max_rank),
            queries_used=len(first),
            queries_skipped=len(query_pids) - len(first),
            others={"mean_rank": float(first.mean())},
        )

    def _card(self):
        """The definition in words, printed with every figure."""
        return {
            "gallery": "every gallery image",
            "query": "every query image",
            "exclusion": EXCLUSIONS[EXCLUDE],
            "repeats": "none",
            "ties": TIES,
        }
