"""Multi-shot: all gallery images of an identity answer together."""

import numpy as np

from gluon_personnet.evaluation.distances import EXCLUSIONS, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks
from gluon_personnet.plugin.contracts import Measures
from gpnet_protocols.common import CameraRule, identity_distances, no_query_left, own_column
from gpnet_protocols.options import Count, MemoryMib, SetDistance


class MultiShot(CameraRule):
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

    Checked against: a loop over queries and identities; largest difference below 1e-12.
    """

    name = "multi-shot"

    def __init__(
        self,
        distance: SetDistance = "minimum",
        max_rank: Count = 50,
        use_cameras: bool = True,
        memory_mib: MemoryMib = 256.0,
    ):
        self.distance, self.max_rank, self.memory_mib = distance, max_rank, memory_mib
        self.exclude = "camera" if use_cameras else "junk"

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure the CMC over identities: see :class:`~gluon_personnet.plugin.contracts.Protocol`.

        Raises
        ------
        DataError
            If the input is wrong or no query has a true match.
        """
        distances = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        to_people, identities = identity_distances(distances, self.exclude, self.distance, self.memory_mib)
        own = own_column(distances.query_pids, identities)
        used = np.flatnonzero(own >= 0)
        used = used[np.isfinite(to_people[used, own[used]])]
        if not len(used):
            raise no_query_left(self, distances)
        place = rng.permutation(len(identities))
        to_people, own = to_people[used], own[used]
        limit = to_people[np.arange(len(used)), own][:, None]
        ahead = (to_people < limit) | ((to_people == limit) & (place < place[own, None]))
        hits = np.full(len(distances.query_pids), np.nan)
        hits[used] = ~ahead.any(axis=1)
        return Measures(
            card=self._card(),
            cmc=cmc_from_ranks(1 + ahead.sum(axis=1), self.max_rank),
            queries_used=len(used),
            queries_skipped=len(distances.query_pids) - len(used),
            hits=hits,
            hit_pids=distances.query_pids,
        )

    def _card(self):
        return {
            "gallery": f"all images of each identity; its distance is their {self.distance}",
            "query": "every query image",
            "exclusion": EXCLUSIONS[self.exclude],
            "repeats": "none",
            "ties": "equal distances of identities stand in the order of a seeded permutation",
        }
