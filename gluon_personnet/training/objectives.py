"""The loss of one batch: of its pairs, or of its images' embeddings."""

import numpy as np

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.embeddings import Embeddings
from gluon_personnet.network.kinds import scores_pairs
from gluon_personnet.network.pairs import PairLogits, Sides
from gluon_personnet.recipe.sections import BALANCED_PAIRS
from gluon_personnet.training import losses
from gluon_personnet.training.distributed.share import Share


def make_objective(network, section, ctx, classifier, group):
    """The objective of a network's kind.

    Raises
    ------
    RecipeError
        If the sampler or the number of workers does not go with the network.
    """
    if scores_pairs(network):
        return PairObjective(network, section, ctx, classifier, group)
    if group.workers > 1:
        raise RecipeError(
            f"training: found {group.workers} workers for an embedding network; right: one, whose batch holds every "
            "image that a loss compares"
        )
    return EmbeddingObjective(network, section, ctx, classifier)


def check_sampler(network, section):
    """Raise RecipeError unless the sampler gives what the network's losses need."""
    if scores_pairs(network) and section.sampler != BALANCED_PAIRS:
        raise RecipeError(
            f"training.sampler: found {section.sampler!r} for a network that scores pairs; right: {BALANCED_PAIRS!r}"
        )


class PairObjective:
    """Trunk maps shared by all pairs of a batch, losses of the pairs.

    Parameters
    ----------
    network : Network
        Initialised on `ctx`; it scores pairs.
    section : TrainingSection
    ctx : mxnet.Context
    classifier : Classifier or None
        Adds its loss to that of the pairs.
    group : Alone or WorkerGroup
        The processes that share every step.
    """

    def __init__(self, network, section, ctx, classifier, group):
        check_sampler(network, section)
        self._ctx, self._classifier = ctx, classifier
        self._share, self._loss_weights = Share(section, group), losses.loss_weights(network, section)
        self._own, self._positives = len(self._share.identities), section.identities
        self._sides = Sides(network, self._own, identify=classifier is not None)
        self._logits = PairLogits(network)
        for block in (self._sides, self._logits):
            block.hybridize(static_alloc=True, static_shape=True)
        same = np.arange(self._own * (1 + section.negatives)) < self._own
        # both kinds count alike in the whole batch: section IV-B
        weights = np.where(same, 1 / self._positives, 1 / (section.batch_pairs - self._positives)) / 2
        self._same = mx.nd.array(same, ctx=ctx)
        self._weights = mx.nd.array(weights, ctx=ctx)

    def __call__(self, batch, images):
        """The loss of a :class:`PairBatch`, float32 (1,), recorded; `images` as its sampler orders them."""
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
        return loss

    def _pair_loss(self, logits):
        loss, weights = 0, self._loss_weights
        if "pair-softmax" in weights:
            loss = weights["pair-softmax"] * losses.pair_softmax(logits, self._same, self._weights)
        if "ranking" in weights:
            loss = loss + weights["ranking"] * losses.ranking(logits, self._own) / self._positives
        return loss


class EmbeddingObjective:
    """Losses of the embeddings of a batch of images; parameters as of :class:`PairObjective`."""

    def __init__(self, network, section, ctx, classifier):
        self._ctx, self._classifier = ctx, classifier
        self._loss_weights = losses.loss_weights(network, section)
        self._embeddings = Embeddings(network)
        self._embeddings.hybridize(static_alloc=True, static_shape=True)

    def __call__(self, batch, images):
        """The loss of a batch, float32 (1,), recorded; `images` float32 (N, 3, H, W) as its sampler orders them."""
        labels = mx.nd.array(batch.image_labels, ctx=self._ctx)
        image_weights = mx.nd.full(len(images), 1 / len(images), ctx=self._ctx)
        images = mx.nd.array(images, ctx=self._ctx)
        of = {"triplet": losses.triplet, "binomial-deviance": losses.binomial_deviance}
        with mx.autograd.record():
            features, embeddings = self._embeddings(images)
            loss = 0
            if self._classifier is not None:
                loss = self._classifier(embeddings, labels, image_weights)
            for name, weight in self._loss_weights.items():
                if name in of:
                    loss = loss + weight * of[name](features, labels)
        return loss
