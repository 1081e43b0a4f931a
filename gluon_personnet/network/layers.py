"""Layers of Table I, written so that each touches as few bytes as the mathematics allows.

Four identities are used throughout, all exact:

* tanh and ReLU are monotone, so a map is pooled first and activated after: a quarter of the work;
* ``act(g (W x + b)) == act((g W) x + g b)``: the scale of tanh(3x/2) goes into the small filters, not over the maps;
* a valid convolution of ``(x - m) / s`` is one of ``x`` with other filters and bias: pixels enter as they are;
* ``tanh(x) == (sigmoid(2 x) - 0.5) / 0.5``: between two convolutions a map holds the sigmoid, which oneDNN computes,
  with its gradient, in a fifth of the time on a processor with AVX2.
"""

from gluon_personnet.network.backend import mx
from gluon_personnet.network.normalisation import Normalisation

ACTIVATIONS = {"scaled-tanh": (1.5, "tanh"), "tanh": (1.0, "tanh"), "relu": (1.0, "relu")}
"""Activation name -> (gain on the linear output, Gluon activation). ``scaled-tanh`` is tanh(3x/2), section III-A."""

PIXEL_MEAN, PIXEL_SCALE = 127.5, 64.0
"""Pixels 0..255 enter the first convolution as (pixel - 127.5) / 64, that is within about [-2, 2]."""

AS_IT_IS, AS_PIXELS, AS_SIGMOID = (0.0, 1.0), (PIXEL_MEAN, PIXEL_SCALE), (0.5, 0.5)
"""Mean and scale of the maps given to a convolution that is of ``(maps - mean) / scale``."""

HybridBlock = mx.gluon.HybridBlock


def between_convolutions(activation):
    """How an activation is written where nothing but a valid convolution reads it.

    Parameters
    ----------
    activation : str
        A key of :data:`ACTIVATIONS`.

    Returns
    -------
    float, str, (float, float)
        Gain on the linear output, Gluon activation, and what the convolution is to be told of its maps.
    """
    gain, act = ACTIVATIONS[activation]
    return (2 * gain, "sigmoid", AS_SIGMOID) if act == "tanh" else (gain, act, AS_IT_IS)


def _normalisation(channels, deviation, gain):
    """A :class:`Normalisation`, or None where the deviation is 0."""
    return Normalisation(channels, deviation, gain) if deviation else None


class Convolution(HybridBlock):
    """A 3x3 convolution of stride 1, an optional 2x2 max pooling and the activation (rows Conv and Pool of Table I).

    Parameters
    ----------
    in_channels, channels : int
        Channels of the input and of the output.
    activation : str
        A key of :data:`ACTIVATIONS`.
    pool : {None, 'full', 'valid'}
        The 2x2 max pooling of stride 2 that follows: none, in ceil mode (Pool0, Pool1) or in floor mode (Pool4).
    normalise : float
        Deviation of :class:`Normalisation`; 0 for none.
    maps : (float, float)
        Mean and scale of the input, which are taken from it by way of filters and bias: :data:`AS_IT_IS` and others.
    to_convolution : bool
        Whether the output is written as :func:`between_convolutions` says.

    Inputs/Outputs
    --------------
    float32 (N, in_channels, H, W) -> float32 (N, channels, H - 2, W - 2), halved when pooled.
    """

    def __init__(
        self, in_channels, channels, activation, pool=None, normalise=0.0, maps=AS_IT_IS, to_convolution=False
    ):
        super().__init__()
        self._gain, self._act, *_ = between_convolutions(activation) if to_convolution else ACTIVATIONS[activation]
        self._channels, self.pooled, self._maps = channels, pool, maps
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(channels, in_channels, 3, 3))
            self.bias = self.params.get("bias", shape=(channels,))
            self.norm = _normalisation(channels, normalise, self._gain)

    def hybrid_forward(self, F, x, weight, bias):
        # what normalisation adds after the pooling, it adds there only
        gain, start = (self._gain, bias) if self.norm is None else (1.0, F.zeros_like(bias))
        if self._maps != AS_IT_IS:
            mean, scale = self._maps
            weight = weight / scale
            start = start - mean * F.sum(weight, axis=(1, 2, 3))
        x = F.Convolution(x, weight * gain, start * gain, kernel=(3, 3), num_filter=self._channels)
        if self.pooled:
            x = F.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention=self.pooled)
        if self.norm is not None:
            x = self.norm(x, bias)
        return F.Activation(x, act_type=self._act)


class Dense(HybridBlock):
    """A fully connected layer with its activation and dropout (rows FC1-FC3 of Table I, section V).

    Inputs/Outputs
    --------------
    float32 (N, in_units) -> float32 (N, units). Without an activation the output is the plain linear map.
    """

    norm = None

    def __init__(self, in_units, units, activation=None, dropout=0.0):
        super().__init__()
        self._gain, self._act = ACTIVATIONS[activation] if activation else (1.0, None)
        self.units, self.dropout = units, dropout
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(units, in_units))
            self.bias = self.params.get("bias", shape=(units,))

    def hybrid_forward(self, F, x, weight, bias):
        x = F.FullyConnected(x, weight, bias, num_hidden=self.units)
        if self._act is None:
            return x
        if self._gain != 1.0:  # here the output is smaller than the weights
            x = x * self._gain
        return self._finish(F, x)

    def _finish(self, F, x):
        x = F.Activation(x, act_type=self._act)
        return F.Dropout(x, p=self.dropout) if self.dropout else x


class NormalisedDense(Dense):
    """:class:`Dense` with batch normalisation, on columns: what is normalised together then lies together in memory.

    Parameters
    ----------
    deviation : float above 0
        Of :class:`Normalisation`.

    Inputs/Outputs
    --------------
    float32 (in_units, N) -> float32 (units, N).
    """

    def __init__(self, in_units, units, activation, dropout, deviation):
        super().__init__(in_units, units, activation, dropout)
        with self.name_scope():
            self.norm = Normalisation(units, deviation, self._gain, axis=0)

    def hybrid_forward(self, F, x, weight, bias):
        return self._finish(F, self.norm(F.dot(weight, x), bias))


class QuerySide(HybridBlock):
    """The first image's share of neighbourhood difference and patch summary: a 1x1 convolution with the summed filters.

    Inputs/Outputs
    --------------
    float32 (N, C, H, W) trunk maps f -> float32 (N, C, H, W).

    Source: equation 2 and section III-B; the derivation is in :class:`Compare`.
    """

    def __init__(self, channels, gain, params):
        super().__init__(params=params)
        self._gain, self._channels = gain, channels
        self.weight = self.params.get("weight", shape=(channels, channels, 3, 3))

    def hybrid_forward(self, F, maps, weight):
        summed = F.sum(weight, axis=(2, 3), keepdims=True)  # (O, I, 1, 1)
        return F.Convolution(maps, summed * self._gain, kernel=(1, 1), num_filter=self._channels, no_bias=True)


class GallerySide(HybridBlock):
    """The second image's share: a padded 3x3 convolution, minus the bias so that the pair's map is query - gallery.

    Inputs/Outputs
    --------------
    float32 (N, C, H, W) trunk maps h -> float32 (N, C, H, W).
    """

    def __init__(self, channels, gain, has_bias):
        super().__init__()
        self._gain, self._channels = gain, channels
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(channels, channels, 3, 3))
            if has_bias:
                self.bias = self.params.get("bias", shape=(channels,))

    def hybrid_forward(self, F, maps, weight, bias=None):
        parameters = [weight * self._gain] if bias is None else [weight * self._gain, -bias * self._gain]
        sizes = {"kernel": (3, 3), "pad": (1, 1), "num_filter": self._channels}
        return F.Convolution(maps, *parameters, **sizes, no_bias=bias is None)


class Compare(HybridBlock):
    """Neighbourhood difference and patch summary in their exact fast form.

    With K(3y+dy, 3x+dx) = f(y, x) - h(y+dy-1, x+dx-1) (equation 2, h padded by one zero) and a summary convolution
    W, b of stride 3 and no activation in between, the two rows together are linear::

        summary(y, x) = (sum of W over dy, dx) f(y, x)  -  (W convolved with padded h)(y, x)  +  b
                      = query(f)(y, x)                  -  gallery(h)(y, x)

    so each side depends on one image only and can be kept for all its pairs. Both sides carry the gain of the
    activation that follows the summary.

    Parameters
    ----------
    channels : int
    activation : str
        A key of :data:`ACTIVATIONS`.
    normalised : bool
        Whether the head normalises the difference; then bias and gain are added there.

    Inputs/Outputs
    --------------
    two float32 (N, C, H, W) trunk maps -> float32 (N, C, H, W), the input of :class:`Head` before its activation.
    """

    def __init__(self, channels, activation, normalised=False):
        super().__init__()
        gain = 1.0 if normalised else ACTIVATIONS[activation][0]
        with self.name_scope():
            self.gallery = GallerySide(channels, gain, has_bias=not normalised)
            self.query = QuerySide(channels, gain, params=self.gallery.params)

    def hybrid_forward(self, F, query_maps, gallery_maps):
        return self.query(query_maps) - self.gallery(gallery_maps)


class Head(HybridBlock):
    """Everything that needs both images: Conv4, Pool4, FC1-FC3 and the two logits [different, same].

    Inputs/Outputs
    --------------
    float32 (P, C, H, W) from :class:`Compare` -> float32 (P, 2) logits.
    """

    def __init__(self, channels, flat_units, hidden_units, activation, dropout, normalise=0.0):
        super().__init__()
        # without normalisation the difference comes with its gain, that of tanh
        gain, self._act, maps = between_convolutions(activation) if normalise else (*ACTIVATIONS[activation], AS_IT_IS)
        with self.name_scope():
            self.norm = _normalisation(channels, normalise, gain)
            if normalise:
                self.bias = self.params.get("bias", shape=(channels,))
            self.conv4 = Convolution(channels, channels, activation, "valid", normalise, maps)
            self.dense = mx.gluon.nn.HybridSequential(prefix="")
            units = flat_units
            for place, width in enumerate(hidden_units):
                sizes = units, width, activation, 0.0 if place == len(hidden_units) - 1 else dropout
                self.dense.add(NormalisedDense(*sizes, normalise) if normalise else Dense(*sizes))
                units = width
            self.logits = Dense(units, 2)

    def hybrid_forward(self, F, difference, bias=None):
        if self.norm is not None:
            difference = self.norm(difference, bias)
        x = F.Activation(difference, act_type=self._act)
        x = F.flatten(self.conv4(x))  # (P, C, H, W) -> (P, C (H - 2) // 2 (W - 2) // 2)
        x = self.dense(x) if self.norm is None else F.transpose(self.dense(F.transpose(x)))
        return self.logits(x)  # (P, 2)
