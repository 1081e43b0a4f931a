"""What training and scoring need of any network: shared sides, pairs of them, starting values, parameters by name."""

import numpy as np

from gluon_personnet.network.layers import HybridBlock


def to_network_input(images):
    """uint8 (N, H, W, 3) -> float32 (N, 3, H, W), the same values 0..255."""
    return images.transpose(0, 3, 1, 2).astype(np.float32)


class Sides(HybridBlock):
    """Each image's share of all its pairs, computed once; both views pass the trunk together.

    Parameters
    ----------
    network : Network
    num_query : int
        How many of the images are queries.
    identify : bool
        Whether to put out, of all images, what identities can be told from too: ``network.embedding``, or the trunk
        maps of a network without one.

    Inputs/Outputs
    --------------
    images : float32 (A + B, 3, H, W), queries first -> float32 (A, ...), float32 (B, ...), what a pair needs of
    either image; with `identify` also float32 (A + B, ...).
    """

    def __init__(self, network, num_query, identify=False):
        super().__init__()
        self.trunk, self.query, self.gallery = network.trunk, network.compare.query, network.compare.gallery
        self.embedding = getattr(network, "embedding", None) if identify else None
        self._num_query, self._identify = num_query, identify

    def hybrid_forward(self, F, images):
        maps = self.trunk(images)
        query = self.query(F.slice_axis(maps, axis=0, begin=0, end=self._num_query))
        gallery = self.gallery(F.slice_axis(maps, axis=0, begin=self._num_query, end=None))
        if not self._identify:
            return query, gallery
        return query, gallery, maps if self.embedding is None else self.embedding(maps)


class PairLogits(HybridBlock):
    """Logits of chosen pairs of sides: by the network's ``pair`` where it has one, else by its head from differences.

    Inputs/Outputs
    --------------
    query : float32 (A, C, h, w), gallery : float32 (B, C, h, w), query_index and gallery_index : int32 (P,) ->
    float32 (P, 2) logits [different, same].
    """

    def __init__(self, network):
        super().__init__()
        self.pair = getattr(network, "pair", None)
        self.head = None if self.pair else network.head

    def hybrid_forward(self, F, query, gallery, query_index, gallery_index):
        if self.pair:
            return self.pair(F.take(query, query_index), F.take(gallery, gallery_index))
        # added, because the gradient of a difference copies what that of a sum passes on
        return self.head(F.take(query, query_index) + F.take(-gallery, gallery_index))
