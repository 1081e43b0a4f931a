"""CUHK03 from extracted images."""

import numpy as np
import pytest

from cuhk03_files import TESTSETS, csv_of, extracted, message, name_of, opened
from gluon_personnet.data.audit import check
from gluon_personnet.data.splits import split_hash
from gluon_personnet.testing import check_dataset
from picture_files import write


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
    assert message(opened(tmp_path).read, 0).startswith(f"{path}: labeled/1_001_1_01.png: unreadable image: ")


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
