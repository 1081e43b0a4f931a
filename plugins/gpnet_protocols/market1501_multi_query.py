"""Market-1501, multiple query."""

import numpy as np

from gpnet_protocols.common import POOLS, check_choice
from gpnet_protocols.market1501 import Market1501


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
    """

    name = "market1501-multi-query"

    def __init__(self, distance="minimum", max_rank=50, use_cameras=True, memory_mib=256):
        super().__init__(max_rank, use_cameras, memory_mib)
        check_choice(self.name, "distance", distance, POOLS)
        self.distance = distance
        self.query_card = f"all query images of one pid and camera together: the {distance} of their distances"

    def _pool(self, problem):
        """One row for each (pid, camid) among the queries."""
        order = np.lexsort((problem.query_camids, problem.query_pids))
        pids, camids = problem.query_pids[order], problem.query_camids[order]
        new = (np.diff(pids, prepend=pids[0] - 1) != 0) | (np.diff(camids, prepend=camids[0]) != 0)
        starts = np.flatnonzero(new)
        sizes = np.diff(starts, append=len(order))
        pooled = np.empty((len(starts), problem.distmat.shape[1]))
        for groups in problem.tiles(self.memory_mib / sizes.max(), np.arange(len(starts))):
            first = starts[groups[0]]
            rows = order[first : first + sizes[groups].sum()]
            # The sum stands for the mean: it orders the gallery of a query alike.
            pooled[groups] = POOLS[self.distance].reduceat(problem.distmat[rows], starts[groups] - first, axis=0)
        return problem._replace(distmat=pooled, query_pids=pids[starts], query_camids=camids[starts])
