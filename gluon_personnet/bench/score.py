"""``gpnet bench score``: the scorer in each precision, beside naive forms, PyTorch and the machine's limit."""

import functools
import importlib.metadata
import importlib.util
import math
import os

import numpy as np

from gluon_personnet.bench import medians_in_turn
from gluon_personnet.bench.growth import SIZES, growth, plot_growth
from gluon_personnet.core import seeding
from gluon_personnet.core.errors import BackendError
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.layers import HybridBlock
from gluon_personnet.network.literal import LiteralPersonNet, neighbourhood_difference
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise
from gluon_personnet.scoring.heads import PRECISIONS
from gluon_personnet.scoring.scorer import Scorer

NAIVE_PAIRS, CACHED_PAIRS = 64, 256
"""Pairs a forward of the naive forms: larger ones are not faster."""

ROOFLINE_PASSES = 4


class _CachedLiteral(HybridBlock):
    """The literal layers from the difference map on, for pairs of trunk maps: the 96x21 map is written out."""

    def __init__(self, literal):
        super().__init__()
        self.summary, self.conv4 = literal.summary, literal.conv4
        self.dense, self.logits = literal.dense, literal.logits

    def hybrid_forward(self, F, query_maps, gallery_maps):
        x = F.tanh(1.5 * self.summary(neighbourhood_difference(F, query_maps, gallery_maps)))
        x = F.Pooling(F.tanh(1.5 * self.conv4(x)), kernel=(2, 2), stride=(2, 2), pool_type="max")
        x = F.flatten(x)
        for layer in self.dense:
            x = F.tanh(1.5 * layer(x))
        return self.logits(x)


def work_per_pair(network, rows, columns):
    """Arithmetic and the least memory traffic of a pair within a tile of `rows` x `columns`.

    Returns
    -------
    flop, bytes : float
        Multiplications and additions from the difference on; weights, and the maps of both images, read once a tile,
        and what each fully connected layer takes in and puts out, float32.
    """
    head = network.head
    layers = [*head.dense, head.logits]
    units = layers[0].weight.shape[1]
    outputs = 4 * units  # Conv4 before its 2x2 pooling
    madds = outputs * math.prod(head.conv4.weight.shape[1:])
    dense = sum(math.prod(layer.weight.shape) for layer in layers)
    moved = dense / (rows * columns) + sum(sum(layer.weight.shape) for layer in layers)
    channels, (height, width) = head.conv4.weight.shape[0], (32, 7)
    moved += channels * height * width * (1 / rows + 1 / columns)
    return 2.0 * (madds + dense), 4.0 * moved


def _roofline(network, rows, ctx):
    """The fully connected layers alone, float32, weights and data of their shapes."""
    layers = [*network.head.dense, network.head.logits]
    data = mx.nd.random.uniform(-1, 1, (rows, layers[0].weight.shape[1]), ctx=ctx)

    def run():
        for _ in range(ROOFLINE_PASSES):
            x = data
            for layer in layers:
                x = mx.nd.FullyConnected(x, layer.weight.data(ctx), layer.bias.data(ctx), num_hidden=layer.units)
            x.wait_to_read()

    return run


def _pair_pixels(query, gallery):
    """Both images of NAIVE_PAIRS pairs, float32 (NAIVE_PAIRS, 3, H, W)."""
    return [to_network_input(side[np.arange(NAIVE_PAIRS) % len(side)]) for side in (query, gallery)]


def _naive_forms(network, query, gallery, ctx):
    """Name -> (pairs a call, function): the literal pair forward, plain and compiled, and its head on cached maps."""
    literal, compiled = LiteralPersonNet(network), LiteralPersonNet(network)
    cached = _CachedLiteral(compiled)
    for block in (compiled, cached):
        block.hybridize(static_alloc=True, static_shape=True)
    pixels = [mx.nd.array(side, ctx=ctx) for side in _pair_pixels(query, gallery)]
    maps = [mx.nd.tile(network.trunk(side), (CACHED_PAIRS // NAIVE_PAIRS, 1, 1, 1)) for side in pixels]
    return {
        "naive": (NAIVE_PAIRS, lambda: literal(*pixels).wait_to_read()),
        "naive_hybridized": (NAIVE_PAIRS, lambda: compiled(*pixels).wait_to_read()),
        "literal_head_on_cached_maps": (CACHED_PAIRS, lambda: cached(*maps).wait_to_read()),
    }


def _torch_form(network, query, gallery):
    """PyTorch's (pairs, function), and how far its logits are from the naive forward's; None without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return None, None
    from gluon_personnet.bench.torch_peer import forward

    pixels = _pair_pixels(query, gallery)
    run, logits = forward(network, *pixels, int(os.environ["OMP_NUM_THREADS"]))
    here = network(*(mx.nd.array(side) for side in pixels)).asnumpy()
    return (NAIVE_PAIRS, run), float(np.abs(logits - here).max())


def run(ctx, queries=200, gallery=2000, repeats=5, plot=None, sizes=SIZES):
    """Measure scoring with PersonNet of random weights and images.

    Parameters
    ----------
    ctx : mxnet.Context
    queries, gallery : int
        Size of the distance matrix.
    repeats : int
        Timed repetitions; medians are given.
    plot : path, optional
        Where to draw growth with the gallery.
    sizes : sequence of int, optional
        Sizes of gallery for growth; empty for none.

    Returns
    -------
    dict
        JSON types. Times of the scorer run from images to distances, maps included. ``ratio_to_naive`` (the literal
        pair forward, called as it is; ``_hybridized``: compiled with static memory) and ``roofline_share`` are of
        float32. ``largest_ratio_to_naive_hybridized`` is what a scorer would reach that did nothing but the fully
        connected layers. A block for each precision and each other form; ``growth``.
    """
    mx.random.seed(0)
    network = PersonNet()
    initialise(network, ctx)
    shape = network.options["height_px"], network.options["width_px"], 3
    rng = seeding.generator(0, "bench")
    sides = [rng.integers(0, 256, (count, *shape), dtype=np.uint8) for count in (queries, gallery)]
    scorers, missing = _scorers(network, ctx)
    tiling = scorers["float32"].tiling_of(queries, gallery)
    forms = _naive_forms(network, *sides, ctx)
    tile_pairs = tiling.rows * tiling.columns
    forms["roofline"] = ROOFLINE_PASSES * tile_pairs, _roofline(network, tile_pairs, ctx)
    peer, torch_error = _torch_form(network, *sides)
    if peer:
        forms["torch"] = peer
    distmats = {}
    for _, form in forms.values():
        form()  # once untimed
    for name, scorer in scorers.items():
        scorer.distmat(sides[0][: tiling.rows], sides[1][: tiling.columns])
        whole = functools.partial(scorer.distmat, *sides)
        forms[name] = queries * gallery, lambda name=name, whole=whole: distmats.update({name: whole()})
    seconds = medians_in_turn({name: form for name, (_, form) in forms.items()}, repeats)
    result = _result(network, tiling, {name: seconds[name] / pairs for name, (pairs, _) in forms.items()}, distmats)
    if torch_error is not None:
        result["torch"]["largest_difference_of_logits"] = torch_error
    if missing:
        result["not_available"] = missing
    if sizes and ctx.device_type == "cpu":
        result["growth"] = growth(sizes)
        if plot:
            plot_growth(result["growth"], plot)
    return {"bench": "score", "queries": queries, "gallery": gallery, "repeats": repeats, **result}


def _scorers(network, ctx):
    """Precision -> Scorer, and precision -> why there is none."""
    scorers, missing = {}, {}
    for precision in PRECISIONS:
        try:
            scorers[precision] = Scorer(network, ctx, precision=precision)
        except BackendError as error:
            missing[precision] = str(error)
    return scorers, missing


def _result(network, tiling, per_pair, distmats):
    flop, moved = work_per_pair(network, tiling.rows, tiling.columns)
    exact = per_pair["float32"]
    result = {
        "tile": [tiling.rows, tiling.columns],
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "ratio_to_naive": per_pair["naive"] / exact,
        "ratio_to_naive_hybridized": per_pair["naive_hybridized"] / exact,
        "largest_ratio_to_naive_hybridized": per_pair["naive_hybridized"] / per_pair["roofline"],
        "roofline_share": per_pair["roofline"] / exact,
        "flop_per_pair": flop,
        "bytes_per_pair": moved,
    }
    if "torch" in per_pair:
        result["ratio_to_torch"] = per_pair["torch"] / exact
    for name, value in per_pair.items():
        result[name] = {"pairs_per_s": 1 / value, "float32_is_faster_by": value / exact}
    for name, distmat in distmats.items():
        result[name] = {
            "pairs_per_s": 1 / per_pair[name],
            "gflop_per_s": flop / per_pair[name] / 1e9,
            "ratio_to_float32": exact / per_pair[name],
            "ratio_to_naive": per_pair["naive"] / per_pair[name],
            "largest_change_of_margin": float(np.abs(distmat - distmats["float32"]).max()),
            "spread_of_margins": float(np.ptp(distmats["float32"])),
        }
    return {**result, "versions": _versions()}


def _versions():
    found = versions()
    if importlib.util.find_spec("torch") is not None:
        found["torch"] = importlib.metadata.version("torch")
    return found
