"""The file in which a scoring run keeps the tiles that are done, so that a killed run goes on where it stopped."""

import hashlib
import json
import os
import zlib
from pathlib import Path

import numpy as np

from gluon_personnet.core.errors import DataError

MAGIC = b"gpnet tiles 1\n"


class TileLog:
    """Tiles of one distance matrix, appended one by one.

    Behind a head that names the matrix, every record holds a tile's number, its distances and their CRC-32. A record
    that a kill has cut short, and whatever follows it, is dropped at the next start.

    Parameters
    ----------
    folder : path
        It must exist. The file's name is taken from the key.
    key : mapping
        JSON types: everything that the distances depend on. Another key is another file.
    tiling : Tiling
    """

    def __init__(self, folder, key, tiling):
        self._tiling = tiling
        head = MAGIC + json.dumps(key, sort_keys=True).encode() + b"\n"
        self._type = np.dtype([("number", "<i8"), ("tile", "<f8", (tiling.rows, tiling.columns)), ("crc", "<u4")])
        self.path = Path(folder) / f"{hashlib.sha256(head).hexdigest()[:24]}.tiles"
        try:
            self._stream = open(self.path, "a+b")  # noqa: SIM115 - closed by close()
            self._done = self._read(head)
        except OSError as error:
            raise DataError(f"{self.path}: cannot keep scores there ({error.strerror})") from error

    def _read(self, head):
        """Number -> place of the record of every tile that is done; cuts off what is not whole."""
        self._stream.seek(0)
        done, end = {}, len(head)
        if self._stream.read(len(head)) != head:
            self._stream.truncate(0)
            self._stream.write(head)
        else:
            while True:
                raw = self._stream.read(self._type.itemsize)
                record = np.frombuffer(raw, self._type)[0] if len(raw) == self._type.itemsize else None
                if record is None or record["crc"] != _crc(record) or not 0 <= record["number"] < len(self._tiling):
                    break
                done[int(record["number"])] = end
                end += self._type.itemsize
        self._stream.truncate(end)
        self._stream.flush()
        return done

    def missing(self):
        """Numbers of the tiles that are not done, in order."""
        return [number for number in range(len(self._tiling)) if number not in self._done]

    def fill(self, distmat):
        """Write the distances of all tiles that are done into float64 (Q, G)."""
        for number, place in self._done.items():
            self._stream.seek(place)
            record = np.frombuffer(self._stream.read(self._type.itemsize), self._type)[0]
            tile = self._tiling[number]
            distmat[tile.rows, tile.columns] = record["tile"][: tile.height, : tile.width]

    def append(self, tile, distances):
        """Keep the float64 (height, width) distances of a tile."""
        record = np.zeros((), self._type)
        record["number"] = tile.number
        record["tile"][: tile.height, : tile.width] = distances
        record["crc"] = _crc(record)
        try:
            self._stream.seek(0, os.SEEK_END)
            self._stream.write(record.tobytes())
            self._stream.flush()  # to the system: a kill of this process no longer loses it
        except OSError as error:
            raise DataError(f"{self.path}: cannot keep scores there ({error.strerror})") from error

    def close(self):
        self._stream.close()


def _crc(record):
    return zlib.crc32(record["tile"].tobytes(), int(record["number"]) & 0xFFFFFFFF)
