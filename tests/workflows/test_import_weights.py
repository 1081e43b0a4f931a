"""gpnet import-weights: names matched by order, role and shape; a proof with PyTorch where it is installed."""

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.workflows.import_weights import MODELS, import_weights, match_names

HAS_TORCH = all(importlib.util.find_spec(name) for name in ("torch", "torchvision"))
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed: tox -e torch")


def shaped(**shapes):
    return {name.replace("__", "."): SimpleNamespace(shape=shape) for name, shape in shapes.items()}


OURS = shaped(conv__weight=(4, 3, 3, 3), bn__gamma=(4,), bn__beta=(4,), bn__running_mean=(4,), bn__running_var=(4,))


def state(**changes):
    shapes = {"0.weight": (4, 3, 3, 3), "1.weight": (4,), "1.bias": (4,), "1.running_mean": (4,), "1.running_var": (4,)}
    arrays = {name: np.zeros(shape, np.float32) for name, shape in {**shapes, **changes}.items()}
    return {**arrays, "1.num_batches_tracked": np.array(3), "classifier.1.weight": np.zeros((9, 4))}


def test_names_are_matched_by_order_and_role():
    found = match_names(OURS, state())
    assert found == dict(zip(OURS, ["0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var"]))


def test_another_model_is_told():
    with pytest.raises(CheckpointError, match=r"0.weight of shape \(4, 3, 5, 5\); right: weight of shape \(4, 3, 3, 3"):
        match_names(OURS, state(**{"0.weight": (4, 3, 5, 5)}))
    with pytest.raises(CheckpointError, match="6 arrays without those of a classifier; right: 5"):
        match_names(OURS, state(**{"2.weight": (4,)}))
    exchanged = dict(sorted(state().items(), reverse=True))
    with pytest.raises(CheckpointError, match="right: weight of shape"):
        match_names(OURS, exchanged)


def test_an_unknown_backbone_is_refused(gpnet):
    output = gpnet("import-weights", "x.pth", "--network", "vgg16", code=1).output
    assert output.startswith("gpnet: --network vgg16: no such model in torchvision; right: one of mobilenetv2_1.0")
    output = gpnet("import-weights", "x.pth", "--network", "resnet18_v1b", "--out", "x.pt", code=2).output
    assert "right: a name that ends with .npz" in output


def test_without_pytorch_the_command_says_what_it_needs(gpnet, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # its import then fails, installed or not
    output = gpnet("import-weights", "x.pth", "--network", "resnet18_v1b", code=1).output
    assert output == (
        "gpnet: import-weights: needs PyTorch and torchvision to prove the conversion: pip install torch torchvision\n"
    )


@needs_torch
@pytest.mark.parametrize("backbone", ["mobilenetv2_1.0", "resnet18_v1b", "resnet50_v1b"])
def test_converted_weights_give_the_same_maps(backbone, tmp_path):
    import torch
    import torchvision

    torch.manual_seed(0)
    model = getattr(torchvision.models, MODELS[backbone])(weights=None)
    for _ in range(2):  # running statistics that are not those of the start
        model(torch.rand(4, 3, 64, 64))
    torch.save(model.state_dict(), tmp_path / "model.pth")
    found = import_weights(tmp_path / "model.pth", backbone, tmp_path / "out.npz", PluginManager())
    assert found["difference"] < 1e-4
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "nested.pth")
    again = import_weights(tmp_path / "nested.pth", backbone, tmp_path / "again.npz", PluginManager())
    assert again == found


@needs_torch
def test_code_in_a_file_is_not_run(tmp_path):
    import torch

    torch.save(print, tmp_path / "evil.pth")
    with pytest.raises(CheckpointError, match="not a state dictionary that can be read safely"):
        import_weights(tmp_path / "evil.pth", "resnet18_v1b", tmp_path / "out.npz", PluginManager())
    assert not (tmp_path / "out.npz").exists()
