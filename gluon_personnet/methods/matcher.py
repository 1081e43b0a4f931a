"""A matching system of a plugin: it compares images without a feature vector in between."""

from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from gluon_personnet.core.errors import PluginError
from gluon_personnet.core.versions import numeric_versions
from gluon_personnet.data.task import Task
from gluon_personnet.methods.base import PARTS, Cost, Method
from gluon_personnet.methods.features import entry_key
from gluon_personnet.methods.session import Session


class Matching(Method):
    """A registered matcher with its options.

    Parameters
    ----------
    name : str
        Of the matcher's entry.
    options : mapping
    session : Session
    """

    def __init__(self, name: str, options: Mapping[str, Any], session: Session):
        entry = session.manager.find("matchers", name)
        self.name, self.fidelity = name, entry.fidelity
        self._options, self._session = entry.check_options(options), session

    def fit(self, task: Task, cost: Cost) -> None:
        """See :class:`Method`."""
        matcher = self._session.manager.build("matchers", self.name, **self._options)
        train = task.split.train
        with cost.timed("fit"):
            self._fitted = matcher.fit(_images(task, train), *task.labels(train))
        if not callable(getattr(self._fitted, "distance", None)):
            who = self._session.manager.described("matchers", self.name)
            raise PluginError(f"{who}: fit returned {self._fitted!r}; right: the fitted matcher, which is self")

    def distmat(self, task: Task, part: str, work: Optional[Path], cost: Cost) -> np.ndarray:
        """See :class:`Method`."""
        rows, columns = (getattr(task.split, side) for side in PARTS[part])
        with cost.timed("distance"):
            return np.asarray(self._fitted.distance(_images(task, rows), _images(task, columns)))

    def key(self, task: Task) -> Mapping[str, Any]:
        """See :class:`Method`."""
        split = task.split
        return {
            "matcher": entry_key(self._session.manager, "matchers", self.name, self._options),
            "images": [task.digest(rows) for rows in (split.train, split.query, split.gallery)],
            "versions": numeric_versions(),
        }


def _images(task: Task, rows: Sequence[int]) -> List[np.ndarray]:
    return [task.dataset.read(row) for row in rows]
