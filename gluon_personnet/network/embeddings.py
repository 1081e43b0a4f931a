"""What training needs of an embedding network."""

from gluon_personnet.network.layers import HybridBlock


class Embeddings(HybridBlock):
    """What an embedding network learns from: the vector behind its trunk, and that behind its neck.

    Parameters
    ----------
    network : Network
        With `trunk` and `embedding`; `neck` is optional.

    Inputs/Outputs
    --------------
    images : float32 (N, 3, H, W) RGB 0..255 -> float32 (N, D) for losses of distances, float32 (N, D) for
    identification and for testing; both are the same vector without a neck.

    Source: Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-identification, CVPRW 2019 (the neck).
    """

    def __init__(self, network):
        super().__init__()
        self.trunk, self.embedding, self.neck = network.trunk, network.embedding, getattr(network, "neck", None)

    def hybrid_forward(self, F, images):
        features = self.embedding(self.trunk(images))
        return features, features if self.neck is None else self.neck(features)
