"""Market-1501 on archives in the official layout, written here."""

import io
from pathlib import Path

import gpnet_datasets
import pytest
from gpnet_datasets.market1501 import Market1501
from PIL import Image

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.archives import Locator
from gluon_personnet.data.audit import check
from gluon_personnet.recipe.parsing import load_recipe
from gluon_personnet.testing import check_dataset
from picture_files import write

RECIPES = Path(__file__).parents[2] / "recipes"
TRAIN = [
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0002_c3s2_000776_01.jpg",
    "bounding_box_train/0007_c6s3_077419_04.jpg",
]
QUERY = [
    "query/0001_c1s1_001051_00.jpg",
    "query/0001_c3s1_000551_00.jpg",
    "query/0003_c2s3_064562_00.jpg",
]
GALLERY = [
    "bounding_box_test/-1_c1s1_000401_03.jpg",
    "bounding_box_test/0000_c4s6_038092_04.jpg",
    "bounding_box_test/0001_c1s1_001051_03.jpg",
    "bounding_box_test/0001_c2s1_000301_01.jpg",
    "bounding_box_test/0003_c6s3_088392_05.jpg",
]
ASKED = [  # by an identity and camera that is in QUERY
    "gt_bbox/0001_c1s1_001051_00.jpg",
    "gt_bbox/0001_c1s1_002301_00.jpg",
    "gt_bbox/0003_c2s3_064562_00.jpg",
]
NOT_ASKED = ["gt_bbox/0001_c5s1_001426_00.jpg", "gt_bbox/0002_c1s1_000451_00.jpg"]
OTHERS = {
    "readme.txt": b"hello",
    "query/Thumbs.db": b"no image",
    "bounding_box_test/._0001_c2s1_000301_01.jpg": b"no image",
    "gt_query/0001_c1s1_001051_00_good.mat": b"no image",
}


def jpeg(value):
    buffer = io.BytesIO()
    Image.new("L", (8, 16), value).save(buffer, "JPEG", quality=100)
    return buffer.getvalue()


IMAGES = {name: jpeg(9 * value) for value, name in enumerate([*TRAIN, *QUERY, *GALLERY, *ASKED, *NOT_ASKED])}


def opened(folder, **options):
    return Market1501(Locator([folder]), **options)


def message(call, *arguments, **options):
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    return str(caught.value)


def names(data, rows):
    return [data.samples[row].name for row in rows]


@pytest.mark.parametrize(
    "path, prefix",
    [
        ("Market-1501-v15.09.15.zip", ""),
        ("Market-1501-v15.09.15.zip", "Market-1501-v15.09.15/"),
        ("Market-1501-v15.09.15", ""),
        ("Market-1501", ""),
        ("market1501", "Market-1501-v15.09.15/"),
        ("market1501.zip", ""),
    ],
)
def test_packed_and_unpacked_are_the_same(tmp_path, path, prefix):
    write(tmp_path / path, {**OTHERS, **IMAGES}, prefix)
    data = opened(tmp_path)
    assert [sample.name for sample in data.samples] == sorted([*TRAIN, *QUERY, *GALLERY])
    for row, sample in enumerate(data.samples):
        image = data.read(row)
        assert image.shape == (16, 8, 3)
        assert abs(int(image[0, 0, 0]) - 9 * list(IMAGES).index(sample.name)) <= 1
    check_dataset(data)


def test_identities_and_cameras(tmp_path):
    write(tmp_path / "market1501", IMAGES)
    data = opened(tmp_path)
    assert data.samples[0] == ("bounding_box_test/-1_c1s1_000401_03.jpg", -1, 0)  # junk
    assert data.samples[1] == ("bounding_box_test/0000_c4s6_038092_04.jpg", 0, 3)  # a distractor
    assert data.samples[2] == ("bounding_box_test/0001_c1s1_001051_03.jpg", 1, 0)
    assert data.samples[-1] == ("query/0003_c2s3_064562_00.jpg", 3, 1)


def test_split(tmp_path):
    write(tmp_path / "market1501", IMAGES)
    data = opened(tmp_path)
    split = data.split(0)
    assert names(data, split.train) == TRAIN
    assert names(data, split.query) == QUERY
    assert names(data, split.gallery) == GALLERY
    assert data.num_splits == 1
    assert message(data.split, 1) == "dataset 'market1501': no split 1; right: 0 to 0"


def test_multi_query(tmp_path):
    write(tmp_path / "market1501.zip", {**OTHERS, **IMAGES}, "top/")
    data = opened(tmp_path, multi_query=True)
    split = data.split(0)
    assert names(data, split.train) == TRAIN
    assert names(data, split.query) == ASKED
    assert names(data, split.gallery) == GALLERY
    assert len(data.samples) == len(TRAIN) + len(ASKED) + len(GALLERY)
    assert data.expected == {"identities": 1502}
    assert abs(int(data.read(split.query[1])[0, 0, 0]) - 9 * list(IMAGES).index(ASKED[1])) <= 1
    check_dataset(data)


def test_official_counts(tmp_path):
    """12,936 images of 751 people, 3,368 of 750 and 19,732, among them 3,819 of junk and some of nobody."""
    content = [f"bounding_box_train/{2 + n % 751:04d}_c{1 + n % 6}s1_{n:06d}_01.jpg" for n in range(12936)]
    content += [f"query/{753 + n % 750:04d}_c{1 + n % 6}s1_{n:06d}_00.jpg" for n in range(3368)]
    content += [f"bounding_box_test/-1_c{1 + n % 6}s1_{n:06d}_01.jpg" for n in range(3819)]
    content += [
        f"bounding_box_test/{753 + n % 751 if n % 751 < 750 else 0:04d}_c1s1_{n:06d}_02.jpg" for n in range(15913)
    ]
    write(tmp_path / "Market-1501-v15.09.15.zip", dict.fromkeys(content, b""), "Market-1501-v15.09.15/")
    data = opened(tmp_path)
    identities = {sample.pid for sample in data.samples} - {-1}
    assert {"images": len(data.samples), "identities": len(identities)} == data.expected
    assert data.expected == {"images": 36036, "identities": 1502}
    split = data.split(0)
    assert [len(rows) for rows in (split.train, split.query, split.gallery)] == [12936, 3368, 19732]


def test_check_reports_counts_and_leaks(tmp_path):
    content = {name: IMAGES[name] for name in (*TRAIN, *QUERY, *GALLERY)}
    content[TRAIN[1]] = content[QUERY[0]]
    write(tmp_path / "market1501", content)
    report = check(opened(tmp_path))
    assert (report.images, report.identities, report.cameras) == (11, 5, 5)
    assert report.leaks == ((TRAIN[1], QUERY[0]),)
    assert report.problems == [
        "11 images found, 36036 expected",
        "5 identities found, 1502 expected",
        "2 identities are seen by one camera only (pid 0, 7)",
        f"leak: {TRAIN[1]} (train) and {QUERY[0]} (test) have identical pixels",
    ]


@pytest.mark.parametrize(
    "folder, options",
    [("bounding_box_train", {}), ("query", {}), ("bounding_box_test", {}), ("gt_bbox", {"multi_query": True})],
)
def test_folder_without_images(tmp_path, folder, options):
    content = {name: data for name, data in IMAGES.items() if not name.startswith(folder)}
    path = write(tmp_path / "market1501.zip", content, "top/")
    start = f"dataset 'market1501': no image in {folder} of {path}: found "
    right = f"; right: {folder}/0001_c1s1_001051_00.jpg"
    assert message(opened, tmp_path, **options) == f"{start}no file at all{right}"
    write(tmp_path / "market1501.zip", {**content, f"{folder}/1_s1_1_1.jpg": b""}, "top/")
    assert message(opened, tmp_path, **options) == f"{start}top/{folder}/1_s1_1_1.jpg{right}"


def test_without_gt_bbox_single_query_works(tmp_path):
    write(tmp_path / "market1501", {name: IMAGES[name] for name in (*TRAIN, *QUERY, *GALLERY)})
    assert len(opened(tmp_path).split(0).query) == 3


def test_two_images_of_one_name(tmp_path):
    path = write(tmp_path / "market1501", {**IMAGES, f"copy/{QUERY[0]}": b""})
    assert message(opened, tmp_path) == (
        f"dataset 'market1501': {path} holds copy/{QUERY[0]} and {QUERY[0]}; right: one image each"
    )


def test_damaged_image_is_named(tmp_path):
    path = write(tmp_path / "market1501.zip", {**IMAGES, GALLERY[0]: IMAGES[GALLERY[0]][:200]})
    assert message(opened(tmp_path).read, 0).startswith(f"{path}: {GALLERY[0]}: unreadable image: ")


def test_missing(tmp_path):
    assert message(opened, tmp_path) == (
        f"dataset 'market1501': Market-1501-v15.09.15.zip not found under {tmp_path}/; "
        "put the archive there or name its folder with --data"
    )


def test_recipes_have_options_that_exist():
    entry = next(entry for entry in gpnet_datasets.gpnet_datasets() if entry.name == "market1501")
    for name in ("market1501.yml", "paper/market1501.yml"):
        section = load_recipe(RECIPES / name).dataset
        assert section.name == "market1501"
        assert entry.check_options(section.options) == {"multi_query": False}
