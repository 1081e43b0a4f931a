"""VIPeR in both layouts, on archives written here and, if there, on the real one."""

import csv
import io
import zipfile
from pathlib import Path

import gpnet_datasets
import numpy as np
import pytest
from gpnet_datasets.viper import VIPeR
from PIL import Image

from gluon_personnet.core.errors import DataError, PluginError
from gluon_personnet.data.archives import Locator
from gluon_personnet.data.audit import check
from gluon_personnet.data.splits import split_hash
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.recipe.parsing import load_recipe
from gluon_personnet.testing import check_dataset
from picture_files import write

RECIPES = Path(__file__).parents[2] / "recipes"


def image(kind, pid, camid):
    buffer = io.BytesIO()
    Image.new("RGB", (3, 8), (pid % 256, pid // 256, camid)).save(buffer, kind)
    return buffer.getvalue()


PEOPLE = [pid for pid in range(874) if pid % 18 < 13][:632]  # with gaps, as the official names have
OFFICIAL = {
    f"cam_{'ab'[camid]}/{pid:03d}_{45 * camid}.bmp": image("BMP", pid, camid) for pid in PEOPLE for camid in range(2)
}
IMAGES = {
    f"images/{pid:04d}000{camid + 1}.png": image("PNG", pid, camid) for pid in range(1, 633) for camid in range(2)
}


def opened(folder):
    return VIPeR(Locator([folder]))


def message(call, *arguments):
    with pytest.raises(DataError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    "path, content, prefix",
    [
        ("VIPeR.zip", IMAGES, ""),
        ("VIPeR", IMAGES, ""),
        ("viper.zip", IMAGES, "VIPeR/"),
        ("VIPeR.v1.0.zip", OFFICIAL, "VIPeR/"),
        ("VIPeR", OFFICIAL, ""),
    ],
)
def test_both_layouts_packed_and_unpacked(tmp_path, path, content, prefix):
    write(tmp_path / path, {"manifest.csv": b"path,pid,camid\n", "Thumbs.db": b"", **content}, prefix)
    data = opened(tmp_path)
    assert [sample.name for sample in data.samples] == sorted(content)
    for row in range(0, 1264, 97):
        _, pid, camid = data.samples[row]
        np.testing.assert_array_equal(data.read(row)[0, 0], [pid % 256, pid // 256, camid])
    check_dataset(data)
    assert check(data).problems == []


def test_identities_and_cameras(tmp_path):
    write(tmp_path / "a" / "VIPeR", OFFICIAL)
    write(tmp_path / "b" / "VIPeR", IMAGES)
    official, images = opened(tmp_path / "a"), opened(tmp_path / "b")
    assert official.samples[0] == ("cam_a/000_0.bmp", 0, 0)
    assert official.samples[13] == ("cam_a/018_0.bmp", 18, 0)
    assert official.samples[632] == ("cam_b/000_45.bmp", 0, 1)
    assert images.samples[:2] == [("images/00010001.png", 1, 0), ("images/00010002.png", 1, 1)]
    assert images.samples[-1] == ("images/06320002.png", 632, 1)


def test_splits(tmp_path):
    write(tmp_path / "VIPeR.zip", IMAGES)
    data = opened(tmp_path)
    for number in range(10):
        split = data.split(number)
        assert (len(split.train), len(split.query), len(split.gallery)) == (632, 316, 316)
        assert {data.samples[row].camid for row in split.query} == {0}
        assert [row + 1 for row in split.query] == list(split.gallery)
    split = data.split(0)
    # What results rely on: must never change.
    assert split_hash(data.samples, split) == "42482d2649be7d2f"
    ends = [rows[at] for rows in (split.train, split.query, split.gallery) for at in (0, -1)]
    assert [data.samples[row].name[7:15] for row in ends] == [
        *("00010001", "06320002"),
        *("00020001", "06290001"),
        *("00020002", "06290002"),
    ]
    assert message(data.split, 10) == "dataset 'viper': no split 10; right: 0 to 9"


def test_capitals(tmp_path):
    write(tmp_path / "VIPeR", {"CAM_B/001_90.BMP": b"", "Cam_A/001_0.bmp": b""})
    assert opened(tmp_path).samples == [("cam_a/001_0.bmp", 1, 0), ("cam_b/001_90.bmp", 1, 1)]


def test_missing_images_and_leaks_are_reported_by_check(tmp_path):
    content = dict(list(IMAGES.items())[2:])
    write(tmp_path / "VIPeR.zip", content)
    data = opened(tmp_path)
    split = data.split(0)
    train, test = (data.samples[rows[0]].name for rows in (split.train, split.query))
    write(tmp_path / "VIPeR.zip", {**content, train: content[test]})
    assert check(opened(tmp_path)).problems == [
        "1262 images found, 1264 expected",
        "631 identities found, 632 expected",
        f"leak: {train} (train) and {test} (test) have identical pixels",
    ]


def test_two_images_by_one_camera(tmp_path):
    path = write(tmp_path / "VIPeR", {"cam_a/001_0.bmp": b"", "cam_a/001_90.bmp": b""})
    assert message(opened, tmp_path) == (
        f"dataset 'viper': {path} holds cam_a/001_0.bmp and cam_a/001_90.bmp; right: one image each"
    )


@pytest.mark.parametrize(
    "content, found", [({"beach.png": b""}, "beach.png"), ({}, "no file at all"), ({"cam_c/001_0.bmp": b""}, "cam_c/")]
)
def test_no_image(tmp_path, content, found):
    path = write(tmp_path / "VIPeR.zip", content)
    text = message(opened, tmp_path)
    assert text.startswith(f"dataset 'viper': no image in {path}: found {found}")
    assert text.endswith("; right: cam_a/000_45.bmp or images/00010001.png")


def test_damaged_image_is_named(tmp_path):
    path = write(tmp_path / "VIPeR", {**IMAGES, "images/00010001.png": IMAGES["images/00010001.png"][:50]})
    assert message(opened(tmp_path).read, 0).startswith(f"{path}: images/00010001.png: unreadable image: ")


def test_missing(tmp_path):
    assert message(opened, tmp_path) == (
        f"dataset 'viper': VIPeR.zip not found under {tmp_path}/; put the archive there or name its folder with --data"
    )


def test_recipe_has_options_that_exist():
    entry = next(entry for entry in gpnet_datasets.gpnet_datasets() if entry.name == "viper")
    section = load_recipe(RECIPES / "viper.yml").dataset
    assert (section.name, section.validation_identities) == ("viper", 30)
    assert entry.check_options(section.options) == {"query_camera": "a"}


def test_real_viper(real_data):
    data = opened(real_data)
    with zipfile.ZipFile(real_data / "VIPeR.zip") as archive:
        manifest = csv.DictReader(archive.read("manifest.csv").decode().splitlines())
        assert sorted((row["path"], int(row["pid"]), int(row["camid"])) for row in manifest) == data.samples
    assert {"images": len(data.samples), "identities": len({sample.pid for sample in data.samples})} == data.expected
    assert data.read(0).shape == (128, 48, 3)
    check_dataset(data)
    assert split_hash(data.samples, data.split(0)) == "42482d2649be7d2f"


def test_either_camera_may_be_the_query(tmp_path):
    write(tmp_path / "VIPeR.zip", IMAGES)
    first, second = (VIPeR(Locator([tmp_path]), query_camera=camera).split(3) for camera in "ab")
    assert (first.train, first.query, first.gallery) == (second.train, second.gallery, second.query)
    assert first.query != second.query
    with pytest.raises(PluginError, match="query_camera: found 'c'; right: 'a' or 'b'"):
        PluginManager().build("datasets", "viper", Locator([tmp_path]), query_camera="c")
