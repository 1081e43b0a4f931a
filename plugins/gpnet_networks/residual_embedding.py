"""A residual network for embeddings, small enough to be trained from scratch on a CPU."""

from typing import Annotated

from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import PIXEL_MEAN, PIXEL_SCALE
from gluon_personnet.plugin.ranges import Between
from gpnet_networks.embedding_parts import EmbeddingNetwork
from gpnet_networks.personnet_strong import MOST_PX, ConvBN, Count, Residual

nn = mx.gluon.nn


class Trunk(mx.gluon.HybridBlock):
    """A convolution with pooling, then two residual blocks at each of 1/4, 1/8 and again 1/8 of the input's size.

    Inputs/Outputs
    --------------
    float32 (N, 3, H, W) RGB 0..255 -> float32 (N, 8 * channels, ceil(H / 8), ceil(W / 8)), at least 0.
    """

    def __init__(self, channels):
        super().__init__()
        widths = [(1, 2, 2), (2, 2, 1), (2, 4, 2), (4, 4, 1), (4, 8, 1), (8, 8, 1)]  # channels in, out; stride
        with self.name_scope():
            self.stem = ConvBN(3, channels)
            self.blocks = nn.HybridSequential()
            for taken, given, stride in widths:
                self.blocks.add(Residual(taken * channels, given * channels, stride))

    def hybrid_forward(self, F, images):
        x = self.stem((images - PIXEL_MEAN) / PIXEL_SCALE)  # (N, C, H, W)
        x = F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full")
        return self.blocks(x)


class ResidualEmbedding(EmbeddingNetwork):
    """An embedding network of fourteen convolutions.

    Parameters
    ----------
    height_px, width_px : int
        Size of the input images.
    channels : int
        Channels of the first convolution; the stages have 2, 4 and 8 times as many.
    stripes : int
        Horizontal stripes whose means make the vector.
    units : int
        Length of the vector; 0 for the means themselves.

    Inputs/Outputs
    --------------
    images : float32 (N, 3, height_px, width_px), RGB 0..255 -> float32 (N, D), compared by the cosine.

    Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016 (the blocks).
    Differs from the source in: fewer and narrower stages, for images of 160 px; the last one keeps its resolution.
    """

    def __init__(
        self,
        height_px: Annotated[int, Between(8, MOST_PX)] = 160,
        width_px: Annotated[int, Between(8, MOST_PX)] = 64,
        channels: Count = 32,
        stripes: Count = 1,
        units: Annotated[int, Between(0, 65_536)] = 0,
    ):
        super().__init__(Trunk(channels), 8 * channels, (height_px, width_px), stripes, units)
