"""Market-1501, multiple query."""

from gpnet_protocols.common import together
from gpnet_protocols.market1501 import Market1501
from gpnet_protocols.options import Count, MemoryMib, SetDistance


class Market1501MultiQuery(Market1501):
    """``market1501`` with all query images of one person in one camera asked as one query.

    The distance of a gallery image is the minimum or mean of its distances to these query images. For features, hand
    the distances of mean features to ``market1501`` instead: a protocol sees no features.

    Parameters
    ----------
    distance : {'minimum', 'mean'}
    max_rank, use_cameras, memory_mib
        As for :class:`~gpnet_protocols.market1501.Market1501`.

    Source: Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015.

    Checked against: ``market1501`` on distances pooled by a loop; largest difference below 1e-12.
    """

    name = "market1501-multi-query"

    def __init__(
        self,
        distance: SetDistance = "minimum",
        max_rank: Count = 50,
        use_cameras: bool = True,
        memory_mib: MemoryMib = 256.0,
    ):
        super().__init__(max_rank, use_cameras, memory_mib)
        self.distance = distance
        self.query_card = f"all query images of one pid and camera together: the {distance} of their distances"

    def _pool(self, distances):
        return together(distances, self.distance, self.memory_mib)
