"""Tiles against the plain forward of every pair."""

import numpy as np
import pytest

from gluon_personnet.backend import mx
from gluon_personnet.data.augment import to_network_input
from gluon_personnet.network.pairs import initialise
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.scoring import Scorer


@pytest.fixture(scope="module")
def network():
    mx.random.seed(0)
    network = PersonNet(channels=8, units=[32, 32, 16])
    initialise(network, mx.cpu())
    return network


def images(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 160, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize("tile_pairs, batch_images", [(1024, 64), (12, 3), (1, 1)])
def test_distmat_equals_the_margin_of_every_pair(network, tile_pairs, batch_images):
    query, gallery = images(5, 0), images(7, 1)
    distmat = Scorer(network, mx.cpu(), tile_pairs, batch_images).distmat(query, gallery)
    assert (distmat.shape, distmat.dtype) == ((5, 7), np.float64)
    pixels = [
        mx.nd.array(to_network_input(array)) for array in (np.repeat(query, 7, axis=0), np.tile(gallery, (5, 1, 1, 1)))
    ]
    logits = network(*pixels).asnumpy().astype(np.float64)
    np.testing.assert_allclose(distmat.ravel(), logits[:, 0] - logits[:, 1], atol=1e-4)


def test_the_first_image_is_the_query(network):
    first, second = images(1, 0), images(1, 1)
    scorer = Scorer(network, mx.cpu())
    assert abs(scorer.distmat(first, second) - scorer.distmat(second, first)) > 1e-4


def test_a_tile_is_the_same_bytes_wherever_it_is_computed(network):
    query, gallery = images(5, 0), images(7, 1)
    scorer, other = (Scorer(network, mx.cpu(), tile_pairs=6) for _ in range(2))
    whole = scorer.distmat(query, gallery)
    maps = other.maps(query, gallery)
    tiling = other.tiling(maps)
    assert len(tiling) > 2
    pieces = np.full(whole.shape, np.nan)
    for tile, distances in other.tiles(maps, tiling, reversed(range(len(tiling)))):
        pieces[tile.rows, tile.columns] = distances
    assert pieces.tobytes() == whole.tobytes()
