"""Where CUHK03 is read from: the official HDF5 file, or a folder or zip archive of extracted images."""

import re
import threading
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import DataError
from gluon_personnet.data.images import decode
from gluon_personnet.data.names import passed_over
from gpnet_datasets.cuhk03_lists import parse_testsets

MAT = "cuhk-03.mat"
MAT_FOLDERS = ("", "cuhk03_release", "cuhk03", "CUHK03", "cuhk03/cuhk03_release", "CUHK03/cuhk03_release")
IMAGE_CANDIDATES = ("cuhk03.zip", "cuhk03", "CUHK03.zip", "CUHK03")
TESTSETS = "testsets.csv"
COLUMNS = 10
_NAME = re.compile(r"([1-5])_(\d{1,3})_(?:1_0?([1-5])|2_(0?[1-9]|10))\.png", re.IGNORECASE)
_BOXES = {"labeled": "labeled", "images_labeled": "labeled", "detected": "detected", "images_detected": "detected"}


class Cell(NamedTuple):
    """Place of one image, all 1-based: camera pair 1-5, row of the pair's table, column 1-5 (view A) or 6-10 (B)."""

    pair: int
    identity: int
    column: int

    @property
    def view(self):
        """0 for view A, 1 for view B."""
        return (self.column - 1) // 5

    @property
    def name(self):
        """As the lists of the 767/700 protocol name the image."""
        return f"{self.pair}_{self.identity:03d}_{self.view + 1}_{self.column:02d}.png"


def parse_name(name):
    """The Cell of ``<pair>_<identity>_<view>_<index>.png``, None for other names.

    The index is the column, 6 to 10 in view B; 1 to 5 are understood as those of the view.
    """
    match = _NAME.fullmatch(name)
    if not match:
        return None
    column = int(match[3] or match[4])
    return Cell(int(match[1]), int(match[2]), column + 5 if match[4] and column < 6 else column)


def open_files(locate, boxes):
    """MatFile or ImageFiles, whichever is found; the official file is preferred. DataError if there is neither."""
    for directory in locate.directories:
        for folder in MAT_FOLDERS:
            if (directory / folder / MAT).is_file():
                return MatFile(directory / folder / MAT, boxes)
    hint = "unpack cuhk03_release.zip there or name its folder with --data"
    return ImageFiles(locate("cuhk03", (MAT, *IMAGE_CANDIDATES), hint), boxes)


class MatFile:
    """``cuhk-03.mat``: MATLAB v7.3, which is HDF5. Images are read one at a time.

    MATLAB arrays arrive with their axes reversed; a cell array is a table of object references. An empty cell is a
    null reference or refers to something without three axes, mostly to its own size, the two numbers 0 0.

    Attributes
    ----------
    path : pathlib.Path
    cells : dict of Cell
        The cells that hold an image.
    testsets : list of list of (pair, identity)
        1-based, as Cell.

    Raises
    ------
    DataError
        If h5py is missing, or the file is damaged or not laid out as the official one.
    """

    def __init__(self, path, boxes):
        self.path = path
        self._lock = threading.Lock()
        try:
            import h5py
        except ImportError as error:
            raise DataError(f"dataset 'cuhk03': {path} cannot be read without h5py; right: pip install h5py") from error
        try:
            self._file = h5py.File(path, "r")
            tables = [self._table(reference, COLUMNS) for reference in self._file[boxes][()].ravel()]
            self.cells = {
                Cell(pair, identity, column): reference
                for pair, table in enumerate(tables, 1)
                for identity, row in enumerate(table, 1)
                for column, reference in enumerate(row, 1)
                if reference and _is_image(h5py.h5r.dereference(reference, self._file.id))
            }
            lists = [self._table(reference, 2) for reference in self._file["testsets"][()].ravel()]
        except DataError:
            raise
        except Exception as error:  # h5py passes on whatever HDF5 finds, and KeyError for a missing variable
            raise DataError(f"{path}: cannot be read ({error}); right: the complete official {MAT}") from error
        self.testsets = [[(int(pair), int(identity)) for pair, identity in table] for table in lists]

    def _table(self, reference, columns):
        table = self._file[reference][()].T
        if table.ndim != 2 or table.shape[1] != columns:
            raise DataError(f"{self.path}: found a table of shape {table.shape}; right: {columns} columns")
        return table

    def passed_over(self):
        """The official file holds nothing else."""
        return ()

    def fingerprint(self, cell):
        """32 hexadecimal digits of the image's pixels."""
        return digest(self.read(cell))

    def read(self, cell):
        """uint8 (H, W, 3) RGB; DataError if it is damaged."""
        try:
            with self._lock:
                image = self._file[self.cells[cell]][()].T
        except Exception as error:  # whatever HDF5 finds
            raise DataError(f"{self.path}: {cell.name}: unreadable image ({error}); right: a complete file") from error
        if image.dtype != np.uint8 or image.shape[2] != 3:
            raise DataError(f"{self.path}: {cell.name}: {image.dtype} {image.shape}; right: uint8 (H, W, 3)")
        return np.ascontiguousarray(image)

    def beside(self, name):
        """Another file in the same folder or the one above, as (bytes, path); None if there is none."""
        return _read_first([self.path.parent / name, self.path.parent.parent / name])


class ImageFiles:
    """Extracted images, in folders ``labeled`` and ``detected`` (or ``images_...``) or all in one that is not.

    Attributes
    ----------
    path, cells
        As those of :class:`MatFile`.
    testsets : list of list of (pair, identity), or None
        From ``testsets.csv`` if it is there, with the columns split, pair and identity, all 1-based.

    Raises
    ------
    DataError
        If there is no image, two of one cell, or a fault in ``testsets.csv``.
    """

    def __init__(self, files, boxes):
        self.path, self._files = files.path, files
        images = defaultdict(list)
        for name in files.names:
            folder, _, file = name.rpartition("/")
            if parse_name(file):
                images[_BOXES.get(folder.rpartition("/")[2])].append((parse_name(file), name))
        chosen = images[boxes] if images["labeled"] or images["detected"] else images[None]
        if not chosen:
            example = files.names[0] if files.names else "no file at all"
            raise DataError(
                f"dataset 'cuhk03': no {boxes} image in {self.path}: found {example}; right: {boxes}/1_001_1_01.png"
            )
        self.cells = {}
        for cell, name in chosen:
            other = self.cells.setdefault(cell, name)
            if other != name:
                raise DataError(f"dataset 'cuhk03': {self.path} holds {other} and {name}; right: one image each")
        found = self._inside(TESTSETS)
        self.testsets = parse_testsets(*found) if found else None

    def passed_over(self):
        """Image files that hold no cell of any boxes."""
        return passed_over(self._files.names, [name for name in self._files.names if parse_name(name.split("/")[-1])])

    def fingerprint(self, cell):
        """32 hexadecimal digits of the image's file."""
        return self._files.fingerprint(self.cells[cell])

    def read(self, cell):
        """uint8 (H, W, 3) RGB; DataError if the file is damaged."""
        name = self.cells[cell]
        return decode(self._files.read(name), f"{self.path}: {name}")

    def beside(self, name):
        """Another file among the images or beside them, as (bytes, path); None if there is none."""
        return self._inside(name) or _read_first([self.path.parent / name])

    def _inside(self, name):
        found = [path for path in self._files.names if path.rpartition("/")[2] == name]
        return (self._files.read(found[0]), f"{self.path}: {found[0]}") if found else None


def _is_image(dataset):
    """Whether a low-level HDF5 data set has three axes and something in it; nothing of its content is read."""
    shape = dataset.shape  # None if it has no extent; every access asks the file
    return shape is not None and len(shape) == 3 and 0 not in shape


def _read_first(paths):
    return next(((path.read_bytes(), str(path)) for path in paths if path.is_file()), None)
