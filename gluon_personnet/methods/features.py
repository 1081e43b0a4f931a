"""Features of a task's images: extracted once on all cores, kept on disk by the images' content."""

import json
from typing import Any, Dict, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import DataError, PluginError
from gluon_personnet.core.parallel import in_threads
from gluon_personnet.core.store import ArrayCache
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.plugin.sources import source_digest


def entry_key(manager: PluginManager, kind: str, name: str, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Everything that an entry's numbers depend on, in JSON types.

    Returns
    -------
    dict
        Its name, options with their defaults, and of itself and of every entry that it is made of the version and the
        digest of the source.
    """
    entry = manager.find(kind, name)
    parts = [
        [part.kind, part.name, getattr(part, "version", 1), source_digest(part)]
        for part in manager.components(kind, name, options)
    ]
    return {"name": name, "options": entry.check_options(options), "made of": parts}


class FeatureStore:
    """One feature of a data set's images.

    What was extracted before, in this process or another, is read from the cache on disk. It is kept under the pixels
    of the image and under :func:`entry_key`: a change of either extracts anew.

    Parameters
    ----------
    dataset : Dataset
    manager : PluginManager
    name : str
        Of a registered feature.
    options : mapping
        Of the feature.
    progress : bool
        Show a bar on standard error.
    """

    def __init__(
        self, dataset: Any, manager: PluginManager, name: str, options: Mapping[str, Any], progress: bool = True
    ):
        self._dataset, self._name, self._progress = dataset, name, progress
        self._feature = manager.build("features", name, **options)
        self.key = entry_key(manager, "features", name, options)
        self._cache = ArrayCache(f"features/{name}-{digest(json.dumps(self.key, sort_keys=True))[:12]}")
        self._images: Dict[int, str] = {}  # row -> digest of its image
        self._unkept: Dict[int, np.ndarray] = {}  # row -> vector that the disk would not take

    def rows(self, rows: Sequence[int]) -> np.ndarray:
        """float32 (N, D), one line for each row of the data set, in a new array.

        Raises
        ------
        DataError
            If an image cannot be read, or images of several sizes give features of several lengths.
        """
        out = None
        bar = tqdm(total=len(rows), desc=self._name, unit="image", leave=False, disable=not self._progress)
        with bar:
            for index, vector in enumerate(in_threads(self._vector, rows)):
                if out is None:
                    out = np.empty((len(rows), len(vector)), np.float32)
                if len(vector) != out.shape[1]:
                    raise DataError(
                        f"feature {self._name!r}: {len(vector)} numbers for {self._dataset.samples[rows[index]].name}, "
                        f"{out.shape[1]} for {self._dataset.samples[rows[0]].name}; right: one length, as options "
                        "such as height_px and width_px give, which bring images to one size"
                    )
                out[index] = vector
                bar.update()
        return np.empty((0, 0), np.float32) if out is None else out

    def _vector(self, row):
        row = int(row)
        if row in self._unkept:
            return self._unkept[row]
        image = None
        if row not in self._images:
            image = self._dataset.read(row)
            self._images[row] = digest(image)
        vector = self._cache.get(self._images[row])
        if vector is not None and vector.ndim == 1 and vector.dtype == np.float32:
            return vector
        vector = self._extract(row, self._dataset.read(row) if image is None else image)
        if not self._cache.put(self._images[row], vector):
            self._unkept[row] = vector
        return vector

    def _extract(self, row, image):
        vector = np.asarray(self._feature.extract(image), np.float32)
        if vector.ndim != 1 or not np.isfinite(vector).all():
            found = f"shape {vector.shape}" if vector.ndim != 1 else "NaN or infinity"
            name = self._dataset.samples[row].name
            raise PluginError(f"feature {self._name!r}: found {found} for {name}; right: finite numbers, (D,)")
        return vector
