"""Batch normalisation that only training needs."""

from gluon_personnet.network.backend import mx

EPSILON = 1e-5
"""Added to the variances that batch normalisation divides by."""


class Normalisation(mx.gluon.HybridBlock):
    """Batch normalisation to a given standard deviation, which :meth:`fold` puts into weight and bias for testing.

    The deviation is positive and not learned, so that normalising after max pooling is normalising before it.

    Parameters
    ----------
    channels : int
    deviation : float above 0
        Of every channel over the batch, before the bias.
    gain : float
        Of the activation that follows; deviation and bias are multiplied by it.
    axis : int
        Of the channels.

    Attributes
    ----------
    keep_statistics : bool
        Whether training, too, normalises by the running statistics and leaves them as they are.

    Inputs/Outputs
    --------------
    float32 (N, channels, ...) linear output without bias, float32 (channels,) bias -> float32 (N, channels, ...);
    with `axis` 0 (channels, N).

    Source: Ioffe and Szegedy, Batch Normalization, ICML 2015.
    Differs from the source in: the scale is not learned.
    """

    def __init__(self, channels, deviation, gain, axis=1):
        super().__init__()
        self._gain, self._axis, self.keep_statistics = gain, axis, False
        constant = {"grad_req": "null", "differentiable": False}
        start = mx.init.Constant(deviation)
        with self.name_scope():
            self.running_mean = self.params.get("running_mean", shape=(channels,), init="zeros", **constant)
            self.running_var = self.params.get("running_var", shape=(channels,), init="ones", **constant)
            self.deviation = self.params.get("deviation", shape=(1,), init=start, **constant)

    def hybrid_forward(self, F, x, bias, running_mean, running_var, deviation):
        scale = F.broadcast_mul(F.ones_like(bias), deviation * self._gain)
        options = {"eps": EPSILON, "momentum": 0.9, "fix_gamma": False, "use_global_stats": self.keep_statistics}
        return F.BatchNorm(x, scale, bias * self._gain, running_mean, running_var, axis=self._axis, **options)

    def fold(self, weight, bias):
        """Weight and bias, NDArrays, of the layer that does the same at test time without normalisation."""
        scale = self.deviation.data() / mx.nd.sqrt(self.running_var.data() + EPSILON)  # (channels,)
        return weight * scale.reshape((-1, *[1] * (weight.ndim - 1))), bias - scale * self.running_mean.data()
