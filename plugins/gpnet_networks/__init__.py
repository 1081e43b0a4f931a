"""Bundled networks."""

from gluon_personnet import NetworkEntry, hookimpl


@hookimpl
def gpnet_networks():
    """PersonNet, the network of the paper, and others: two that score pairs, two that embed images."""
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
        NetworkEntry(
            name="residual-embedding",
            factory="gpnet_networks.residual_embedding:ResidualEmbedding",
            summary="embedding: small residual network with a neck, to be trained from scratch",
            source="blocks of He et al., CVPR 2016; neck of Luo et al., CVPRW 2019",
            fidelity="approximate",
        ),
        NetworkEntry(
            name="backbone",
            factory="gpnet_networks.backbone:Backbone",
            summary="embedding: MobileNetV2 or ResNet of GluonCV with a neck, from ImageNet weights or from scratch",
            source="Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-identification, CVPRW 2019",
            fidelity="approximate",
        ),
    ]
