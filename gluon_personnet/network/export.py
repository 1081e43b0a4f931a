"""A trained network as symbol JSON and parameters."""

from gluon_personnet.network.backend import mx


def export_network(network, path, ctx):
    """Write ``PATH-symbol.json`` and ``PATH-0000.params``, inputs ``data0`` (query) and ``data1`` (gallery)."""
    blank = mx.nd.zeros((1, 3, network.options["height_px"], network.options["width_px"]), ctx=ctx)
    network.hybridize()
    network(blank, blank)
    network.export(str(path), remove_amp_cast=False)
