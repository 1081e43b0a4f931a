"""The distances of one split together with where they come from: what every method hands to the protocols."""

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Tuple

import numpy as np

from gluon_personnet.core.digests import rows_hash
from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import Distances

AMONG = ("query_distmat", "gallery_distmat")
"""The matrices that re-ranking needs besides ``distmat``: among the queries (Q, Q), among the gallery images (G, G)."""


@dataclass(frozen=True)
class Measured:
    """Distances of one split, their labels and their origin.

    Parameters
    ----------
    distances : Distances
    query_names, gallery_names : tuple of str (Q,), (G,)
        Of the images; empty texts where they have none.
    origin : mapping of str
        Method and data set in words. Figures do not depend on it.
    cost : mapping
        JSON types: what these distances cost when they were computed, such as ``{"distance_seconds": 1.5}``.
    among : callable, optional
        Without arguments, returns the two matrices of :data:`AMONG`.
    number : int, optional
        Of the split; None where there is none.
    """

    distances: Distances
    query_names: Tuple[str, ...]
    gallery_names: Tuple[str, ...]
    origin: Mapping[str, str] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    among: Optional[Callable[[], Tuple[np.ndarray, np.ndarray]]] = None
    number: Optional[int] = None

    @property
    def test_hash(self) -> str:
        """16 hexadecimal digits of the names, identities and cameras of query and gallery, in their order."""
        labels = self.distances
        query = zip(self.query_names, labels.query_pids.tolist(), labels.query_camids.tolist())
        gallery = zip(self.gallery_names, labels.gallery_pids.tolist(), labels.gallery_camids.tolist())
        return rows_hash([*(("query", *row) for row in query), *(("gallery", *row) for row in gallery)])

    def reranked(self, rerank: Any, rng: np.random.Generator) -> Distances:
        """The distances after re-ranking.

        Parameters
        ----------
        rerank : KReciprocal
        rng : numpy.random.Generator
            Decides among equally near neighbours.

        Raises
        ------
        DataError
            If the method gives no distances among queries and among gallery images.
        """
        if self.among is None:
            raise DataError("re-ranking: the distances among queries and among gallery images are not known")
        return self.distances._replace(distmat=rerank.distmat(self.distances.distmat, *self.among(), rng))
