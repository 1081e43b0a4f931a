"""Single-shot without Monte-Carlo noise."""

import numpy as np

from gluon_personnet.evaluation.distances import EXCLUSIONS, check_distmat
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import CameraRule, no_query_left
from gpnet_protocols.expectation import expected_cmc
from gpnet_protocols.options import Count, MemoryMib, QueryChoice

QUERIES = {"all": "every query image", "one": "one query image of each identity, all equally likely"}


class SingleShotExact(CameraRule):
    """What ``single-shot`` measures on average over all galleries that can be drawn, in closed form.

    It equals the mean of ``single-shot`` over ever more trials when the gallery shows other cameras than the queries.
    Otherwise trials drop some rankings; then this is the mean over all rankings that are not dropped.

    Parameters
    ----------
    query : {'all', 'one'}
        Every query image counts alike, or every identity does.
    max_rank : int
        Length of the curve.
    use_cameras : bool
        False keeps gallery images of the query's camera, for images that have none.
    memory_mib : float
        Budget for temporary arrays.

    Source: the Poisson-binomial distribution of the identities ahead.

    Checked against: the mean over every gallery and every order of equal distances, one by one; largest difference
    below 1e-12.
    """

    name = "single-shot-exact"

    def __init__(
        self, query: QueryChoice = "all", max_rank: Count = 50, use_cameras: bool = True, memory_mib: MemoryMib = 256.0
    ):
        self.query, self.max_rank, self.memory_mib = query, max_rank, memory_mib
        self.exclude = "camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure the CMC only: see :class:`~gluon_personnet.plugin.contracts.Protocol`. `rng` is not used.

        Raises
        ------
        DataError
            If the input is wrong or no query has a true match.
        """
        distances = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        weights = None
        if self.query == "one":
            _, inverse, count = np.unique(distances.query_pids, return_inverse=True, return_counts=True)
            weights = 1 / count[inverse]
        cmc, used = expected_cmc(distances, self.exclude, "all", self.max_rank, weights, self.memory_mib)
        if not used.any():
            raise no_query_left(self, distances)
        card = {
            "gallery": "one image of each identity, all equally likely",
            "query": QUERIES[self.query],
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": "none: the expectation over all galleries in closed form",
            "ties": "the expectation over all orders of equal distances",
        }
        return Measures(card=card, cmc=cmc, queries_used=int(used.sum()), queries_skipped=int((~used).sum()))
