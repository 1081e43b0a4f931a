"""A task: a data set and one of its splits. It knows no network and no protocol."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import RecipeError
from gluon_personnet.core.parallel import usable_cores
from gluon_personnet.data.images import ImageCache
from gluon_personnet.data.splits import labels, split_hash
from gluon_personnet.plugin.contracts import Dataset, Split


@dataclass(frozen=True)
class Task:
    """What a method learns from and what it is tested on.

    Parameters
    ----------
    name : str
        Of the data set's entry.
    options : mapping
        Of the data set.
    dataset : Dataset
    number : int
        Of the split.
    split : Split
        Rows of the data set: training, query and gallery.
    """

    name: str
    options: Mapping[str, Any]
    dataset: Dataset
    number: int
    split: Split
    digests: Dict[int, str] = field(default_factory=dict, repr=False, compare=False)
    """Row -> digest of its image, as far as they are known; tasks on one data set share it."""

    @property
    def test_hash(self) -> str:
        """16 hexadecimal digits of the query and gallery rows: two results are comparable when it is equal."""
        return split_hash(self.dataset.samples, Split((), self.split.query, self.split.gallery))

    @property
    def train_hash(self) -> str:
        """16 hexadecimal digits of the training rows, those that are held out for validation included."""
        return split_hash(self.dataset.samples, Split(self.split.train, (), ()))

    def labels(self, rows: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
        """Identities and cameras of some rows: int64 (N,), int64 (N,)."""
        return labels(self.dataset.samples, rows)

    def names(self, rows: Sequence[int]) -> Tuple[str, ...]:
        """Names of the images of some rows."""
        return tuple(self.dataset.samples[row].name for row in rows)

    def digest(self, rows: Sequence[int]) -> str:
        """32 hexadecimal digits of the images of some rows, of their identities and cameras, and of their order.

        A data set with a method ``fingerprint(row)`` is asked for that; of any other every image is decoded.
        """
        missing = [row for row in dict.fromkeys(rows) if row not in self.digests]
        with ThreadPoolExecutor(usable_cores()) as pool:
            self.digests.update(zip(missing, pool.map(self._fingerprint, missing)))
        pids, camids = self.labels(rows)
        return digest("".join(self.digests[row] for row in rows), pids, camids)

    def _fingerprint(self, row: int) -> str:
        fingerprint = getattr(self.dataset, "fingerprint", None)
        return fingerprint(row) if fingerprint else digest(self.dataset.read(row))

    def card(self) -> Dict[str, str]:
        """The task in words."""
        train, query = (np.unique(self.labels(rows)[0]) for rows in (self.split.train, self.split.query))
        options = "".join(f", {key} {value}" for key, value in sorted(self.options.items()))
        return {
            "data set": self.name + options,
            "split": f"{self.number}, test {self.test_hash}, train {self.train_hash}",
            "identities": f"{len(train)} train, {len(query)} test",
        }


def make_tasks(name: str, options: Mapping[str, Any], dataset: Dataset, numbers: Sequence[int]) -> List[Task]:
    """The tasks of some splits of a data set.

    Raises
    ------
    RecipeError
        If there is no split of that number.
    DataError
        If the split cannot be made.
    """
    for number in numbers:
        if not 0 <= number < dataset.num_splits:
            raise RecipeError(f"data set {name!r}: split {number}: not there; right: 0 to {dataset.num_splits - 1}")
    digests: Dict[int, str] = {}
    return [Task(name, dict(options), dataset, number, dataset.split(number), digests) for number in numbers]


class Images:
    """Images of some rows that are decoded when a slice of them is asked for: uint8 (n, H, W, 3).

    Parameters
    ----------
    cache : ImageCache
    rows : sequence of int
        Of the data set.
    mirrored : bool
        Left and right exchanged.
    """

    def __init__(self, cache: ImageCache, rows: Sequence[int], mirrored: bool = False):
        self._cache, self._rows, self._mirrored = cache, rows, mirrored

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, part: slice) -> np.ndarray:
        images = self._cache.images(self._rows[part])
        return images[:, :, ::-1] if self._mirrored else images
