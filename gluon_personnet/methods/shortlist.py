"""Approximate scoring: something cheap ranks the gallery first, the network scores only the best of each query."""

import tempfile

import numpy as np
from scipy.spatial.distance import cdist

from gluon_personnet.data.splits import labels
from gluon_personnet.methods.features import FeatureStore
from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input

EMBEDDING = "embedding"


class Shortlist:
    """Ranks the gallery by a feature, with or without a metric, or by an embedding of the network.

    Parameters
    ----------
    name : str
        ``FEATURE``, whose Euclidean distance then counts; ``FEATURE+METRIC``; or ``embedding``: the network's own
        ``embedding`` where it has one, else the means over the rows of what a pair needs of either image.
    size : int
        Gallery images that the network scores for each query.
    manager : PluginManager

    Raises
    ------
    PluginError
        If there is no such feature or metric.
    """

    def __init__(self, name, size, manager):
        self.name, self.size = name, size
        self._feature = self._metric = None
        if name != EMBEDDING:
            feature, _, metric = name.partition("+")
            self._feature = manager.find("features", feature)
            self._metric = manager.find("metrics", metric).build() if metric else None

    def distmat(self, task, scorer, split, progress=False):
        """Distances of all query-gallery pairs of a split, and how good the shortlist was.

        Returns
        -------
        float64 (Q, G)
            Those of the network for the best `size` gallery images of each query. All others stand behind the largest
            of these, in the order of the shortlist.
        dict
            ``recall``: the share of true matches that were scored; ``queries_with_a_match``: the share of queries of
            whose true matches one at least was.
        """
        images = task.images(split.query), task.images(split.gallery)
        with tempfile.TemporaryDirectory(prefix="gpnet-maps-") as folder:
            maps = scorer.maps(*images, folder)
            order = np.argsort(self._distances(task, scorer, split, images, maps, progress), axis=1, kind="stable")
            columns = order[:, : self.size]
            scores = scorer.pairs(maps, columns, progress)
        if task.mirrored:
            with tempfile.TemporaryDirectory(prefix="gpnet-maps-") as folder:
                maps = scorer.maps(*(task.images(rows, mirrored=True) for rows in (split.query, split.gallery)), folder)
                scores = (scores + scorer.pairs(maps, columns, progress)) / 2
        samples = task.dataset.samples
        found = recall(columns, *labels(samples, split.query), *labels(samples, split.gallery))
        return behind(scores, order), {"by": self.name, "size": columns.shape[1], **found}

    def _distances(self, task, scorer, split, images, maps, progress):
        if self._feature is None:
            return _embedding_distances(scorer.network, scorer.ctx, images, maps)
        store = FeatureStore(task.dataset, self._feature, {}, progress)
        if self._metric is None:
            return cdist(store.rows(split.query), store.rows(split.gallery))
        fitted = self._metric.fit(store.rows(task.train), *labels(task.dataset.samples, task.train))
        return fitted.distance(store.rows(split.query), store.rows(split.gallery))


def behind(scores, order):
    """Put scores of the first of each row's order into a matrix, and what was not scored behind them.

    Parameters
    ----------
    scores : float64 (Q, K)
    order : int (Q, G)
        Columns of every row, best first; the first K are those of `scores`.

    Returns
    -------
    float64 (Q, G), finite
    """
    distmat = np.empty(order.shape)
    size = scores.shape[1]
    np.put_along_axis(distmat, order[:, :size], scores, axis=1)
    rest = scores.max() + 1.0 + np.arange(order.shape[1] - size)
    np.put_along_axis(distmat, order[:, size:], np.broadcast_to(rest, (len(order), len(rest))), axis=1)
    return distmat


def recall(columns, query_pids, query_camids, gallery_pids, gallery_camids):
    """How many true matches the int (Q, K) columns hold.

    A true match shows the same person to another camera; where a query has no such one, the same person at all.
    """
    same = (query_pids[:, None] == gallery_pids) & (gallery_pids >= 0)
    across = same & (query_camids[:, None] != gallery_camids)
    true = np.where(across.any(axis=1, keepdims=True), across, same)
    found = np.take_along_axis(true, columns, axis=1).sum(axis=1)
    total = true.sum(axis=1)
    return {
        "recall": float(found.sum() / max(total.sum(), 1)),
        "queries_with_a_match": float(np.mean(found[total > 0] > 0)) if total.any() else 0.0,
    }


def _embedding_distances(network, ctx, images, maps):
    """Euclidean, float64 (Q, G)."""
    if hasattr(network, "embedding"):
        return cdist(*(_embedded(network, ctx, side) for side in images))
    return cdist(*(_row_means(side) for side in (maps.query, maps.gallery)))


def _embedded(network, ctx, images, batch_images=64):
    starts = range(0, len(images), batch_images)
    pixels = (mx.nd.array(to_network_input(images[start : start + batch_images]), ctx=ctx) for start in starts)
    return np.concatenate([network.embedding(network.trunk(batch)).asnumpy() for batch in pixels])


def _row_means(maps, batch_images=256):
    """float32 (N, C, h, w) -> (N, C * h); maps that are flat already stay as they are."""
    parts = [maps[start : start + batch_images] for start in range(0, len(maps), batch_images)]
    return np.concatenate([(part.mean(axis=-1) if part.ndim == 4 else part).reshape(len(part), -1) for part in parts])
