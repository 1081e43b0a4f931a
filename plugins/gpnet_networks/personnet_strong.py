"""PersonNet with what has been learned since: batch normalisation, both directions, an identity embedding."""

from typing import Annotated

from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import PIXEL_MEAN, PIXEL_SCALE
from gluon_personnet.network.personnet import MOST_PX, MOST_UNITS
from gluon_personnet.plugin.ranges import Between

Count = Annotated[int, Between(1, MOST_UNITS)]

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn


class _ConvBN(HybridBlock):
    """3x3 (or 1x1) convolution that keeps the size, batch normalisation, and ReLU where asked for."""

    def __init__(self, in_channels, channels, kernel=3, relu=True):
        super().__init__()
        with self.name_scope():
            self.conv = nn.Conv2D(channels, kernel, padding=kernel // 2, use_bias=False, in_channels=in_channels)
            self.norm = nn.BatchNorm(in_channels=channels)
        self._relu = relu

    def hybrid_forward(self, F, x):
        x = self.norm(self.conv(x))
        return F.Activation(x, act_type="relu") if self._relu else x


class _Residual(HybridBlock):
    """Two 3x3 convolutions around a shortcut; where the channels change, the shortcut is a 1x1 convolution."""

    def __init__(self, in_channels, channels):
        super().__init__()
        with self.name_scope():
            self.first = _ConvBN(in_channels, channels)
            self.second = _ConvBN(channels, channels, relu=False)
            self.shortcut = None if in_channels == channels else _ConvBN(in_channels, channels, 1, relu=False)

    def hybrid_forward(self, F, x):
        kept = x if self.shortcut is None else self.shortcut(x)
        return F.Activation(self.second(self.first(x)) + kept, act_type="relu")


def _halve(F, x):
    return F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full")


class _Stem(HybridBlock):
    """3x3 convolution, pooling, batch normalisation, ReLU: pooled first, so that the large map is touched once."""

    def __init__(self, in_channels, channels):
        super().__init__()
        with self.name_scope():
            self.conv = nn.Conv2D(channels, 3, padding=1, use_bias=False, in_channels=in_channels)
            self.norm = nn.BatchNorm(in_channels=channels)

    def hybrid_forward(self, F, x):
        return F.Activation(self.norm(_halve(F, self.conv(x))), act_type="relu")


class Trunk(HybridBlock):
    """Two convolutions with pooling, then residual blocks at 1/4 and 1/8 of the input's size.

    Inputs/Outputs
    --------------
    float32 (N, 3, H, W) RGB 0..255 -> float32 (N, 4 * channels, ceil(H / 8), ceil(W / 8)), at least 0.
    """

    def __init__(self, channels):
        super().__init__()
        with self.name_scope():
            self.stem = _Stem(3, channels)
            self.second = _Stem(channels, channels)
            self.quarter = _Residual(channels, 2 * channels)
            self.eighth = _Residual(2 * channels, 4 * channels)

    def hybrid_forward(self, F, images):
        x = self.second(self.stem((images - PIXEL_MEAN) / PIXEL_SCALE))  # (N, C, H / 4, W / 4)
        return self.eighth(_halve(F, self.quarter(x)))


class Embedding(HybridBlock):
    """What one image shows of an identity: means over horizontal stripes, projected and normalised.

    Inputs/Outputs
    --------------
    float32 (N, C, h, w) trunk maps -> float32 (N, units).
    """

    def __init__(self, in_units, stripes, units):
        super().__init__()
        self._stripes = stripes
        with self.name_scope():
            self.dense = nn.Dense(units, use_bias=False, in_units=in_units * stripes)
            self.norm = nn.BatchNorm(in_channels=units)

    def hybrid_forward(self, F, maps):
        # (N, C, h, w) -> (N, C, stripes, 1): the contrib operator also takes heights that do not divide
        pooled = F.contrib.AdaptiveAvgPooling2D(maps, output_size=(self._stripes, 1))
        return self.norm(self.dense(F.flatten(pooled)))


class _Side(HybridBlock):
    """One image's share of a pair: both directions of the difference layer and the embedding, as one flat row."""

    def __init__(self, reduce, forth, back, embedding):
        super().__init__()
        self.reduce, self.forth, self.back, self.embedding = reduce, forth, back, embedding

    def hybrid_forward(self, F, maps):
        x = self.reduce(maps)  # (N, D, h, w)
        directions = [self.forth(x)] if self.back is None else [self.forth(x), -self.back(x)]
        return F.concat(*(F.flatten(part) for part in directions), self.embedding(maps), dim=1)


class Compare(HybridBlock):
    """Neighbourhood difference and patch summary in both directions, and the difference of the embeddings.

    Each direction is the linear form of PersonNet: a 1x1 convolution of one image's maps minus a 3x3 convolution of
    the other's; here with filters of their own.
    """

    def __init__(self, in_channels, channels, embedding, both):
        super().__init__()
        with self.name_scope():
            self.reduce = _ConvBN(in_channels, channels, 1)
            self.centre = nn.Conv2D(channels, 1, in_channels=channels)
            self.around = nn.Conv2D(channels, 3, padding=1, use_bias=False, in_channels=channels)
        self.query = _Side(self.reduce, self.centre, self.around if both else None, embedding)
        self.gallery = _Side(self.reduce, self.around, self.centre if both else None, embedding)

    def hybrid_forward(self, F, query_maps, gallery_maps):
        return self.query(query_maps) - self.gallery(gallery_maps)


class Head(HybridBlock):
    """The two logits of a pair from its difference; with both directions the same for both orders of its images.

    Inputs/Outputs
    --------------
    float32 (P, directions * D * h * w + E) from :class:`Compare` -> float32 (P, 2) logits [different, same].
    """

    def __init__(self, channels, size, directions, units, dropout):
        super().__init__()
        self._shape, self._directions = (channels, *size), directions
        self._split = directions * channels * size[0] * size[1]
        pooled = [-(-length // 2) for length in size]
        with self.name_scope():
            self.norm = nn.BatchNorm(in_channels=channels)
            self.conv4 = _ConvBN(channels, channels)
            self.dense = nn.Dense(units, use_bias=False, in_units=channels * pooled[0] * pooled[1])
            self.dense_norm = nn.BatchNorm(in_channels=units)
            self.logits = nn.Dense(2, in_units=units)
            self.scale = self.params.get("scale_weight", shape=(1, 2), init=mx.init.Constant(0.0))
        self._units, self._dropout = units, dropout

    def hybrid_forward(self, F, difference, scale):
        maps = F.slice_axis(difference, axis=1, begin=0, end=self._split)
        apart = F.slice_axis(difference, axis=1, begin=self._split, end=None)  # (P, E)
        x = F.reshape(maps, shape=(-1, *self._shape))  # (directions * P, D, h, w)
        x = F.Activation(self.norm(x), act_type="relu")
        x = F.flatten(_halve(F, self.conv4(x)))
        x = F.Activation(self.dense_norm(self.dense(x)), act_type="relu")  # (directions * P, units)
        x = F.mean(F.reshape(x, shape=(-1, self._directions, self._units)), axis=1)  # (P, units)
        x = F.Dropout(x, p=self._dropout) if self._dropout else x
        squared = F.mean(F.square(apart), axis=1, keepdims=True)  # (P, 1)
        return self.logits(x) + F.broadcast_mul(squared, scale)


class PersonNetStrong(HybridBlock):
    """A network for image pairs in PersonNet's form, free of the paper's constraints.

    Parameters
    ----------
    height_px, width_px : int
        Size of the input images.
    channels : int
        Channels of the first convolution; later stages have 1, 2 and 4 times as many.
    compare_channels : int
        Channels of the difference layer.
    both_directions : bool
        Whether the difference is also taken of the second image from the first; then the order of a pair's images does
        not matter.
    stripes, embedding_units : int
        Horizontal stripes of the identity embedding, and its length.
    units : int
        Width of the head's fully connected layer.
    dropout : float in [0, 1)
        Before the logits, in training only.

    Inputs/Outputs
    --------------
    query, gallery : float32 (P, 3, height_px, width_px), RGB 0..255 -> float32 (P, 2) logits [different, same].

    Differs from the source in: batch normalisation, residual trunk, ReLU, both directions of the difference (as
    Ahmed et al. 2015), smaller fully connected layers, an embedding that can be trained to tell identities apart.
    """

    def __init__(
        self,
        height_px: Annotated[int, Between(8, MOST_PX)] = 160,
        width_px: Annotated[int, Between(8, MOST_PX)] = 60,
        channels: Count = 32,
        compare_channels: Count = 32,
        both_directions: bool = True,
        stripes: Count = 5,
        embedding_units: Count = 256,
        units: Count = 512,
        dropout: Annotated[float, Between(0, 1, closed="low")] = 0.5,
    ):
        super().__init__()
        self.options = {"height_px": height_px, "width_px": width_px}
        size = -(-height_px // 8), -(-width_px // 8)
        with self.name_scope():
            self.trunk = Trunk(channels)
            self.embedding = Embedding(4 * channels, stripes, embedding_units)
            self.compare = Compare(4 * channels, compare_channels, self.embedding, both_directions)
            self.head = Head(compare_channels, size, 1 + both_directions, units, dropout)

    def hybrid_forward(self, F, query, gallery):
        return self.head(self.compare(self.trunk(query), self.trunk(gallery)))
