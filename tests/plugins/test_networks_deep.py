"""The layers of JointRe-id, FPNN and DML against loops, their sizes, and their scores against forwards of pairs."""

import math

import numpy as np
import pytest
from gpnet_networks.dml import Dml
from gpnet_networks.fpnn import Fpnn, PatchMatching
from gpnet_networks.joint_reid import JointReid, NeighbourhoodDifferences

from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.network.weights import initialise, unique_parameters
from gluon_personnet.scoring.scorer import Scorer


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def count(network):
    return sum(math.prod(value.shape) for value in unique_parameters(network).values())


def made(network):
    mx.random.seed(0)
    initialise(network, mx.cpu())
    return network


def differences_by_loops(f, g):
    pairs, channels, height, width = f.shape
    out = np.zeros((pairs, 25 * channels, height, width), np.float32)
    for pair, channel, y, x, dy, dx in np.ndindex(pairs, channels, height, width, 5, 5):
        row, column = y + dy - 2, x + dx - 2
        inside = 0 <= row < height and 0 <= column < width
        around = g[pair, channel, row, column] if inside else 0
        out[pair, (5 * dy + dx) * channels + channel, y, x] = max(0, f[pair, channel, y, x] - around)
    return out


def test_neighbourhood_differences_are_those_of_a_double_loop():
    f, g = maps(2, 3, 5, 4), maps(2, 3, 5, 4, seed=1)
    found = NeighbourhoodDifferences((5, 4))(mx.nd.array(f), mx.nd.array(g)).asnumpy()
    np.testing.assert_array_equal(found, differences_by_loops(f, g))


def test_equal_constant_maps_differ_at_the_border_only():
    constant = mx.nd.ones((1, 2, 9, 8))
    found = NeighbourhoodDifferences((9, 8))(constant, constant).asnumpy()
    assert not found[:, :, 2:-2, 2:-2].any() and found[:, :, 0, 0].any()


def test_exchanged_images_exchange_the_directions():
    network = made(JointReid(height_px=40, width_px=30))
    f, g = (mx.nd.array(maps(2, *network.trunk(mx.nd.zeros((1, 3, 40, 30))).shape[1:], seed=seed)) for seed in (0, 1))
    logits = network.pair(f, g).asnumpy()
    for name, value in network.pair.forth.collect_params().items():
        other = network.pair.back.collect_params()[name.replace(network.pair.forth.prefix, network.pair.back.prefix)]
        kept = value.data().copy()
        value.set_data(other.data())
        other.set_data(kept)
    weight = network.pair.dense.weight
    half = weight.shape[1] // 2
    weight.set_data(mx.nd.concat(weight.data()[:, half:], weight.data()[:, :half], dim=1))
    np.testing.assert_allclose(network.pair(g, f).asnumpy(), logits, rtol=1e-4, atol=1e-6)


def test_sizes_of_joint_reid():
    network = made(JointReid())
    images = mx.nd.zeros((1, 3, 160, 60))
    assert network.trunk(images).shape == (1, 25, 37, 12)
    assert network.pair.forth(*[network.trunk(images)] * 2).shape == (1, 25 * 18 * 5)
    stem = 20 * 3 * 25 + 20 + 25 * 20 * 25 + 25
    direction = 25 * 25 * 25 + 25 + 25 * 25 * 9 + 25
    assert count(network) == stem + 2 * direction + 4500 * 500 + 500 + 2 * 500 + 2 == 2_308_147


def test_patch_matching_is_an_outer_product_of_rows_and_a_maximum_over_groups():
    f, g = maps(2, 6, 3, 4), maps(2, 6, 3, 4, seed=1)
    found = PatchMatching(2)(mx.nd.array(f), mx.nd.array(g)).asnumpy()
    assert found.shape == (2, 3, 3, 4, 4)
    for pair, channel, row in np.ndindex(2, 3, 3):
        outer = [np.outer(f[pair, k, row], g[pair, k, row]) for k in (channel, channel + 3)]
        np.testing.assert_allclose(found[pair, channel, row], np.maximum(*outer), rtol=1e-6)


@pytest.mark.parametrize("tied, stems", [(True, 1), (False, 2)])
def test_sizes_of_fpnn(tied, stems):
    network = made(Fpnn(tied=tied))
    query, gallery = network.compare(*[network.trunk(mx.nd.zeros((1, 3, 80, 30)))] * 2)
    assert query.shape == gallery.shape == (1, 64, 17, 4)
    stem = 64 * 3 * 25 + 64 + 64 * 64 * 25 + 64
    assert count(network) == stems * stem + 16 * 16 * 9 + 16 + 1088 * 256 + 256 + 2 * 256 + 2


def test_sizes_of_dml_and_the_mean_of_its_cosines():
    network = made(Dml())
    images = mx.nd.array(np.random.default_rng(0).integers(0, 256, (2, 3, 128, 48)))
    assert network.trunk(images).shape == (2, 192, 8, 8)
    vectors = network(images).asnumpy()
    assert vectors.shape == (2, 1500)
    parts = vectors.reshape(2, 3, 500)
    np.testing.assert_allclose(np.linalg.norm(parts, axis=2), 1, rtol=1e-4)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[0] @ unit[1] == pytest.approx((parts[0] * parts[1]).sum(axis=1).mean(), rel=1e-4)


def test_a_part_of_dml_sees_its_own_rows_only():
    network = made(Dml(units=4))
    images = np.random.default_rng(0).integers(0, 256, (1, 3, 128, 48)).astype(np.float32)
    changed = images.copy()
    changed[:, :, 90:] = 0  # of the third part alone
    before, after = (network(mx.nd.array(one)).asnumpy().reshape(3, 4) for one in (images, changed))
    np.testing.assert_array_equal(before[:2], after[:2])
    assert np.abs(before[2] - after[2]).max() > 1e-4


PAIR_NETWORKS = {
    "joint-reid": lambda: JointReid(height_px=40, width_px=30),
    "fpnn": lambda: Fpnn(height_px=40, width_px=30, filters=8, units=8),
    "fpnn-tied": lambda: Fpnn(height_px=40, width_px=30, filters=8, units=8, tied=True),
}


@pytest.mark.parametrize("name", PAIR_NETWORKS)
@pytest.mark.parametrize("tile_pairs", [1, 6, 64])
def test_scores_are_those_of_a_forward_of_every_pair(name, tile_pairs):
    network = made(PAIR_NETWORKS[name]())
    query, gallery = (
        np.random.default_rng(seed).integers(0, 256, (rows, 40, 30, 3), dtype=np.uint8)
        for seed, rows in enumerate((3, 5))
    )
    pairs = [np.repeat(query, 5, axis=0), np.tile(gallery, (3, 1, 1, 1))]
    logits = network(*(mx.nd.array(to_network_input(side)) for side in pairs)).asnumpy()
    scorer = Scorer(network, mx.cpu(), tile_pairs)
    right = (logits[:, 0] - logits[:, 1]).reshape(3, 5)
    np.testing.assert_allclose(scorer.distmat(query, gallery), right, atol=1e-4 * np.abs(right).max())
    columns = np.array([[0, 4], [3, 1], [2, 2]])
    chosen = scorer.pairs(scorer.maps(query, gallery), columns)
    np.testing.assert_allclose(chosen, np.take_along_axis(right, columns, axis=1), atol=1e-4 * np.abs(right).max())
