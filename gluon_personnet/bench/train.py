"""``gpnet bench train``: a training step and its parts, against the literal pair form and the machine's limits."""

import functools
import itertools
import math

import numba
import numpy as np

from gluon_personnet.bench import medians_in_turn
from gluon_personnet.core import seeding
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.literal import LiteralPersonNet
from gluon_personnet.network.pairs import PairLogits, Sides
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise, unique_parameters
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.recipe.parsing import parse_recipe
from gluon_personnet.training import cpu_update
from gluon_personnet.training.augment import augment
from gluon_personnet.training.averaging import EVERY, Average
from gluon_personnet.training.classifier import make_classifier
from gluon_personnet.training.optimizers import make_trainer
from gluon_personnet.training.sampling import PairSampler
from gluon_personnet.training.step import Step

RECIPE = """
dataset: {{name: none}}
training: {{pairs: 1, batch_pairs: {pairs}, negatives_per_positive: {negatives},
            losses: {{ranking: 1.0, identification: 1.0}}}}
"""

NORMALISE = 0.5
"""What batch normalisation makes of every layer in training, as in the recipe cuhk01; the literal form has none."""

IDENTITIES = 800
"""Training identities of the identification loss, as on CUHK01 with 71 held out for validation."""


def work_of_parts(network, classifier, images, pairs):
    """Arithmetic and least memory traffic of the parts of one training step.

    Returns
    -------
    dict of str to (int, int)
        ``sides``: trunk and each image's share of its pairs. ``head``: everything a pair costs. ``identification``:
        its hidden layer and logits. ``update``: RMSProp of all parameters. ``averaging``: of the network's. Each:
        (flop, bytes). flop counts multiplications and additions of convolutions and fully connected layers, forward and
        twice that backward (no gradient is needed of the pixels, which is left in: 2 %). bytes counts every map of the
        trunk and every difference written and read once, forward and backward, the weights of fully connected layers
        read forward and backward and their gradients written; an update reads weight, gradient and mean square and
        writes two of them, averaging reads two and writes one every :data:`~.averaging.EVERY` steps.
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
    weights = sum(math.prod(layer.weight.shape) for layer in dense)
    identities = [math.prod(layer.weight.shape) for layer in (classifier.hidden, classifier.logits)]
    parameters = sum(math.prod(value.shape) for value in unique_parameters(network).values())
    return {
        "sides": (6 * images * image_madds, 4 * 4 * images * map_values),
        "head": (6 * pairs * (pair_madds + weights), 4 * (3 * weights + 4 * pairs * height * width * filters)),
        "identification": (6 * images * sum(identities), 4 * 3 * sum(identities)),
        "update": (0, 4 * 5 * (parameters + sum(identities))),
        "averaging": (0, 4 * 3 * parameters // EVERY),
    }


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


def _setting(network, pairs, negatives, ctx):
    """The trainer's step of a recipe with these numbers, what it is made of, and random images for it."""
    recipe = parse_recipe(RECIPE.format(pairs=pairs, negatives=negatives), "bench")
    classifier = make_classifier(network, IDENTITIES, recipe, ctx)
    trainer = make_trainer({**unique_parameters(network), **unique_parameters(classifier)}, recipe.optimizer)
    identities = recipe.training.identities
    samples = [
        Sample(f"{pid}-{camid}", pid, camid) for pid in range(max(identities, negatives + 1)) for camid in (0, 1)
    ]
    sampler = PairSampler(samples, range(len(samples)), identities, negatives, seed=0)
    rng = seeding.generator(0, "bench")
    size = network.options["height_px"], network.options["width_px"]
    pictures = rng.integers(0, 256, (len(samples), *size, 3), dtype=np.uint8)
    return recipe, trainer, classifier, Step(network, recipe, trainer, ctx, classifier), sampler, pictures


def _prepared(recipe, sampler, pictures):
    """One batch with its augmented images, as the trainer's background thread makes it."""
    batch = sampler.batch(0)
    return batch, augment(pictures[batch.rows], seeding.generator(0, "augmentation"), recipe.augmentation)


def _parts(network, classifier, batch, images, ctx):
    """Callables that run sides, head and identification alone, forward and backward."""
    sides, logits = Sides(network, len(batch.query_rows)), PairLogits(network)
    for block in (sides, logits):
        block.hybridize(static_alloc=True, static_shape=True)
    pixels = mx.nd.array(images, ctx=ctx)
    query, gallery = sides(pixels)
    gradients = [mx.nd.random.normal(0, 1e-3, side.shape, ctx=ctx) for side in (query, gallery)]
    index = [mx.nd.array(i, ctx=ctx, dtype="int32") for i in (batch.query_index, batch.gallery_index)]
    maps = network.trunk(pixels)
    weights = np.full(len(images), 1 / len(images))
    labels, weights = (mx.nd.array(values, ctx=ctx) for values in (batch.image_labels, weights))
    for value in (query, gallery, maps):
        value.attach_grad()

    def run_sides():
        with mx.autograd.record():
            outputs = sides(pixels)
        mx.autograd.backward(outputs, gradients)

    def run_head():
        with mx.autograd.record():
            loss = mx.nd.log_softmax(logits(query, gallery, *index))
        loss.backward()

    def run_identification():
        with mx.autograd.record():
            loss = classifier(maps, labels, weights)
        loss.backward()

    return {"sides": run_sides, "head": run_head, "identification": run_identification}


def _update(trainer):
    """The optimizer's part of a step on gradients that are there already."""
    parameters = trainer._params
    update = trainer._updaters[0]

    def run_update():
        for place, parameter in enumerate(parameters):
            if parameter.grad_req != "null":
                update(place, parameter.grad(), parameter.data())

    return run_update


def _averaging(average):
    """The averaging of as many steps as it takes at once."""
    steps = itertools.count(10_000)

    def run_averaging():
        for _ in range(EVERY):
            average.follow(next(steps))

    return run_averaging


def multiplication(ctx, rows=1024, units=4096):
    """A large FullyConnected in float32, the fastest routine for such arithmetic: a callable, and its flop."""
    data, weight = (mx.nd.random.normal(shape=(size, units), ctx=ctx) for size in (rows, units))
    return functools.partial(mx.nd.FullyConnected, data, weight, no_bias=True, num_hidden=units), 2 * rows * units**2


def _limits(ctx, values=2**24):
    """Callables that run at the device's limits, each with its work.

    Returns
    -------
    (callable, int)
        That of :func:`multiplication`.
    (callable, int)
        Adding a large array to another in place, and the bytes read and written: writing into a third would have the
        processor read that too. On a CPU compiled for it, as the update is: MXNet's own kernel is slower.
    """
    if ctx.device_type == "cpu":
        numba.set_num_threads(cpu_update.threads())
        add = functools.partial(_add, *(np.ones(values, np.float32) for _ in range(2)))
    else:
        first, second = (mx.nd.ones(values, ctx=ctx) for _ in range(2))
        add = functools.partial(mx.nd.elemwise_add, first, second, out=first)
    return multiplication(ctx), (add, 3 * 4 * values)


@numba.njit(parallel=True)
def _add(first, second):
    for place in numba.prange(first.size):
        first[place] += second[place]


LITERAL_PAIRS = 64
"""Pairs at most in a step of the literal form, whose maps take 12 MiB each."""


def run(ctx, pairs=192, negatives=5, repeats=15):
    """Measure one training step of PersonNet and its parts.

    Parameters
    ----------
    ctx : mxnet.Context
    pairs : int
        Pairs a step.
    negatives : int
        Negative pairs for each positive one: the images of a step are 2 / (1 + negatives) of its pairs.
    repeats : int
        Timed repetitions; medians are given.

    Returns
    -------
    dict
        JSON types; rates in pairs/s, FLOP/s, bytes. ``parts``: of each part its seconds, the seconds that its
        arithmetic and its memory traffic need at the limits measured in the same run, and the share of the larger.
    """
    mx.random.seed(0)
    network = PersonNet(normalise=NORMALISE)
    initialise(network, ctx)
    literal_pairs = min(pairs, LITERAL_PAIRS)
    recipe, trainer, classifier, step, sampler, pictures = _setting(network, pairs, negatives, ctx)
    batch, images = _prepared(recipe, sampler, pictures)
    (multiply, multiply_flop), (add, add_bytes) = _limits(ctx)
    functions = {
        "literal": _literal_step(network.plain(), literal_pairs, ctx),
        "step": lambda: step(batch, images, 1e-6),
        "multiply": multiply,
        "add": add,
        **_parts(network, classifier, batch, images, ctx),
        "update": _update(trainer),
        "averaging": _averaging(Average(unique_parameters(network), 0.998)),
        "prepare": lambda: _prepared(recipe, sampler, pictures),
    }
    for function in functions.values():
        function()
    seconds = medians_in_turn(functions, repeats)
    seconds["averaging"] /= EVERY
    whole, literal = seconds["step"] + seconds["averaging"], seconds["literal"] / literal_pairs
    limits = multiply_flop / seconds["multiply"], add_bytes / seconds["add"]
    work = work_of_parts(network, classifier, len(images), pairs)
    shares = {}
    for name, needs in work.items():
        arithmetic, memory = (need / limit for need, limit in zip(needs, limits))
        share = max(arithmetic, memory) / seconds[name]
        shares[name] = {"s": seconds[name], "arithmetic_s": arithmetic, "memory_s": memory, "share_of_limit": share}
    shares["prepare (in the background)"] = {"s": seconds["prepare"]}
    flop, moved = (sum(column) for column in zip(*work.values()))
    return {
        "bench": "train",
        "pairs": pairs,
        "images": len(images),
        "literal_pairs_per_s": 1 / literal,
        "step_pairs_per_s": pairs / whole,
        "ratio_to_literal": literal * pairs / whole,
        "step_s": whole,
        "step_gflop": flop / 1e9,
        "step_mib": moved / 2**20,
        "step_gflop_per_s": flop / whole / 1e9,
        "limit_gflop_per_s": limits[0] / 1e9,
        "limit_gib_per_s": limits[1] / 2**30,
        "roofline_share": flop / whole / limits[0],
        "parts": shares,
        "note": "the step includes identification loss, update and averaging; the literal form is forward and backward "
        f"only, of {literal_pairs} pairs",
        "versions": versions(),
    }
