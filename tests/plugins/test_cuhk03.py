"""CUHK03 on a cuhk-03.mat of the official structure and on images extracted from it, all written here."""

import functools
import io
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gpnet_datasets
import h5py
import numpy as np
import pytest
from gpnet_datasets.cuhk03 import CUHK03
from PIL import Image
from scipy.io import savemat

from gluon_personnet.data.archives import Locator
from gluon_personnet.data.samples import check, split_hash
from gluon_personnet.errors import DataError
from gluon_personnet.recipe import load_recipe
from gluon_personnet.testing import check_dataset

PEOPLE = (14, 9, 4, 3, 2)
OFFICIAL_PEOPLE = (843, 440, 77, 58, 49)
BOXES = ("labeled", "detected")
ONE_VIEW = {(2, 9): (6, 7, 8, 9, 10), (3, 4): (1, 2, 3, 4, 5)}  # (pair, identity) -> the columns that are empty
RECIPES = Path(__file__).parents[2] / "recipes"


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


def write(path, content):
    """A zip archive if the path ends with .zip, else a folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return path
    for name, data in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture(scope="module")
def mat_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mat")
    write_mat(folder / "cuhk-03.mat")
    return folder


def opened(*folders, **options):
    return CUHK03(Locator(folders), **options)


def message(call, *arguments, **options):
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    return str(caught.value)


def pids(data, rows):
    return {data.samples[row].pid for row in rows}


# The official file


def test_samples_and_pixels(mat_folder):
    data = opened(mat_folder)
    # two columns of people with even numbers are empty, five of 2/9, four more of 3/4; 4/2 is there for split 19
    assert len(data.samples) == (140 - 7 * 2) + (90 - 4 * 2 - 5) + (40 - 2 * 2 - 4) + 8
    assert data.samples[0] == ("labeled/1_001_1_01.png", 1001, 0)
    assert data.samples[5] == ("labeled/1_001_2_06.png", 1001, 1)
    assert data.samples[13:15] == [("labeled/1_002_1_04.png", 1002, 0), ("labeled/1_002_2_06.png", 1002, 1)]
    assert data.samples[-1] == ("labeled/4_002_2_09.png", 4002, 7)
    assert [sample.name[8:] for sample in data.samples[:-8]] == [
        name_of(*cell) for cell in CELLS["labeled"] if cell[0] <= 3
    ]
    for row in (0, 5, 13, len(data.samples) - 1):
        _, pair, identity, _, column = data.samples[row].name.replace("/", "_")[:-4].split("_")
        np.testing.assert_array_equal(data.read(row), picture("labeled", int(pair), int(identity), int(column)))
    assert data.read(0).flags.c_contiguous


def test_detected_boxes_are_other_images(mat_folder):
    data = opened(mat_folder, boxes="detected", pairs=5)
    assert [sample.name for sample in data.samples] == [f"detected/{name_of(*cell)}" for cell in CELLS["detected"]]
    np.testing.assert_array_equal(data.read(3), picture("detected", 1, 1, 4))


@pytest.mark.parametrize("options", [{}, {"boxes": "detected"}, {"pairs": 5}, {"boxes": "detected", "pairs": 5}])
def test_contract(mat_folder, options):
    data = opened(mat_folder, **options)
    check_dataset(data, num_reads=30)
    assert data.num_splits == 20


def first_and_last(data, number):
    split = data.split(number)
    ends = [rows[at] for rows in (split.train, split.query, split.gallery) for at in (0, -1)]
    return [data.samples[row].name[8:-4] for row in ends]


@pytest.mark.parametrize(
    "number, names",
    [
        # tests 1/1, 1/6, 2/1, 3/1
        (0, ["1_002_1_01", "3_004_2_09"] + ["1_001_1_01", "3_001_1_05"] + ["1_001_2_06", "3_001_2_10"]),
        # tests 1/4, 1/9, 2/4, 3/4; 3/4 is in view B alone
        (3, ["1_001_1_01", "3_003_2_10"] + ["1_004_1_01", "2_004_1_04"] + ["1_004_2_06", "3_004_2_09"]),
        # tests 1/9, 1/14, 2/9, 3/1; 2/9 is in view A alone
        (8, ["1_001_1_01", "3_004_2_09"] + ["1_009_1_01", "3_001_1_05"] + ["1_009_2_06", "3_001_2_10"]),
        # tests 1/6, 1/11, 2/2, 4/2
        (19, ["1_001_1_01", "3_004_2_09"] + ["1_006_1_01", "4_002_1_04"] + ["1_006_2_06", "4_002_2_09"]),
    ],
)
def test_first_and_last_of_splits_by_hand(mat_folder, number, names):
    assert first_and_last(opened(mat_folder), number) == names


@pytest.mark.parametrize("pairs", [3, 5])
def test_every_split(mat_folder, pairs):
    data = opened(mat_folder, pairs=pairs)
    everybody = {1000 * pair + i for pair, _ in enumerate(PEOPLE, 1) for i in range(1, PEOPLE[pair - 1] + 1)}
    for number, test in enumerate(TESTSETS):
        split, tested = data.split(number), {1000 * pair + identity for pair, identity in test}
        assert pids(data, split.train) == {pid for pid in everybody - tested if pid < 1000 * (pairs + 1)}
        assert pids(data, split.query) == tested - {2009, 3004}
        assert pids(data, split.gallery) == tested - {2009}
        assert {data.samples[row].camid % 2 for row in split.query} == {0}
        assert {data.samples[row].camid % 2 for row in split.gallery} == {1}


def test_other_pairs_add_to_training_only(mat_folder):
    three, five = opened(mat_folder), opened(mat_folder, pairs=5)
    for number in (0, 19):
        for role in ("query", "gallery"):
            names = [[data.samples[row] for row in getattr(data.split(number), role)] for data in (three, five)]
            assert names[0] == names[1]
    assert pids(five, five.split(0).train) - pids(three, three.split(0).train) == {4001, 4002, 4003, 5001, 5002}


def test_split_that_is_not_there(mat_folder):
    assert message(opened(mat_folder).split, 20) == "dataset 'cuhk03': no split 20; right: 0 to 19"


def test_images_are_read_from_several_threads(mat_folder):
    data = opened(mat_folder)
    rows = list(range(len(data.samples))) * 2
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(data.read, rows))
    assert [tuple(image[0, 1]) for image in images[: len(data.samples)]] == [
        cell for cell in CELLS["labeled"] if cell[0] <= 3 or cell[:2] == (4, 2)
    ]


def test_check_reports_counts_and_people_in_one_view(mat_folder):
    assert check(opened(mat_folder)).problems == [
        "243 images found, 13164 expected",
        "28 identities found, 1360 expected",
        "2 identities are seen by one camera only (pid 2009, 3004)",
    ]


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, {"images": 13164, "identities": 1360}),
        ({"boxes": "detected"}, {"identities": 1360}),
        ({"pairs": 5}, {"images": 7368 + 1400 + 5328, "identities": 1467}),
        ({"pairs": 5, "boxes": "detected"}, {"images": 7365 + 1400 + 5332, "identities": 1467}),
    ],
)
def test_expected_counts(mat_folder, options, expected):
    assert opened(mat_folder, **options).expected == expected


def test_leak_is_reported(tmp_path, mat_folder):
    def change(file):
        first_table(file)[8, 4] = first_table(file)[2, 0]  # what is 1_001_1_03 appears as 1_005_2_09 too

    altered(tmp_path, mat_folder, change)
    leaks = check(opened(tmp_path)).leaks
    assert leaks == (("labeled/1_005_2_09.png", "labeled/1_001_1_03.png"),)


@pytest.mark.parametrize("place", ["cuhk03_release", "cuhk03", "CUHK03", "cuhk03/cuhk03_release"])
def test_places_of_the_file(tmp_path, mat_folder, place):
    (tmp_path / "second" / place).mkdir(parents=True)
    (tmp_path / "second" / place / "cuhk-03.mat").symlink_to(mat_folder / "cuhk-03.mat")
    data = opened(tmp_path / "first", tmp_path / "second")
    assert data.samples == opened(mat_folder).samples


def write_full_size(path, height_px=1, width_px=2):
    """843, 440, 77, 58 and 49 people with as many empty cells as the official counts leave; 20 x 100 test people."""
    writer, tables = MatWriter(path), []
    without_10, without_5 = (300, 100, 36, 58, 49), (0, 0, 0, 20, 11)  # how many people, from the first one
    image = np.zeros((3, width_px, height_px), np.uint8)
    for pair, people in enumerate(OFFICIAL_PEOPLE):
        rows = []
        for identity in range(people):
            empty = (10,) * (identity < without_10[pair]) + (5,) * (identity < without_5[pair])
            image[0], image[1] = pair + 1, identity % 256
            row = [writer.empty(column % 4) if column in empty else writer.add(image).ref for column in range(1, 11)]
            rows.append(row)
        tables.append(writer.table(rows))
    writer.variable("labeled", tables)
    people = [(pair, i + 1) for pair in (1, 2, 3) for i in range(OFFICIAL_PEOPLE[pair - 1])]
    testsets = [[people[at] for at in np.random.default_rng(number).permutation(1360)[:100]] for number in range(20)]
    writer.variable("testsets", [writer.add(np.array(test, float).T).ref for test in testsets])
    writer.file.close()
    return testsets


def test_whole_structure_in_full_size(tmp_path):
    testsets = write_full_size(tmp_path / "cuhk-03.mat")
    for pairs, images, train in ((3, 13164, 1260), (5, 14096, 1367)):
        data = opened(tmp_path, pairs=pairs)
        everybody = pids(data, range(len(data.samples)))
        assert {"images": len(data.samples), "identities": len(everybody)} == data.expected
        assert len(data.samples) == images
        assert data.samples[0] == ("labeled/1_001_1_01.png", 1001, 0)
        for number, test in enumerate(testsets):
            split, tested = data.split(number), {1000 * pair + identity for pair, identity in test}
            assert pids(data, split.query) == pids(data, split.gallery) == tested
            assert pids(data, split.train) == everybody - tested
            assert len(everybody - tested) == train
            assert [data.samples[rows[0]].pid for rows in (split.query, split.gallery)] == [min(tested)] * 2
            assert [data.samples[rows[-1]].pid for rows in (split.query, split.gallery)] == [max(tested)] * 2
    assert data.samples[-1] == ("labeled/5_049_2_09.png", 5049, 9)
    assert data.read(len(data.samples) - 1).tolist() == [[[5, 48, 0]] * 2]


# Faults of the official file


def test_opening_reads_no_image(tmp_path, mat_folder):
    """The pixels of one image are in a file that is not there: only reading this image fails."""

    def change(file):
        outside = file.create_dataset("gone", (3, 2, 4), np.uint8, external=[("gone.raw", 0, 24)])
        first_table(file)[1, 2] = outside.ref

    path = altered(tmp_path, mat_folder, change)
    data = opened(tmp_path)
    row = [sample.name for sample in data.samples].index("labeled/1_003_1_02.png")
    text = message(data.read, row)
    assert text.startswith(f"{path}: 1_003_1_02.png: unreadable image (")
    assert text.endswith("); right: a complete file")
    assert data.read(row + 1).shape == (5, 3, 3)


@pytest.mark.parametrize(
    "content, found",
    [
        (np.zeros((3, 2, 4), np.float32), "float32 (4, 2, 3)"),
        (np.zeros((1, 2, 4), np.uint8), "uint8 (4, 2, 1)"),
    ],
)
def test_image_of_another_kind(tmp_path, mat_folder, content, found):
    def change(file):
        first_table(file)[0, 0] = file.create_dataset("other", data=content).ref

    path = altered(tmp_path, mat_folder, change)
    assert message(opened(tmp_path).read, 0) == f"{path}: 1_001_1_01.png: {found}; right: uint8 (H, W, 3)"


def without_labeled(file):
    del file["labeled"]


def images_instead_of_tables(file):
    file["labeled"][0, 0] = file.create_dataset("other", data=np.zeros((3, 2, 4), np.uint8)).ref


def nine_columns(file):
    file["labeled"][0, 0] = file.create_dataset("other", data=np.zeros((9, 14))).ref


def group_instead_of_image(file):
    first_table(file)[0, 0] = file.create_group("other").ref


def three_columns_of_test_sets(file):
    file["testsets"][0, 3] = file.create_dataset("other", data=np.zeros((3, 100))).ref


@pytest.mark.parametrize(
    "change, words",
    [
        (without_labeled, ["cannot be read (", "labeled", "); right: the complete official cuhk-03.mat"]),
        (images_instead_of_tables, ["found a table of shape (4, 2, 3); right: 10 columns"]),
        (nine_columns, ["found a table of shape (14, 9); right: 10 columns"]),
        (group_instead_of_image, ["cannot be read (", "); right: the complete official cuhk-03.mat"]),
        (three_columns_of_test_sets, ["found a table of shape (100, 3); right: 2 columns"]),
    ],
)
def test_file_of_another_structure(tmp_path, mat_folder, change, words):
    path = altered(tmp_path, mat_folder, change)
    text = message(opened, tmp_path)
    assert text.startswith(f"{path}: ") and all(word in text for word in words)


@pytest.mark.parametrize("size", [0, 1000, 100_000])
def test_file_cut_off(tmp_path, mat_folder, size):
    content = (mat_folder / "cuhk-03.mat").read_bytes()
    assert len(content) > size
    (tmp_path / "cuhk-03.mat").write_bytes(content[:size])
    text = message(opened, tmp_path)
    assert text.startswith(f"{tmp_path / 'cuhk-03.mat'}: cannot be read (")
    assert text.endswith("); right: the complete official cuhk-03.mat")


def test_h5py_missing(mat_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    path = mat_folder / "cuhk-03.mat"
    assert message(opened, mat_folder) == (
        f"dataset 'cuhk03': {path} cannot be read without h5py; right: pip install h5py"
    )


def test_nothing_there(tmp_path):
    assert message(opened, tmp_path) == (
        f"dataset 'cuhk03': cuhk-03.mat not found under {tmp_path}/; "
        "unpack cuhk03_release.zip there or name its folder with --data"
    )


@pytest.mark.parametrize(
    "options, words",
    [
        ({"boxes": "labelled"}, "boxes: 'labelled'; right: one of labeled, detected"),
        ({"protocol": "new"}, "protocol: 'new'; right: one of classic, 767/700"),
        ({"pairs": 4}, "pairs: 4; right: one of 3, 5"),
    ],
)
def test_options(tmp_path, options, words):
    assert message(opened, tmp_path, **options) == f"dataset 'cuhk03': {words}"


# Extracted images


@pytest.mark.parametrize(
    "path, folders",
    [
        ("cuhk03.zip", {"labeled": "labeled/", "detected": "detected/"}),
        ("CUHK03.zip", {"labeled": "top/images_labeled/", "detected": "top/images_detected/"}),
        ("cuhk03", {"labeled": "images_labeled/", "detected": "images_detected/"}),
        ("CUHK03", {"labeled": "labeled/"}),
        ("cuhk03", {"labeled": ""}),
        ("cuhk03.zip", {"labeled": "top/"}),
    ],
)
def test_extracted_images_are_the_same(tmp_path, mat_folder, path, folders):
    write(tmp_path / path, {"readme.txt": b"hello", "testsets.csv": csv_of(TESTSETS), **extracted(folders)})
    for boxes in folders:
        data, official = opened(tmp_path, boxes=boxes), opened(mat_folder, boxes=boxes)
        assert data.samples == official.samples
        for row in range(len(data.samples)):
            np.testing.assert_array_equal(data.read(row), official.read(row))
        for number in range(20):
            assert data.split(number) == official.split(number)
    check_dataset(data)


def test_index_may_count_the_images_of_a_view(tmp_path):
    names = ("1_1_1_1.png", "1_001_2_01.png", "1_001_2_5.PNG", "2_009_2_06.png", "1_001_1_06.png", "6_001_1_01.png")
    write(tmp_path / "cuhk03", dict.fromkeys(names, b""))
    assert [sample.name for sample in opened(tmp_path).samples] == [
        f"labeled/{name}.png" for name in ("1_001_1_01", "1_001_2_06", "1_001_2_10", "2_009_2_06")
    ]


def test_images_of_the_other_boxes_only(tmp_path):
    path = write(tmp_path / "cuhk03.zip", extracted({"detected": "detected/"}))
    assert message(opened, tmp_path) == (
        f"dataset 'cuhk03': no labeled image in {path}: found detected/1_001_1_01.png; right: labeled/1_001_1_01.png"
    )


def test_empty_folder(tmp_path):
    (tmp_path / "cuhk03").mkdir()
    assert "found no file at all; right: labeled/1_001_1_01.png" in message(opened, tmp_path)


def test_two_images_of_one_cell(tmp_path):
    path = write(tmp_path / "cuhk03", {"a/1_001_2_06.png": b"", "b/1_001_2_01.png": b""})
    assert message(opened, tmp_path) == (
        f"dataset 'cuhk03': {path} holds a/1_001_2_06.png and b/1_001_2_01.png; right: one image each"
    )


def test_damaged_image_is_named(tmp_path):
    path = write(tmp_path / "cuhk03.zip", {"labeled/1_001_1_01.png": b"no image"})
    assert message(opened(tmp_path).read, 0).startswith(f"{path}: labeled/1_001_1_01.png: unreadable image (")


def test_leak_among_extracted_images(tmp_path):
    content = {**extracted({"labeled": ""}), "testsets.csv": csv_of(TESTSETS)}
    content["1_002_2_06.png"] = content["2_001_1_01.png"]
    write(tmp_path / "cuhk03.zip", content)
    assert (
        "leak: labeled/1_002_2_06.png (train) and labeled/2_001_1_01.png (test) have identical pixels"
        in check(opened(tmp_path)).problems
    )


def test_splits_drawn_by_seed(tmp_path):
    people = {1: 90, 2: 40, 4: 30}
    cells = [(pair, i + 1, column) for pair, count in people.items() for i in range(count) for column in (1, 6)]
    write(tmp_path / "cuhk03", {name_of(*cell): b"" for cell in cells})
    three, five = opened(tmp_path), opened(tmp_path, pairs=5)
    assert three.num_splits == five.num_splits == 20
    for number in range(20):
        split, more = three.split(number), five.split(number)
        assert (len(split.train), len(split.query), len(split.gallery)) == (60, 100, 100)
        assert (split.query, split.gallery) == (more.query, more.gallery)
        assert more.train == (*split.train, *range(260, 320))
    # What results on such splits rely on: must never change.
    assert split_hash(three.samples, three.split(0)) == "2b01c931ed7568e1"
    assert len({three.split(number).query for number in range(20)}) == 20


def test_too_few_people_for_splits_drawn_by_seed(tmp_path):
    write(tmp_path / "cuhk03", extracted({"labeled": ""}))
    assert message(opened(tmp_path).split, 0).startswith("cuhk03-100: test identities: 100 asked for, of 27 identities")


@pytest.mark.parametrize(
    "text, words",
    [
        (b"", "found splits none; right: 1, 2, 3, ... without a gap"),
        (b"split,pair,identity\n1,1,1\n3,1,2\n", "found splits 1, 3; right: 1, 2, 3, ... without a gap"),
        (b"split,pair,identity\n0,1,1\n", "found splits 0; right: 1, 2, 3, ... without a gap"),
        (b"split,pair\n1,1\n", "'identity'; right: a line split,pair,identity and then whole numbers"),
        (b"split,pair,identity\n1,one,2\n", "'one'; right: a line split,pair,identity and then whole numbers"),
        (b"split,pair,identity\n1,1\n", "; right: a line split,pair,identity and then whole numbers"),
        (b"\xff\xfe", "; right: a line split,pair,identity and then whole numbers"),
    ],
)
def test_faults_of_testsets(tmp_path, text, words):
    path = write(tmp_path / "cuhk03.zip", {"1_001_1_01.png": b"", "top/testsets.csv": text})
    found = message(opened, tmp_path)
    assert found.startswith(f"{path}: top/testsets.csv: ") and found.endswith(words)


def test_split_without_query(tmp_path):
    write(
        tmp_path / "cuhk03", {"1_001_1_01.png": b"", "1_002_2_06.png": b"", "testsets.csv": csv_of([[(1, 1), (1, 2)]])}
    )
    data = opened(tmp_path)
    assert message(data.split, 0) == (
        f"dataset 'cuhk03': {tmp_path / 'cuhk03'}: split 0: found none of its 2 test identities in both views; "
        "right: all images of all pairs"
    )
    assert check(data).problems[-1].startswith("split 0: dataset 'cuhk03'")


# 767/700


def lists(boxes, **changes):
    """The official lists in small: people with odd numbers train; the first image in each view is the query."""
    cells = CELLS[boxes]
    numbers = {cell[:2]: number for number, cell in enumerate(dict.fromkeys(cell[:2] for cell in cells), 1)}
    roles = {"train_idx": [], "query_idx": [], "gallery_idx": []}
    for place, (pair, identity, column) in enumerate(cells, 1):
        test = "query_idx" if column in (1, 6) and (pair, identity) not in ONE_VIEW else "gallery_idx"
        roles["train_idx" if identity % 2 else test].append(place)
    content = {
        **{name: np.array([places], np.uint16).T for name, places in roles.items()},
        "labels": np.array([[numbers[cell[:2]] for cell in cells]], np.uint16).T,
        "camId": np.array([[1 if cell[2] < 6 else 2 for cell in cells]], np.uint8).T,
        "filelist": np.array([[name_of(*cell) for cell in cells]], object).T,
    }
    content.update(changes)
    buffer = io.BytesIO()
    savemat(buffer, {name: value for name, value in content.items() if value is not None})
    return buffer.getvalue()


LABELED, DETECTED = (f"cuhk03_new_protocol_config_{boxes}.mat" for boxes in BOXES)
NEW = {"protocol": "767/700"}


def with_mat(tmp_path, mat_folder, data, name=LABELED, folder="."):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "cuhk-03.mat").symlink_to(mat_folder / "cuhk-03.mat")
    (tmp_path / name).write_bytes(data)


@pytest.mark.parametrize("folder", [".", "cuhk03_release"])
@pytest.mark.parametrize("boxes, name", [("labeled", LABELED), ("detected", DETECTED)])
def test_lists_of_767_700(tmp_path, mat_folder, folder, boxes, name):
    with_mat(tmp_path, mat_folder, lists(boxes), name, folder)
    data = opened(tmp_path, boxes=boxes, **NEW)
    check_dataset(data)
    assert data.num_splits == 1
    assert len(data.samples) == len(CELLS[boxes])
    assert data.expected["identities"] == 1467
    split = data.split(0)
    assert pids(data, split.train) == {1000 * pair + i for pair, i, _ in CELLS[boxes] if i % 2}
    assert pids(data, split.gallery) == {1000 * pair + i for pair, i, _ in CELLS[boxes] if not i % 2}
    assert pids(data, split.query) == pids(data, split.gallery) - {3004}
    assert {data.samples[row].name[-6:-4] for row in split.query} == {"01", "06"}
    assert message(data.split, 1) == "dataset 'cuhk03': no split 1; right: 0 to 0"


def test_first_and_last_of_767_700_by_hand(tmp_path, mat_folder):
    with_mat(tmp_path, mat_folder, lists("labeled"))
    data = opened(tmp_path, **NEW)
    assert first_and_last(data, 0) == [
        *("1_001_1_01", "5_001_2_10"),
        *("1_002_1_01", "5_002_2_06"),
        *("1_002_1_02", "5_002_2_09"),
    ]


@pytest.mark.parametrize("path", ["cuhk03.zip", "cuhk03"])
@pytest.mark.parametrize("inside", [True, False])
def test_lists_of_767_700_for_extracted_images(tmp_path, mat_folder, path, inside):
    with_mat(tmp_path, mat_folder, lists("labeled"))
    content = {LABELED: lists("labeled")} if inside else {}
    write(tmp_path / "other" / path, {**content, **extracted({"labeled": "labeled/", "detected": "detected/"})})
    if not inside:
        (tmp_path / "other" / LABELED).write_bytes(lists("labeled"))
    official, data = opened(tmp_path, **NEW), opened(tmp_path / "other", **NEW)
    assert data.samples == official.samples
    assert data.split(0) == official.split(0)


def test_lists_missing(mat_folder):
    assert message(opened, mat_folder, boxes="detected", **NEW) == (
        f"dataset 'cuhk03': {DETECTED} not found beside {mat_folder / 'cuhk-03.mat'}; "
        "put the official lists of 767/700 there"
    )


def test_lists_missing_among_extracted_images(tmp_path):
    path = write(tmp_path / "cuhk03", extracted({"labeled": ""}))
    assert message(opened, tmp_path, **NEW) == (
        f"dataset 'cuhk03': {LABELED} not found beside {path}; put the official lists of 767/700 there"
    )


COUNT = len(CELLS["labeled"])


@pytest.mark.parametrize(
    "data, words",
    [
        (b"no such file", "cannot be read ("),
        (lists("labeled", labels=None), "cannot be read ('labels'); right: the official lists of 767/700"),
        (lists("labeled", labels=[1, 2]), f"cannot be read (2 labels and {COUNT} cameras of {COUNT} files)"),
        (lists("labeled", query_idx=[0]), f"cannot be read (place 0 of {COUNT} files)"),
        (lists("labeled", train_idx=[COUNT + 1]), f"cannot be read (place {COUNT + 1} of {COUNT} files)"),
        (lists("labeled", labels=[7] * COUNT), "1_002_1_01.png has label 7 and camera 1; right: one label for each"),
        (lists("labeled", labels=range(COUNT)), "1_001_1_02.png has label 1 and camera 1; right: one label for each"),
        (lists("labeled", camId=[2] * COUNT), "1_001_1_01.png has label 1 and camera 2; right: one label for each"),
        (
            lists("labeled", filelist=np.array([[f"1_900_1_{place:02d}.png" for place in range(COUNT)]], object)),
            f"{COUNT} of {COUNT} images listed are not in ",
        ),
    ],
    ids=range(9),
)
def test_faults_of_lists(tmp_path, mat_folder, data, words):
    with_mat(tmp_path, mat_folder, data)
    text = message(opened, tmp_path, **NEW)
    assert text.startswith(f"{tmp_path / LABELED}: {words}") and "; right: " in text


def test_recipes_have_options_that_exist():
    entry = next(entry for entry in gpnet_datasets.gpnet_datasets() if entry.name == "cuhk03")
    for name in ("cuhk03.yml", "paper/cuhk03.yml"):
        section = load_recipe(RECIPES / name).dataset
        assert section.name == "cuhk03"
        assert entry.check_options(section.options)["protocol"] == "classic"
