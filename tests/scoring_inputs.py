"""What tests of scoring score."""

import numpy as np

from gluon_personnet.network.backend import mx
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise


def make_network(seed=0, **options):
    """A narrow PersonNet with random weights."""
    mx.random.seed(seed)
    network = PersonNet(**{"channels": 8, "units": [32, 32, 16], **options})
    initialise(network, mx.cpu())
    return network


def images(count, seed):
    """Noise: uint8 (count, 160, 60, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, 160, 60, 3), dtype=np.uint8)
