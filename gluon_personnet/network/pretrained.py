"""Pretrained weights from files."""

from pathlib import Path

import numpy as np

from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.network.backend import mx


def read_weights(path):
    """Name -> NumPy array of a file of weights, read without running anything that it holds.

    Parameters
    ----------
    path : path
        ``.npz``, MXNet's ``.params``, or ``.safetensors``.

    Raises
    ------
    CheckpointError
        If there is no such file, it cannot be read, or its ending is another.
    """
    path = Path(path)
    if path.suffix not in _READERS:
        raise CheckpointError(f"weights {path}: ending {path.suffix!r}; right: one of {', '.join(_READERS)}")
    if not path.is_file():
        raise CheckpointError(f"weights {path}: no such file; right: a file of weights, or network.options.weights=''")
    try:
        return _READERS[path.suffix](path)
    except ImportError as error:
        raise CheckpointError(f"weights {path}: needs the package safetensors: pip install safetensors") from error
    except Exception as error:  # a damaged file, whatever its reader raises
        raise CheckpointError(f"weights {path}: cannot be read: {str(error).splitlines()[0]}") from error


def _read_npz(path):
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _read_params(path):
    return {name: value.asnumpy() for name, value in mx.nd.load(str(path)).items()}


def _read_safetensors(path):
    from safetensors.numpy import load_file

    return dict(load_file(str(path)))


_READERS = {".npz": _read_npz, ".params": _read_params, ".safetensors": _read_safetensors}


def load_pretrained(parameters, path):
    """Set parameters to the arrays of the same names in a file.

    Parameters
    ----------
    parameters : dict of str to Parameter
        Initialised; all of them have to be in the file. What else it holds, such as a classifier, is left out.
    path : path
        See :func:`read_weights`.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or lacks a parameter, or holds it in another shape.
    """
    arrays = read_weights(path)
    for name, parameter in parameters.items():
        if name not in arrays:
            raise CheckpointError(f"weights {path}: {name} is missing; right: weights of this backbone")
        if tuple(arrays[name].shape) != tuple(parameter.shape):
            raise CheckpointError(f"weights {path}: {name} has shape {arrays[name].shape}; right: {parameter.shape}")
    for name, parameter in parameters.items():
        parameter.set_data(mx.nd.array(arrays[name]))
