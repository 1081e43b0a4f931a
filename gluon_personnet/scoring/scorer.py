"""Distances of all query-gallery pairs of a network: maps once per image, pairs in tiles of one fixed shape."""

import hashlib
import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from gluon_personnet.core.errors import DataError
from gluon_personnet.core.files import scratch_folder
from gluon_personnet.network.backend import mx
from gluon_personnet.network.weights import unique_parameters
from gluon_personnet.scoring.cost import LONG_SECONDS, Cost
from gluon_personnet.scoring.heads import TileHead, check_precision
from gluon_personnet.scoring.kept_tiles import TileLog
from gluon_personnet.scoring.maps import make_maps
from gluon_personnet.scoring.tiling import Tiling

COLUMNS = 128
"""Gallery images that one query meets at a time: their differences stay in the cache until they are pooled."""

MAX_ROWS = 32
"""Queries of a tile at most, for each is a branch of the graph; a narrow gallery makes smaller tiles."""


class Scorer:
    """Scores every pair of two image sets with a trained network.

    The unit of work is a tile of the distance matrix. A tile depends on the weights, on its rows of
    :class:`~gluon_personnet.scoring.maps.Maps`, on tile shape and precision, and in the last bits on the number of
    threads and the kind of processor; on nothing else, so tiles computed in any order and in any process make the same
    matrix, byte for byte.

    Parameters
    ----------
    network : Network
        With its parameters on `ctx`. :meth:`maps` takes the weights as they are then, for itself and for all tiles
        until it is called again.
    ctx : mxnet.Context
    tile_pairs : int
        Pairs scored at once.
    batch_images : int
        Images passed through the trunk at once.
    precision : {'float32', 'bfloat16', 'int8'}
        Of the pair head; maps are float32. See :mod:`gluon_personnet.scoring.heads`.
    memory_mib : float
        Limit for maps kept in memory; larger ones are kept in temporary files.

    Raises
    ------
    BackendError
        If the precision is not to be had for this network or device.
    """

    def __init__(self, network, ctx, tile_pairs=1024, batch_images=64, precision="float32", memory_mib=1024):
        check_precision(network, ctx, precision)
        self.network, self.ctx, self.precision = network, ctx, precision
        self._tile_pairs, self._batch_images, self._memory_mib = tile_pairs, batch_images, memory_mib
        self._heads = {}
        self.scored_pairs = 0
        """Pairs that this scorer has computed so far; those read from a file do not count."""

    def maps(self, query_images, gallery_images, folder=None):
        """:class:`~gluon_personnet.scoring.maps.Maps` of two image sets.

        Parameters
        ----------
        query_images, gallery_images : uint8 (Q, H, W, 3), uint8 (G, H, W, 3)
            RGB, of the network's input size; arrays, or anything with a length whose slices are arrays.
        folder : path, optional
            Keeps maps that are larger than `memory_mib`, as ``query.npy`` and ``gallery.npy``; without it they stay in
            memory.
        """
        self._heads = {}
        images = query_images, gallery_images
        return make_maps(self.network, self.ctx, *images, self._batch_images, self._memory_mib, folder)

    def tiling(self, maps):
        """The :class:`~gluon_personnet.scoring.tiling.Tiling` of these maps' distance matrix."""
        return self.tiling_of(*maps.shape)

    def tiling_of(self, num_query, num_gallery):
        """The tiling of a (num_query, num_gallery) matrix."""
        columns = Tiling(num_query, num_gallery, 1, min(COLUMNS, self._tile_pairs)).columns
        return Tiling(num_query, num_gallery, min(MAX_ROWS, max(1, self._tile_pairs // columns)), columns)

    def tiles(self, maps, tiling, numbers):
        """Score tiles: yields (Tile, float64 (height, width) distances) in the order of `numbers`.

        Parameters
        ----------
        maps : Maps
            Of the whole matrix; only the rows that the tiles need are read.
        tiling : Tiling
        numbers : iterable of int
            Numbers of tiles.
        """
        head = self._head(tiling.rows, tiling.columns)
        waiting = None
        for number in numbers:
            tile = tiling[number]
            query = mx.nd.array(_padded(maps.query, tile.top, tiling.rows), ctx=self.ctx)
            gallery = mx.nd.array(_padded(maps.gallery, tile.left, tiling.columns), ctx=self.ctx)
            begun = tile, head(query, gallery)  # the device works on it while the tile before is handed out
            if waiting:
                yield _finished(tiling, *waiting)
            waiting = begun
        if waiting:
            yield _finished(tiling, *waiting)

    def pairs(self, maps, columns, progress=False):
        """Score some gallery images of each query.

        Parameters
        ----------
        maps : Maps
        columns : int (Q, K)
            Gallery rows of each query.
        progress : bool

        Returns
        -------
        float64 (Q, K)
        """
        chunk = Tiling(*columns.shape, 1, min(COLUMNS, self._tile_pairs))
        together = max(1, min(self._tile_pairs // chunk.columns, len(chunk), MAX_ROWS))
        head = self._head(together, chunk.columns, own_columns=True)
        distances = np.empty(columns.shape)
        with _bar(columns.size, progress) as bar:
            for start in range(0, len(chunk), together):
                parts = [chunk[min(number, len(chunk) - 1)] for number in range(start, start + together)]
                query = np.concatenate([maps.query[part.rows] for part in parts])
                padded = [np.resize(columns[part.top, part.columns], chunk.columns) for part in parts]
                gallery = maps.gallery[np.concatenate(padded)]
                margin = _margins(head(*(mx.nd.array(side, ctx=self.ctx) for side in (query, gallery))))
                for part, row in zip(parts, margin.reshape(together, chunk.columns)):
                    distances[part.rows, part.columns] = row[: part.width]
                bar.update(min(columns.size - bar.n, sum(part.width for part in parts)))
        self.scored_pairs += columns.size
        return distances

    def distmat(self, query_images, gallery_images, progress=False, work=None):
        """The distance of every pair: logit of "different" minus logit of "same".

        Parameters
        ----------
        query_images, gallery_images : uint8 (Q, H, W, 3), uint8 (G, H, W, 3)
            As for :meth:`maps`.
        progress : bool
            Show a bar with pairs per second and the time left, and before a long run its cost.
        work : path, optional
            Folder that keeps the tiles that are done. Called again after a kill, with the same weights and images, it
            computes the others only; the result is the same to the last byte. The caller removes the folder.

        Returns
        -------
        float64 (Q, G)
            Smaller is more alike; unbounded.
        """
        with scratch_folder("gpnet-maps-", _made(work)) as folder:
            maps = self.maps(query_images, gallery_images, folder)
            tiling = self.tiling(maps)
            distmat = np.empty(tiling.shape)
            if work is None:
                self._fill(distmat, maps, tiling, range(len(tiling)), progress)
                return distmat
            log = TileLog(work, self.key(maps, tiling), tiling)
            try:
                log.fill(distmat)
                self._fill(distmat, maps, tiling, log.missing(), progress, log.append)
            finally:
                log.close()
        return distmat

    def over_views(self, views, progress=False, work=None):
        """The mean of the distances over views of the same images, such as mirrored ones.

        Parameters
        ----------
        views : sequence of (images, images)
            Query and gallery images of each view, as for :meth:`distmat`.
        """
        return sum(self.distmat(*view, progress, work) for view in views) / len(views)

    def key(self, maps, tiling):
        """Everything that distances depend on, as JSON types: weights, images, precision, tile, threads, MXNet."""
        sha = hashlib.sha256()
        for parameter in unique_parameters(getattr(self.network, "pair", None) or self.network.head).values():
            sha.update(parameter.data(self.ctx).asnumpy())
        return {
            "maps": maps.digest,
            "head": sha.hexdigest(),
            "precision": self.precision,
            "shape": list(tiling.shape),
            "tile": [tiling.rows, tiling.columns],
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "device": str(self.ctx),
            "mxnet": mx.__version__,
        }

    def _head(self, rows, columns, own_columns=False):
        key = rows, columns, own_columns
        if key not in self._heads:
            self._heads[key] = TileHead(self.network, self.ctx, rows, columns, self.precision, own_columns)
        return self._heads[key]

    def _fill(self, distmat, maps, tiling, numbers, progress, keep=None):
        cost = Cost(len(numbers) * tiling.rows * tiling.columns)
        with _bar(distmat.size, progress) as bar:
            bar.update(distmat.size - sum(tiling[number].height * tiling[number].width for number in numbers))
            for tile, distances in self.tiles(maps, tiling, numbers):
                distmat[tile.rows, tile.columns] = distances
                if keep:
                    keep(tile, distances)
                self.scored_pairs += distances.size
                bar.update(distances.size)
                if progress and cost.add(tiling.rows * tiling.columns) and cost.seconds > LONG_SECONDS:
                    bar.write(f"score: {cost}", file=bar.fp)


def _made(folder):
    """The folder, made if it is missing; None stays None."""
    try:
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot keep scores there ({error.strerror})") from error
    return folder


def _bar(total, progress):
    return tqdm(total=total, desc="score", unit="pair", unit_scale=True, disable=not progress)


def _finished(tiling, tile, logits):
    margin = _margins(logits).reshape(tiling.rows, tiling.columns)
    return tile, margin[: tile.height, : tile.width]


def _margins(logits):
    """float32 (N, 2) NDArray -> float64 (N,), waiting for it."""
    logits = logits.asnumpy().astype(np.float64)
    return logits[:, 0] - logits[:, 1]


def _padded(maps, start, size):
    """Rows start..start+size of maps; past the end the last row again, so that every tile has one shape."""
    if start + size <= len(maps):
        return maps[start : start + size]
    return maps[np.minimum(np.arange(start, start + size), len(maps) - 1)]
