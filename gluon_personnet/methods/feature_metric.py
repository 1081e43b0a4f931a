"""A feature of every image and a metric fitted on the training identities: what most baselines are."""

from pathlib import Path
from typing import Any, Dict, Mapping, Optional

import numpy as np

from gluon_personnet.core.errors import PluginError
from gluon_personnet.core.versions import numeric_versions
from gluon_personnet.data.task import Task
from gluon_personnet.methods.base import PARTS, Cost, Method
from gluon_personnet.methods.features import FeatureStore, entry_key
from gluon_personnet.methods.session import Session
from gluon_personnet.plugin.contracts import Combination, Dataset


def expand_queries(query: np.ndarray, gallery: np.ndarray, distmat: np.ndarray, neighbours: int) -> np.ndarray:
    """Average query expansion.

    Parameters
    ----------
    query, gallery : float (Q, D), float (G, D)
        Features.
    distmat : float (Q, G)
        Their distances.
    neighbours : int
        How many gallery features to average a query's own with; of equally near ones those that come first.

    Returns
    -------
    float (Q, D)

    Source: Chum et al., Total Recall: Automatic Query Expansion with a Generative Feature Model, ICCV 2007 (average
    query expansion), here without its spatial verification of the neighbours.
    """
    nearest = np.argsort(distmat, axis=1, kind="stable")[:, :neighbours]  # (Q, neighbours)
    return (query + gallery[nearest].sum(axis=1)) / (1 + nearest.shape[1])


class FeatureMetric(Method):
    """Distances between features by a metric; the metric is handed training images only.

    Parameters
    ----------
    name : str
    combination : Combination
        Names and options of feature and metric.
    session : Session
    neighbours : int
        For :func:`expand_queries`; 0 leaves queries as they are.

    Raises
    ------
    PluginError
        If feature or metric are not registered, or have no such options.
    """

    def __init__(self, name: str, combination: Combination, session: Session, neighbours: int = 0):
        self.name = name
        self._combination, self._session, self._neighbours = combination, session, neighbours
        self._dataset: Optional[Dataset] = None  # that of the store of features
        self._sides: Dict[str, np.ndarray] = {}
        manager = session.manager
        manager.find("features", combination.feature).check_options(combination.feature_options)
        manager.find("metrics", combination.metric).check_options(combination.metric_options)

    def fit(self, task: Task, cost: Cost) -> None:
        """See :class:`Method`; extracts the training features and fits the metric to them."""
        chosen, manager = self._combination, self._session.manager
        if self._dataset is not task.dataset:
            options = chosen.options_on(task.name)
            self._dataset = task.dataset
            self._store = FeatureStore(task.dataset, manager, chosen.feature, options, self._session.progress)
        metric = manager.build("metrics", chosen.metric, **chosen.metric_options)
        with cost.timed("extract"):
            train = self._store.rows(task.split.train)
        with cost.timed("fit"):
            self._fitted = metric.fit(train, *task.labels(task.split.train))
        if not callable(getattr(self._fitted, "distance", None)):
            who = manager.described("metrics", chosen.metric)
            raise PluginError(f"{who}: fit returned {self._fitted!r}; right: the fitted metric, which is self")
        self._sides = {}

    def distmat(self, task: Task, part: str, work: Optional[Path], cost: Cost) -> np.ndarray:
        """See :class:`Method`; all matrices use expanded queries where they are expanded."""
        if not self._sides:
            with cost.timed("extract"):
                self._sides = {
                    "query": self._store.rows(task.split.query),
                    "gallery": self._store.rows(task.split.gallery),
                }
            if self._neighbours:
                with cost.timed("distance"):
                    query, gallery = self._sides["query"], self._sides["gallery"]
                    first = self._fitted.distance(query, gallery)
                    self._sides["query"] = expand_queries(query, gallery, first, self._neighbours)
        rows, columns = PARTS[part]
        with cost.timed("distance"):
            found = self._fitted.distance(self._sides[rows], self._sides[columns])
        return np.asarray(found)

    def card(self, task: Task) -> Mapping[str, str]:
        """See :class:`Method`."""
        card = {"method": f"{self.name}: {self._combination.feature} + {self._combination.metric}"}
        if self._neighbours:
            card["query expansion"] = f"each query averaged with its {self._neighbours} nearest gallery features"
        return card

    def key(self, task: Task) -> Mapping[str, Any]:
        """See :class:`Method`."""
        chosen, manager, split = self._combination, self._session.manager, task.split
        return {
            "feature": entry_key(manager, "features", chosen.feature, chosen.options_on(task.name)),
            "metric": entry_key(manager, "metrics", chosen.metric, chosen.metric_options),
            "query expansion": self._neighbours,
            "images": [task.digest(rows) for rows in (split.train, split.query, split.gallery)],
            "versions": numeric_versions(),
        }
