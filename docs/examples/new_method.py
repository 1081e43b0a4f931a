"""A new kind of method in one file: images are compared by their mean colour in stripes, weighed by training.

The file is also a plugin: its package registers it under the entry-point group ``gluon_personnet``, and from then on
``gpnet evaluate --baseline striped-colour``, ``gpnet table``, splits, cards and re-ranking work on it.
"""

import numpy as np

from gluon_personnet import BaselineEntry, hookimpl
from gluon_personnet.methods.base import PARTS, Method

STRIPES = 6


class StripedColour(Method):
    """Weighted Euclidean distance of mean colours; a colour that varies within a person weighs less."""

    name = "striped-colour"

    def fit(self, task, cost):
        with cost.timed("fit"):
            rows, (pids, _) = self._colours(task, task.split.train), task.labels(task.split.train)
            centres = np.stack([rows[pids == pid].mean(axis=0) for pid in pids])
            self._weights = 1 / (1 + (rows - centres).var(axis=0))

    def distmat(self, task, part, work, cost):
        first, second = (self._colours(task, getattr(task.split, side)) for side in PARTS[part])
        with cost.timed("distance"):
            return np.sqrt((self._weights * (first[:, None] - second) ** 2).sum(axis=2))

    def card(self, task):
        return {"method": f"{self.name}: mean colours of {STRIPES} stripes, weighed on {len(task.split.train)} images"}

    def key(self, task):
        split = task.split
        return {"method": self.name, "version": 1, "images": [task.digest(split.train + split.query + split.gallery)]}

    def _colours(self, task, rows):
        images = (task.dataset.read(row) for row in rows)
        return np.stack([np.stack([s.mean(axis=(0, 1)) for s in np.array_split(i, STRIPES)]).ravel() for i in images])


@hookimpl
def gpnet_baselines():
    return [BaselineEntry("striped-colour", "new_method:StripedColour", "mean colours of stripes", fidelity="exact")]
