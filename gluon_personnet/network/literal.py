"""PersonNet exactly as Table I prints it, layer by layer: the reference of tests and of ``gpnet bench``.

Every map is computed in full and then loses its last row and column, pooling counts in ceil mode and follows the
activation, the difference layer writes the whole 96x21 map, and each pair passes its own two trunks. It shares the
parameters of a :class:`~gluon_personnet.network.personnet.PersonNet` and must give the same logits and gradients.
"""

from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import ACTIVATIONS, PIXEL_MEAN, PIXEL_SCALE, HybridBlock
from gluon_personnet.network.personnet import TRUNK

HybridSequential = mx.gluon.nn.HybridSequential


def neighbourhood_difference(F, query_maps, gallery_maps):
    """Equation 2: every value of f minus the 3x3 neighbourhood of h around it.

    Parameters
    ----------
    query_maps, gallery_maps : (N, C, H, W)
        f and h; h is padded by one zero.

    Returns
    -------
    (N, C, 3H, 3W)
        The block at (3y..3y+2, 3x..3x+2) is ``f(y, x) - h(y-1..y+1, x-1..x+1)``.
    """
    padded = F.pad(gallery_maps, mode="constant", constant_value=0, pad_width=(0, 0, 0, 0, 1, 1, 1, 1))
    rows = []
    for dy in range(3):
        row = []
        for dx in range(3):
            end = (None, None, dy - 2 if dy < 2 else None, dx - 2 if dx < 2 else None)
            row.append(query_maps - F.slice(padded, begin=(None, None, dy, dx), end=end))  # (N, C, H, W)
        rows.append(F.stack(*row, axis=-1))  # (N, C, H, W, 3)
    blocks = F.stack(*rows, axis=3)  # (N, C, H, 3, W, 3)
    return F.reshape(F.reshape(blocks, shape=(0, 0, 0, 0, -3)), shape=(0, 0, -3, 0))  # (N, C, 3H, 3W)


class _Convolve(HybridBlock):
    """A plain 3x3 convolution with the parameters of `layer`."""

    def __init__(self, layer, stride=1):
        super().__init__(params=layer.params)
        self._stride, self._filters = stride, layer.weight.shape[0]
        self.weight, self.bias = self.params.get("weight"), self.params.get("bias")

    def hybrid_forward(self, F, x, weight, bias):
        stride = (self._stride, self._stride)
        return F.Convolution(x, weight, bias, kernel=(3, 3), stride=stride, num_filter=self._filters)


class _Connect(HybridBlock):
    """A plain fully connected layer with the parameters of `layer`."""

    def __init__(self, layer):
        super().__init__(params=layer.params)
        self._units = layer.units
        self.weight, self.bias = self.params.get("weight"), self.params.get("bias")

    def hybrid_forward(self, F, x, weight, bias):
        return F.FullyConnected(x, weight, bias, num_hidden=self._units)


class LiteralPersonNet(HybridBlock):
    """The paper's layers one after another on the parameters of `network`, a PersonNet with Table I's sizes.

    Inputs/Outputs
    --------------
    query, gallery : float32 (P, 3, H, W) RGB 0..255 -> float32 (P, 2) logits.

    Source: Table I, equations 1 and 2.
    """

    def __init__(self, network):
        super().__init__()
        self._trunk_plan = TRUNK[network.options["depth"]]
        self._scale, self._act = ACTIVATIONS[network.options["activation"]]
        self._dropout = [layer.dropout for layer in network.head.dense]
        self.trunk = HybridSequential()
        for layer in network.trunk.layers:
            self.trunk.add(_Convolve(layer))
        self.summary = _Convolve(network.compare.gallery, stride=3)
        self.conv4 = _Convolve(network.head.conv4)
        self.dense = HybridSequential()
        for layer in network.head.dense:
            self.dense.add(_Connect(layer))
        self.logits = _Connect(network.head.logits)

    def _activate(self, F, x):
        return F.relu(x) if self._act == "relu" else F.tanh(self._scale * x)

    def _trunk_rows(self, F, images):
        x = (images - PIXEL_MEAN) / PIXEL_SCALE
        for number, kind in enumerate(self._trunk_plan):
            # the table's maps lack the last row and column of a valid convolution
            x = self._activate(F, F.slice(self.trunk[number](x), begin=(None,) * 4, end=(None, None, -1, -1)))
            yield f"Conv{number}", x
            if kind == "P":
                x = F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full")
                yield f"Pool{number}", x

    def _rows(self, F, query, gallery):
        *_, (_, gallery_maps) = self._trunk_rows(F, gallery)
        for name, query_maps in self._trunk_rows(F, query):
            yield name, query_maps
        x = neighbourhood_difference(F, query_maps, gallery_maps)
        yield "Difference map", x
        x = self._activate(F, self.summary(x))
        yield "Difference", x
        x = self._activate(F, self.conv4(x))
        yield "Conv4", x
        x = F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
        yield "Pool4", x
        x = F.flatten(x)
        for number, layer in enumerate(self.dense):
            x = self._activate(F, layer(x))
            yield f"FC{number + 1}", x
            if self._dropout[number]:
                x = F.Dropout(x, p=self._dropout[number])
        yield "softmax", self.logits(x)

    def rows(self, query, gallery):
        """Every row of Table I with the array it puts out, as a list of (name, NDArray), logits last."""
        return list(self._rows(mx.nd, query, gallery))

    def hybrid_forward(self, F, query, gallery):
        *_, (_, logits) = self._rows(F, query, gallery)
        return logits
