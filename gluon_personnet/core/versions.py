"""Versions that decide numbers, read without importing the packages."""

import functools
import importlib.metadata
from typing import Dict

NUMERIC = ("gluon-personnet", "numpy", "scipy", "scikit-image", "opencv-python", "pillow", "numba")
"""Distributions whose release may change the last digits, or more, of a feature or a metric."""


@functools.cache
def version(distribution: str) -> str:
    """The installed version of a distribution; empty where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def numeric_versions() -> Dict[str, str]:
    """Distribution -> version for :data:`NUMERIC`."""
    return {name: version(name) for name in NUMERIC}
