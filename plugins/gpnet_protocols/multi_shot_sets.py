"""Multi-shot on both sides: sets of images against sets of images."""

from gluon_personnet.evaluation.distances import check_distmat
from gpnet_protocols.common import together
from gpnet_protocols.multi_shot import MultiShot
from gpnet_protocols.options import Count, MemoryMib, SetDistance


class MultiShotSets(MultiShot):
    """``multi-shot`` with all query images of one person in one camera asked as one query.

    Parameters
    ----------
    distance : {'mean', 'minimum'}
        Of two sets, over the pairs of their images.
    max_rank, use_cameras, memory_mib
        As for :class:`~gpnet_protocols.multi_shot.MultiShot`.

    Source: Farenzena et al., CVPR 2010 (multiple-shot against multiple-shot); for CUHK01 with two images on each side,
    as Liao et al., Person Re-identification by Local Maximal Occurrence Representation and Metric Learning, CVPR 2015.

    Checked against: a loop over pairs of sets; largest difference below 1e-12.
    """

    name = "multi-shot-sets"

    def __init__(
        self,
        distance: SetDistance = "mean",
        max_rank: Count = 50,
        use_cameras: bool = True,
        memory_mib: MemoryMib = 256.0,
    ):
        super().__init__(distance, max_rank, use_cameras, memory_mib)

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """Measure the CMC over identities: see :class:`~gluon_personnet.plugin.contracts.Protocol`."""
        distances = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        return super().evaluate(*together(distances, self.distance, self.memory_mib), rng)

    def _card(self):
        return {**super()._card(), "query": f"all query images of one pid and camera: the {self.distance} distance"}
