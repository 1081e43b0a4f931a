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
            options={
                "depth": 10,
                "activation": "scaled-tanh",
                "sizes": "table",
                "dropout": 0.5,
                "height_px": 160,
                "width_px": 60,
                "channels": 32,
                "units": [4096, 4096, 512],
                "standardise": False,
                "normalise": 0.0,
            },
        ),
        NetworkEntry(
            name="personnet-strong",
            factory="gpnet_networks.personnet_strong:PersonNetStrong",
            summary="residual trunk, batch normalisation, difference in both directions, identity embedding",
            source="after Wu, Shen, van den Hengel 2016 and Ahmed, Jones, Marks 2015",
            fidelity="approximate",
            options={
                "height_px": 160,
                "width_px": 60,
                "channels": 32,
                "compare_channels": 32,
                "both_directions": True,
                "stripes": 5,
                "embedding_units": 256,
                "units": 512,
                "dropout": 0.5,
            },
        ),
    ]
