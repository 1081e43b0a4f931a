"""What the host hands to plugins and expects back. ``gluon_personnet.testing`` checks all of it on a given plugin."""

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence
from typing import Protocol as Interface

import numpy as np


class Sample(NamedTuple):
    """One image of a data set."""

    name: str  # path inside the data set, unique
    pid: int  # identity; -1 marks junk, 0 and more are people
    camid: int  # camera, 0-based


@dataclass(frozen=True)
class Split:
    """Rows of ``Dataset.samples`` by their role. No identity of `train` appears in `query` or `gallery`."""

    train: tuple
    query: tuple
    gallery: tuple


class Dataset(Interface):
    """Images with identity and camera, and how they are divided.

    Attributes
    ----------
    samples : sequence of Sample
    num_splits : int
        How many splits :meth:`split` knows.
    expected : mapping
        Official counts to be found in what was read: any of ``images``, ``identities``; empty when there are none.
    passed_over : sequence of str, optional
        Names of image files that are there and not used. Whoever opens the data set is told of them.

    Notes
    -----
    A method ``fingerprint(row)``, a text that changes with the image, is optional too. It spares decoding every image
    to find out whether what is kept on disk is still right; the digest of the file's bytes will do.
    """

    samples: Sequence[Sample]
    num_splits: int
    expected: Mapping[str, int]

    def read(self, row: int) -> np.ndarray:
        """The image of ``samples[row]``: uint8 (H, W, 3) RGB. DataError, with the file's name, if it is unreadable."""

    def split(self, number: int) -> Split:
        """The split of that number, 0..num_splits - 1: the same on every machine and in every release."""


@dataclass(frozen=True)
class Measures:
    """What a protocol measured.

    Parameters
    ----------
    card : mapping of str
        The definition in words: at least ``gallery``, ``query``, ``exclusion``, ``repeats`` and ``ties``.
    cmc : float64 (max_rank,) or None
        Cumulative matching characteristic as fractions, the mean over the repeats. Behind the end of a gallery shorter
        than `max_rank` it repeats its last value. Who reads it may read no rank beyond its length: with an option
        ``max_rank: 2`` there are two entries.
    cmc_std : float64 (max_rank,) or None
        Standard deviation (ddof 0) over the repeats; None unless there are two at least, never zeros in its place.
    queries_used, queries_skipped : int
        Queries with a true match in the gallery, and without. Queries of pid -1 are junk: no protocol asks them, and
        they count as skipped.
    hits, hit_pids : float64 (N,), int64 (N,), or None
        Of every query, in order: how often the first in its ranking is a true match, 0 to 1 over the repeats, NaN for
        a skipped query; and its identity. For intervals and for comparing two results query by query.
    others : mapping
        Further measures, such as ``{"mean_ap": {"exact": 0.41}}``; JSON types only, rates as fractions. A figure is a
        plain number; or ``{"mean": ..., "std": ...}`` where it is repeated within the split, with ``std`` None after
        a single repeat; or None where it does not exist. Settings belong in the card.
    repeats : int
        Number of random repeats: trials, or drawn galleries. 0 where nothing is drawn but the order of ties. Where it
        is not 0, results of two seeds are not comparable query by query.

    Notes
    -----
    :func:`gluon_personnet.evaluation.pooling.pool` makes one result of several splits. It pools a figure x of `others`
    in this way:

    ============================  =====================================================================
    in a split                    over the splits
    ============================  =====================================================================
    number                        ``{"mean", "std"}`` of the splits' numbers
    ``{"mean", "std"}``           ``{"mean", "std"}`` of the splits' means; the deviation within is dropped
    None, or missing              left out; ``"splits"`` then counts the splits that have the figure
    mapping, list                 element by element
    text                          itself where all agree, or else all of them
    ============================  =====================================================================

    The deviation has ddof 0. It is None where one split alone has the figure, and the figure is None where none has.
    """

    card: Mapping[str, str]
    cmc: Optional[np.ndarray] = None
    cmc_std: Optional[np.ndarray] = None
    queries_used: int = 0
    queries_skipped: int = 0
    others: Mapping = field(default_factory=dict)
    hits: Optional[np.ndarray] = None
    hit_pids: Optional[np.ndarray] = None
    repeats: int = 0


class Protocol(Interface):
    """An evaluation protocol. It never sees pixels."""

    def evaluate(
        self,
        distmat: np.ndarray,
        query_pids: np.ndarray,
        query_camids: np.ndarray,
        gallery_pids: np.ndarray,
        gallery_camids: np.ndarray,
        rng: np.random.Generator,
    ) -> Measures:
        """Measure a ranking.

        Parameters
        ----------
        distmat : float64 (Q, G)
            Finite; smaller is more alike.
        query_pids, query_camids : int64 (Q,)
        gallery_pids, gallery_camids : int64 (G,)
        rng : numpy.random.Generator
            For every random choice of the protocol, and for the order of ties.

        Returns
        -------
        Measures
        """


class Feature(Interface):
    """A description of one image, independent of all others."""

    def extract(self, image: np.ndarray) -> np.ndarray:
        """uint8 (H, W, 3) RGB -> float32 (D,), finite, the same D for every image of one size."""


class Metric(Interface):
    """A distance between features, possibly learned. It never sees a test image while it is fitted."""

    def fit(self, features: np.ndarray, pids: np.ndarray, camids: np.ndarray) -> "Metric":
        """Learn from float (N, D) training rows with their int (N,) identities and cameras; return self."""

    def distance(self, query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
        """float (Q, D), float (G, D) -> float64 (Q, G); smaller is more alike."""


@dataclass(frozen=True)
class Combination:
    """What a baseline's factory returns: names of a registered feature and metric, and their options.

    `feature_options_on` maps names of data sets to options that differ on them, such as the size of images.
    """

    feature: str
    metric: str
    feature_options: Mapping = field(default_factory=dict)
    metric_options: Mapping = field(default_factory=dict)
    feature_options_on: Mapping = field(default_factory=dict)

    def options_on(self, dataset: str) -> Dict[str, Any]:
        """Options of the feature on the data set of that name."""
        return {**self.feature_options, **self.feature_options_on.get(dataset, {})}


class Matcher(Interface):
    """A system that compares images without a feature vector in between."""

    def fit(self, images: Sequence[np.ndarray], pids: np.ndarray, camids: np.ndarray) -> "Matcher":
        """Learn from a list of uint8 (H, W, 3) training images; return self."""

    def distance(self, query_images: Sequence[np.ndarray], gallery_images: Sequence[np.ndarray]) -> np.ndarray:
        """Two lists of uint8 (H, W, 3) images -> float64 (Q, G); smaller is more alike."""


class Network(Interface):
    """A Gluon HybridBlock of one of two kinds, in parts so that what belongs to one image is computed once.

    A **pair network** scores pairs of images. ``trunk`` maps float32 (N, 3, H, W) RGB 0..255 to maps; ``compare.query``
    and ``compare.gallery`` map these to what a pair needs of either image; ``head`` maps the difference of the two to
    float32 (P, 2) logits [different, same]. Where a difference is not enough, ``pair`` takes the place of ``head`` and
    maps the two to logits. The block itself maps a pair of image batches to logits.

    An **embedding network** has neither. ``trunk`` is as above; ``embedding`` maps its maps to float32 (N, D),
    which losses of distances learn from; ``neck``, if there is one, maps these to float32 (N, D), which identification
    learns from. The block itself maps an image batch to the vectors that are compared by ``distance``, ``'cosine'`` or
    ``'euclidean'``.

    A network that is another one in training may have a method ``plain()``: the network to test and export, made of its
    present parameters, with equal results. One with pretrained weights has a method ``load_pretrained()``, which is
    called before a training starts, when all shapes are known.
    """

    options: Mapping
