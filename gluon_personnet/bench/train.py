"""``gpnet bench train``: a training step against the literal pair form and against the arithmetic limit."""

import math

import numpy as np

from gluon_personnet import seeding
from gluon_personnet.backend import mx, versions
from gluon_personnet.bench import arithmetic_limit, median_seconds
from gluon_personnet.contracts import Sample
from gluon_personnet.data.pairs import PairSampler
from gluon_personnet.network.literal import LiteralPersonNet
from gluon_personnet.network.pairs import initialise, unique_parameters
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.recipe import parse_recipe
from gluon_personnet.training.optimizers import make_trainer
from gluon_personnet.training.step import Step

RECIPE = """
dataset: {{name: none}}
training: {{pairs: 1, batch_pairs: {pairs}, negatives_per_positive: {negatives}}}
"""


def work_per_step(network, images, pairs):
    """Arithmetic and memory of one training step.

    Returns
    -------
    flop : int
        Multiplications and additions of the convolutions and fully connected layers, forward and twice that backward.
    bytes : int
        Parameters, gradients and optimizer state read and written once, and every map of the trunk written once and
        read once, forward and backward.
    """
    height, width = network.trunk.window
    image_madds, map_values = 0, 0
    for layer in network.trunk.layers:
        filters, channels = layer.weight.shape[:2]
        height, width = height - 2, width - 2
        image_madds += height * width * filters * channels * 9
        map_values += height * width * filters
        if layer.pooled:
            height, width = -(-height // 2), -(-width // 2)
            map_values += height * width * filters
    filters = network.compare.gallery.weight.shape[0]
    image_madds += height * width * filters * filters * 5  # 1x1 for queries, 3x3 for gallery images
    pair_madds = (height - 2) * (width - 2) * filters * filters * 9
    dense = [*network.head.dense, network.head.logits]
    pair_madds += sum(math.prod(layer.weight.shape) for layer in dense)
    parameters = sum(math.prod(value.shape) for value in unique_parameters(network).values())
    flop = 6 * (images * image_madds + pairs * pair_madds)
    return flop, 4 * (7 * parameters + 4 * images * map_values)


def _literal_step(network, pairs, ctx):
    """Forward and backward of the literal form: two trunks a pair, 96x21 maps, tanh as written."""
    literal = LiteralPersonNet(network)
    literal.hybridize(static_alloc=True, static_shape=True)
    rng = seeding.generator(0, "bench")
    shape = (pairs, 3, network.options["height_px"], network.options["width_px"])
    query, gallery = (mx.nd.array(rng.integers(0, 256, shape), ctx=ctx) for _ in range(2))
    same = mx.nd.array(np.arange(pairs) % 2, ctx=ctx)
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()

    def step():
        with mx.autograd.record():
            value = loss(literal(query, gallery), same)
        value.backward()

    return step


def _shared_step(network, pairs, negatives, ctx):
    """The trainer's step: images of one batch of the sampler, all pairs on shared maps, with the update."""
    recipe = parse_recipe(RECIPE.format(pairs=pairs, negatives=negatives), "bench")
    step = Step(network, recipe, make_trainer(unique_parameters(network), recipe.optimizer), ctx)
    identities = recipe.training.identities
    samples = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(identities) for camid in range(2)]
    batch = PairSampler(samples, range(len(samples)), identities, negatives, seed=0).batch(0)
    rng = seeding.generator(0, "bench")
    size = 3, network.options["height_px"], network.options["width_px"]
    rows = batch.query_rows, batch.gallery_rows
    images = rng.integers(0, 256, (sum(map(len, rows)), *size)).astype(np.float32)
    return lambda: step(0, batch, images, 1e-6), len(images)


def run(ctx, pairs=64, negatives=1, repeats=7):
    """Measure one training step of PersonNet.

    Parameters
    ----------
    ctx : mxnet.Context
    pairs : int
        Pairs a step, for both forms.
    negatives : int
        Negative pairs for each positive one.
    repeats : int
        Timed repetitions; medians are given.

    Returns
    -------
    dict
        JSON types; rates in pairs/s, FLOP/s, bytes.
    """
    mx.random.seed(0)
    network = PersonNet()
    initialise(network, ctx)
    literal = median_seconds(_literal_step(network, pairs, ctx), repeats)
    step, images = _shared_step(network, pairs, negatives, ctx)
    shared = median_seconds(step, repeats)
    limit = arithmetic_limit(ctx, repeats)
    flop, moved = work_per_step(network, images, pairs)
    return {
        "bench": "train",
        "pairs": pairs,
        "images": images,
        "literal_pairs_per_s": pairs / literal,
        "step_pairs_per_s": pairs / shared,
        "ratio_to_literal": literal / shared,
        "step_gflop": flop / 1e9,
        "step_mib": moved / 2**20,
        "step_gflop_per_s": flop / shared / 1e9,
        "limit_gflop_per_s": limit / 1e9,
        "roofline_share": flop / shared / limit,
        "note": "the step includes the optimizer's update, the literal form is forward and backward only",
        "versions": versions(),
    }
