"""Identification: a softmax over the training identities on top of a network's embedding, in training only."""

from gluon_personnet.backend import mx


class Classifier(mx.gluon.HybridBlock):
    """Weighted cross-entropy of telling the training identities apart, with smoothed labels.

    Parameters
    ----------
    num_identities : int
    weight : float
        Factor of the loss.
    smoothing : float in [0, 1)
        Share of the target that is spread evenly over all identities.

    Inputs/Outputs
    --------------
    embedding : float32 (N, E), labels : float32 (N,), whole numbers from 0, image_weights : float32 (N,) that add up
    to 1 -> float32 (1,), the weighted mean over the images.

    Source: Szegedy et al., Rethinking the Inception Architecture, 2016, section 7 (label smoothing).
    """

    def __init__(self, num_identities, weight, smoothing):
        super().__init__()
        self._weight, self._smoothing = weight, smoothing
        self.logits = mx.gluon.nn.Dense(num_identities, use_bias=False, prefix="identities_")

    def hybrid_forward(self, F, embedding, labels, image_weights):
        log_p = F.log_softmax(self.logits(embedding))
        nll = -(1 - self._smoothing) * F.pick(log_p, labels) - self._smoothing * F.mean(log_p, axis=1)
        return self._weight * F.sum(nll * image_weights)
