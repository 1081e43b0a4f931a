"""Approximate scoring: something cheap ranks the gallery first, the network scores only the best of each query."""

import tempfile
from typing import Any, List, Sequence

import numpy as np
from scipy.spatial.distance import cdist

from gluon_personnet.data.task import Images, Task
from gluon_personnet.methods.features import FeatureStore, entry_key
from gluon_personnet.methods.session import Session
from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input
from gluon_personnet.plugin.manager import PluginManager

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
    session : Session

    Raises
    ------
    PluginError
        If there is no such feature or metric.
    """

    def __init__(self, name: str, size: int, session: Session):
        self.name, self.size = name, size
        self._session, (self._feature, self._metric) = session, _split(name)
        for kind, part in (("features", self._feature), ("metrics", self._metric)):
            if part:
                session.manager.find(kind, part)

    def distmat(
        self, task: Task, rows: Sequence[Sequence[int]], sides: Sequence[Sequence[Images]], scorer: Any
    ) -> np.ndarray:
        """Distances of all query-gallery pairs of a task.

        Parameters
        ----------
        task : Task
        rows : sequence of int, sequence of int
            Query and gallery rows.
        sides : list of (Images, Images)
            Query and gallery images as they are, and mirrored ones if their distances are averaged in.
        scorer : Scorer

        Returns
        -------
        float64 (Q, G)
            Those of the network for the best `size` gallery images of each query. All others stand behind the largest
            of these, in the order of the shortlist.
        """
        columns, order, scores = None, np.empty(0), np.zeros(1)
        for images in sides:
            with tempfile.TemporaryDirectory(prefix="gpnet-maps-") as folder:
                maps = scorer.maps(*images, folder)
                if columns is None:
                    order = np.argsort(self._distances(task, rows, scorer, images, maps), axis=1, kind="stable")
                    columns = order[:, : self.size]
                scores = scores + scorer.pairs(maps, columns, self._session.progress) / len(sides)
        return behind(scores, order)

    def _distances(self, task, rows, scorer, images, maps):
        if not self._feature:
            return _embedding_distances(scorer.network, scorer.ctx, images, maps)
        manager = self._session.manager
        store = FeatureStore(task.dataset, manager, self._feature, {}, self._session.progress)
        query, gallery = map(store.rows, rows)
        if not self._metric:
            return cdist(query, gallery)
        train = task.split.train
        return (
            manager.build("metrics", self._metric).fit(store.rows(train), *task.labels(train)).distance(query, gallery)
        )


def _split(name):
    """Feature and metric, both empty for the embedding."""
    feature, _, metric = name.partition("+")
    return ("", "") if name == EMBEDDING else (feature, metric)


def shortlist_key(manager: PluginManager, name: str) -> List[Any]:
    """Everything that the order of a shortlist depends on besides images and network, in JSON types."""
    parts = zip(("features", "metrics"), _split(name))
    return [name, *(entry_key(manager, kind, part, {}) for kind, part in parts if part)]


def behind(scores: np.ndarray, order: np.ndarray) -> np.ndarray:
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
