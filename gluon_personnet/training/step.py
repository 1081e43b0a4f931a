"""Forward, backward and update on one batch of pairs."""

import numpy as np

from gluon_personnet import seeding
from gluon_personnet.backend import mx
from gluon_personnet.network.pairs import PairLogits, Sides
from gluon_personnet.training.share import ALONE, Share


class Step:
    """One training step: trunk maps shared by all pairs of the batch, hard negatives mined on request, update.

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
        self._recipe, self._gluon, self._ctx, self._classifier = recipe, gluon_trainer, ctx, classifier
        self._group, self._share = group, Share(section, group)
        self._sides = Sides(network, len(self._share.identities), embed=classifier is not None)
        self._logits, self._mining = PairLogits(network), PairLogits(network)
        for block in (self._sides, self._logits, self._mining):
            block.hybridize(static_alloc=True, static_shape=True)
        own, positives = len(self._share.identities), section.identities
        same = np.arange(own * (1 + section.negatives)) < own
        # both kinds count alike in the whole batch: section IV-B
        weights = np.where(same, 1 / positives, 1 / (section.batch_pairs - positives)) / 2
        self._same = mx.nd.array(same, ctx=ctx)
        self._weights = mx.nd.array(weights, ctx=ctx)
        self._loss = mx.nd.zeros(1, ctx)

    def __call__(self, step, batch, images, rate):
        """One training step; returns the loss, float32 (1,), without waiting for it."""
        self._gluon.set_learning_rate(rate)
        batch, images, image_weights = self._share(batch, images)
        images = mx.nd.array(images, ctx=self._ctx)
        with mx.autograd.record():
            query, gallery, *embedding = self._sides(images)
            pairs = self._with_hard_negatives(step, batch, query, gallery)
            query_index, gallery_index = (mx.nd.array(index, ctx=self._ctx, dtype="int32") for index in pairs)
            logits = self._logits(query, gallery, query_index, gallery_index)
            nll = -mx.nd.pick(mx.nd.log_softmax(logits), self._same)
            loss = mx.nd.sum(nll * self._weights)
            if embedding:
                positive = batch.gallery_index[: len(batch.query_rows)]
                labels = np.concatenate([batch.labels[positive], batch.labels])
                inputs = (mx.nd.array(values, ctx=self._ctx) for values in (labels, image_weights))
                loss = loss + self._classifier(embedding[0], *inputs)
        loss.backward()
        self._loss[:] = loss
        gradients = [parameter.grad() for parameter in self._gluon._params if parameter.grad_req != "null"]
        self._group.sum([*gradients, self._loss])
        self._gluon.step(1)
        return self._loss.copy()

    CANDIDATES = 4
    """Random pairs scored for each hard negative kept."""

    def _with_hard_negatives(self, step, batch, query, gallery):
        """The batch's pairs with, per query, the candidates that the network now takes most for the same person."""
        section = self._recipe.training
        hard, identities = section.hard_negatives_per_positive, self._share.identities
        if not hard:
            return batch.query_index, batch.gallery_index
        random_pairs = len(identities) * (1 + section.negatives_per_positive)
        rng = seeding.generator(self._recipe.seed, "hard negatives", step)
        pool = len(gallery)
        tries = min(self.CANDIDATES * hard, pool - 1)
        shifts = rng.choice(np.arange(1, pool), tries, replace=False)
        partners = (np.array(identities)[:, None] + shifts) % pool  # (identities, tries)
        queries = np.arange(len(identities))
        with mx.autograd.pause(train_mode=False):
            index = np.repeat(queries, tries), partners.ravel()
            index = (mx.nd.array(i, ctx=self._ctx, dtype="int32") for i in index)
            logits = self._mining(query, gallery, *index).asnumpy()
        margin = (logits[:, 0] - logits[:, 1]).reshape(partners.shape)
        hardest = np.take_along_axis(partners, np.argsort(margin, axis=1, kind="stable")[:, :hard], axis=1)
        query_index = np.concatenate([batch.query_index[:random_pairs], np.repeat(queries, hard)])
        return query_index, np.concatenate([batch.gallery_index[:random_pairs], hardest.ravel()])
