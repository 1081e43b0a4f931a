"""A small embedding network for tests."""

from gluon_personnet.network.backend import mx

nn = mx.gluon.nn


class TinyEmbedding(mx.gluon.HybridBlock):
    """Two convolutions with batch normalisation, means, and a neck; compared by the cosine.

    Inputs/Outputs
    --------------
    float32 (N, 3, 32, 16) -> float32 (N, 8).
    """

    distance = "cosine"

    def __init__(self):
        super().__init__()
        self.options = {"height_px": 32, "width_px": 16}
        with self.name_scope():
            self.trunk = nn.HybridSequential()
            self.trunk.add(nn.HybridLambda(lambda F, images: images / 64 - 2))
            for taken, given in ((3, 4), (4, 8)):
                self.trunk.add(nn.Conv2D(given, 3, strides=2, in_channels=taken), nn.BatchNorm(in_channels=given))
                self.trunk.add(nn.Activation("relu"))
            self.embedding = nn.HybridLambda(lambda F, maps: F.mean(maps, axis=(2, 3)))
            self.neck = nn.BatchNorm(center=False, in_channels=8)

    def hybrid_forward(self, F, images):
        return self.neck(self.embedding(self.trunk(images)))
