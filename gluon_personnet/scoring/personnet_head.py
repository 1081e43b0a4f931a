"""PersonNet's head as scoring runs it: weights folded, in one of three precisions."""

from types import SimpleNamespace

import numpy as np

from gluon_personnet.network.backend import mx

BFLOAT16 = np.dtype([("bfloat16", np.uint16)])
"""How MXNet names the type; numpy has none."""


def folded_weights(head, gain, ctx):
    """Name -> weight or bias, float32, times the gain of the activation that follows."""
    weights = {}
    for name, layer in _layers(head):
        factor = 1.0 if name == "logits" else gain
        for part in ("weight", "bias"):
            weights[f"{name}_{part}"] = getattr(layer, part).data(ctx) * factor
    return weights


def _layers(head):
    dense = [(f"fc{number}", layer) for number, layer in enumerate(head.dense, 1)]
    return [("conv4", head.conv4), *dense, ("logits", head.logits)]


def personnet_logits(head, activation, differences, weights, precision):
    """The symbol of a tile's logits; `weights` are changed to what it takes."""
    reduced = precision != "float32"
    if reduced:
        for name in [name for name in weights if name.startswith("conv4" if precision == "int8" else ("conv4", "fc"))]:
            weights[name] = mx.nd.amp_cast(weights[name], dtype=BFLOAT16)
    variables = {name: mx.sym.var(name) for name in weights}
    pooled = [_pooled(head, activation, difference, variables, reduced) for difference in differences]
    maps = mx.sym.concat(*pooled, dim=0) if len(pooled) > 1 else pooled[0]  # (rows * columns, units)
    if precision == "int8":
        dense, quantized = _int8(_dense(head, activation, mx.sym.var("maps"), variables), weights)
        weights.update(quantized)
        hidden = dense(maps=maps)
    elif reduced:
        hidden = _dense(head, activation, mx.sym.amp_cast(maps, dtype=BFLOAT16), variables, reduced)
    else:
        hidden = _dense(head, activation, maps, variables)
    return mx.sym.FullyConnected(hidden, variables["logits_weight"], variables["logits_bias"], num_hidden=2)


def _pooled(head, activation, difference, variables, reduced):
    """(columns, C, h, w) before its activation -> float32 (columns, C * h' * w') behind Pool4."""
    channels = head.conv4.weight.shape[0]
    x = mx.sym.Activation(difference, act_type=activation)
    if reduced:
        x = mx.sym.amp_cast(x, dtype=BFLOAT16)
    x = mx.sym.Convolution(
        x, variables["conv4_weight"], variables["conv4_bias"], kernel=(3, 3), num_filter=channels
    )  # (columns, C, h - 2, w - 2)
    x = mx.sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
    if reduced:
        x = mx.sym.amp_cast(x, dtype="float32")
    return mx.sym.flatten(mx.sym.Activation(x, act_type=activation))


def _dense(head, activation, x, variables, reduced=False):
    """FC1 to FC3. `reduced` ones end in float32 before the last tanh: near 1 a bfloat16 has steps of 0.004, which
    would make ties of pairs that are told apart by units near saturation.
    """
    layers = _layers(head)[1:-1]
    for place, (name, layer) in enumerate(layers, 1):
        x = mx.sym.FullyConnected(x, variables[f"{name}_weight"], variables[f"{name}_bias"], num_hidden=layer.units)
        if reduced and place == len(layers):
            x = mx.sym.amp_cast(x, dtype="float32")
        x = mx.sym.Activation(x, act_type=activation)
    return x


def _int8(dense, weights):
    """Turn a symbol of fully connected layers with tanh, input ``maps``, into one on 8-bit integers.

    Returns
    -------
    Symbol, dict
        From float32 to float32, and the weights it takes.
    """
    quantization = mx.contrib.quantization
    # This pass joins FullyConnected and tanh; MXNet's own quantize_net uses one that leaves tanh alone, as float32.
    joined = dense.get_backend_symbol("MKLDNN")
    given = {name: weights[name] for name in dense.list_inputs() if name != "maps"}
    how = {"quantized_dtype": "int8", "quantize_mode": "full", "quantize_granularity": "channel-wise"}
    symbol, given, _, _ = quantization.quantize_graph(joined, given, {}, calib_mode="none", **how)
    ranges = {name: (-1.0, 1.0) for name in joined.get_internals().list_outputs() if name.endswith("_output")}
    known = SimpleNamespace(min_max_dict={"maps": (-1.0, 1.0), **ranges})
    symbol, given, _ = quantization.calib_graph(symbol, given, {}, known, calib_mode="customize", logger=None)
    return symbol.get_backend_symbol("MKLDNN_QUANTIZE"), given
