"""The pair head as scoring runs it: weights folded and fixed, one graph for one tile shape and one precision.

What differs from :class:`~gluon_personnet.network.layers.Head`, which it equals:

* the gain of tanh(3x/2) is multiplied into the weights once, not into 4096 outputs of every pair;
* the difference of one query with a run of gallery images is a broadcast over rows, and stays in the cache until it is
  pooled to an eighth of its size; only then the pairs of the whole tile meet in one matrix product;
* in bfloat16 the convolution and FC1-FC3 are products of bfloat16 numbers, summed in float32;
* in int8 FC1-FC3 are products of 8-bit integers, with one scale for each output unit. tanh bounds all that goes in and
  out by 1, so the scales of the activations are known and no image is needed to calibrate them. The convolution, a
  seventeenth of the work, is bfloat16.
"""

from gluon_personnet.core.errors import BackendError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.layers import ACTIVATIONS, Head
from gluon_personnet.scoring.compiled import Compiled
from gluon_personnet.scoring.personnet_head import BFLOAT16, folded_weights, personnet_logits

PRECISIONS = ("float32", "bfloat16", "int8")


class TileHead:
    """Logits of all pairs of a tile.

    Parameters
    ----------
    network : Network
        Its weights are read now; later changes do not count.
    ctx : mxnet.Context
    rows, columns : int
        Shape of the tile.
    precision : {'float32', 'bfloat16', 'int8'}
    own_columns : bool
        Whether every row has gallery images of its own, instead of all rows the same.

    Inputs/Outputs
    --------------
    query : float32 (rows, ...), gallery : float32 (columns, ...), or (rows * columns, ...) if they are each row's own
    -> float32 (rows * columns, 2), by rows.

    Raises
    ------
    BackendError
        If the precision is not to be had for this network or device.
    """

    def __init__(self, network, ctx, rows, columns, precision="float32", own_columns=False):
        self._shape = rows, columns
        check_precision(network, ctx, precision)
        fuse = ctx.device_type == "cpu"
        if hasattr(network, "pair"):
            weights = {name: value.data(ctx) for name, value in network.pair.collect_params().items()}
            logits = network.pair(*self._pairs(own_columns))
        elif isinstance(network.head, Head):
            gain, activation = ACTIVATIONS[network.options["activation"]]
            weights = folded_weights(network.head, gain, ctx)
            logits = personnet_logits(network.head, activation, self._differences(own_columns), weights, precision)
            fuse = False  # its layers are written to be fast as they are
        else:
            weights = {name: value.data(ctx) for name, value in network.head.collect_params().items()}
            differences = self._differences(own_columns)
            logits = network.head(mx.sym.concat(*differences, dim=0) if rows > 1 else differences[0])
        self._graph = Compiled(logits, ("query", "gallery"), weights, fuse)

    def __call__(self, query, gallery):
        return self._graph(query, gallery)

    def _pairs(self, own_columns):
        """Symbols of the queries and gallery images of all pairs, (rows * columns, ...), by rows."""
        rows, columns = self._shape
        query, gallery = mx.sym.var("query"), mx.sym.var("gallery")
        galleries = gallery if own_columns or rows == 1 else mx.sym.concat(*[gallery] * rows, dim=0)
        return mx.sym.repeat(query, repeats=columns, axis=0), galleries

    def _differences(self, own_columns):
        """One symbol of (columns, ...) for each row of the tile."""
        rows, columns = self._shape
        query, gallery = mx.sym.var("query"), mx.sym.var("gallery")
        if rows == 1:
            return [mx.sym.broadcast_sub(query, gallery)]
        queries = mx.sym.split(query, num_outputs=rows, axis=0)
        galleries = mx.sym.split(gallery, num_outputs=rows, axis=0) if own_columns else [gallery] * rows
        return [mx.sym.broadcast_sub(queries[row], galleries[row]) for row in range(rows)]


def check_precision(network, ctx, precision):
    """Raise BackendError unless the network's head runs in this precision on this device."""
    if precision not in PRECISIONS:
        raise BackendError(f"precision {precision!r}: unknown; right: one of {', '.join(PRECISIONS)}")
    if precision == "float32":
        return
    if not isinstance(getattr(network, "head", None), Head):
        raise BackendError(f"precision {precision}: known for PersonNet's head only; right: float32")
    if ctx.device_type != "cpu":
        raise BackendError(f"precision {precision}: known for the CPU only; right: float32, or --device cpu")
    activation = network.options["activation"]
    if precision == "int8" and ACTIVATIONS[activation][1] != "tanh":
        raise BackendError(
            f"precision int8: needs activations with known bounds (tanh), found {activation!r}; right: bfloat16"
        )
    if not (_has_bfloat16() and (precision != "int8" or _has_exact_int8())):
        instructions = "AVX-512 with VNNI" if precision == "int8" else "AVX-512"
        raise BackendError(f"precision {precision}: needs a processor with {instructions}; right: float32")


def _has_bfloat16():
    ones = mx.nd.amp_cast(mx.nd.ones((1, 1, 3, 3)), dtype=BFLOAT16)
    try:
        convolved = mx.nd.Convolution(ones, ones, kernel=(3, 3), num_filter=1, no_bias=True)
        return mx.nd.amp_cast(convolved, dtype="float32").asscalar() == 9.0
    except mx.base.MXNetError:
        return False


def _has_exact_int8():
    """Without VNNI, products of 8-bit integers are added in pairs in 16 bits, and clipped there: garbage comes out."""
    largest, one = mx.nd.full((16, 64), 127, dtype="int8"), mx.nd.ones(1)
    ranges = {"min_data": -one, "max_data": one, "min_weight": -one, "max_weight": one}
    summed, _, _ = mx.nd.contrib.quantized_fully_connected(largest, largest, **ranges, num_hidden=16, no_bias=True)
    return (summed.asnumpy() == 127 * 127 * 64).all()
