"""What a scoring worker does: some tiles of a distance matrix, in a process of its own, from what it is sent.

It needs no data set and no file. This module is imported in workers before MXNet, whose number of threads is fixed by
its import.
"""

import os
import sys
import threading
from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from gluon_personnet.core.errors import BackendError
from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.scoring.tiling import Tiling


class Window:
    """Rows start..stop-1 of a longer array, found under the numbers they have there."""

    def __init__(self, array, start, stop):
        self._length, self._start = len(array), start
        self._rows = np.ascontiguousarray(array[start:stop])

    def __len__(self):
        return self._length

    def __getitem__(self, rows):
        """Rows as a slice with both ends, or as an int array."""
        if isinstance(rows, slice):
            return self._rows[rows.start - self._start : rows.stop - self._start]
        return self._rows[rows - self._start]


@dataclass(frozen=True)
class Shard:
    """Tiles for one worker, with all that they depend on but the weights, which every process is given once."""

    weights: str
    """Digest of the weights, under which :data:`CHECKPOINTS` or `folder` holds them."""
    folder: str
    device: str
    precision: str
    threads: int
    versions: Dict[str, str]
    tiling: Tiling
    numbers: Tuple[int, ...]
    query: Window
    gallery: Window


CHECKPOINTS = {}
"""Digest -> :class:`Checkpoint` of the networks that this process has been given."""

_scorers = {}
_one_at_a_time = threading.Lock()


def score(shard):
    """Score the tiles of a :class:`Shard`.

    Returns
    -------
    list of (int, float64 (height, width))
        Number and distances of each tile.

    Raises
    ------
    BackendError
        If this process cannot give the bytes that the others give: other versions, or MXNet with other threads.
    """
    with _one_at_a_time:  # a dask worker may run several tasks in threads; MXNet itself uses several
        scorer = _scorer(shard)
        return [(tile.number, distances) for tile, distances in scorer.tiles(shard, shard.tiling, shard.numbers)]


def _scorer(shard):
    key = shard.weights, shard.device, shard.precision, shard.threads
    if key not in _scorers:
        _set_threads(shard.threads)
        from gluon_personnet.network.backend import pick_device, versions
        from gluon_personnet.network.build import restore_network
        from gluon_personnet.plugin.manager import PluginManager
        from gluon_personnet.recipe.parsing import recipe_from_dict
        from gluon_personnet.scoring.scorer import Scorer

        differing = [name for name, found in versions().items() if found != shard.versions[name] and name != "python"]
        if differing:
            name = differing[0]
            raise BackendError(f"scoring worker: found {name} {versions()[name]}; right: {shard.versions[name]}")
        if shard.weights not in CHECKPOINTS:
            CHECKPOINTS[shard.weights] = Checkpoint.load(os.path.join(shard.folder, f"{shard.weights}.npz"))
        checkpoint, ctx = CHECKPOINTS[shard.weights], pick_device(shard.device)
        recipe = recipe_from_dict(checkpoint.record["recipe"], "scoring worker")
        network = restore_network(recipe, PluginManager(), checkpoint, "scoring worker", ctx, trained=False)
        _scorers[key] = Scorer(network, ctx, precision=shard.precision)
    return _scorers[key]


def _set_threads(threads):
    if "mxnet" not in sys.modules:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    found = os.environ.get("OMP_NUM_THREADS")
    if found != str(threads):
        raise BackendError(f"scoring worker: MXNet runs with {found} threads already; right: {threads}, or restart it")
