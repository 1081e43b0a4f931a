"""All hooks. Each returns a list of entries; the order of plugins never matters."""

import pluggy

hookspec = pluggy.HookspecMarker("gluon_personnet")


@hookspec
def gpnet_datasets():
    """Return a list of :class:`~gluon_personnet.DatasetEntry`: samples with identity and camera, and their splits."""


@hookspec
def gpnet_protocols():
    """Return a list of :class:`~gluon_personnet.ProtocolEntry`: distance matrix -> CMC and other measures."""


@hookspec
def gpnet_features():
    """Return a list of :class:`~gluon_personnet.FeatureEntry`: uint8 (H, W, 3) RGB -> float (D,)."""


@hookspec
def gpnet_metrics():
    """Return a list of :class:`~gluon_personnet.MetricEntry`: fitted on training rows, distance (Q, G)."""


@hookspec
def gpnet_matchers():
    """Return a list of :class:`~gluon_personnet.MatcherEntry`: two image sets -> distance (Q, G)."""


@hookspec
def gpnet_networks():
    """Return a list of :class:`~gluon_personnet.NetworkEntry`: HybridBlocks, image pair -> two logits."""


@hookspec
def gpnet_baselines():
    """Return a list of :class:`~gluon_personnet.BaselineEntry`: published combinations with their figures."""


@hookspec
def gpnet_commands():
    """Return a list of :class:`~gluon_personnet.CommandEntry`: further ``gpnet`` commands."""
