"""What embedding networks share: pooling in stripes, a neck, and the block around them."""

from gluon_personnet.network.backend import mx

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn


class Pooled(HybridBlock):
    """Means of maps over horizontal stripes, projected to `units` values where that is above 0.

    Inputs/Outputs
    --------------
    float32 (N, C, h, w) -> float32 (N, units or C * stripes).
    """

    def __init__(self, channels, stripes, units):
        super().__init__()
        self._stripes, self.units = stripes, units or channels * stripes
        with self.name_scope():
            self.dense = nn.Dense(units, use_bias=False, in_units=channels * stripes) if units else None

    def hybrid_forward(self, F, maps):
        if self._stripes == 1:
            pooled = F.mean(maps, axis=(2, 3))  # (N, C)
        else:  # the contrib operator also takes heights that do not divide
            pooled = F.flatten(F.contrib.AdaptiveAvgPooling2D(maps, output_size=(self._stripes, 1)))
        return pooled if self.dense is None else self.dense(pooled)


class EmbeddingNetwork(HybridBlock):
    """Trunk, pooling and a neck of batch normalisation without shift, compared by the cosine.

    Parameters
    ----------
    trunk : HybridBlock
        float32 (N, 3, H, W) RGB 0..255 -> float32 (N, channels, h, w).
    channels : int
    size_px : (int, int)
        (H, W) of the input images.
    stripes, units : int
        See :class:`Pooled`.

    Inputs/Outputs
    --------------
    images : float32 (N, 3, H, W), RGB 0..255 -> float32 (N, D).

    Source: Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-identification, CVPRW 2019, sections 3.5
    (last stride 1) and 3.6 (neck).
    """

    distance = "cosine"

    def __init__(self, trunk, channels, size_px, stripes, units):
        super().__init__()
        self.options = dict(zip(("height_px", "width_px"), size_px))
        with self.name_scope():
            self.trunk = trunk
            self.embedding = Pooled(channels, stripes, units)
            self.neck = nn.BatchNorm(center=False, in_channels=self.embedding.units)

    def hybrid_forward(self, F, images):
        return self.neck(self.embedding(self.trunk(images)))
