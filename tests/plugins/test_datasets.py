"""The bundled data sets toy and CUHK01, on archives written here and, if there, on the real one."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import gpnet_datasets
import numpy as np
import pytest
from gpnet_datasets.cuhk01 import CUHK01
from gpnet_datasets.toy import Toy
from PIL import Image

from gluon_personnet.core.errors import DataError, PluginError
from gluon_personnet.data.archives import Locator
from gluon_personnet.data.audit import check
from gluon_personnet.data.splits import split_hash
from gluon_personnet.plugin.manager import PluginManager
from picture_files import png, same, write


def test_entries_load_with_their_defaults():
    entries = {entry.name: entry for entry in gpnet_datasets.gpnet_datasets()}
    assert sorted(entries) == ["cuhk01", "cuhk03", "folder", "market1501", "toy", "viper"]
    assert len(entries["toy"].build(Locator([])).samples) == 3884
    for name in sorted(set(entries) - {"toy"}):
        with pytest.raises(DataError):
            entries[name].build(Locator(["/nowhere"]))


# toy


@pytest.fixture(scope="module")
def toy():
    return Toy()


def test_toy_is_as_large_as_cuhk01(toy):
    assert toy.expected == {"images": 3884, "identities": 971}
    assert len(toy.samples) == 3884
    assert toy.samples[:5] == [
        ("campus/0001001.png", 1, 0),
        ("campus/0001002.png", 1, 0),
        ("campus/0001003.png", 1, 1),
        ("campus/0001004.png", 1, 1),
        ("campus/0002001.png", 2, 0),
    ]
    image = toy.read(0)
    assert image.shape == (160, 60, 3)
    assert image.dtype == np.uint8


def test_toy_splits(toy):
    split = toy.split(0)
    assert (len(split.train), len(split.query), len(split.gallery)) == (3484, 200, 200)
    # What a checkpoint trained on the toy data set relies on: must never change.
    assert split_hash(toy.samples, split) == "66c566ba29cf256f"
    assert len({toy.split(number).query for number in range(10)}) == 10
    with pytest.raises(DataError, match="dataset 'toy': no split 10; right: 0 to 9"):
        toy.split(10)


def test_toy_images_depend_on_seed_identity_and_shot_only(toy):
    small, other = Toy(identities=30, test_identities=10), Toy(identities=30, seed=1)
    rows = list(range(0, 120, 7))
    with ThreadPoolExecutor(4) as pool:  # in another order, from other threads
        images = list(pool.map(small.read, rows[::-1]))[::-1]
    for row, image in zip(rows, images):
        np.testing.assert_array_equal(image, toy.read(row))
        assert (image != other.read(row)).any()


def test_toy_images_are_the_same_on_every_machine(toy):
    digest = hashlib.sha256(b"".join(toy.read(row).tobytes() for row in range(0, 3884, 40)))
    assert digest.hexdigest()[:16] == "c626365d640bdf51"


def test_toy_images_all_differ():
    report = check(Toy(identities=40, test_identities=10))
    assert report.problems == []
    assert report.duplicates == ()
    assert report.cameras == 2


def test_toy_is_neither_hopeless_nor_easy(toy):
    """A colour histogram of six stripes finds some people at rank 1 of 200 images, chance being 1 %."""
    split = toy.split(0)
    query, gallery = (np.stack([_colours(toy.read(row)) for row in rows]) for rows in (split.query, split.gallery))
    nearest = (query @ gallery.T).argmax(1)
    hits = [toy.samples[row].pid == toy.samples[split.gallery[best]].pid for row, best in zip(split.query, nearest)]
    assert 0.07 < np.mean(hits) < 0.4


def _colours(image):
    hsv = np.asarray(Image.fromarray(image).convert("HSV")).reshape(6, -1, 3) // (32, 64, 64)
    bins = (hsv * (16, 4, 1)).sum(2)
    histogram = np.concatenate([np.bincount(stripe, minlength=128) for stripe in bins.astype(int)]) ** 0.5
    return histogram / np.linalg.norm(histogram)


@pytest.mark.parametrize("options", [{"identities": 1}, {"identities": 10000}, {"seed": -1}])
def test_toy_refuses(options):
    with pytest.raises(PluginError, match=r"^dataset 'toy': \w+: found -?\d+; right: "):
        PluginManager().build("datasets", "toy", None, **options)


# CUHK01


CAMPUS = {f"{pid:04d}{shot:03d}.png": png(pid * 4 + shot) for pid in range(1, 9) for shot in range(1, 5)}


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("CUHK01.zip", "campus/"), ("CUHK01.zip", "CUHK01/campus/"), ("CUHK01", "campus/"), ("campus", "")],
)
def test_cuhk01_packed_and_unpacked_are_the_same(tmp_path, path, prefix):
    write(tmp_path / "plain" / "campus", CAMPUS)
    write(tmp_path / path, {"readme.txt": b"hello", **{prefix + name: data for name, data in CAMPUS.items()}})
    data = CUHK01(Locator([tmp_path]), test_identities=3)
    same(data, CUHK01(Locator([tmp_path / "plain"]), test_identities=3))
    assert data.samples[1:3] == [("campus/0001002.png", 1, 0), ("campus/0001003.png", 1, 1)]
    np.testing.assert_array_equal(data.read(1)[0, 0], [1 * 4 + 2, 0, 7])
    split = data.split(4)
    assert (len(split.train), len(split.query), len(split.gallery)) == (20, 6, 6)
    assert {data.samples[row].camid for row in split.query} == {0}


def test_cuhk01_in_capitals(tmp_path):
    write(tmp_path / "cuhk01", {"Campus/0007003.PNG": png(1)})
    data = CUHK01(Locator([tmp_path]))
    assert data.samples == [("campus/0007003.png", 7, 1)]
    assert data.read(0).shape == (16, 6, 3)


def test_cuhk01_reports_missing_images_in_check_not_before(tmp_path):
    write(tmp_path / "CUHK01.zip", {f"campus/{name}": data for name, data in CAMPUS.items()})
    problems = check(CUHK01(Locator([tmp_path]), test_identities=3)).problems
    assert problems == ["32 images found, 3884 expected", "8 identities found, 971 expected"]


def test_cuhk01_corrupt_image_is_named(tmp_path):
    path = write(tmp_path / "CUHK01.zip", {"campus/0001001.png": CAMPUS["0001001.png"][:60]})
    with pytest.raises(DataError) as caught:
        CUHK01(Locator([tmp_path])).read(0)
    assert str(caught.value).startswith(f"{path}: campus/0001001.png: unreadable image: ")


def test_cuhk01_without_images(tmp_path):
    path = write(tmp_path / "CUHK01.zip", {"holiday/beach.png": png(1)})
    with pytest.raises(DataError) as caught:
        CUHK01(Locator([tmp_path]))
    assert str(caught.value) == (
        f"dataset 'cuhk01': no image in {path}: found holiday/beach.png; right: campus/0001001.png"
    )


def test_cuhk01_with_two_images_of_one_name(tmp_path):
    write(tmp_path / "CUHK01.zip", {"a/0001001.png": png(1), "b/0001001.png": png(2)})
    with pytest.raises(DataError, match="holds a/0001001.png and b/0001001.png; right: one image each"):
        CUHK01(Locator([tmp_path]))


def test_cuhk01_missing(tmp_path):
    with pytest.raises(DataError) as caught:
        CUHK01(Locator([tmp_path]))
    assert str(caught.value) == (
        f"dataset 'cuhk01': CUHK01.zip not found under {tmp_path}/; "
        "put the archive there or name its folder with --data"
    )


def test_cuhk01_has_too_few_people_for_its_split(tmp_path):
    write(tmp_path / "campus", CAMPUS)
    with pytest.raises(DataError, match="cuhk01-100: test identities: 100 asked for, of 8 identities 8 are seen"):
        CUHK01(Locator([tmp_path])).split(0)


def test_real_cuhk01(real_data):
    locate = Locator([real_data])
    data = CUHK01(locate)
    assert {"images": len(data.samples), "identities": len({sample.pid for sample in data.samples})} == data.expected
    assert data.read(0).shape == (160, 60, 3)
    for test_identities, sizes, digits in (
        (100, (3484, 200, 200), "5bcd7c1f5c78fc53"),
        (486, (1940, 972, 972), "2921158f1a49c56b"),
    ):
        data = CUHK01(locate, test_identities)
        split = data.split(0)
        assert (len(split.train), len(split.query), len(split.gallery)) == sizes
        assert len({data.samples[row].pid for row in split.train}) == 971 - test_identities
        assert split_hash(data.samples, split) == digits
