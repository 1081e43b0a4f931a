"""Distances of all query-gallery pairs of a network: maps once per image, pairs in tiles of one fixed shape."""

import numpy as np
from tqdm import tqdm

from gluon_personnet.backend import mx
from gluon_personnet.data.augment import to_network_input
from gluon_personnet.network.layers import HybridBlock


class _TileHead(HybridBlock):
    """float32 (A, ...), float32 (B, ...) -> float32 (A * B, 2) logits of every pair, by rows."""

    def __init__(self, network):
        super().__init__()
        self.head = network.head

    def hybrid_forward(self, F, query, gallery):
        difference = F.broadcast_sub(F.expand_dims(query, 1), F.expand_dims(gallery, 0))  # (A, B, ...)
        return self.head(F.reshape(difference, shape=(-3, -2)))  # (A * B, 2)


class Scorer:
    """Scores every pair of two image sets with a trained network.

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

    def _side(self, images, side):
        """uint8 (N, H, W, 3) -> float32 (N, C, h, w), one image's share of all its pairs."""
        parts = []
        for start in range(0, len(images), self._batch_images):
            pixels = mx.nd.array(to_network_input(images[start : start + self._batch_images]), ctx=self._ctx)
            parts.append(side(self._network.trunk(pixels)))
        return mx.nd.concat(*parts, dim=0)

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
        compare = self._network.compare
        query = self._side(query_images, compare.query)
        gallery = self._side(gallery_images, compare.gallery)
        columns = _even_share(len(gallery_images), 64)
        rows = _even_share(len(query_images), max(1, self._tile_pairs // columns))
        distmat = np.empty((len(query_images), len(gallery_images)))
        with tqdm(total=distmat.size, desc="score", unit="pair", unit_scale=True, disable=not progress) as bar:
            for top in range(0, len(distmat), rows):
                height = min(rows, len(distmat) - top)
                tile_rows = _padded(query, top, rows)
                for left in range(0, distmat.shape[1], columns):
                    width = min(columns, distmat.shape[1] - left)
                    logits = self._head(tile_rows, _padded(gallery, left, columns)).asnumpy()
                    margin = (logits[:, 0].astype(np.float64) - logits[:, 1]).reshape(rows, columns)
                    distmat[top : top + height, left : left + width] = margin[:height, :width]
                    bar.update(height * width)
        return distmat


def _even_share(total, most):
    """The size of equal tiles, at most `most`, that cover `total` with the least padding."""
    return -(-total // -(-total // most))


def _padded(maps, start, size):
    """Rows start..start+size of maps; past the end the last row again, so that every tile has one shape."""
    if start + size <= len(maps):
        return maps[start : start + size]
    rows = mx.nd.array(np.minimum(np.arange(start, start + size), len(maps) - 1), ctx=maps.context, dtype="int32")
    return mx.nd.take(maps, rows)
