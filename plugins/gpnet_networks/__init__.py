"""Bundled networks."""

from gluon_personnet import NetworkEntry, hookimpl


@hookimpl
def gpnet_networks():
    """PersonNet, the network of the paper."""
    return [
        NetworkEntry(
            name="personnet",
            factory="gluon_personnet.network.personnet:PersonNet",
            summary="PersonNet: 3x3 convolutions, neighbourhood difference, 7 to 10 weight layers",
            source="Wu, Shen, van den Hengel 2016, Table I",
            fidelity="faithful",
        ),
        NetworkEntry(
            name="personnet-strong",
            factory="gpnet_networks.personnet_strong:PersonNetStrong",
            summary="residual trunk, batch normalisation, difference in both directions, identity embedding",
            source="after Wu, Shen, van den Hengel 2016 and Ahmed, Jones, Marks 2015",
            fidelity="approximate",
        ),
    ]
