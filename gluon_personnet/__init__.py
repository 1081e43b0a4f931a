"""PersonNet on MXNet/Gluon: training, evaluation and comparison of person re-identification systems.

Importing this package imports neither MXNet nor numpy. Plugin authors need three names from here::

    from gluon_personnet import hookimpl, ProtocolEntry

    @hookimpl
    def gpnet_protocols():
        return [ProtocolEntry(name="my-protocol", factory="my_package.module:MyProtocol", summary="...")]
"""

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
    ReporterEntry,
)

__version__ = "0.1.0"

hookimpl = pluggy.HookimplMarker("gluon_personnet")
"""Decorator that marks a function of a plugin as the implementation of a ``gpnet_`` hook."""

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
    "ReporterEntry",
    "hookimpl",
    "__version__",
]
