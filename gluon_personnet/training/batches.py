"""The batches of a run, in order, with hard negatives from the network as it is."""

import contextlib
import math

from gluon_personnet.network.weights import plain
from gluon_personnet.scoring.embedding import make_scorer
from gluon_personnet.training.look_alikes import COUNT, find_look_alikes
from gluon_personnet.training.prefetching import Prefetcher


class Batches:
    """Hands out augmented batches; every so many steps it asks the network which identities look alike to it.

    Parameters
    ----------
    recipe : Recipe
    sampler : PairSampler or IdentitySampler
    cache : ImageCache
    network : Network
        In training.
    ctx : mxnet.Context
    group : Alone or WorkerGroup
        All workers use worker 0's look-alikes.

    Attributes
    ----------
    look_alikes : int32 (N, K) or None
        As :func:`find_look_alikes` found them last; belongs into a checkpoint. None without hard negatives.
    """

    def __init__(self, recipe, sampler, cache, network, ctx, group):
        self._recipe, self._sampler, self._cache, self._group = recipe, sampler, cache, group
        self._network, self._ctx = network, ctx
        section = recipe.training
        self._every = 0
        if section.hard_negatives_per_positive:
            self._every = max(1, section.look_alikes_every // section.batch_pairs)
        self.look_alikes = None

    def run(self, first_step, last_step):
        """Yield (step, batch, images) as :class:`~gluon_personnet.training.prefetching.Prefetcher` does."""
        augmentation, step = self._recipe.augmentation, first_step
        unchanged = math.floor(augmentation.until * last_step)  # the first step whose images are as they will be tested
        while step < last_step:
            if step >= unchanged:
                augmentation = augmentation.only_mirroring
            end = unchanged if step < unchanged else last_step
            if self._every:
                end = min(end, (step // self._every + 1) * self._every)
                self._share(self._found(step) if step % self._every == 0 else self.look_alikes)
            what = self._sampler, self._cache, augmentation, self._recipe.seed
            with contextlib.closing(Prefetcher(*what, step, end, self.look_alikes)) as prefetcher:
                yield from prefetcher
            step = end

    def _found(self, step):
        if self._group.worker:
            return None
        scorer = make_scorer(plain(self._network), self._ctx)
        return find_look_alikes(scorer, *(self._cache.images(rows) for rows in self._sampler.one_of_each(step)))

    def _share(self, look_alikes):
        count = self._sampler.num_identities
        self.look_alikes = self._group.first_array(look_alikes, (count, min(COUNT, count - 1)))
