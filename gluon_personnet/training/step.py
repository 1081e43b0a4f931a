"""Forward, backward and update on one batch of pairs."""

import numpy as np

from gluon_personnet import seeding
from gluon_personnet.backend import mx
from gluon_personnet.network.pairs import PairLogits, Sides


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
    """

    def __init__(self, network, recipe, gluon_trainer, ctx, classifier=None):
        section = recipe.training
        self._recipe, self._gluon, self._ctx, self._classifier = recipe, gluon_trainer, ctx, classifier
        self._sides = Sides(network, section.identities, embed=classifier is not None)
        self._logits, self._mining = PairLogits(network), PairLogits(network)
        for block in (self._sides, self._logits, self._mining):
            block.hybridize(static_alloc=True, static_shape=True)
        same = np.arange(section.batch_pairs) < section.identities
        weights = np.where(same, 1 / same.sum(), 1 / (~same).sum()) / 2  # both kinds count alike: section IV-B
        self._same = mx.nd.array(same, ctx=ctx)
        self._weights = mx.nd.array(weights, ctx=ctx)

    def __call__(self, step, batch, images, rate):
        """One training step; returns the loss, float32 (1,), without waiting for it."""
        self._gluon.set_learning_rate(rate)
        images = mx.nd.array(images, ctx=self._ctx)
        with mx.autograd.record():
            query, gallery, *embedding = self._sides(images)
            pairs = self._with_hard_negatives(step, batch, query, gallery)
            query_index, gallery_index = (mx.nd.array(index, ctx=self._ctx, dtype="int32") for index in pairs)
            logits = self._logits(query, gallery, query_index, gallery_index)
            nll = -mx.nd.pick(mx.nd.log_softmax(logits), self._same)
            loss = mx.nd.sum(nll * self._weights)
            if embedding:
                labels = np.concatenate([batch.labels[: len(batch.query_rows)], batch.labels])
                loss = loss + self._classifier(embedding[0], mx.nd.array(labels, ctx=self._ctx))
        loss.backward()
        self._gluon.step(1)
        return loss

    CANDIDATES = 4
    """Random pairs scored for each hard negative kept."""

    def _with_hard_negatives(self, step, batch, query, gallery):
        """The batch's pairs with, per query, the candidates that the network now takes most for the same person."""
        section = self._recipe.training
        hard, identities = section.hard_negatives_per_positive, section.identities
        if not hard:
            return batch.query_index, batch.gallery_index
        random_pairs = section.batch_pairs - hard * identities
        rng = seeding.generator(self._recipe.seed, "hard negatives", step)
        pool = len(gallery)
        tries = min(self.CANDIDATES * hard, pool - 1)
        shifts = rng.choice(np.arange(1, pool), tries, replace=False)
        partners = (np.arange(identities)[:, None] + shifts) % pool  # (identities, tries)
        everyone = np.repeat(np.arange(identities), tries)
        with mx.autograd.pause(train_mode=False):
            index = (mx.nd.array(i, ctx=self._ctx, dtype="int32") for i in (everyone, partners.ravel()))
            logits = self._mining(query, gallery, *index).asnumpy()
        margin = (logits[:, 0] - logits[:, 1]).reshape(identities, tries)
        hardest = np.take_along_axis(partners, np.argsort(margin, axis=1, kind="stable")[:, :hard], axis=1)
        query_index = np.concatenate([batch.query_index[:random_pairs], np.repeat(np.arange(identities), hard)])
        return query_index, np.concatenate([batch.gallery_index[:random_pairs], hardest.ravel()])
