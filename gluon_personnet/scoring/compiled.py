"""A graph with fixed weights, compiled for scoring: on a CPU, batch normalisation is folded into convolutions."""

from gluon_personnet.network.backend import mx

FUSING = "MKLDNN"
"""MXNet's pass that joins convolution, batch normalisation, activation and sum to one operator of oneDNN."""


class Compiled:
    """A symbol as a function of its inputs.

    Parameters
    ----------
    symbol : mxnet.symbol.Symbol
    inputs : sequence of str
        Names of the variables that change from call to call, in the order of the arguments.
    weights : dict of str to NDArray
        The others. They are as they are now: a change later may or may not count.
    fuse : bool
        Whether to join operators; for a CPU only.
    """

    def __init__(self, symbol, inputs, weights, fuse=False):
        symbol = symbol.get_backend_symbol(FUSING) if fuse else symbol
        names = symbol.list_inputs()
        self._arguments = [weights.get(name) for name in names]
        self._places = [names.index(name) for name in inputs]
        fixed = [place for place in range(len(names)) if place not in self._places]
        flags = {"static_alloc": True, "static_shape": True, "data_indices": self._places, "param_indices": fixed}
        self._graph = mx.nd.CachedOp(symbol, list(flags.items()))

    def __call__(self, *inputs):
        arguments = list(self._arguments)
        for place, value in zip(self._places, inputs):
            arguments[place] = value
        return self._graph(*arguments)


def compile_block(block, ctx, *inputs, fuse=True):
    """A block in its present state as a :class:`Compiled` function.

    Parameters
    ----------
    block : HybridBlock
        Initialised on `ctx`, all shapes known.
    ctx : mxnet.Context
    *inputs : str
        Names for the block's inputs.
    fuse : bool
        Whether to join operators where `ctx` is a CPU.
    """
    weights = {name: value.data(ctx) for name, value in block.collect_params().items()}
    symbol = block(*(mx.sym.var(name) for name in inputs))
    return Compiled(symbol, inputs, weights, fuse and ctx.device_type == "cpu")
