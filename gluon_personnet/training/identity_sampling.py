"""Batches of P identities with K images each."""

from dataclasses import dataclass

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError


@dataclass(frozen=True)
class ImageBatch:
    """Images of one step: rows of the data set, int64 (N,), and int64 (N,) numbers of their identities from 0 on."""

    rows: np.ndarray
    image_labels: np.ndarray


class IdentitySampler:
    """Draws, for every step afresh, identities without repetition and some images of each.

    The images of an identity are taken from its cameras in turn, in random order, each once before one is taken again.

    Parameters
    ----------
    samples : sequence of Sample
    rows : sequence of int
        Training rows.
    identities, images : int
        Identities a batch, and images of each.
    seed : int

    Raises
    ------
    DataError
        If there are fewer identities with two images.

    Source: Hermans, Beyer, Leibe, In Defense of the Triplet Loss for Person Re-Identification, 2017, section 2.
    Differs from the source in: cameras take turns.
    """

    def __init__(self, samples, rows, identities, images, seed):
        self._seed, self._identities, self._images = seed, identities, images
        by_pid = {}
        for row in rows:
            by_pid.setdefault(samples[row].pid, {}).setdefault(samples[row].camid, []).append(row)
        self._views = [
            [np.array(views[camid]) for camid in sorted(views)]
            for _, views in sorted(by_pid.items())
            if sum(map(len, views.values())) > 1
        ]
        if len(self._views) < identities:
            raise DataError(
                f"identity sampler: {len(self._views)} of {len(by_pid)} training identities have two images; right: at "
                f"least {identities}, the identities of one batch; a smaller training.batch_images would do"
            )

    @property
    def num_identities(self):
        """Identities that are drawn from."""
        return len(self._views)

    def batch(self, step, look_alikes=None):
        """The :class:`ImageBatch` of that step, whatever was drawn before."""
        rng = seeding.generator(self._seed, "identities", step)
        chosen = rng.choice(len(self._views), self._identities, replace=False)
        rows = np.concatenate([self._rows(self._views[identity], rng) for identity in chosen])
        return ImageBatch(rows, np.repeat(chosen, self._images))

    def _rows(self, views, rng):
        """`images` rows of one identity."""
        views = [rng.permutation(views[place]) for place in rng.permutation(len(views))]
        in_turn = [view[turn] for turn in range(max(map(len, views))) for view in views if turn < len(view)]
        return np.resize(in_turn, self._images)
