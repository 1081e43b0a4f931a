"""All hooks. Each returns a list of entries; the order of plugins never matters."""

from typing import List

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
)

hookspec = pluggy.HookspecMarker("gluon_personnet")


@hookspec
def gpnet_datasets() -> "List[DatasetEntry]":
    """Return a list of :class:`~gluon_personnet.DatasetEntry`: samples with identity and camera, and their splits.

    >>> from gluon_personnet import DatasetEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_datasets():
    ...     return [DatasetEntry(name="yard", factory="my_package.yard:Yard", summary="people in a yard")]
    >>> [entry.name for entry in gpnet_datasets()]
    ['yard']
    """


@hookspec
def gpnet_protocols() -> "List[ProtocolEntry]":
    """Return a list of :class:`~gluon_personnet.ProtocolEntry`: distance matrix -> CMC and other measures.

    >>> from gluon_personnet import ProtocolEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_protocols():
    ...     return [ProtocolEntry(name="first-of-ten", factory="my_package.ten:FirstOfTen", summary="rank-1 among ten")]
    >>> [entry.name for entry in gpnet_protocols()]
    ['first-of-ten']
    """


@hookspec
def gpnet_features() -> "List[FeatureEntry]":
    """Return a list of :class:`~gluon_personnet.FeatureEntry`: uint8 (H, W, 3) RGB -> float (D,).

    >>> from gluon_personnet import FeatureEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_features():
    ...     return [FeatureEntry(name="level", factory="my_package.level:Level", summary="mean grey level")]
    >>> [entry.name for entry in gpnet_features()]
    ['level']
    """


@hookspec
def gpnet_metrics() -> "List[MetricEntry]":
    """Return a list of :class:`~gluon_personnet.MetricEntry`: fitted on training rows, distance (Q, G).

    >>> from gluon_personnet import MetricEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_metrics():
    ...     return [MetricEntry(name="scaled", factory="my_package.scaled:Scaled", summary="distance by variance")]
    >>> [entry.name for entry in gpnet_metrics()]
    ['scaled']
    """


@hookspec
def gpnet_matchers() -> "List[MatcherEntry]":
    """Return a list of :class:`~gluon_personnet.MatcherEntry`: two image sets -> distance (Q, G).

    >>> from gluon_personnet import MatcherEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_matchers():
    ...     return [MatcherEntry(name="patches", factory="my_package.patches:Patches", summary="patch by patch")]
    >>> [entry.name for entry in gpnet_matchers()]
    ['patches']
    """


@hookspec
def gpnet_networks() -> "List[NetworkEntry]":
    """Return a list of :class:`~gluon_personnet.NetworkEntry`: HybridBlocks, image pair -> two logits.

    >>> from gluon_personnet import NetworkEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_networks():
    ...     return [NetworkEntry(name="shallow", factory="my_package.shallow:Shallow", summary="two convolutions")]
    >>> [entry.name for entry in gpnet_networks()]
    ['shallow']
    """


@hookspec
def gpnet_baselines() -> "List[BaselineEntry]":
    """Return a list of :class:`~gluon_personnet.BaselineEntry`: published combinations with their figures.

    >>> from gluon_personnet import BaselineEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_baselines():
    ...     return [BaselineEntry(name="ours", factory="my_package.ours:make", summary="level with scaled")]
    >>> [entry.name for entry in gpnet_baselines()]
    ['ours']
    """


@hookspec
def gpnet_commands() -> "List[CommandEntry]":
    """Return a list of :class:`~gluon_personnet.CommandEntry`: further ``gpnet`` commands.

    >>> from gluon_personnet import CommandEntry, hookimpl
    >>> @hookimpl
    ... def gpnet_commands():
    ...     return [CommandEntry(name="greet", factory="my_package.greet:command", summary="greets somebody")]
    >>> [entry.name for entry in gpnet_commands()]
    ['greet']
    """
