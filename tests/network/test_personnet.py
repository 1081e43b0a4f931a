"""The network against Table I, against its literal form, and against a double loop."""

import numpy as np
import pytest

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.export import export_network
from gluon_personnet.network.layers import Compare, Head
from gluon_personnet.network.literal import LiteralPersonNet, neighbourhood_difference
from gluon_personnet.network.pairs import PairLogits, Sides
from gluon_personnet.network.personnet import PersonNet, plan_sizes
from gluon_personnet.network.weights import initialise, unique_parameters
from gluon_personnet.plugin.manager import PluginManager

TABLE_I = {
    "Conv0": (32, 157, 57),
    "Pool0": (32, 79, 29),
    "Conv1": (32, 76, 26),
    "Pool1": (32, 38, 13),
    "Conv2": (32, 35, 10),
    "Conv3": (32, 32, 7),
    "Difference map": (32, 96, 21),  # 3x3 blocks on the 32x7 grid, section III-B
    "Difference": (32, 32, 7),
    "Conv4": (32, 30, 5),  # the table prints 32x7, which its own next row rules out
    "Pool4": (32, 15, 2),
    "FC1": (4096,),
    "FC2": (4096,),
    "FC3": (512,),
    "softmax": (2,),
}


def build(seed=0, **options):
    mx.random.seed(seed)
    network = PersonNet(**options)
    initialise(network, mx.cpu())
    return network


def pixels(count, seed=0, height=160, width=60):
    return mx.nd.array(np.random.default_rng(seed).integers(0, 256, (count, 3, height, width)))


def gradients(block, network, *inputs):
    with mx.autograd.record(train_mode=False):
        value = (block(*inputs) ** 2).sum()
    value.backward()
    return {name: p.grad().asnumpy().copy() for name, p in unique_parameters(network).items()}


def test_every_row_of_table_one():
    rows = LiteralPersonNet(build()).rows(pixels(1), pixels(1, 1))
    assert {name: array.shape[1:] for name, array in rows} == TABLE_I


def test_parameter_count():
    parameters = unique_parameters(build())
    assert sum(int(np.prod(p.shape)) for p in parameters.values()) == 22_863_394
    # ten layers with weights, the tied trunk counted once
    assert sum(name.endswith("weight") for name in parameters) == 10


@pytest.mark.parametrize("depth, layers", [(10, 10), (9, 9), (8, 8), (7, 7)])
def test_depth_is_the_number_of_weight_layers(depth, layers):
    network = build(depth=depth, units=[8, 8, 4])
    assert sum(name.endswith("weight") for name in unique_parameters(network)) == layers
    assert network(pixels(2), pixels(2, 1)).shape == (2, 2)


@pytest.mark.parametrize("depth", [10, 9, 8, 7])
@pytest.mark.parametrize("activation", ["scaled-tanh", "tanh", "relu"])
def test_fast_network_equals_the_literal_one(depth, activation):
    network = build(depth=depth, activation=activation, channels=8, units=[32, 32, 16], dropout=0.0)
    network.cast("float64")
    literal = LiteralPersonNet(network)
    pair = [image.astype("float64") for image in (pixels(2), pixels(2, 1))]
    fast, slow = network(*pair).asnumpy(), literal(*pair).asnumpy()
    np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=1e-12)
    expected = gradients(literal, network, *pair)
    for name, gradient in gradients(network, network, *pair).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-8, atol=1e-10 * np.abs(expected[name]).max())


def double_loop(query, gallery, weight, bias):
    """Equation 2 and the patch summary written out."""
    count, channels, height, width = query.shape
    padded = np.pad(gallery, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.empty((count, weight.shape[0], height, width))
    for y in range(height):
        for x in range(width):
            block = query[:, :, y, x, None, None] - padded[:, :, y : y + 3, x : x + 3]  # (N, C, 3, 3)
            out[:, :, y, x] = np.einsum("ncij,ocij->no", block, weight) + bias
    return out


def compare_block(dtype, channels=32):
    mx.random.seed(3)
    block = Compare(channels, "tanh")  # gain 1: the outputs are those of the paper's two rows
    initialise(block, mx.cpu())
    block.cast(dtype)
    return block, block.gallery.weight.data(), block.gallery.bias.data()


def literal_summary(query, gallery, weight, bias):
    maps = neighbourhood_difference(mx.nd, query, gallery)
    return mx.nd.Convolution(maps, weight, bias, kernel=(3, 3), stride=(3, 3), num_filter=weight.shape[0])


def test_difference_equals_a_double_loop_in_float64():
    block, weight, bias = compare_block("float64")
    rng = np.random.default_rng(1)
    maps = [rng.uniform(-1, 1, (2, 32, 32, 7)) for _ in range(2)]
    expected = double_loop(*maps, weight.asnumpy(), bias.asnumpy())
    query, gallery = (mx.nd.array(m, dtype="float64") for m in maps)
    for found in (block(query, gallery), literal_summary(query, gallery, weight, bias)):
        error = np.abs(found.asnumpy() - expected).max() / np.abs(expected).max()
        assert error < 1e-12


def check_both_forms(query, gallery, dtype, tolerance):
    """Outputs and gradients of the fast and of the literal form, relative to the largest value of each."""
    block, weight, bias = compare_block(dtype)
    found = []
    for form in (lambda q, g: literal_summary(q, g, weight, bias), block):
        inputs = [mx.nd.array(m, dtype=dtype) for m in (query, gallery)]
        for array in inputs:
            array.attach_grad()
        with mx.autograd.record():
            out = form(*inputs)
            loss = (out**2).sum()
        loss.backward()
        parameters = block.gallery.weight.grad(), block.gallery.bias.grad()
        found.append([array.asnumpy().copy() for array in (out, *(i.grad for i in inputs), *parameters)])
    for literal, fast in zip(*found):
        assert np.abs(literal).max() > 0
        assert np.abs(literal - fast).max() <= tolerance * np.abs(literal).max()


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("float64", 1e-12)])
def test_fast_difference_equals_the_literal_one(dtype, tolerance):
    rng = np.random.default_rng(2)
    check_both_forms(*(rng.uniform(-1, 1, (4, 32, 32, 7)) for _ in range(2)), dtype, tolerance)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("float64", 1e-12)])
def test_fast_difference_equals_the_literal_one_on_real_images(real_data, dtype, tolerance):
    from gpnet_datasets.cuhk01 import CUHK01

    from gluon_personnet.data.archives import Locator
    from gluon_personnet.network.pairs import to_network_input

    dataset = CUHK01(Locator([real_data]))
    split = dataset.split(0)
    trunk = build(5).trunk
    maps = []
    for rows in (split.query[:4], split.gallery[:4]):
        images = np.stack([dataset.read(row) for row in rows])
        maps.append(trunk(mx.nd.array(to_network_input(images))).asnumpy())
    check_both_forms(*maps, dtype, tolerance)


def test_sharing_maps_gives_the_logits_of_the_pairs():
    network = build(channels=8, units=[32, 32, 16])
    query, gallery = pixels(3), pixels(4, 1)
    rows, columns = [0, 2, 2, 1], [3, 0, 3, 1]
    sides = Sides(network, 3)(mx.nd.concat(query, gallery, dim=0))
    index = [mx.nd.array(i, dtype="int32") for i in (rows, columns)]
    shared = PairLogits(network)(*sides, *index).asnumpy()
    naive = network(query[rows], gallery[columns]).asnumpy()
    np.testing.assert_allclose(shared, naive, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Cannot decide type")  # MXNet, on every import of a symbol
def test_hybridised_and_exported_network_gives_equal_outputs(tmp_path):
    network = build()
    pair = pixels(3), pixels(3, 1)
    plain = network(*pair).asnumpy()
    network.hybridize(static_alloc=True, static_shape=True)
    np.testing.assert_array_equal(network(*pair).asnumpy(), plain)
    export_network(network, tmp_path / "model", mx.cpu())
    loaded = mx.gluon.SymbolBlock.imports(
        str(tmp_path / "model-symbol.json"), ["data0", "data1"], str(tmp_path / "model-0000.params")
    )
    np.testing.assert_array_equal(loaded(*pair).asnumpy(), plain)


def test_the_table_sizes_need_only_a_window_of_the_image():
    assert plan_sizes(10, 160, 60).window == (150, 50)
    network = build(channels=4, units=[8, 8, 4])
    pair = [pixels(1), pixels(1, 1)]
    before = network(*pair).asnumpy()
    for image in pair:
        image[:, :, 150:], image[:, :, :, 50:] = 0, 0
    np.testing.assert_array_equal(network(*pair).asnumpy(), before)


def test_valid_sizes_keep_what_the_table_drops():
    network = build(sizes="valid", channels=4, units=[8, 8, 4])
    assert network.trunk(pixels(1)).shape == (1, 4, 35, 10)
    assert network(pixels(1), pixels(1, 1)).shape == (1, 2)


def odd_head(bias_range):
    """A head without max pooling, the one layer that keeps a tanh head from being odd."""
    mx.random.seed(0)
    head = Head(4, 4 * 30 * 5, [16, 16, 8], "scaled-tanh", dropout=0.0)
    head.conv4.pooled = None
    initialise(head, mx.cpu(), bias_range=bias_range)
    return head


def test_without_biases_tanh_layers_cannot_tell_a_difference_from_its_negative():
    difference = mx.nd.random.normal(shape=(2, 4, 32, 7))
    head = odd_head(bias_range=0.0)
    np.testing.assert_allclose(head(-difference).asnumpy(), -head(difference).asnumpy(), atol=1e-6)
    head = odd_head(bias_range=0.5)
    assert np.abs((head(-difference) + head(difference)).asnumpy()).max() > 0.1


def trained_with_normalisation(**options):
    """A small network whose running statistics have followed some batches, and a pair of images batches."""
    network = build(channels=8, units=[32, 32, 16], dropout=0.0, normalise=0.5, **options)
    images = pixels(6), pixels(6, 1)
    for _ in range(20):
        with mx.autograd.record():
            network(*images)
    mx.nd.waitall()
    return network, images


@pytest.mark.parametrize(
    "options", [{}, {"activation": "relu"}, {"depth": 7}, {"standardise": True}, {"sizes": "valid"}]
)
def test_normalisation_folds_into_weights_and_biases(options):
    network, images = trained_with_normalisation(**options)
    plain = network.plain()
    assert set(unique_parameters(plain)) == set(unique_parameters(build(**options, channels=8, units=[32, 32, 16])))
    expected = network(*images).asnumpy()
    np.testing.assert_allclose(plain(*images).asnumpy(), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert plain.plain() is plain
    if not options:
        literal = LiteralPersonNet(plain)(*images).asnumpy()
        np.testing.assert_allclose(literal, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_normalised_layers_have_the_deviation_asked_for_in_training():
    network, images = trained_with_normalisation()
    with mx.autograd.record():
        maps = network.trunk.layers[2](network.trunk.layers[1](network.trunk.layers[0](images[0][:, :, :150, :50])))
    before = mx.nd.arctanh(2 * maps - 1).asnumpy() / 1.5  # of Conv2, with its bias
    np.testing.assert_allclose(before.std(axis=(0, 2, 3)), 0.5, rtol=1e-3)
    bias = network.trunk.layers[2].bias.data().asnumpy()
    np.testing.assert_allclose(before.mean(axis=(0, 2, 3)), bias, atol=1e-3)


def test_kept_statistics_are_those_of_training_and_of_testing():
    network, images = trained_with_normalisation()
    expected = network(*images).asnumpy()
    with mx.autograd.record():
        assert np.abs(network(*images).asnumpy() - expected).max() > 1e-3  # statistics of the batch
    network, images = trained_with_normalisation()
    network.hybridize()
    expected = network(*images).asnumpy()
    network.keep_statistics()
    kept = [norm.running_mean.data().asnumpy() for *_, norm in network.layers() if norm is not None]
    for _ in range(2):
        with mx.autograd.record():
            np.testing.assert_allclose(network(*images).asnumpy(), expected, rtol=1e-4, atol=1e-5)
    mx.nd.waitall()
    for before, (*_, norm) in zip(kept, [layer for layer in network.layers() if layer[2] is not None]):
        np.testing.assert_array_equal(norm.running_mean.data().asnumpy(), before)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"depth": 6}, "depth: found 6"),
        ({"activation": "elu"}, "activation: found 'elu'"),
        ({"sizes": "same"}, "sizes: found 'same'"),
        ({"height_px": 40}, "40x60 px is too small"),
        ({"dropout": 1.0}, "dropout: found 1.0"),
        ({"units": [8, 8]}, "units: found [8, 8]"),
        ({"channels": 0}, "channels: found 0"),
        ({"normalise": -1.0}, "normalise: found -1.0"),
        ({"normalise": True}, "normalise: found True"),
    ],
)
def test_wrong_options_are_named(options, text):
    with pytest.raises(GpnetError) as caught:
        PluginManager().build("networks", "personnet", **options)
    assert text in str(caught.value) and "; right: " in str(caught.value)
