"""Which files are images, and which person and camera their names tell."""

import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.names import cameras_of, is_image, passed_over, person_numbers


@pytest.mark.parametrize(
    "name", ["0001/0_1.jpg", "0001/0_1.JPEG", "a.webp", "a.GIF", "a.tif", "a.TIFF", "a.jpg.jpg", "a.bmp"]
)
def test_images_in_any_ending_and_letter_case(name):
    assert is_image(name)


@pytest.mark.parametrize(
    "name",
    [
        ".thumbnails/0_0.png",
        "@eaDir/0_0.png",
        "a/__MACOSX/0_0.png",
        "0001/._0_0.png",
        "Thumbs.db",
        "a/.hidden.png",
        "a.txt",
    ],
)
def test_what_file_managers_leave_is_no_image(name):
    assert not is_image(name)


def test_whatever_looks_like_an_image_and_is_not_used_is_named():
    names = ["a/0_0.png", "a/0_1.png", ".thumbnails/0_0.png", "readme.txt"]
    assert passed_over(names, ["a/0_0.png"]) == (".thumbnails/0_0.png", "a/0_1.png")


PEOPLE = (2, 7, 10, 11)


def images(pattern):
    return [(f"{p:04d}", pattern.format(p=p, c=c, s=s, f=100 * c + s)) for p in PEOPLE for c in (1, 2) for s in (0, 1)]


@pytest.mark.parametrize(
    "pattern",
    [
        "{p:04d}_c{c}s1_{f:06d}_0{s}.jpg",
        "{p:04d}_c{c}_f{f:07d}.jpg",
        "{p:04d}_{f:03d}_{c:02d}_0303morning_0015_{s}.jpg",
        "{f:06d}_c{c}.png",
        "{f:06d}-cam{c}.png",
        "{c}_{f:06d}.png",
    ],
    ids=["market", "duke", "msmt17", "frame first", "cam", "camera first"],
)
def test_the_camera_of_usual_layouts(pattern):
    assert cameras_of(images(pattern), "mine") == [1, 1, 2, 2] * len(PEOPLE)


@pytest.mark.parametrize("pattern", ["{p}_{s}_{f}.jpg", "{f}.jpg", "x{c}.jpg"], ids=["celeb-reid", "frames", "others"])
def test_names_without_a_camera(pattern):
    assert cameras_of(images(pattern), "mine") == [None] * 4 * len(PEOPLE)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["0_1.png", "b.png"], "mine: p/b.png names no camera, p/0_1.png does; right: <camera>_ at the start"),
        (["a_c1.png", "b.png"], "mine: p/b.png names no camera, p/a_c1.png does; right: c1 in the name"),
        (["a_c1_c2.png", "b_c1.png"], "mine: p/a_c1_c2.png names two cameras"),
        (["0_c1.png", "0_c2.png", "1_c1.png", "1_c2.png"], "mine: the camera of p/0_c1.png may be 0 or c1; right: one"),
        ([f"{10**19}_a.png", "1_b.png"], f"mine: camera {10**19}; right: a number of 18 digits at most"),
    ],
)
def test_what_could_be_either_is_told(names, message):
    with pytest.raises(DataError, match=message):
        cameras_of([("p", name) for name in names], "mine")


def test_persons_by_number_or_by_name():
    assert person_numbers(["0007", "12", "-1"]) == {"0007": 7, "12": 12, "-1": -1}
    assert person_numbers(["bert", "anna", "-1"]) == {"anna": 0, "bert": 1, "-1": -1}
    long = [str(20230101123456789000 + number) for number in (1, 0)]
    assert person_numbers(long) == {long[1]: 0, long[0]: 1, "-1": -1}


def test_two_folders_of_one_person_are_told():
    with pytest.raises(DataError, match="folders 0001 and 1 are both pid 1; right: one folder a person"):
        person_numbers(["0001", "1", "2"])
    with pytest.raises(DataError, match="are one name in two ways of writing"):
        person_numbers(["caf\u00e9", "cafe\u0301"])
