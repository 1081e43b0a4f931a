"""Weights of PyTorch models for the backbones of GluonCV, proved by equal outputs."""

from pathlib import Path
from typing import Any, Dict, Mapping, Union

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import BackendError, CheckpointError
from gluon_personnet.core.files import replacing
from gluon_personnet.plugin.manager import PluginManager

ROLES = {"weight": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
"""Last part of a name in Gluon -> in PyTorch, where the two differ or may; statistics have one name in both."""

MODELS = {"mobilenetv2_1.0": "mobilenet_v2", **{f"resnet{n}_v1b": f"resnet{n}" for n in (18, 34, 50, 101, 152)}}
"""Backbone -> the model of torchvision with the same layers."""

TOLERANCE = 1e-4
"""Share of the largest value by which the maps of both models may differ: float32 arithmetic in another order."""

IMAGES, SIZE = 2, (96, 64)
"""Random images of the proof, and their (H, W) in px."""


def match_names(parameters: Mapping[str, Any], state: Mapping[str, np.ndarray]) -> Dict[str, str]:
    """Which entry of a PyTorch state dictionary is which parameter of a model with the same layers in the same order.

    Parameters
    ----------
    parameters : mapping of str
        Name -> anything with a ``shape``, in the model's order, of everything but the classifier.
    state : mapping of str to ndarray
        In the order of PyTorch; entries of a classifier and counters of batches are passed over.

    Returns
    -------
    dict of str to str

    Raises
    ------
    CheckpointError
        If the numbers of entries, their roles or their shapes differ.
    """
    entries = [name for name in state if not name.endswith("num_batches_tracked")]
    entries = [name for name in entries if not name.startswith(("classifier", "fc."))]
    if len(entries) != len(parameters):
        raise CheckpointError(f"{len(entries)} arrays without those of a classifier; right: {len(parameters)}")
    for name, entry in zip(parameters, entries):
        role, shape = name.rpartition(".")[2], tuple(parameters[name].shape)
        found = entry.rpartition(".")[2], tuple(state[entry].shape)
        if found != (ROLES.get(role, role), shape):
            raise CheckpointError(f"{entry} of shape {found[1]}; right: {ROLES.get(role, role)} of shape {shape}")
    return dict(zip(parameters, entries))


def import_weights(
    path: Union[str, Path], backbone: str, out: Union[str, Path], manager: PluginManager
) -> Dict[str, Any]:
    """Write the weights of a PyTorch state dictionary for a backbone.

    Parameters
    ----------
    path : path
        A file of ``torch.save``, holding a state dictionary in torchvision's form; it is loaded without running code.
    backbone : str
        A key of :data:`MODELS`.
    out : path
        ``.npz``; written only if both models give the same maps of random images.
    manager : PluginManager

    Returns
    -------
    dict
        ``parameters``, ``difference`` of the maps as a share of the largest, and ``images``.

    Raises
    ------
    BackendError
        If PyTorch or torchvision is not installed.
    CheckpointError
        If the file cannot be read, is of another model, or the two models differ.
    """
    if backbone not in MODELS:
        raise CheckpointError(f"--network {backbone}: no such model in torchvision; right: one of {', '.join(MODELS)}")
    state, where = _read(path), f"weights {path}"
    from gluon_personnet.network.backend import mx
    from gluon_personnet.network.weights import initialise, settle_shapes

    options = {"backbone": backbone, "last_stride_one": False, "height_px": SIZE[0], "width_px": SIZE[1]}
    network = manager.build("networks", "backbone", **options)
    initialise(network, mx.cpu())
    settle_shapes(network, mx.cpu())
    pixels = seeding.generator(0, "import weights").integers(0, 256, (IMAGES, 3, *SIZE)).astype(np.float32)
    try:
        names = match_names(network.zoo_parameters, state)
    except CheckpointError as error:
        raise CheckpointError(f"{where}: not of {backbone}: found {error}") from error
    arrays = {name: state[entry] for name, entry in names.items()}
    for name, parameter in network.zoo_parameters.items():
        parameter.set_data(mx.nd.array(arrays[name]))
    ours = network.trunk(mx.nd.array(pixels)).asnumpy()
    mean, scale = (constant.data().asnumpy() for constant in (network.trunk.mean, network.trunk.scale))
    standard = (pixels - mean) * scale
    theirs = _maps_of_torchvision(MODELS[backbone], list(arrays.values()), standard)
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    if not difference <= TOLERANCE:
        found = f"maps that differ by {difference:.1e} of the largest value"
        raise CheckpointError(f"{where}: {found}; right: at most {TOLERANCE:.0e}; nothing is written")
    with replacing(out) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **arrays)
    return {"parameters": sum(array.size for array in arrays.values()), "difference": difference, "images": IMAGES}


def _read(path):
    """Name -> float32 array of the state dictionary in a file."""
    torch = _torch()
    if not Path(path).is_file():
        raise CheckpointError(f"weights {path}: no such file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state)
        arrays = {name: value.numpy() for name, value in state.items()}
    except Exception as error:  # a damaged or unsafe file, whatever PyTorch raises
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"weights {path}: not a state dictionary that can be read safely: {first}") from error
    return {name.removeprefix("module."): array for name, array in arrays.items()}


def _torch():
    try:
        import torch
        import torchvision  # noqa: F401  needed for the proof
    except ImportError as error:
        raise BackendError(
            "import-weights: needs PyTorch and torchvision to prove the conversion: pip install torch torchvision"
        ) from error
    return torch


def _maps_of_torchvision(name, arrays, pixels):
    """Maps before the pooling, float32 (N, C, h, w), of a torchvision model with these arrays in its order."""
    import torch
    import torchvision

    model = getattr(torchvision.models, name)(weights=None).eval()
    own = [
        key for key in model.state_dict() if not key.endswith("tracked") and not key.startswith(("classifier", "fc."))
    ]
    model.load_state_dict({key: torch.from_numpy(array) for key, array in zip(own, arrays)}, strict=False)
    children = dict(model.named_children())
    layers = [children["features"]] if "features" in children else list(children.values())[:-2]
    with torch.no_grad():
        return torch.nn.Sequential(*layers)(torch.from_numpy(pixels)).numpy()
