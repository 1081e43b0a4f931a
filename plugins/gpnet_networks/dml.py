"""DML: three overlapping parts of the body, compared by the cosine."""

from typing import Annotated

from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import PIXEL_MEAN, PIXEL_SCALE
from gluon_personnet.network.personnet import MOST_UNITS
from gluon_personnet.plugin.ranges import Between

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn

HEIGHT_PX, WIDTH_PX, PART_PX = 128, 48, 48
PART_ROWS = (0, 40, 80)
"""First row of each part."""

FILTERS, KERNELS, SIDE = 64, (7, 5), 8
"""Filters of either convolution, their sizes, and the side of the maps behind both."""


class Trunk(HybridBlock):
    """C1 64@7x7, normalisation and pooling, C3 64@5x5, pooling, of three parts of 48x48 px.

    Parameters
    ----------
    shared : bool
        Whether the parts share C1.

    Inputs/Outputs
    --------------
    float32 (N, 3, 128, 48), RGB 0..255 -> float32 (N, 3 * 64, 8, 8), part after part.
    """

    def __init__(self, shared):
        super().__init__()
        count = len(PART_ROWS)
        with self.name_scope():
            self.first, self.second = nn.HybridSequential(), nn.HybridSequential()
            for _ in range(1 if shared else count):
                self.first.add(nn.Conv2D(FILTERS, KERNELS[0], in_channels=3))
            for _ in range(count):
                self.second.add(nn.Conv2D(FILTERS, KERNELS[1], in_channels=FILTERS))

    def hybrid_forward(self, F, images):
        images, maps = (images - PIXEL_MEAN) / PIXEL_SCALE, []
        for place, row in enumerate(PART_ROWS):
            x = F.slice_axis(images, axis=2, begin=row, end=row + PART_PX)  # (N, 3, 48, 48)
            x = F.Activation(_halved(F, self.first[place % len(self.first)](x)), act_type="relu")  # (N, 64, 21, 21)
            x = F.LRN(x, nsize=5)
            maps.append(F.Activation(_halved(F, self.second[place](x)), act_type="relu"))  # (N, 64, 8, 8)
        return F.concat(*maps, dim=1)


class Parts(HybridBlock):
    """F5 of each part, to unit length: the cosine of two vectors is then the mean of the parts' cosines.

    Inputs/Outputs
    --------------
    float32 (N, 3 * 64, 8, 8) -> float32 (N, 3 * units).
    """

    def __init__(self, units):
        super().__init__()
        with self.name_scope():
            self.dense = nn.HybridSequential()
            for _ in PART_ROWS:
                self.dense.add(nn.Dense(units, in_units=FILTERS * SIDE * SIDE))

    def hybrid_forward(self, F, maps):
        parts = F.split(maps, num_outputs=len(PART_ROWS), axis=1)
        return F.concat(*(F.L2Normalization(layer(F.flatten(x))) for layer, x in zip(self.dense, parts)), dim=1)


class Dml(HybridBlock):
    """Deep metric learning of Yi, Lei, Liao and Li.

    Parameters
    ----------
    shared : bool
        Whether the three parts share the filters of C1.
    units : int
        Width of F5, for each part.

    Inputs/Outputs
    --------------
    images : float32 (N, 3, 128, 48), RGB 0..255 -> float32 (N, 3 * units), compared by the cosine.

    Source: Yi, Lei, Liao, Li, Deep Metric Learning for Person Re-identification, ICPR 2014, section III.
    Differs from the source in: a reconstruction from descriptions by others, as the paper could not be read. Both
    streams share their weights, and the similarity is the mean of the parts' cosines, not their sum, which orders a
    gallery in the same way.
    """

    distance = "cosine"

    def __init__(self, shared: bool = False, units: Annotated[int, Between(1, MOST_UNITS)] = 500):
        super().__init__()
        self.options = {"height_px": HEIGHT_PX, "width_px": WIDTH_PX}
        with self.name_scope():
            self.trunk, self.embedding = Trunk(shared), Parts(units)

    def hybrid_forward(self, F, images):
        return self.embedding(self.trunk(images))


def _halved(F, x):
    return F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
