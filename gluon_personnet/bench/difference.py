"""``gpnet bench difference``: the neighbourhood difference and patch summary, literal against fast."""

from gluon_personnet.bench import medians_in_turn
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.layers import Compare
from gluon_personnet.network.literal import neighbourhood_difference
from gluon_personnet.network.weights import initialise

CHANNELS, MAPS = 32, (32, 7)  # Table I


def run(ctx, pairs=512, repeats=7):
    """Time both forms on `pairs` pairs of trunk maps of Table I's size.

    Returns
    -------
    dict
        JSON types; seconds, their ratio and the largest difference relative to the largest value.
    """
    mx.random.seed(0)
    block = Compare(CHANNELS, "tanh")
    initialise(block, ctx)
    block.hybridize(static_alloc=True, static_shape=True)
    query, gallery = (mx.nd.random.uniform(-1, 1, (pairs, CHANNELS, *MAPS), ctx=ctx) for _ in range(2))
    weight, bias = block.gallery.weight.data(ctx), block.gallery.bias.data(ctx)

    def literal():
        maps = neighbourhood_difference(mx.nd, query, gallery)  # (P, C, 96, 21)
        return mx.nd.Convolution(maps, weight, bias, kernel=(3, 3), stride=(3, 3), num_filter=CHANNELS)

    error = mx.nd.max(mx.nd.abs(literal() - block(query, gallery))) / mx.nd.max(mx.nd.abs(literal()))
    seconds = medians_in_turn({"literal": literal, "fast": lambda: block(query, gallery)}, repeats)
    return {
        "bench": "difference",
        "pairs": pairs,
        "literal_seconds": seconds["literal"],
        "fast_seconds": seconds["fast"],
        "ratio_to_literal": seconds["literal"] / seconds["fast"],
        "relative_error": float(error.asscalar()),
        "versions": versions(),
    }
