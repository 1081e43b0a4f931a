"""The 767/700 protocol of CUHK03."""

import io
from pathlib import Path

import gpnet_datasets
import numpy as np
import pytest
from scipy.io import savemat

from cuhk03_files import BOXES, CELLS, ONE_VIEW, extracted, first_and_last, message, name_of, opened, pids
from gluon_personnet.recipe.parsing import load_recipe
from gluon_personnet.testing import check_dataset
from picture_files import write


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


RECIPES = Path(__file__).parents[2] / "recipes"
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
