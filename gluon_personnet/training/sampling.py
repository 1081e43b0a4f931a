"""Online balanced sampling of pairs (section IV-B), and batches of P identities with K images each."""

from dataclasses import dataclass

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError
from gluon_personnet.recipe.sections import IDENTITIES


@dataclass(frozen=True)
class PairBatch:
    """Images of one step and the pairs among them: positives first, then random negatives.

    ``query_rows[i]`` and ``gallery_rows[i]`` are rows of the data set showing one identity in two views, every `i`
    another one; there are more gallery rows where a small batch needs them for its negatives. ``query_index`` and
    ``gallery_index``, int32 (P,), point into them; the first ``len(query_rows)`` pairs are same. ``labels``, int64
    (len(gallery_rows),), numbers the identities of the gallery rows from 0 on, the same in every step.
    """

    query_rows: np.ndarray
    gallery_rows: np.ndarray
    query_index: np.ndarray
    gallery_index: np.ndarray
    labels: np.ndarray

    @property
    def rows(self):
        """int64 (len(query_rows) + len(gallery_rows),): the rows of all images, queries first."""
        return np.concatenate([self.query_rows, self.gallery_rows])

    @property
    def image_labels(self):
        """int64 (len(query_rows) + len(gallery_rows),): the identities of all images, queries first."""
        return np.concatenate([self.labels[self.gallery_index[: len(self.query_rows)]], self.labels])


class PairSampler:
    """Draws, for every step afresh, identities with one image from each of two views, and pairs among these images.

    Each identity gives one positive pair. Its query image also meets the gallery images of other identities of the same
    batch, so that a negative costs no further image. The loss gives positives and negatives equal weight, which keeps
    every batch balanced whatever their number. For hard negatives a batch is made of groups of identities that look
    alike, and every query image meets the other gallery images of its group.

    Parameters
    ----------
    samples : sequence of Sample
    rows : sequence of int
        Training rows.
    identities : int
        Identities a batch, without repetition.
    negatives, hard : int
        Random and hard negative pairs for each positive one.
    seed : int
    view_order : {'fixed', 'random'}
        Whether the query image is always from the lower camera of the two, as at test time, or from either.

    Raises
    ------
    DataError
        If too few identities are seen by two cameras.
    """

    def __init__(self, samples, rows, identities, negatives, seed, view_order="fixed", hard=0):
        self._seed, self._negatives, self._identities, self._group = seed, negatives, identities, 1 + hard
        # random partners are of other groups; whole groups only
        least = max(identities, negatives + 2 * self._group - 1)
        self._pool = -(-least // self._group) * self._group
        self._random_order = view_order == "random"
        by_pid = {}
        for row in rows:
            by_pid.setdefault(samples[row].pid, {}).setdefault(samples[row].camid, []).append(row)
        self._views = [
            [np.array(views[camid]) for camid in sorted(views)] for _, views in sorted(by_pid.items()) if len(views) > 1
        ]
        if len(self._views) < self._pool:
            raise DataError(
                f"pair sampler: {len(self._views)} of {len(by_pid)} training identities are seen by two cameras; "
                f"right: at least {self._pool}, the identities of one batch{self._advice(negatives, hard)}"
            )

    @classmethod
    def by_recipe(cls, recipe, samples, rows):
        """The sampler that a recipe's training section describes, over those rows of the samples."""
        of = recipe.training
        hard = of.hard_negatives_per_positive
        return cls(samples, rows, of.identities, of.negatives_per_positive, recipe.seed, of.view_order, hard)

    def _advice(self, negatives, hard):
        """Keys of a recipe and values that would do, with as many hard negatives as were asked for or with none."""
        for fewer in dict.fromkeys((hard, 0)):
            group = 1 + fewer
            most = len(self._views) // group * group
            if most >= negatives + 2 * group - 1:
                keys = [f"training.batch_pairs={most * (1 + negatives + fewer)}"]
                keys += ["training.hard_negatives_per_positive=0"] if fewer < hard else []
                return f"; {' and '.join(keys)} would do"
        return ""

    @property
    def num_identities(self):
        """Identities that are drawn from."""
        return len(self._views)

    def one_of_each(self, step):
        """Rows of one random image of every identity in each of two views: int64 (N,), int64 (N,)."""
        return self._rows(range(len(self._views)), seeding.generator(self._seed, "look-alikes", step))

    def batch(self, step, look_alikes=None):
        """The :class:`PairBatch` of that step, whatever was drawn before.

        Parameters
        ----------
        step : int
        look_alikes : int (N, K), optional
            Of each identity others to make its group of; without them groups are random.
        """
        rng = seeding.generator(self._seed, "pairs", step)
        if look_alikes is None:
            chosen = rng.choice(len(self._views), self._pool, replace=False)
        else:
            chosen = self._groups(look_alikes, rng)
        query_rows, gallery_rows = self._rows(chosen, rng)
        everyone = np.arange(self._identities)
        place = everyone % self._group
        partners = [everyone - place + (place + other) % self._group for other in range(1, self._group)]
        shifts = rng.choice(np.arange(self._group, self._pool - self._group + 1), self._negatives, replace=False)
        partners = [everyone] + [(everyone + shift) % self._pool for shift in shifts] + partners
        return PairBatch(
            query_rows[: self._identities],
            gallery_rows,
            np.tile(everyone, len(partners)).astype(np.int32),
            np.concatenate(partners).astype(np.int32),
            chosen,
        )

    def _groups(self, look_alikes, rng):
        """Identities of a batch, int64 (pool,), group by group: a random one and look-alikes of it."""
        order = rng.permutation(len(self._views)).tolist()
        chosen = {}  # in order of insertion
        for identity in order:
            if len(chosen) == self._pool:
                break
            if identity in chosen:
                continue
            full = len(chosen) + self._group
            for other in (identity, *rng.permutation(look_alikes[identity]).tolist(), *order):
                if len(chosen) == full:
                    break
                chosen.setdefault(other)
        return np.array(list(chosen))

    def _rows(self, identities, rng):
        """One random image of each identity in each of two views."""
        query_rows, gallery_rows = np.empty((2, len(identities)), np.int64)
        for place, identity in enumerate(identities):
            views = self._views[identity]
            first, second = rng.choice(len(views), 2, replace=False)
            if not self._random_order and first > second:
                first, second = second, first
            query_rows[place] = rng.choice(views[first])
            gallery_rows[place] = rng.choice(views[second])
        return query_rows, gallery_rows


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


def make_sampler(recipe, samples, rows):
    """The sampler that a recipe's training section names, over those rows of the samples."""
    of = recipe.training
    if of.sampler == IDENTITIES:
        return IdentitySampler(samples, rows, of.identities, of.images_per_identity, recipe.seed)
    return PairSampler.by_recipe(recipe, samples, rows)
