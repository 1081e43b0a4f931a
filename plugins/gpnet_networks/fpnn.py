"""FPNN, also DeepReID: products of rows of maps, grouped by maxout."""

from typing import Annotated

from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import PIXEL_MEAN, PIXEL_SCALE
from gluon_personnet.network.personnet import MOST_PX, MOST_UNITS
from gluon_personnet.plugin.ranges import Between
from gpnet_networks.pair_parts import Sides, Stem, convolved, pooled

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn

KERNEL, DISPLACEMENT_KERNEL = 5, 3


class PatchMatching(HybridBlock):
    """Products of the patches of two images in one row, and the largest of each group of filters.

    Inputs/Outputs
    --------------
    f, g : float32 (P, K, h, w) -> float32 (P, K / groups, h, w, w): the maximum over the groups of
    ``S[k, y, i, j] = f[k, y, i] g[k, y, j]``; channel k of the output takes filters k, k + K / groups, ...

    Source: Li, Zhao, Xiao, Wang, DeepReID, CVPR 2014, sections 3.2 and 3.3.
    """

    def __init__(self, groups):
        super().__init__()
        self._groups = groups

    def hybrid_forward(self, F, f, g):
        products = F.broadcast_mul(F.expand_dims(f, axis=4), F.expand_dims(g, axis=3))  # (P, K, h, w, w)
        grouped = F.reshape(products, shape=(0, -4, self._groups, -1, 0, 0, 0))  # (P, groups, K / groups, h, w, w)
        return F.max(grouped, axis=1)


class Pair(HybridBlock):
    """The two logits of a pair from the maps of both images.

    Inputs/Outputs
    --------------
    f, g : float32 (P, K, h, w) -> float32 (P, 2) logits [different, same].
    """

    def __init__(self, filters, groups, size, units, dropout):
        super().__init__()
        channels, (height, width) = filters // groups, size
        self._matrix, self._dropout = (-1, channels, width, width), dropout
        side = -(-width // 2)
        self._flat = height * channels * side * side
        with self.name_scope():
            self.matching = PatchMatching(groups)
            self.displacement = nn.Conv2D(
                channels, DISPLACEMENT_KERNEL, padding=DISPLACEMENT_KERNEL // 2, in_channels=channels
            )
            self.dense = nn.Dense(units, activation="tanh", in_units=self._flat)
            self.logits = nn.Dense(2, in_units=units)

    def hybrid_forward(self, F, f, g):
        x = F.transpose(self.matching(f, g), axes=(0, 2, 1, 3, 4))  # (P, h, C, w, w)
        x = self.displacement(F.reshape(x, shape=self._matrix))  # (P h, C, w, w)
        x = F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full")
        x = F.Activation(x, act_type="tanh")
        x = self.dense(F.reshape(x, shape=(-1, self._flat)))  # (P, units)
        return self.logits(F.Dropout(x, p=self._dropout) if self._dropout else x)


class Fpnn(HybridBlock):
    """The filter pairing neural network of Li, Zhao, Xiao and Wang.

    Parameters
    ----------
    height_px, width_px : int
        Size of the input images.
    filters : int
        Of either convolution of the stem.
    groups : int
        Of the maxout, a divisor of `filters`.
    tied : bool
        Whether both views share one stem; in the source each view has its own, for its photometric transform.
    units : int
        Width of the fully connected layer.
    dropout : float in [0, 1)
        Before the logits, in training only.

    Inputs/Outputs
    --------------
    query, gallery : float32 (P, 3, height_px, width_px), RGB 0..255 -> float32 (P, 2) logits [different, same].

    Source: Li, Zhao, Xiao, Wang, DeepReID: Deep Filter Pairing Neural Network for Person Re-Identification, CVPR 2014,
    section 3.
    Differs from the source in: the published sizes could not be read; those here follow a prototype by one of its
    authors. The displacement layer has one set of filters for all rows.
    """

    def __init__(
        self,
        height_px: Annotated[int, Between(16, MOST_PX)] = 80,
        width_px: Annotated[int, Between(16, MOST_PX)] = 30,
        filters: Annotated[int, Between(1, 4096)] = 64,
        groups: Annotated[int, Between(1, 4096)] = 4,
        tied: bool = False,
        units: Annotated[int, Between(1, MOST_UNITS)] = 256,
        dropout: Annotated[float, Between(0, 1, closed="low")] = 0.5,
    ):
        super().__init__()
        if filters % groups:
            raise ValueError(f"groups: found {groups}; right: a divisor of filters, {filters}")
        self.options = {"height_px": height_px, "width_px": width_px}
        layers, size = ((filters, KERNEL), (filters, KERNEL)), (height_px, width_px)
        for _, kernel in layers:
            size = pooled(convolved(size, kernel))
        stem = layers, "tanh", PIXEL_MEAN, PIXEL_SCALE
        with self.name_scope():
            # two stems are what belongs to either side; one is what both sides share
            self.trunk = Stem(*stem) if tied else nn.HybridLambda(_pixels)
            self.compare = Sides() if tied else Sides(Stem(*stem), Stem(*stem))
            self.pair = Pair(filters, groups, size, units, dropout)

    def hybrid_forward(self, F, query, gallery):
        return self.pair(*self.compare(self.trunk(query), self.trunk(gallery)))


def _pixels(F, images):
    return F.identity(images)
