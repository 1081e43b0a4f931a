"""Which part of a batch one of several training workers computes."""

import contextlib

import numpy as np

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.recipe.sections import IDENTITIES
from gluon_personnet.training.sampling import PairBatch


class Alone:
    """The group of one process: there is nobody to share with, and nobody to tell anything."""

    worker, workers = 0, 1
    in_turn = contextlib.nullcontext

    def sum(self, arrays):
        """Leave the arrays as they are."""

    def broadcast(self, arrays, name):
        """Leave the arrays as they are."""

    def first(self, value):
        """The value itself."""
        return value

    def first_array(self, values, shape):
        """The values themselves."""
        return values

    def any(self, flag):
        """The flag itself."""
        return flag


ALONE = Alone()


def check_workers(section, workers):
    """Raise RecipeError if there are more workers than identities in a batch, or its images cannot be shared."""
    if section.sampler == IDENTITIES and workers > 1:
        raise RecipeError(
            f"training.sampler: found {section.sampler!r} with {workers} workers; right: one worker, whose batch holds "
            "every image that a loss compares"
        )
    if section.identities < workers:
        raise RecipeError(
            f"training.batch_pairs: found {section.batch_pairs}, that is {section.identities} identities for "
            f"{workers} workers; right: at least one identity for each"
        )


class Share:
    """One worker's part of every batch: some of its identities, with all pairs of their query images.

    Every pair belongs to one worker and is weighed as in the whole batch, so the gradients of all shares add up to the
    gradient of the batch. A query image is passed through the trunk by one worker; a gallery image by every worker
    that has a pair with it, which is the price: with two negatives for each positive pair, half of the batch already
    meets nearly all gallery images.

    Batch normalisation, in networks that have it and in the identification loss on trunk maps, takes its statistics
    from the images of the share; then the sum is not quite the gradient of the batch.

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
        check_workers(section, workers)
        self._section, self._workers, self._is_last = section, workers, worker == workers - 1
        self.identities = range(section.identities * worker // workers, section.identities * (worker + 1) // workers)
        """The places of the batch's identities that are this worker's."""

    def __call__(self, batch, images):
        """The share of a batch, of the same shapes in every step.

        Parameters
        ----------
        batch : PairBatch
        images : float32 (A + B, 3, H, W)
            Of its query rows, then of its gallery rows.

        Returns
        -------
        PairBatch
            ``gallery_rows`` may be filled up with images that no pair uses, to a fixed length.
        float32 (A' + B', 3, H, W)
        float32 (A' + B',)
            How much each image counts in a mean over the images of the whole batch: once, with one of the workers.
        """
        if self._workers == 1:
            return batch, images, np.full(len(images), 1 / len(images), np.float32)
        own = np.isin(batch.query_index, self.identities)
        rows, counted = self._gallery(batch.gallery_index[own], len(batch.gallery_rows))
        queries = np.array(self.identities)
        share = PairBatch(
            batch.query_rows[queries],
            batch.gallery_rows[rows],
            batch.query_index[own] - np.int32(queries[0]),
            np.searchsorted(rows, batch.gallery_index[own]).astype(np.int32),
            batch.labels[rows],
        )
        chosen = np.concatenate([queries, len(batch.query_rows) + rows])
        return share, images[chosen], np.concatenate([np.ones(len(queries)), counted]).astype(np.float32) / len(images)

    def _gallery(self, used, pool):
        """Sorted places of the gallery images to compute, and which of them count as this worker's."""
        own = np.array(self.identities)
        if self._is_last:  # a small batch has gallery images beside those of its identities
            own = np.concatenate([own, np.arange(self._section.identities, pool)])
        needed = np.union1d(used, own)
        most = min(pool, len(used) + len(own) - len(self.identities))
        rows = np.concatenate([needed, np.full(max(0, most - len(needed)), needed[-1])])
        counted = np.isin(rows, own)
        counted[len(needed) :] = False
        return rows, counted
