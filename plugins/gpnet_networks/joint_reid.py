"""JointRe-id, also IDLA: differences of neighbourhoods in both directions behind a tied stem."""

from typing import Annotated

from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import PIXEL_MEAN, PIXEL_SCALE
from gluon_personnet.network.personnet import MOST_PX
from gluon_personnet.plugin.ranges import Between
from gpnet_networks.pair_parts import Sides, Stem, convolved, pooled

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn

STEM, NEIGHBOURS, UNITS = ((20, 5), (25, 5)), 5, 500
"""Filters and their size of the stem's convolutions, side of a neighbourhood, width of the fully connected layer."""


class NeighbourhoodDifferences(HybridBlock):
    """Each value of the first maps minus the 5x5 neighbourhood of the second around it, rectified (section 4.2).

    Inputs/Outputs
    --------------
    f, g : float32 (P, C, h, w) -> float32 (P, 25 * C, h, w): ``max(0, f(y, x) - g(y + dy - 2, x + dx - 2))`` in channel
    ``(5 dy + dx) C + c``, g padded by two zeros. The source lays the 25 values out as a block of 5x5 in a map of
    5h x 5w, which a convolution of 5x5 and stride 5 then reads: the same as a convolution of 1x1 here.
    """

    def __init__(self, size):
        super().__init__()
        self._size = size

    def hybrid_forward(self, F, f, g):
        # forward and backward take 0.4 of the time of the same with im2col
        (height, width), reach = self._size, NEIGHBOURS // 2
        padded = F.pad(g, mode="constant", constant_value=0, pad_width=(0, 0, 0, 0, reach, reach, reach, reach))
        around = [
            F.slice(padded, begin=(None, None, dy, dx), end=(None, None, dy + height, dx + width))
            for dy in range(NEIGHBOURS)
            for dx in range(NEIGHBOURS)
        ]
        return F.concat(*(F.Activation(f - one, act_type="relu") for one in around), dim=1)


class Direction(HybridBlock):
    """One direction: differences, patch summary, across-patch features (sections 4.2 to 4.4).

    Inputs/Outputs
    --------------
    f, g : float32 (P, C, h, w) -> float32 (P, C * ceil((h - 2) / 2) * ceil((w - 2) / 2)).
    """

    def __init__(self, channels, size):
        super().__init__()
        with self.name_scope():
            self.differences = NeighbourhoodDifferences(size)
            self.summary = nn.Conv2D(channels, 1, activation="relu", in_channels=NEIGHBOURS**2 * channels)
            self.across = nn.Conv2D(channels, 3, activation="relu", in_channels=channels)
            self.pool = nn.MaxPool2D(2, 2, ceil_mode=True)

    def hybrid_forward(self, F, f, g):
        x = self.summary(self.differences(f, g))  # (P, C, h, w)
        return F.flatten(self.pool(self.across(x)))


class Pair(HybridBlock):
    """The two logits of a pair from the stem's maps of both images.

    What the rectifier leaves of the fast form: maps are computed once per image, and the summary is a product of 1x1;
    the differences themselves belong to the pair.

    Inputs/Outputs
    --------------
    f, g : float32 (P, C, h, w) -> float32 (P, 2) logits [different, same].
    """

    def __init__(self, channels, size):
        super().__init__()
        flat = channels * pooled(convolved(size, 3), ceil=True)[0] * pooled(convolved(size, 3), ceil=True)[1]
        with self.name_scope():
            self.forth, self.back = Direction(channels, size), Direction(channels, size)
            self.dense = nn.Dense(UNITS, activation="relu", in_units=2 * flat)
            self.logits = nn.Dense(2, in_units=UNITS)

    def hybrid_forward(self, F, f, g):
        return self.logits(self.dense(F.concat(self.forth(f, g), self.back(g, f), dim=1)))


class JointReid(HybridBlock):
    """JointRe-id of Ahmed, Jones and Marks.

    Parameters
    ----------
    height_px, width_px : int
        Size of the input images; 160 x 60 in the source.

    Inputs/Outputs
    --------------
    query, gallery : float32 (P, 3, height_px, width_px), RGB 0..255 -> float32 (P, 2) logits [different, same].

    Source: Ahmed, Jones, Marks, An Improved Deep Learning Architecture for Person Re-Identification, CVPR 2015,
    section 4 and Fig. 2. 2,308,147 parameters at 160 x 60 px.
    Differs from the source in: pixels are scaled to about [-2, 2], which the source leaves open.
    """

    def __init__(
        self,
        height_px: Annotated[int, Between(24, MOST_PX)] = 160,
        width_px: Annotated[int, Between(24, MOST_PX)] = 60,
    ):
        super().__init__()
        self.options = {"height_px": height_px, "width_px": width_px}
        size, channels = (height_px, width_px), STEM[-1][0]
        for _, kernel in STEM:
            size = pooled(convolved(size, kernel))
        with self.name_scope():
            self.trunk = Stem(STEM, "relu", PIXEL_MEAN, PIXEL_SCALE)
            self.compare = Sides()
            self.pair = Pair(channels, size)

    def hybrid_forward(self, F, query, gallery):
        return self.pair(self.trunk(query), self.trunk(gallery))
