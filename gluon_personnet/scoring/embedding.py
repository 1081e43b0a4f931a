"""Distances of an embedding network: vectors once per image, then one matrix product."""

import numpy as np
from tqdm import tqdm

from gluon_personnet.core.errors import BackendError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.kinds import DISTANCES, scores_pairs
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.scoring.compiled import compile_block
from gluon_personnet.scoring.scorer import Scorer


def make_scorer(network, ctx, **options):
    """The :class:`~gluon_personnet.scoring.scorer.Scorer` of a pair network, or an :class:`EmbeddingScorer`."""
    return (Scorer if scores_pairs(network) else EmbeddingScorer)(network, ctx, **options)


class EmbeddingScorer:
    """Embeds images and compares their vectors.

    Parameters
    ----------
    network : Network
        With its parameters on `ctx`, which are taken as they are when images are first embedded; ``network.distance``
        is ``'cosine'`` or ``'euclidean'``.
    ctx : mxnet.Context
    batch_images : int
        Images embedded at once.
    precision : str
        ``'float32'``; others are known for pair networks only.
    memory_mib : float
        Taken for the sake of :func:`make_scorer`: the vectors are small and stay in memory.

    Raises
    ------
    BackendError
        For another precision, or a distance that is neither of the two.
    """

    scored_pairs = 0
    """Pairs that were scored one by one: none."""

    def __init__(self, network, ctx, batch_images=64, precision="float32", memory_mib=1024):
        if precision != "float32":
            raise BackendError(f"precision {precision}: known for PersonNet's head only; right: float32")
        self.distance = getattr(network, "distance", DISTANCES[0])
        if self.distance not in DISTANCES:
            raise BackendError(f"network: distance {self.distance!r}; right: {' or '.join(DISTANCES)}")
        self.network, self.ctx, self._batch_images = network, ctx, batch_images
        self._embed = None

    def embeddings(self, images, progress=False):
        """float32 (N, D) vectors of uint8 (N, H, W, 3) images, of unit length for the cosine distance.

        Parameters
        ----------
        images : uint8 (N, H, W, 3)
            RGB, of the network's input size; an array, or anything with a length whose slices are arrays.
        progress : bool
        """
        rows, count = [], self._batch_images
        if self._embed is None:
            self._embed = compile_block(self.network, self.ctx, "images")
        with tqdm(total=len(images), desc="embed", unit="image", disable=not progress) as bar:
            for start in range(0, len(images), count):
                part = images[start : start + count]
                # one shape for all batches, so that the graph is planned once
                pixels = to_network_input(part[np.minimum(np.arange(count), len(part) - 1)])
                found = self._embed(mx.nd.array(pixels, ctx=self.ctx)).asnumpy()
                rows.append(found[: len(part)])
                bar.update(len(part))
        return self._scaled(np.concatenate(rows))

    def distmat(self, query_images, gallery_images, progress=False, work=None):
        """The distance of every pair; arguments as of :meth:`Scorer.distmat`. Nothing needs to be kept in `work`.

        Returns
        -------
        float64 (Q, G)
            1 minus the cosine, 0 to 2, or the Euclidean distance.
        """
        return self.over_views([(query_images, gallery_images)], progress, work)

    def over_views(self, views, progress=False, work=None):
        """Distances of vectors averaged over views of the same images, such as mirrored ones.

        Parameters
        ----------
        views : sequence of (images, images)
            Query and gallery images of each view.
        """
        query, gallery = (
            self._scaled(sum(self.embeddings(images, progress) for images in side) / len(views)) for side in zip(*views)
        )
        return vector_distances(query, gallery, self.distance)

    def _scaled(self, vectors):
        if self.distance != "cosine":
            return vectors
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def vector_distances(query, gallery, distance):
    """float64 (Q, G): cosine distance of unit vectors float32 (Q, D), (G, D), or their Euclidean distance."""
    products = (query @ gallery.T).astype(np.float64)
    if distance == "cosine":
        return 1 - products
    squares = (np.square(side, dtype=np.float64).sum(axis=1) for side in (query, gallery))
    return np.sqrt(np.maximum(next(squares)[:, None] + next(squares)[None] - 2 * products, 0))
