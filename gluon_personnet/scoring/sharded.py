"""Scoring by several processes, on this machine or on others, with the result of one."""

import hashlib

from gluon_personnet.network.backend import versions
from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.network.weights import unique_parameters
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.scoring.shard import Shard, Window

SHARD_BYTES = 8 * 2**20
"""Most bytes of maps that go to a worker together; dask warns of tasks above 10 MiB."""

SHARD_TILES = 16
"""Most tiles of a shard: a lost worker costs no more than these are computed again."""

SHARDS_PER_WORKER = 4
"""At least as many, where there are tiles enough: workers of different speed then end together."""


class ShardedScorer(Scorer):
    """A :class:`Scorer` that makes the maps itself and has the tiles computed by the workers of a pool.

    A tile is computed by the same code, in the same shape, from the same maps; so the distances are those of one
    process with as many threads as a worker has, to the last byte, on processors of one kind.

    Parameters
    ----------
    network : Network
        As it is tested: see :func:`~gluon_personnet.network.weights.plain`.
    ctx : mxnet.Context
        Its kind of device is also the workers'.
    pool : LokyPool or DaskPool
    recipe : Recipe
        Tells workers how to build the network.
    **options
        As for :class:`Scorer`.
    """

    def __init__(self, network, ctx, pool, recipe, **options):
        super().__init__(network, ctx, **options)
        self._pool, self._recipe = pool, recipe

    def tiles(self, maps, tiling, numbers):
        """As :meth:`Scorer.tiles`, but tiles are yielded as they are finished, in any order.

        Raises
        ------
        ScoringError
            If workers are lost so often that nothing gets done.
        """
        what = self._common(tiling)
        for results in self._pool.run(self._shards(maps, tiling, numbers, what)):
            for number, distances in results:
                yield tiling[number], distances

    def key(self, maps, tiling):
        """As :meth:`Scorer.key`, with the threads of the workers."""
        return {**super().key(maps, tiling), "threads": str(self._pool.threads)}

    def _common(self, tiling):
        """What all shards have in common; hands the weights to the pool."""
        arrays = {
            f"parameter/{name}": parameter.data(self.ctx).asnumpy()
            for name, parameter in unique_parameters(self.network).items()
        }
        sha = hashlib.sha256(str(self._recipe.network).encode())
        for name, array in arrays.items():
            sha.update(name.encode() + array.tobytes())
        digest = sha.hexdigest()
        folder = self._pool.share(digest, Checkpoint({"recipe": self._recipe.to_dict()}, arrays))
        return {
            "weights": digest,
            "folder": folder,
            "device": self.ctx.device_type,
            "precision": self.precision,
            "threads": self._pool.threads,
            "versions": versions(),
            "tiling": tiling,
        }

    def _shards(self, maps, tiling, numbers, what):
        """Tiles below one another: they share their gallery images, of which a tile has most."""
        row_bytes = maps.query[0:1].nbytes
        fitting = (SHARD_BYTES // row_bytes - tiling.columns) // tiling.rows
        enough = len(numbers) // (SHARDS_PER_WORKER * self._pool.workers)
        high = max(1, min(fitting, enough, SHARD_TILES))
        groups = {}
        for number in numbers:
            tile = tiling[number]
            groups.setdefault((tile.left, tile.top // (high * tiling.rows)), []).append(tile)
        for tiles in groups.values():
            first, last = tiles[0], tiles[-1]
            query = Window(maps.query, first.top, last.top + last.height)
            gallery = Window(maps.gallery, first.left, first.left + first.width)
            yield Shard(**what, numbers=tuple(tile.number for tile in tiles), query=query, gallery=gallery)
