"""Identification: a softmax over the training identities, in training only."""

from gluon_personnet.network.backend import mx
from gluon_personnet.network.kinds import scores_pairs
from gluon_personnet.network.weights import initialise
from gluon_personnet.training.losses import IDENTIFICATION, loss_weights

HIDDEN_UNITS = 512
"""Width of the layer between trunk maps and softmax, for networks without an embedding of their own."""


class Classifier(mx.gluon.HybridBlock):
    """Weighted cross-entropy of telling the training identities apart, with smoothed labels.

    Parameters
    ----------
    num_identities : int
    weight : float
        Factor of the loss.
    smoothing : float in [0, 1)
        Share of the target that is spread evenly over all identities.
    hidden_units : int
        Width of a fully connected layer, standardised over the batch, before the softmax; 0 for none.

    Inputs/Outputs
    --------------
    features : float32 (N, ...), labels : float32 (N,), whole numbers from 0, image_weights : float32 (N,) that add up
    to 1 -> float32 (1,), the weighted mean over the images.

    Source: Szegedy et al., Rethinking the Inception Architecture, 2016, section 7 (label smoothing).
    """

    def __init__(self, num_identities, weight, smoothing, hidden_units=0):
        super().__init__()
        self._weight, self._smoothing = weight, smoothing
        self.hidden = mx.gluon.nn.Dense(hidden_units, use_bias=False, prefix="hidden_") if hidden_units else None
        self.logits = mx.gluon.nn.Dense(num_identities, use_bias=False, prefix="identities_")

    def hybrid_forward(self, F, features, labels, image_weights):
        if self.hidden is not None:
            # parameter-free batch normalisation: no running statistics that later steps would have to wait for
            features = self.hidden(features)  # (N, hidden_units)
            features = F.broadcast_sub(features, F.mean(features, axis=0, keepdims=True))
            variance = F.mean(F.square(features), axis=0, keepdims=True)
            features = F.broadcast_mul(features, F.rsqrt(variance + 1e-5))
        log_p = F.log_softmax(self.logits(features))
        nll = -(1 - self._smoothing) * F.pick(log_p, labels) - self._smoothing * F.mean(log_p, axis=1)
        return self._weight * F.sum(nll * image_weights)


def make_classifier(network, num_identities, recipe, ctx):
    """The identification loss that a recipe asks for, initialised, or None.

    It learns from the network's embedding where it has one; otherwise from the trunk maps themselves, through a
    hidden layer that is thrown away after training, so that the network stays what it is.
    """
    weight = loss_weights(network, recipe.training).get(IDENTIFICATION)
    if not weight:
        return None
    units = 0 if hasattr(network, "embedding") else HIDDEN_UNITS
    classifier = Classifier(num_identities, weight, recipe.training.label_smoothing, units)
    initialise(classifier, ctx, recipe.network.weight_magnitude)
    blank = mx.nd.zeros((1, 3, network.options["height_px"], network.options["width_px"]), ctx)
    if scores_pairs(network):
        features = network.trunk(blank) if units else network.embedding(network.trunk(blank))
    else:
        features = network(blank)
    one = mx.nd.zeros(1, ctx)
    classifier(features, one, one)  # settles its shape
    classifier.hybridize(static_alloc=True, static_shape=True)
    return classifier
