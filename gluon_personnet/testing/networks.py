"""Contract suite of networks. MXNet is imported when the suite runs, not before."""

import os
import tempfile

import numpy as np

from gluon_personnet.testing.base import require, running

PARTS = ("trunk", "compare.query", "compare.gallery", "head")
NUM_PAIRS = 3
TOLERANCE = 1e-4
"""Share of the largest logit by which equal results may differ: float32 arithmetic in another order."""


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
    _check_attributes(network)
    shape = (NUM_PAIRS, 3, network.options["height_px"], network.options["width_px"])
    rng = np.random.default_rng(0)
    query, gallery = (mx.nd.array(rng.integers(0, 256, shape), mx.cpu(), "float32") for _ in range(2))
    _initialise(mx, network, query, gallery)
    logits = _logits(network, query, gallery, "the block")
    _check_parts(network, query, gallery, logits)
    alone = _logits(network, query[:1], gallery[:1], "the block on one pair")
    _check_equal("logits of a pair without the other pairs", alone, logits[:1], "its row among all")
    network.hybridize()
    _check_equal("logits once hybridised", _logits(network, query, gallery, "the hybridised block"), logits, "the same")
    _check_saved(mx, make_network, network, query, gallery, logits)
    if hasattr(network, "plain"):
        tested = _logits(network.plain(), query, gallery, "plain()")
        _check_equal("logits of plain()", tested, logits, "the same logits")


def _check_attributes(network):
    for path in PARTS:
        part = network
        for name in path.split("."):
            part = getattr(part, name, None)
        require(callable(part), path, repr(part), "a block")
    for key in ("height_px", "width_px"):
        found = getattr(network, "options", {}).get(key)
        require(isinstance(found, int) and found > 0, f"options[{key!r}]", repr(found), "the size of its images in px")


def _initialise(mx, network, query, gallery):
    """Random weights, and biases that are not zero as MXNet's are, lest a mistake in them go unseen."""
    mx.random.seed(0)
    with running("the block"):
        network.initialize(mx.init.Uniform(0.05), ctx=mx.cpu())
        network(query, gallery)  # settles shapes left open
    for name, parameter in network.collect_params().items():
        if name.endswith("bias"):
            parameter.set_data(mx.nd.random.uniform(-0.5, 0.5, parameter.shape))


def _logits(network, query, gallery, what):
    with running(what):
        logits = network(query, gallery).asnumpy()
    found, shape = f"{logits.dtype} {logits.shape}", (len(query), 2)
    require(logits.dtype == np.float32 and logits.shape == shape, f"logits of {what}", found, f"float32 {shape}")
    require(np.isfinite(logits).all(), f"logits of {what}", "NaN or infinity", "finite values")
    return logits


def _check_equal(what, found, right, expected):
    worst = np.abs(found - right).max()
    require(worst <= TOLERANCE * np.abs(right).max(), what, f"a difference of up to {worst:.3g}", expected)


def _check_parts(network, query, gallery, logits):
    what = "head(compare.query(trunk(query)) - compare.gallery(trunk(gallery)))"
    with running(what):
        query_maps = network.compare.query(network.trunk(query))
        gallery_maps = network.compare.gallery(network.trunk(gallery))
        joined = network.head(query_maps - gallery_maps).asnumpy()
    require(joined.shape == logits.shape, what, f"shape {joined.shape}", f"{logits.shape} as of the block")
    _check_equal(what, joined, logits, "the logits of the block")


def _check_saved(mx, make_network, network, query, gallery, logits):
    what = "saving parameters and loading them into another network"
    with tempfile.TemporaryDirectory() as directory, running(what):
        path = os.path.join(directory, "network.params")
        network.save_parameters(path)
        other = make_network()
        other.load_parameters(path, ctx=mx.cpu())
    _check_equal(what, _logits(other, query, gallery, "the loaded block"), logits, "the same logits")
