"""PersonNet on MXNet/Gluon: training, evaluation and comparison of person re-identification systems.

Importing this package imports neither MXNet nor numpy. ``load``, ``evaluate`` and ``train`` are imported when they are
asked for. Plugin authors need three names from here::

    from gluon_personnet import hookimpl, ProtocolEntry

    @hookimpl
    def gpnet_protocols():
        return [ProtocolEntry(name="my-protocol", factory="my_package.module:MyProtocol", summary="...")]
"""

import importlib
from typing import TYPE_CHECKING, Any

import pluggy

from gluon_personnet.plugin.entries import (
    BaselineEntry,
    CommandEntry,
    DatasetEntry,
    FeatureEntry,
    MatcherEntry,
    MetricEntry,
    NetworkEntry,
    ProtocolEntry,
    Published,
)

if TYPE_CHECKING:
    from gluon_personnet.workflows.evaluate import evaluate, load
    from gluon_personnet.workflows.train import train

__version__ = "0.1.0"

hookimpl = pluggy.HookimplMarker("gluon_personnet")
"""Decorator that marks a function of a plugin as the implementation of a ``gpnet_`` hook."""

_WORKFLOWS = {"evaluate": "evaluate", "load": "evaluate", "train": "train"}


def __getattr__(name: str) -> Any:
    if name not in _WORKFLOWS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gluon_personnet.workflows.{_WORKFLOWS[name]}"), name)


__all__ = [
    "BaselineEntry",
    "CommandEntry",
    "DatasetEntry",
    "FeatureEntry",
    "MatcherEntry",
    "MetricEntry",
    "NetworkEntry",
    "ProtocolEntry",
    "Published",
    "evaluate",
    "hookimpl",
    "load",
    "train",
    "__version__",
]
