"""What a plugin has handed over, held to its contract where the host receives it: one line that says who broke what."""

from typing import Any, Tuple

import numpy as np

from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin.contracts import Measures

OF_PAIRS, OF_PAIRS_THEMSELVES = ("options", "trunk", "compare", "head"), ("options", "trunk", "compare", "pair")
OF_EMBEDDINGS = ("options", "trunk", "embedding")
"""Parts of a network, by its kind."""


def check_measures(found: Any, who: str) -> None:
    """Raise PluginError, naming `who`, unless a protocol has returned Measures with fractions."""
    if not isinstance(found, Measures):
        raise PluginError(f"{who}: evaluate returned {type(found).__name__}; right: contracts.Measures")
    for name, values in (("cmc", found.cmc), ("cmc_std", found.cmc_std)):
        if values is None:
            continue
        rates = np.asarray(values)
        if rates.ndim != 1 or not rates.size or rates.dtype.kind != "f":
            raise PluginError(f"{who}: {name}: {rates.dtype} of shape {rates.shape}; right: float64 (max_rank,)")
        if not np.isfinite(rates).all() or rates.min() < 0 or rates.max() > 1 + 1e-9:
            raise PluginError(f"{who}: {name}: from {rates.min():g} to {rates.max():g}; right: fractions, 0 to 1")
    hits, pids = (() if values is None else np.shape(values) for values in (found.hits, found.hit_pids))
    if hits != pids:
        shapes = f"{hits} and {pids}"
        raise PluginError(f"{who}: hits, hit_pids: shapes {shapes}; right: one of each query in both")


def check_dataset(found: Any, who: str) -> None:
    """Raise PluginError, naming `who`, unless a data set has samples, splits, and images of bytes."""
    for name in ("samples", "num_splits", "expected", "read", "split"):
        if not hasattr(found, name):
            raise PluginError(f"{who}: has no {name}; right: contracts.Dataset")
    if not len(found.samples):
        raise PluginError(f"{who}: samples: none; right: at least one")
    first = found.samples[0]
    if not all(hasattr(first, name) for name in ("name", "pid", "camid")):
        raise PluginError(f"{who}: samples[0]: found {type(first).__name__}; right: contracts.Sample(name, pid, camid)")
    image = found.read(0)
    kind, shape = getattr(image, "dtype", type(image).__name__), np.shape(image)
    if kind != np.uint8 or len(shape) != 3 or shape[2] != 3:
        raise PluginError(f"{who}: read(0): {kind} of shape {shape}; right: uint8 (H, W, 3)")


def check_network(found: Any, who: str) -> None:
    """Raise PluginError, naming `who`, unless a network has its parts and the size of its images."""
    parts: Tuple[str, ...] = OF_PAIRS
    if hasattr(found, "pair"):
        parts = OF_PAIRS_THEMSELVES
    elif hasattr(found, "embedding") and not hasattr(found, "head"):
        parts = OF_EMBEDDINGS
    for name in parts:
        if not hasattr(found, name):
            raise PluginError(f"{who}: has no {name}; right: contracts.Network, with {', '.join(parts)}")
    for name in ("height_px", "width_px"):
        if not isinstance(found.options.get(name), int):
            raise PluginError(f"{who}: options[{name!r}]: found {found.options.get(name)!r}; right: px of its images")
