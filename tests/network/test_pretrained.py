"""Weights from files into backbones of the model zoo."""

import numpy as np
import pytest
from gpnet_networks.backbone import Backbone

from gluon_personnet.core.errors import CheckpointError, RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.pretrained import read_weights
from gluon_personnet.network.weights import initialise, settle_shapes

SMALL = {"backbone": "mobilenetv2_0.25", "height_px": 64, "width_px": 32}


def make(weights="", seed=0, **options):
    mx.random.seed(seed)
    network = Backbone(**{**SMALL, **options}, weights=str(weights))
    initialise(network, mx.cpu(), weight_magnitude=30.0)  # a depthwise filter has few inputs
    settle_shapes(network, mx.cpu())
    return network


def images():
    return mx.nd.array(np.random.default_rng(0).integers(0, 256, (2, 3, 64, 32)))


@pytest.fixture(scope="module")
def source():
    network = make(seed=1)
    network(images())
    return network


def save(network, path):
    arrays = {name: value.data() for name, value in network.zoo_parameters.items()}
    if path.suffix == ".npz":
        np.savez(path, **{name: value.asnumpy() for name, value in arrays.items()}, classifier=np.zeros(3))
    else:
        mx.nd.save(str(path), arrays)


@pytest.mark.parametrize("ending", [".npz", ".params"])
def test_weights_of_a_file_give_the_same_maps(source, tmp_path, ending):
    path = tmp_path / f"weights{ending}"
    save(source, path)
    network = make(path)
    before = network.trunk(images()).asnumpy()
    network.load_pretrained()
    right = source.trunk(images()).asnumpy()
    np.testing.assert_array_equal(network.trunk(images()).asnumpy(), right)
    assert np.abs(before - right).max() > 1e-3 * right.max()


def test_nothing_is_loaded_where_no_file_is_named(source):
    network = make(seed=1)
    network.load_pretrained()
    np.testing.assert_array_equal(network(images()).asnumpy(), source(images()).asnumpy())


def test_files_that_do_not_fit_are_named(source, tmp_path):
    path = tmp_path / "weights.npz"
    save(source, path)
    with pytest.raises(CheckpointError, match=r"features\.\S+ has shape .*; right: "):
        make(path, backbone="mobilenetv2_0.5").load_pretrained()
    with pytest.raises(CheckpointError, match=r"conv1\.weight is missing; right: weights of this backbone"):
        make(path, backbone="resnet18_v1b").load_pretrained()
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        make(path).load_pretrained()
    with pytest.raises(CheckpointError, match="no such file"):
        make(tmp_path / "none.params").load_pretrained()
    with pytest.raises(CheckpointError, match="ending '.pt'; right: one of .npz, .params, .safetensors"):
        make("weights.pt").load_pretrained()


def test_pickles_are_not_run(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, evil=np.array([print], dtype=object))
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)


@pytest.mark.parametrize("backbone", ["mobilenetv2_0.25", "resnet18_v1b"])
@pytest.mark.parametrize("last_stride_one, size", [(True, (4, 2)), (False, (2, 1))])
def test_the_last_stage_may_keep_its_resolution(backbone, last_stride_one, size):
    network = make(backbone=backbone, last_stride_one=last_stride_one)
    assert network.trunk(images()).shape[2:] == size


def test_an_unknown_backbone_is_refused_with_a_near_name():
    with pytest.raises(RecipeError, match=r"found 'resnet18_v1'; did you mean 'resnet18_v1b'"):
        Backbone("resnet18_v1")


def test_the_zoos_own_weights(source, monkeypatch):
    from gpnet_networks import backbone

    made = backbone._from_zoo

    def zoo(name, pretrained=False):
        model = made(name)
        if pretrained:
            model.initialize(mx.init.Uniform(0.5))
            model(mx.nd.zeros((1, 3, 64, 64)))
            found.append(model)
        return model

    found = []
    monkeypatch.setattr(backbone, "_from_zoo", zoo)
    network = make("model-zoo")
    network.load_pretrained()
    for name, value in backbone._without_classifier(found[0]).items():
        np.testing.assert_array_equal(network.zoo_parameters[name].data().asnumpy(), value.data().asnumpy())


def test_a_zoo_that_cannot_be_reached_is_one_line(monkeypatch):
    from gpnet_networks import backbone

    made = backbone._from_zoo

    def unreachable(name, pretrained=False):
        if pretrained:
            raise OSError("no route to host\nand more")
        return made(name)

    monkeypatch.setattr(backbone, "_from_zoo", unreachable)
    with pytest.raises(CheckpointError) as caught:
        make("model-zoo").load_pretrained()
    assert str(caught.value) == (
        "network.options.weights: model-zoo: mobilenetv2_0.25 cannot be downloaded: no route to host; right: a file of "
        "weights"
    )
