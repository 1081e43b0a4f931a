"""Files of CUHK03 in the official structure and as extracted images, written here, and what their tests share."""

import functools
import io
import shutil

import h5py
import numpy as np
import pytest
from gpnet_datasets.cuhk03 import CUHK03
from PIL import Image

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.archives import Locator

PEOPLE = (14, 9, 4, 3, 2)
OFFICIAL_PEOPLE = (843, 440, 77, 58, 49)
BOXES = ("labeled", "detected")
ONE_VIEW = {(2, 9): (6, 7, 8, 9, 10), (3, 4): (1, 2, 3, 4, 5)}  # (pair, identity) -> the columns that are empty


def test_set(number):
    """Four identities for each split, those of split 19 from pair 4 too."""
    last = (4, 2) if number == 19 else (3, number % 4 + 1)
    return [(1, number % 14 + 1), (1, (number + 5) % 14 + 1), (2, number % 9 + 1), last]


test_set.__test__ = False
TESTSETS = [test_set(number) for number in range(20)]


def is_empty(boxes, pair, identity, column):
    if column in ONE_VIEW.get((pair, identity), ()):
        return True
    return identity % 2 == 0 and column in ((5, 10) if boxes == "labeled" else (4, 5, 9))


def picture(boxes, pair, identity, column):
    """Unlike any other one, higher than wide, with a left edge that tells when it lies on its side."""
    image = np.full((5 + column % 3, 3, 3), (pair + 10 * BOXES.index(boxes), identity, column), np.uint8)
    image[:, 0] = 200
    return image


CELLS = {
    boxes: [
        (pair, identity, column)
        for pair, people in enumerate(PEOPLE, 1)
        for identity in range(1, people + 1)
        for column in range(1, 11)
        if not is_empty(boxes, pair, identity, column)
    ]
    for boxes in BOXES
}


class MatWriter:
    """Writes what MATLAB's ``save -v7.3`` writes: tables of references, every axis reversed."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = h5py.File(path, "w")
        self.refs = self.file.create_group("#refs#")
        self.count = 0

    def add(self, content, **options):
        self.count += 1
        return self.refs.create_dataset(f"r{self.count}", data=content, **options)

    def empty(self, kind):
        """An empty cell, in the ways that it occurs."""
        if kind == 3:
            return h5py.Reference()
        dataset = self.add((np.zeros(2, np.uint64), h5py.Empty("u1"), np.zeros((3, 0, 0), np.uint8))[kind])
        dataset.attrs["MATLAB_empty"] = np.uint8(1)
        return dataset.ref

    def table(self, rows):
        content = np.empty((len(rows[0]), len(rows)), h5py.ref_dtype)
        for at in np.ndindex(content.shape):
            content[at] = rows[at[1]][at[0]]
        return self.add(content, dtype=h5py.ref_dtype).ref

    def variable(self, name, references):
        dataset = self.file.create_dataset(name, (1, len(references)), h5py.ref_dtype)
        dataset[0] = references


def write_mat(path):
    """cuhk-03.mat with few people."""
    writer = MatWriter(path)
    for boxes in BOXES:
        tables = []
        for pair, people in enumerate(PEOPLE, 1):
            rows = [[writer.empty((i + c) % 4) for c in range(10)] for i in range(people)]
            for _, identity, column in (cell for cell in CELLS[boxes] if cell[0] == pair):
                image = picture(boxes, pair, identity, column)
                rows[identity - 1][column - 1] = writer.add(image.T, compression="gzip").ref
            tables.append(writer.table(rows))
        writer.variable(boxes, tables)
    writer.variable("testsets", [writer.add(np.array(test, float).T).ref for test in TESTSETS])
    writer.file.close()


def altered(folder, mat_folder, change):
    """A copy of the small cuhk-03.mat in another folder, changed."""
    path = folder / "cuhk-03.mat"
    shutil.copy(mat_folder / "cuhk-03.mat", path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def first_table(file):
    """Of labeled boxes, pair 1: (column, identity), both from 0."""
    return file[file["labeled"][0, 0]]


@functools.lru_cache(None)
def png(boxes, pair, identity, column):
    buffer = io.BytesIO()
    Image.fromarray(picture(boxes, pair, identity, column)).save(buffer, "PNG")
    return buffer.getvalue()


def name_of(pair, identity, column):
    return f"{pair}_{identity:03d}_{1 if column < 6 else 2}_{column:02d}.png"


def extracted(folders):
    """Boxes -> folder; returns name -> bytes."""
    return {folder + name_of(*cell): png(boxes, *cell) for boxes, folder in folders.items() for cell in CELLS[boxes]}


def csv_of(testsets):
    lines = [f"{number},{pair},{identity}" for number, test in enumerate(testsets, 1) for pair, identity in test]
    return "\n".join(["split,pair,identity", *lines]).encode()


def opened(*folders, **options):
    return CUHK03(Locator(folders), **options)


def message(call, *arguments, **options):
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    return str(caught.value)


def pids(data, rows):
    return {data.samples[row].pid for row in rows}


def first_and_last(data, number):
    split = data.split(number)
    ends = [rows[at] for rows in (split.train, split.query, split.gallery) for at in (0, -1)]
    return [data.samples[row].name[8:-4] for row in ends]
