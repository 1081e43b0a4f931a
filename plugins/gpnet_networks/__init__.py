"""Bundled networks."""

from gluon_personnet import NetworkEntry, hookimpl


@hookimpl
def gpnet_networks():
    """PersonNet, the network of the paper, and others, which score pairs or embed images."""
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
            name="joint-reid",
            factory="gpnet_networks.joint_reid:JointReid",
            summary="JointRe-id (IDLA): tied 5x5 stem, rectified 5x5 differences in both directions",
            source="Ahmed, Jones, Marks, CVPR 2015, section 4",
            fidelity="faithful",
        ),
        NetworkEntry(
            name="fpnn",
            factory="gpnet_networks.fpnn:Fpnn",
            summary="FPNN (DeepReID): stem of each view, products of rows, maxout, displacement layer",
            source="Li, Zhao, Xiao, Wang, CVPR 2014, section 3",
            fidelity="approximate",
        ),
        NetworkEntry(
            name="dml",
            factory="gpnet_networks.dml:Dml",
            summary="embedding: DML, three parts of the body, cosine, binomial deviance",
            source="Yi, Lei, Liao, Li, ICPR 2014, section III",
            fidelity="reconstruction",
        ),
        NetworkEntry(
            name="backbone",
            factory="gpnet_networks.backbone:Backbone",
            summary="embedding: MobileNetV2 or ResNet of GluonCV with a neck, from ImageNet weights or from scratch",
            source="Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-identification, CVPRW 2019",
            fidelity="approximate",
        ),
    ]
