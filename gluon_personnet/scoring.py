"""Distances of all query-gallery pairs of a network: maps once per image, pairs in tiles of one fixed shape."""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from gluon_personnet.backend import mx
from gluon_personnet.data.augment import to_network_input
from gluon_personnet.network.layers import HybridBlock
from gluon_personnet.tiling import Tiling


class Maps(NamedTuple):
    """Each image's share of all its pairs: float32 (Q, C, h, w) and float32 (G, C, h, w), arrays or memory maps."""

    query: np.ndarray
    gallery: np.ndarray


class _TileHead(HybridBlock):
    """float32 (A, C, h, w), float32 (B, C, h, w) -> float32 (A * B, 2) logits of every pair, by rows."""

    def __init__(self, network):
        super().__init__()
        self.head = network.head

    def hybrid_forward(self, F, query, gallery):
        difference = F.broadcast_sub(F.expand_dims(query, 1), F.expand_dims(gallery, 0))  # (A, B, C, h, w)
        return self.head(F.reshape(difference, shape=(-3, 0, 0, 0)))  # (A * B, 2)


class Scorer:
    """Scores every pair of two image sets with a trained network.

    The unit of work is a tile of the distance matrix. A tile depends on the weights, on its rows of :class:`Maps`, on
    the tile shape, and in the last bits on the number of threads and the kind of processor; on nothing else, so tiles
    computed in any order and in any process make the same matrix, byte for byte.

    Parameters
    ----------
    network : Network
        With its parameters on `ctx`.
    ctx : mxnet.Context
    tile_pairs : int
        Pairs scored at once.
    batch_images : int
        Images passed through the trunk at once.
    """

    def __init__(self, network, ctx, tile_pairs=1024, batch_images=64):
        self._network, self._ctx = network, ctx
        self._tile_pairs, self._batch_images = tile_pairs, batch_images
        self._head = _TileHead(network)
        self._head.hybridize(static_alloc=True, static_shape=True)

    def maps(self, query_images, gallery_images):
        """:class:`Maps` of two image sets, uint8 (Q, H, W, 3) and uint8 (G, H, W, 3) RGB of the network's size."""
        compare = self._network.compare
        return Maps(self._side(query_images, compare.query), self._side(gallery_images, compare.gallery))

    def tiling(self, maps):
        """The :class:`~gluon_personnet.tiling.Tiling` of these maps' distance matrix."""
        shape = len(maps.query), len(maps.gallery)
        columns = min(64, shape[1])
        return Tiling(*shape, max(1, self._tile_pairs // columns), columns)

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
        for number in numbers:
            tile = tiling[number]
            query = mx.nd.array(_padded(maps.query, tile.top, tiling.rows), ctx=self._ctx)
            gallery = mx.nd.array(_padded(maps.gallery, tile.left, tiling.columns), ctx=self._ctx)
            logits = self._head(query, gallery).asnumpy().astype(np.float64)
            margin = (logits[:, 0] - logits[:, 1]).reshape(tiling.rows, tiling.columns)
            yield tile, margin[: tile.height, : tile.width]

    def distmat(self, query_images, gallery_images, progress=False):
        """The distance of every pair: logit of "different" minus logit of "same".

        Parameters
        ----------
        query_images, gallery_images : uint8 (Q, H, W, 3), uint8 (G, H, W, 3)
            RGB, of the network's input size.
        progress : bool
            Show a bar with pairs per second and the time left.

        Returns
        -------
        float64 (Q, G)
            Smaller is more alike; unbounded.
        """
        maps = self.maps(query_images, gallery_images)
        tiling = self.tiling(maps)
        distmat = np.empty(tiling.shape)
        with tqdm(total=distmat.size, desc="score", unit="pair", unit_scale=True, disable=not progress) as bar:
            for tile, distances in self.tiles(maps, tiling, range(len(tiling))):
                distmat[tile.rows, tile.columns] = distances
                bar.update(distances.size)
        return distmat

    def _side(self, images, side):
        """uint8 (N, H, W, 3) -> float32 (N, C, h, w), one image's share of all its pairs."""
        parts = []
        for start in range(0, len(images), self._batch_images):
            pixels = mx.nd.array(to_network_input(images[start : start + self._batch_images]), ctx=self._ctx)
            parts.append(side(self._network.trunk(pixels)).asnumpy())
        return np.concatenate(parts)


def _padded(maps, start, size):
    """Rows start..start+size of maps; past the end the last row again, so that every tile has one shape."""
    if start + size <= len(maps):
        return maps[start : start + size]
    return maps[np.minimum(np.arange(start, start + size), len(maps) - 1)]
