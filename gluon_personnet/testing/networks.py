"""Contract suite of networks. MXNet is imported when the suite runs, not before."""

import os
import tempfile

import numpy as np

from gluon_personnet.testing.base import require, running

PAIR_PARTS, EMBEDDING_PARTS = ("trunk", "compare.query", "compare.gallery", "head"), ("trunk", "embedding")
NUM_PAIRS = 3
TOLERANCE = 1e-4
"""Share of the largest output by which equal results may differ: float32 arithmetic in another order."""


def check_network(make_network):
    """Check a network against :class:`~gluon_personnet.plugin.contracts.Network`, on the CPU, with random parameters.

    Parameters
    ----------
    make_network : callable
        Returns a new network, not initialised; small ones are checked sooner.

    Raises
    ------
    AssertionError
    """
    from gluon_personnet.network.backend import mx

    with running("building it"):
        network = make_network()
    own_pair = hasattr(network, "pair")
    embeds = not own_pair and getattr(network, "head", None) is None and hasattr(network, "embedding")
    pair_parts = (*PAIR_PARTS[:-1], "pair") if own_pair else PAIR_PARTS
    _check_attributes(network, EMBEDDING_PARTS if embeds else pair_parts)
    shape = (NUM_PAIRS, 3, network.options["height_px"], network.options["width_px"])
    rng = np.random.default_rng(0)
    inputs = [mx.nd.array(rng.integers(0, 256, shape), mx.cpu(), "float32") for _ in range(1 if embeds else 2)]
    _initialise(mx, network, inputs)
    noun, one = ("embeddings", "of an image without the others") if embeds else (
        "logits", "of a pair without the other pairs")  # fmt: skip
    outputs = _outputs(network, inputs, f"{noun} of the block")
    (_check_embedding if embeds else _check_pair)(network, inputs, outputs)
    alone = _outputs(network, [images[:1] for images in inputs], f"{noun} of the block on one")
    _check_equal(f"{noun} {one}", alone, outputs[:1], "its row among all")
    network.hybridize()
    _check_equal(f"{noun} once hybridised", _outputs(network, inputs, "the hybridised block"), outputs, "the same")
    _check_saved(mx, make_network, network, inputs, outputs)
    if hasattr(network, "plain"):
        tested = _outputs(network.plain(), inputs, "plain()")
        _check_equal(f"{noun} of plain()", tested, outputs, f"the same {noun}")


def _check_attributes(network, parts):
    for path in parts:
        part = network
        for name in path.split("."):
            part = getattr(part, name, None)
        require(callable(part), path, repr(part), "a block")
    for key in ("height_px", "width_px"):
        found = getattr(network, "options", {}).get(key)
        require(isinstance(found, int) and found > 0, f"options[{key!r}]", repr(found), "the size of its images in px")


def _initialise(mx, network, inputs):
    """Random weights, and biases that are not zero as MXNet's are, lest a mistake in them go unseen."""
    mx.random.seed(0)
    with running("the block"):
        network.initialize(mx.init.Uniform(0.05), ctx=mx.cpu())
        network(*inputs)  # settles shapes left open
    for name, parameter in network.collect_params().items():
        if name.endswith("bias"):
            parameter.set_data(mx.nd.random.uniform(-0.5, 0.5, parameter.shape))


def _outputs(network, inputs, what):
    with running(what.rpartition(" of ")[2]):
        outputs = network(*inputs).asnumpy()
    columns = 2 if len(inputs) == 2 else outputs.shape[-1]
    found, shape = f"{outputs.dtype} {outputs.shape}", (len(inputs[0]), columns)
    require(outputs.dtype == np.float32 and outputs.shape == shape, what, found, f"float32 {shape}")
    require(np.isfinite(outputs).all(), what, "NaN or infinity", "finite values")
    return outputs


def _check_equal(what, found, right, expected):
    worst = np.abs(found - right).max()
    require(worst <= TOLERANCE * np.abs(right).max(), what, f"a difference of up to {worst:.3g}", expected)


def _check_pair(network, inputs, logits):
    query_side, gallery_side = "compare.query(trunk(query))", "compare.gallery(trunk(gallery))"
    own_pair = hasattr(network, "pair")
    what = f"pair({query_side}, {gallery_side})" if own_pair else f"head({query_side} - {gallery_side})"
    with running(what):
        query_maps = network.compare.query(network.trunk(inputs[0]))
        gallery_maps = network.compare.gallery(network.trunk(inputs[1]))
        joined = network.pair(query_maps, gallery_maps) if own_pair else network.head(query_maps - gallery_maps)
        joined = joined.asnumpy()
    require(joined.shape == logits.shape, what, f"shape {joined.shape}", f"{logits.shape} as of the block")
    _check_equal(what, joined, logits, "the logits of the block")


def _check_embedding(network, inputs, embeddings):
    what = "neck(embedding(trunk(images)))" if hasattr(network, "neck") else "embedding(trunk(images))"
    with running(what):
        joined = network.embedding(network.trunk(*inputs))
        joined = (network.neck(joined) if hasattr(network, "neck") else joined).asnumpy()
    require(joined.shape == embeddings.shape, what, f"shape {joined.shape}", f"{embeddings.shape} as of the block")
    _check_equal(what, joined, embeddings, "the embeddings of the block")
    found = getattr(network, "distance", "cosine")
    require(found in ("cosine", "euclidean"), "distance", repr(found), "'cosine' or 'euclidean'")


def _check_saved(mx, make_network, network, inputs, outputs):
    what = "saving parameters and loading them into another network"
    with tempfile.TemporaryDirectory() as directory, running(what):
        path = os.path.join(directory, "network.params")
        network.save_parameters(path)
        other = make_network()
        other.load_parameters(path, ctx=mx.cpu())
    _check_equal(what, _outputs(other, inputs, "the loaded block"), outputs, "the same outputs")
