"""Forward, backward and update on one batch of pairs."""

import numpy as np

from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import PairLogits, Sides
from gluon_personnet.network.weights import unique_parameters
from gluon_personnet.training.distributed.share import ALONE, Share


class Step:
    """One training step: trunk maps shared by all pairs of the batch, update.

    Parameters
    ----------
    network : Network
        Initialised on `ctx`.
    recipe : Recipe
    gluon_trainer : mxnet.gluon.Trainer
    ctx : mxnet.Context
    classifier : Classifier, optional
        Adds its loss to that of the pairs.
    group : Alone or WorkerGroup
        The processes that share every step.
    """

    def __init__(self, network, recipe, gluon_trainer, ctx, classifier=None, group=ALONE):
        section = recipe.training
        self._gluon, self._ctx, self._classifier = gluon_trainer, ctx, classifier
        self._group, self._share = group, Share(section, group)
        self._sides = Sides(network, len(self._share.identities), identify=classifier is not None)
        self._logits = PairLogits(network)
        for block in (self._sides, self._logits):
            block.hybridize(static_alloc=True, static_shape=True)
        own, positives = len(self._share.identities), section.identities
        same = np.arange(own * (1 + section.negatives)) < own
        # both kinds count alike in the whole batch: section IV-B
        weights = np.where(same, 1 / positives, 1 / (section.batch_pairs - positives)) / 2
        self._same = mx.nd.array(same, ctx=ctx)
        self._weights = mx.nd.array(weights, ctx=ctx)
        self._ranking, self._positives = section.ranking, positives
        self._loss = mx.nd.zeros(1, ctx)
        self._has_statistics = any(value.grad_req == "null" for value in unique_parameters(network).values())

    def __call__(self, batch, images, rate):
        """One training step; returns the loss, float32 (1,), without waiting for it."""
        self._gluon.set_learning_rate(rate)
        batch, images, image_weights = self._share(batch, images)
        images = mx.nd.array(images, ctx=self._ctx)
        with mx.autograd.record():
            query, gallery, *features = self._sides(images)
            pairs = batch.query_index, batch.gallery_index
            query_index, gallery_index = (mx.nd.array(index, ctx=self._ctx, dtype="int32") for index in pairs)
            loss = self._pair_loss(self._logits(query, gallery, query_index, gallery_index))
            if features:
                inputs = (mx.nd.array(values, ctx=self._ctx) for values in (batch.image_labels, image_weights))
                loss = loss + self._classifier(features[0], *inputs)
        loss.backward()
        self._loss[:] = loss
        gradients = [parameter.grad() for parameter in self._gluon._params if parameter.grad_req != "null"]
        self._group.sum([*gradients, self._loss])
        self._gluon.step(1)
        if self._has_statistics:
            # MXNet does not know when batch normalisation has written its running statistics: a reader would race it
            mx.nd.waitall()
        return self._loss.copy()

    def _pair_loss(self, logits):
        """Cross-entropy of same and different (section IV-B), and that of finding each query's own among its pairs.

        The first can be lowered by moving the margins of all pairs together; the second depends on differences between
        margins only.
        """
        loss = 0
        if self._ranking < 1:
            nll = -mx.nd.pick(mx.nd.log_softmax(logits), self._same)
            loss = (1 - self._ranking) * mx.nd.sum(nll * self._weights)
        if self._ranking:
            different, same = mx.nd.split(logits, num_outputs=2, axis=1)
            margins = same - different
            by_query = mx.nd.reshape(margins, shape=(-1, len(self._share.identities)))  # positives are the first row
            log_p = mx.nd.slice_axis(mx.nd.log_softmax(by_query, axis=0), axis=0, begin=0, end=1)
            loss = loss - self._ranking * mx.nd.sum(log_p) / self._positives
        return loss
