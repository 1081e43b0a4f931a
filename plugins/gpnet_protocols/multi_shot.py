"""Multi-shot: all gallery images of an identity answer together."""

import numpy as np

from gluon_personnet.evaluation.distances import EXCLUSIONS, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import POOLS, check_choice, check_count, identity_distances, no_query_left, own_column


class MultiShot:
    """Rank identities by the distance to all their gallery images of other cameras.

    Parameters
    ----------
    distance : {'minimum', 'mean'}
        Distance of an identity, over its images that are candidates for the query.
    max_rank : int
        Length of the curve.
    use_cameras : bool
        False keeps gallery images of the query's camera, for images that have none.
    memory_mib : float
        Budget for temporary arrays.

    Source: Farenzena et al., Person Re-Identification by Symmetry-Driven Accumulation of Local Features, CVPR 2010.
    """

    name = "multi-shot"

    def __init__(self, distance="minimum", max_rank=50, use_cameras=True, memory_mib=256.0):
        check_count(self.name, "max_rank", max_rank)
        check_choice(self.name, "distance", distance, POOLS)
        self.distance, self.max_rank, self.memory_mib = distance, max_rank, memory_mib
        self.exclude = "camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure the CMC over identities: see :class:`~gluon_personnet.plugin.contracts.Protocol`.

        Raises
        ------
        DataError
            If the input is wrong or no query has a true match.
        """
        problem = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        distances, identities = identity_distances(problem, self.exclude, self.distance, self.memory_mib)
        own = own_column(problem.query_pids, identities)
        used = np.flatnonzero(own >= 0)
        used = used[np.isfinite(distances[used, own[used]])]
        if not len(used):
            raise no_query_left(self.name, problem, self.exclude)
        place = rng.permutation(len(identities))
        distances, own = distances[used], own[used]
        limit = distances[np.arange(len(used)), own][:, None]
        ahead = (distances < limit) | ((distances == limit) & (place < place[own, None]))
        hits = np.full(len(problem.query_pids), np.nan)
        hits[used] = ~ahead.any(axis=1)
        return Measures(
            card=self._card(),
            cmc=cmc_from_ranks(1 + ahead.sum(axis=1), self.max_rank),
            queries_used=len(used),
            queries_skipped=len(problem.query_pids) - len(used),
            hits=hits,
            hit_pids=problem.query_pids,
        )

    def _card(self):
        return {
            "gallery": f"all images of each identity; its distance is their {self.distance}",
            "query": "every query image",
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": "none",
            "ties": "equal distances of identities stand in the order of a seeded permutation",
        }
