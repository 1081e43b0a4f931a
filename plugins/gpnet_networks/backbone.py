"""A backbone of GluonCV's model zoo as an embedding network."""

from typing import Annotated

from gluon_personnet.core.errors import CheckpointError, RecipeError, did_you_mean
from gluon_personnet.network.backend import mx
from gluon_personnet.network.gluoncv_parts import gluoncv_module
from gluon_personnet.network.personnet import MOST_PX, MOST_UNITS
from gluon_personnet.network.pretrained import load_pretrained
from gluon_personnet.plugin.ranges import Between

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn

PIXEL_MEAN, PIXEL_DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of the red, green and blue values of ImageNet, which the zoo's networks are trained on."""

MODEL_ZOO = "model-zoo"
"""What `weights` says for the zoo's own download."""

BACKBONES = (
    *(f"mobilenetv2_{width}" for width in ("1.0", "0.75", "0.5", "0.25")),
    *(f"resnet{layers}_v1b" for layers in (18, 34, 50, 101, 152)),
)


class Backbone(HybridBlock):
    """An ImageNet network without its classifier, mean pooling, and a neck of batch normalisation without shift.

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

    Source: Sandler et al., MobileNetV2, CVPR 2018; He et al., Deep Residual Learning, CVPR 2016; Luo et al., Bag of
    Tricks and a Strong Baseline for Deep Person Re-identification, CVPRW 2019 (the last stride and the neck).

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
        stripes: Annotated[int, Between(1, MOST_PX)] = 1,
        units: Annotated[int, Between(0, MOST_UNITS)] = 0,
    ):
        if backbone not in BACKBONES:
            raise RecipeError(f"network.options.backbone: found {backbone!r}{did_you_mean(backbone, BACKBONES)}")
        super().__init__()
        self.options = {"height_px": height_px, "width_px": width_px}
        self._backbone, self._weights = backbone, weights
        model = _from_zoo(backbone)
        self.zoo_parameters = _without_classifier(model)
        with self.name_scope():
            self.trunk = _Trunk(model, last_stride_one)
            self.embedding = _Pooled(_channels(model), stripes, units)
            self.neck = nn.BatchNorm(center=False, in_channels=self.embedding.units)

    def hybrid_forward(self, F, images):
        return self.neck(self.embedding(self.trunk(images)))

    def load_pretrained(self):
        """Take over the weights that the option `weights` names; the others keep their starting values.

        Raises
        ------
        CheckpointError
            If the zoo cannot be reached, or as :func:`~gluon_personnet.network.pretrained.load_pretrained`.
        """
        if self._weights == MODEL_ZOO:
            zoo = _without_classifier(_downloaded(self._backbone))
            for name, parameter in self.zoo_parameters.items():
                parameter.set_data(zoo[name].data())
        elif self._weights:
            load_pretrained(self.zoo_parameters, self._weights)


class _Pooled(HybridBlock):
    """Means of maps over horizontal stripes, projected to `units` values where that is above 0.

    Inputs/Outputs
    --------------
    float32 (N, C, h, w) -> float32 (N, units or C * stripes).
    """

    def __init__(self, channels, stripes, units):
        super().__init__()
        self._stripes, self.units = stripes, units or channels * stripes
        with self.name_scope():
            self.dense = nn.Dense(units, use_bias=False, in_units=channels * stripes) if units else None

    def hybrid_forward(self, F, maps):
        if self._stripes == 1:
            pooled = F.mean(maps, axis=(2, 3))  # (N, C)
        else:  # the contrib operator also takes heights that do not divide
            pooled = F.flatten(F.contrib.AdaptiveAvgPooling2D(maps, output_size=(self._stripes, 1)))
        return pooled if self.dense is None else self.dense(pooled)


class _Trunk(HybridBlock):
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


def _downloaded(name):
    """The zoo's model with its pretrained weights."""
    try:
        return _from_zoo(name, pretrained=True)
    except Exception as error:  # no network, no such weights, a damaged file: whatever GluonCV raises
        found = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(
            f"network.options.weights: {MODEL_ZOO}: {name} cannot be downloaded: {found}; right: a file of weights"
        ) from error


def _from_zoo(name, pretrained=False):
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
