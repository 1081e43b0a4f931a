"""Decoding images, and keeping them in memory at the size a network wants."""

import io
import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Sequence

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from gluon_personnet.core.errors import DataError
from gluon_personnet.plugin.contracts import Dataset

MAX_PIXELS = 64 * 10**6
# The others of Pillow are either not photographs or start external programs.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")


def decode(data: bytes, where: str) -> np.ndarray:
    """Decode a compressed image.

    Parameters
    ----------
    data : bytes
        PNG, JPEG, BMP, GIF or TIFF (first frame), or WebP. It is turned as its EXIF orientation says. Grey, palette and
        16-bit images are converted, transparency is dropped.
    where : str
        Names the image in errors.

    Returns
    -------
    uint8 (H, W, 3), RGB

    Raises
    ------
    DataError
        If this is not an image, is cut off or damaged, or has more than 64 million pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            width, height = file.size
            if width * height == 0 or width * height > MAX_PIXELS:
                raise DataError(f"{where}: image of {height}x{width} px; right: 1 to {MAX_PIXELS} pixels")
            file.verify()  # the checksums of PNG, which decoding ignores; it leaves the image unusable
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip instead of scaling
                grey = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
                return np.repeat(grey[:, :, None], 3, axis=2)
            return np.array(image.convert("RGB"))
    except DataError:
        raise
    except Exception as error:  # Pillow's parsers raise a dozen different classes on damaged data
        found = _found(data, error)
        raise DataError(f"{where}: unreadable image: {found}; right: a complete {', '.join(FORMATS)} file") from error


def _found(data, error):
    """What is there in place of an image, in words."""
    begin = data[:256].lstrip().lower()
    if not data:
        return "an empty file"
    if begin.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, which git lfs pull replaces by the file"
    if begin.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page, as a failed download leaves it"
    if not any(data.strip(b"\0")):
        return f"{len(data)} bytes of zero"
    if isinstance(error, UnidentifiedImageError):
        return f"no image, it begins with {data[:8]!r}"
    reason = re.sub(r"<[^>]*0x[0-9a-f]+>", "the file", str(error).splitlines()[0] if str(error) else "")
    return reason or f"damaged ({type(error).__name__})"


def resize(image: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    """uint8 (H, W, 3) -> uint8 (height_px, width_px, 3): bilinear, antialiased; the image itself if it fits."""
    if image.shape[:2] == (height_px, width_px):
        return image
    return np.asarray(Image.fromarray(image).resize((width_px, height_px), Image.Resampling.BILINEAR))


class ImageCache:
    """The images of a data set at one size, decoded at first use and kept while memory lasts.

    All methods may be called from several threads at once, also while :meth:`preload` runs.

    Parameters
    ----------
    dataset : gluon_personnet.plugin.contracts.Dataset
    height_px, width_px : int
    memory_mib : int
        Images beyond this are decoded anew each time.
    progress : bool
        Whether :meth:`preload` shows a bar on stderr.
    """

    def __init__(self, dataset: Dataset, height_px: int, width_px: int, memory_mib: int = 1024, progress: bool = False):
        self._dataset = dataset
        self._size = (height_px, width_px)
        self._progress = progress
        fitting = memory_mib * 2**20 // (height_px * width_px * 3)
        # The system provides this memory page by page as images are written to it.
        self._pixels = np.empty((min(fitting, len(dataset.samples)), height_px, width_px, 3), np.uint8)
        self._slots: Dict[int, int] = {}  # row -> index in _pixels
        self._lock = threading.Lock()

    def images(self, rows: Sequence[int]) -> np.ndarray:
        """Rows of the data set, int sequence (N,) -> uint8 (N, height_px, width_px, 3) RGB, a copy.

        Raises
        ------
        DataError
            If an image cannot be read.
        """
        out = np.empty((len(rows), *self._size, 3), np.uint8)
        for image, row in zip(out, rows):
            slot = self._slots.get(int(row))
            image[:] = self._load(int(row)) if slot is None else self._pixels[slot]
        return out

    def preload(self, rows: Sequence[int]) -> None:
        """Decode the rows, as far as memory lasts, in a few threads. Raises DataError if one cannot be read."""
        missing = [row for row in dict.fromkeys(map(int, rows)) if row not in self._slots]
        missing = missing[: len(self._pixels) - len(self._slots)]
        pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
        try:
            bar = tqdm(total=len(missing), desc="decode", unit="image", file=sys.stderr, disable=not self._progress)
            with bar:
                for _ in pool.map(self._load, missing):
                    bar.update()
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C nobody waits for the rest

    def _load(self, row):
        image = resize(self._dataset.read(row), *self._size)
        with self._lock:
            slot = len(self._slots)
            if row not in self._slots and slot < len(self._pixels):
                self._pixels[slot] = image
                self._slots[row] = slot  # last: other threads look here without the lock
        return image
