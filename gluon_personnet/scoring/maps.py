"""What a pair needs of either image, computed once per image and kept in memory, or in a file when memory is short."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gluon_personnet.core.errors import DataError
from gluon_personnet.core.files import replacing
from gluon_personnet.network.backend import mx
from gluon_personnet.network.pairs import to_network_input


class MapFile:
    """Rows of a ``.npy`` file, mapped into memory only while they are read: float32 (N, ...).

    Parameters
    ----------
    path : path
    """

    def __init__(self, path):
        self.path = Path(path)
        opened = self._open()
        self.shape, self.dtype = opened.shape, opened.dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """A slice or an int array of rows, copied."""
        return np.array(self._open()[rows])

    def _open(self):
        try:
            return np.load(self.path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path}: cannot read maps ({error}); score again") from error


class Maps(NamedTuple):
    """Each image's share of all its pairs.

    Parameters
    ----------
    query, gallery : float32 (Q, ...), float32 (G, ...)
        Arrays or :class:`MapFile`; a pair's map is their difference.
    digest : str
        SHA-256 of both: it changes with the images and with the weights of the trunk.
    """

    query: Any
    gallery: Any
    digest: str = ""

    @property
    def shape(self):
        """(Q, G), the shape of the distance matrix."""
        return len(self.query), len(self.gallery)


def make_maps(network, ctx, query_images, gallery_images, batch_images, memory_mib, folder=None):
    """Pass all images through the network's trunk and their side of its comparison.

    Parameters
    ----------
    network : Network
    ctx : mxnet.Context
    query_images, gallery_images : uint8 (Q, H, W, 3), uint8 (G, H, W, 3)
        RGB; arrays, or anything with a length whose slices are arrays.
    batch_images : int
        Images passed at once.
    memory_mib : float
        If the maps are larger they are written into files.
    folder : path
        Where to; it must exist.

    Returns
    -------
    Maps
    """
    sha = hashlib.sha256()
    blank = np.zeros((1, *query_images[0:1].shape[1:]), np.uint8)
    compare = network.compare
    shapes = [_side(network, ctx, side, blank).shape[1:] for side in (compare.query, compare.gallery)]
    sizes = [len(images) * 4 * int(np.prod(shape)) for images, shape in zip((query_images, gallery_images), shapes)]
    in_file = folder is not None and sum(sizes) > memory_mib * 2**20
    made = []
    for name, images, side, shape in zip(
        ("query", "gallery"), (query_images, gallery_images), (compare.query, compare.gallery), shapes
    ):
        batches = _batches(network, ctx, side, images, batch_images, sha)
        shape = (len(images), *shape)
        made.append(_to_file(Path(folder) / f"{name}.npy", shape, batches) if in_file else _to_memory(shape, batches))
    return Maps(*made, sha.hexdigest())


def _side(network, ctx, side, images):
    return side(network.trunk(mx.nd.array(to_network_input(images), ctx=ctx))).asnumpy()


def _batches(network, ctx, side, images, batch_images, sha):
    """Yield the maps of one batch after another; the next is begun before one is handed out."""
    waiting = None
    for start in range(0, len(images), batch_images):
        pixels = mx.nd.array(to_network_input(images[start : start + batch_images]), ctx=ctx)
        begun = side(network.trunk(pixels))
        if waiting is not None:
            yield _hashed(waiting, sha)
        waiting = begun
    yield _hashed(waiting, sha)


def _hashed(maps, sha):
    maps = maps.asnumpy()
    sha.update(maps)
    return maps


def _to_memory(shape, batches):
    out, start = np.empty(shape, np.float32), 0
    for batch in batches:
        out[start : start + len(batch)] = batch
        start += len(batch)
    return out


def _to_file(path, shape, batches):
    """Written through a file handle, so that what is written does not count as this process's memory."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    try:
        with replacing(path) as temporary, open(temporary, "wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for batch in batches:
                stream.write(np.ascontiguousarray(batch, "<f4").data)
    except OSError as error:
        mib = 4 * np.prod(shape) / 2**20
        raise DataError(f"{path}: cannot write {mib:.0f} MiB of maps ({error.strerror}); make room") from error
    return MapFile(path)
