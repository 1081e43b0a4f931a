"""Compiled graphs equal the blocks that they are of, batch normalisation folded or not."""

import numpy as np
import pytest
from gpnet_networks.backbone import Backbone

from embedding_network import TinyEmbedding
from gluon_personnet.network.backend import mx
from gluon_personnet.network.weights import initialise
from gluon_personnet.scoring.compiled import compile_block


def trained(make):
    """A network whose batch normalisation has statistics of its own."""
    mx.random.seed(0)
    network = make()
    initialise(network, mx.cpu(), weight_magnitude=30.0, bias_range=0.5)
    with mx.autograd.record():
        network(pixels(4))
    mx.nd.waitall()
    return network


def pixels(count, seed=0):
    return mx.nd.array(np.random.default_rng(seed).integers(0, 256, (count, 3, 64, 32)))


NETWORKS = {
    "tiny": TinyEmbedding,
    "mobilenet": lambda: Backbone("mobilenetv2_0.25", height_px=64, width_px=32),
    "resnet": lambda: Backbone("resnet18_v1b", height_px=64, width_px=32),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("fuse", [True, False])
def test_equals_the_block(name, fuse):
    network, images = trained(NETWORKS[name]), pixels(3, seed=1)
    right = network(images).asnumpy()
    compiled = compile_block(network, mx.cpu(), "images", fuse=fuse)
    for _ in range(2):
        np.testing.assert_allclose(compiled(images).asnumpy(), right, atol=1e-4 * np.abs(right).max())


def test_batches_of_another_size_are_computed_anew():
    network = trained(NETWORKS["tiny"])
    compiled = compile_block(network, mx.cpu(), "images")
    both = [compiled(pixels(count)).asnumpy() for count in (2, 5, 2)]
    np.testing.assert_array_equal(both[0], both[2])
    np.testing.assert_allclose(both[0], both[1][:2], atol=1e-4 * np.abs(both[0]).max())
