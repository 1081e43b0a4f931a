"""``gpnet bench networks``: scoring and training of every registered network beside its arithmetic limit."""

import functools
import math

import numpy as np

from gluon_personnet.bench import medians_in_turn
from gluon_personnet.bench.train import multiplication
from gluon_personnet.core import seeding
from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.kinds import scores_pairs
from gluon_personnet.network.weights import initialise, plain, settle_shapes, unique_parameters
from gluon_personnet.plugin.contracts import Sample
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.recipe.parsing import parse_recipe
from gluon_personnet.scoring.embedding import EmbeddingScorer
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.training.classifier import make_classifier
from gluon_personnet.training.optimizers import make_trainer
from gluon_personnet.training.sampling import make_sampler
from gluon_personnet.training.step import Step

QUERIES, GALLERY, NAIVE_PAIRS = 8, 128, 32
"""Images of a timed scoring: one tile of pairs; and pairs of a naive forward."""

OPTIONS = {"personnet": {"normalise": 0.5}}
"""Options that differ from the defaults, as in the recipes."""

TRAINING = {
    True: "{sampler: balanced-pairs, pairs: 1, batch_pairs: 96}",
    False: "{sampler: identities, images: 1, batch_images: 32}",
}
"""Section of a recipe, by whether the network scores pairs; the losses are the network's own."""

IDENTITIES = 800


def flop_of(symbol, **shapes):
    """Multiplications and additions of the convolutions and fully connected layers of a symbol.

    Parameters
    ----------
    symbol : mxnet.symbol.Symbol
    **shapes : tuple of int
        Of its inputs.
    """
    internals = symbol.get_internals()
    outputs = dict(zip(internals.list_outputs(), internals.infer_shape(**shapes)[1]))
    flop = 0
    for node in internals:
        children = node.get_children()
        if children is None or len(children) < 2:
            continue
        out, weight = outputs.get(f"{node.name}_output"), outputs.get(children[1].list_outputs()[0])
        if out is None or weight is None:
            continue
        attributes = node.list_attr()
        if "num_filter" in attributes:
            flop += 2 * math.prod(out) * math.prod(weight[1:])
        elif "num_hidden" in attributes:
            flop += 2 * math.prod(out) * weight[1]
    return flop


def work_of(network):
    """FLOP of one image, up to what its pairs need of it or to its vector, and of one pair.

    Returns
    -------
    (float, int)
        The mean of both sides; 0 for a pair of an embedding network, whose distance is a product of vectors.
    """
    size = (1, 3, network.options["height_px"], network.options["width_px"])
    images = mx.sym.var("images")
    if not scores_pairs(network):
        return flop_of(network(images), images=size), 0
    maps = network.trunk(images)
    sides = [side(maps) for side in (network.compare.query, network.compare.gallery)]
    shapes = [side.infer_shape(images=size)[1][0] for side in sides]
    query, gallery = mx.sym.var("query"), mx.sym.var("gallery")
    logits = network.pair(query, gallery) if hasattr(network, "pair") else network.head(query - gallery)
    per_image = sum(flop_of(side, images=size) for side in sides) / 2
    return per_image, flop_of(logits, query=shapes[0], gallery=shapes[1])


def measure(name, ctx, repeats, limit):
    """One network's figures.

    Parameters
    ----------
    name : str
        Of a registered network.
    ctx : mxnet.Context
    repeats : int
    limit : (callable, int)
        One large FullyConnected, and its flop.

    Returns
    -------
    dict of str to float
        ``images_per_s`` and ``share_of_limit_images``; of pair networks ``pairs_per_s`` from maps that are there,
        ``times_naive`` and ``share_of_limit_pairs``; ``trained_images_per_s`` and ``share_of_limit_training``.
    """
    mx.random.seed(0)
    network = PluginManager().build("networks", name, **OPTIONS.get(name, {}))
    initialise(network, ctx, bias_range=0.5)
    size = network.options["height_px"], network.options["width_px"]
    settle_shapes(network, ctx)
    step, batch, images = _training(network, ctx)
    pixels = seeding.generator(0, "bench networks").integers(0, 256, (GALLERY, *size, 3), dtype=np.uint8)
    functions = {"limit": limit[0], "training": functools.partial(step, batch, images, 1e-6)}
    functions.update(_scoring(plain(network), ctx, pixels))
    for function in functions.values():
        function()
    seconds = medians_in_turn(functions, repeats)
    rate = limit[1] / seconds["limit"]
    per_image, per_pair = work_of(plain(network))
    found = {"mflop_per_image": per_image / 1e6}
    count = QUERIES + GALLERY if scores_pairs(network) else GALLERY
    found["images_per_s"] = count / seconds["images"]
    found["share_of_limit_images"] = per_image * found["images_per_s"] / rate
    work = 3 * len(images) * per_image
    if scores_pairs(network):
        found["mflop_per_pair"] = per_pair / 1e6
        found["pairs_per_s"] = QUERIES * GALLERY / seconds["pairs"]
        found["times_naive"] = found["pairs_per_s"] * seconds["naive"] / NAIVE_PAIRS
        found["share_of_limit_pairs"] = per_pair * found["pairs_per_s"] / rate
        work += 3 * len(batch.query_index) * per_pair
    found["trained_images_per_s"] = len(images) / seconds["training"]
    found["share_of_limit_training"] = work / seconds["training"] / rate
    return found


def _training(network, ctx):
    """A step of the network's kind, a batch and random images for it."""
    recipe = parse_recipe(f"dataset: {{name: none}}\ntraining: {TRAINING[scores_pairs(network)]}", "bench")
    samples = [Sample(f"{pid}-{camid}", pid, camid) for pid in range(IDENTITIES) for camid in (0, 1)]
    batch = make_sampler(recipe, samples, range(len(samples))).batch(0)
    classifier = make_classifier(network, IDENTITIES, recipe, ctx)
    trained = {**unique_parameters(network), **(unique_parameters(classifier) if classifier else {})}
    shape = (len(batch.rows), 3, network.options["height_px"], network.options["width_px"])
    images = seeding.generator(0, "bench networks").integers(0, 256, shape).astype(np.float32)
    return Step(network, recipe, make_trainer(trained, recipe.optimizer), ctx, classifier), batch, images


def _scoring(network, ctx, pixels):
    """Callables: ``images``, and for pair networks ``pairs`` and ``naive``."""
    if not scores_pairs(network):
        scorer = EmbeddingScorer(network, ctx)
        return {"images": functools.partial(scorer.embeddings, pixels)}
    scorer = Scorer(network, ctx)
    sides = pixels[:QUERIES], pixels
    maps = scorer.maps(*sides)
    tiling = scorer.tiling(maps)
    network.hybridize(static_alloc=True, static_shape=True)
    pair = [mx.nd.array(pixels[:NAIVE_PAIRS].transpose(0, 3, 1, 2), ctx=ctx, dtype="float32") for _ in range(2)]
    return {
        "images": lambda: Scorer(network, ctx).maps(*sides),
        "pairs": lambda: list(scorer.tiles(maps, tiling, range(len(tiling)))),
        "naive": lambda: network(*pair),
    }


def run(ctx, network=None, repeats=5):
    """Measure one registered network, or all.

    Parameters
    ----------
    ctx : mxnet.Context
    network : str, optional
    repeats : int
        Timed repetitions; medians are given.

    Returns
    -------
    dict
        JSON types; ``networks``: name -> figures of :func:`measure`.
    """
    known = [entry.name for entry in PluginManager().entries("networks")]
    if network and network not in known:
        raise RecipeError(f"network {network!r}: not registered{did_you_mean(network, known)}")
    limit = multiplication(ctx)
    return {
        "bench": "networks",
        "networks": {name: measure(name, ctx, repeats, limit) for name in ([network] if network else known)},
        "note": f"a batch of training has 96 pairs or 32 images; a tile has {QUERIES} x {GALLERY} pairs",
        "versions": versions(),
    }
