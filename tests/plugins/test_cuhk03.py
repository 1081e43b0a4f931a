"""CUHK03 from a cuhk-03.mat of the official structure."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cuhk03_files import (
    CELLS,
    OFFICIAL_PEOPLE,
    PEOPLE,
    TESTSETS,
    MatWriter,
    altered,
    first_and_last,
    first_table,
    message,
    name_of,
    opened,
    picture,
    pids,
)
from gluon_personnet.data.audit import check
from gluon_personnet.testing import check_dataset


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
