"""Which part of a batch one of several training workers computes."""

import contextlib

import numpy as np

from gluon_personnet.data.pairs import PairBatch
from gluon_personnet.errors import RecipeError


class Alone:
    """The group of one process: there is nobody to share with, and nobody to tell anything."""

    worker, workers = 0, 1
    in_turn = contextlib.nullcontext

    def sum(self, arrays):
        """Leave the arrays as they are."""

    def first(self, value):
        """The value itself."""
        return value

    def any(self, flag):
        """The flag itself."""
        return flag


ALONE = Alone()


class Share:
    """One worker's part of every batch: some of its identities, with all pairs of their query images.

    Every pair belongs to one worker and is weighed as in the whole batch, so the gradients of all shares add up to the
    gradient of the batch. A query image is passed through the trunk by one worker; a gallery image by every worker
    that has a pair with it, which is the price: with two negatives for each positive pair, half of the batch already
    meets nearly all gallery images. Where hard negatives are mined, every worker computes all of them.

    Parameters
    ----------
    section : TrainingSection
    group : Alone or WorkerGroup
        Says which of how many workers this one is.

    Raises
    ------
    RecipeError
        If there are more workers than identities in a batch.
    """

    def __init__(self, section, group):
        worker, workers = group.worker, group.workers
        if section.identities < workers:
            raise RecipeError(
                f"training.batch_pairs: found {section.batch_pairs}, that is {section.identities} identities for "
                f"{workers} workers; right: at least one identity for each"
            )
        self._whole = workers == 1
        self._first = section.identities * worker // workers
        self._last = section.identities * (worker + 1) // workers
        self._mining = section.hard_negatives_per_positive > 0
        self.identities = range(self._first, self._last)
        """The places of the batch's identities that are this worker's."""

    def __call__(self, batch, query_images, gallery_images):
        """The share of a :class:`PairBatch` and its images, of the same shapes in every step.

        Without mining, ``gallery_rows`` is filled up to a fixed length with images that no pair uses.
        """
        if self._whole:
            return batch, query_images, gallery_images
        own = (batch.query_index >= self._first) & (batch.query_index < self._last)
        gallery_index, rows = batch.gallery_index[own], np.arange(len(batch.gallery_rows))
        if not self._mining:
            used, gallery_index = np.unique(gallery_index, return_inverse=True)
            rows = np.resize(used, min(len(rows), own.sum()))
        queries = slice(self._first, self._last)
        share = PairBatch(
            batch.query_rows[queries],
            batch.gallery_rows[rows],
            batch.query_index[own] - np.int32(self._first),
            gallery_index.astype(np.int32),
        )
        return share, query_images[queries], gallery_images[rows]
