"""A backbone of GluonCV's model zoo as an embedding network."""

from typing import Annotated

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.network.backend import mx
from gluon_personnet.network.gluoncv_parts import gluoncv_module
from gluon_personnet.network.pretrained import load_pretrained
from gluon_personnet.plugin.ranges import Between
from gpnet_networks.embedding_parts import EmbeddingNetwork
from gpnet_networks.personnet_strong import MOST_PX, Count

nn = mx.gluon.nn

PIXEL_MEAN, PIXEL_DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of the red, green and blue values of ImageNet, which the zoo's networks are trained on."""

MODEL_ZOO = "model-zoo"
"""What `weights` says for the zoo's own download."""

BACKBONES = (
    *(f"mobilenetv2_{width}" for width in ("1.0", "0.75", "0.5", "0.25")),
    *(f"resnet{layers}_v1b" for layers in (18, 34, 50, 101, 152)),
)


class Backbone(EmbeddingNetwork):
    """An ImageNet network without its classifier, mean pooling, and a neck.

    Parameters
    ----------
    backbone : str
        Name in GluonCV's model zoo: MobileNetV2 or a ResNet of version 1b.
    weights : str
        What training starts from: empty for random weights, ``model-zoo`` for the zoo's download, or a file that
        :func:`~gluon_personnet.network.pretrained.load_pretrained` reads.
    height_px, width_px : int
        Size of the input images.
    last_stride_one : bool
        Whether the last stage keeps the resolution of the one before.
    stripes : int
        Horizontal stripes whose means make the vector.
    units : int
        Length of the vector; 0 for the means themselves.

    Attributes
    ----------
    zoo_parameters : dict of str to Parameter
        Name in the zoo's model -> parameter, of everything but its classifier.

    Inputs/Outputs
    --------------
    images : float32 (N, 3, height_px, width_px), RGB 0..255 -> float32 (N, D), compared by the cosine.

    Source: Sandler et al., MobileNetV2, CVPR 2018; He et al., Deep Residual Learning, CVPR 2016; the changes for
    re-identification are those of Luo et al., CVPRW 2019.

    Raises
    ------
    RecipeError
        For a backbone that is not known.
    """

    def __init__(
        self,
        backbone: str = "mobilenetv2_1.0",
        weights: str = "",
        height_px: Annotated[int, Between(32, MOST_PX)] = 256,
        width_px: Annotated[int, Between(32, MOST_PX)] = 128,
        last_stride_one: bool = True,
        stripes: Count = 1,
        units: Annotated[int, Between(0, 65_536)] = 0,
    ):
        if backbone not in BACKBONES:
            raise RecipeError(f"network.options.backbone: found {backbone!r}{did_you_mean(backbone, BACKBONES)}")
        model = _from_zoo(backbone, pretrained=False)
        trunk, channels = _Trunk(model, last_stride_one), _channels(model)
        super().__init__(trunk, channels, (height_px, width_px), stripes, units)
        self._backbone, self._weights, self.zoo_parameters = backbone, weights, _without_classifier(model)

    def load_pretrained(self):
        """Take over the weights that the option `weights` names; the others keep their starting values."""
        if self._weights == MODEL_ZOO:
            zoo = _without_classifier(_from_zoo(self._backbone, pretrained=True))
            for name, parameter in self.zoo_parameters.items():
                parameter.set_data(zoo[name].data())
        elif self._weights:
            self(mx.nd.zeros((1, 3, *self.options.values()), ctx=self.neck.gamma.list_ctx()[0]))  # settles all shapes
            load_pretrained(self.zoo_parameters, self._weights)


class _Trunk(mx.gluon.HybridBlock):
    """Pixels standardised, then the layers of a zoo's model before its pooling."""

    def __init__(self, model, last_stride_one):
        super().__init__()
        with self.name_scope():
            self.mean = self.params.get_constant("mean", mx.nd.array(PIXEL_MEAN).reshape((1, 3, 1, 1)))
            self.scale = self.params.get_constant("scale", 1 / mx.nd.array(PIXEL_DEVIATION).reshape((1, 3, 1, 1)))
        self.layers = nn.HybridSequential(prefix="")
        self.layers.add(*_layers(model))
        if last_stride_one:
            _keep_resolution(self.layers)

    def hybrid_forward(self, F, images, mean, scale):
        return self.layers(F.broadcast_mul(F.broadcast_sub(images, mean), scale))


def _from_zoo(name, pretrained):
    if name.startswith("mobilenetv2"):
        width = float(name.partition("_")[2])
        return gluoncv_module("model_zoo.mobilenet").get_mobilenet_v2(width, pretrained=pretrained)
    return getattr(gluoncv_module("model_zoo.resnetv1b"), name)(pretrained=pretrained)


def _layers(model):
    """The blocks of a model up to its global pooling, in order."""
    if hasattr(model, "features"):
        return [block for block in model.features if not isinstance(block, (nn.GlobalAvgPool2D, nn.Flatten))]
    return [
        getattr(model, name) for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
    ]


def _convolutions(block):
    """Convolutions of a block, in the order in which they were added."""
    if isinstance(block, nn.Conv2D):
        return [block]
    return [found for child in block._children.values() for found in _convolutions(child)]


def _strided(block):
    return [one for one in _convolutions(block) if one._kwargs["stride"] == (2, 2)]


def _keep_resolution(layers):
    """Set the stride of the last block that halves its maps, shortcut included, to 1."""
    for layer in reversed(list(layers)):
        inner = list(layer) if isinstance(layer, nn.HybridSequential) else [layer]
        for block in reversed(inner):
            strided = _strided(block)
            for convolution in strided:
                convolution._kwargs["stride"] = (1, 1)  # Gluon has no other way to change a layer
            if strided:
                return


def _channels(model):
    """Channels of the last convolution before the pooling."""
    last = _layers(model)[-1] if not hasattr(model, "features") else model.features
    return _convolutions(last)[-1]._channels


def _without_classifier(model):
    """Name in the zoo's model -> Parameter, of everything but the classifier."""
    named = model._collect_params_with_prefix()
    return {name: value for name, value in named.items() if not name.startswith(("output", "fc"))}
