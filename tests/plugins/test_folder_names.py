"""Folders with the names that other projects and file managers leave."""

import io
import os
import unicodedata

import numpy as np
import pytest
from gpnet_datasets.folder import Folder
from PIL import Image

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.archives import Locator
from gluon_personnet.data.audit import check

CAFE = "caf\u00e9"


def picture(seed, kind="PNG", **save):
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **save)
    return buffer.getvalue()


def people(count=6):
    return {f"{pid:04d}/{camid}_0.png": picture([pid, camid]) for pid in range(count) for camid in (0, 1)}


def opened(tmp_path, files, **options):
    for name, data in files.items():
        path = os.path.join(os.fsencode(tmp_path / "mine"), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    return Folder(Locator([tmp_path]), path="mine", **options)


@pytest.mark.parametrize("helper", [".thumbnails", "@eaDir", "__MACOSX", "0001/.thumbnails"])
def test_thumbnails_are_nobody_and_counted(tmp_path, helper):
    dataset = opened(tmp_path, {**people(), f"{helper}/0_0.png": picture(1), f"{helper}/1_0.png": picture(2)})
    assert len(dataset.samples) == 12
    assert dataset.passed_over == (f"{helper}/0_0.png", f"{helper}/1_0.png")
    (warning,) = check(dataset).warnings
    assert warning == f"2 image files are passed over, such as {helper}/0_0.png"


def test_other_endings_are_read(tmp_path):
    kinds = {"webp": "WEBP", "gif": "GIF", "TIF": "TIFF", "JPG": "JPEG", "bmp": "BMP", "png": "PNG"}
    files = {
        f"{pid:04d}/{camid}_0.{ending}": picture([pid, camid], kind)
        for pid, (ending, kind) in enumerate(kinds.items())
        for camid in (0, 1)
    }
    dataset = opened(tmp_path, files)
    assert len(dataset.samples) == 12 and dataset.passed_over == ()
    assert check(dataset).problems == []


def test_a_camera_read_from_the_frame_would_find_everybody(tmp_path):
    """Frames of one camera are nearly equal; across cameras people look alike by chance only."""
    frames = [(pid, 10 * pid + 2 * camid + shot, camid) for pid in range(8) for camid in (1, 2) for shot in (0, 1)]
    dataset = opened(tmp_path, {f"{p:04d}/{frame:06d}_c{camid}.png": picture(frame) for p, frame, camid in frames})
    assert {sample.camid for sample in dataset.samples} == {1, 2}


def test_as_many_cameras_as_images_are_a_warning(tmp_path):
    dataset = opened(
        tmp_path, {f"{pid:04d}/{7 * pid + shot}_a.png": picture([pid, shot]) for pid in range(4) for shot in (0, 1)}
    )
    assert "8 cameras are as many as images; is it the camera" in check(dataset).warnings[0]


def test_names_without_a_camera_are_said(tmp_path):
    files = {f"{pid:04d}/{pid}_{shot}_{shot}.png": picture([pid, shot]) for pid in range(4) for shot in range(3)}
    assert "each image of a person has a camera of its own" in check(opened(tmp_path, files)).warnings[0]


def test_links_to_folders_are_counted_and_links_out_refused(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0_0.png").write_bytes(picture(9))
    (tmp_path / "mine").mkdir()
    os.symlink(outside, tmp_path / "mine/0009")
    dataset = opened(tmp_path, people())
    assert dataset.passed_over == ("0009",)
    os.symlink(outside / "0_0.png", tmp_path / "mine/0000/0_1.png")
    dataset = opened(tmp_path, {})
    row = [sample.name for sample in dataset.samples].index("0000/0_1.png")
    with pytest.raises(DataError, match="is a link to .*; right: files inside the folder"):
        dataset.read(row)


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path, monkeypatch):
    opened(tmp_path, people())
    real = os.scandir

    def refuse(path):
        if str(path).endswith("0003"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="0003: cannot be listed: Permission denied; right: a readable folder"):
        opened(tmp_path, {})


def test_the_orientation_of_a_photograph_counts(tmp_path):
    upright = picture(1)
    turned = Image.open(io.BytesIO(upright)).transpose(Image.Transpose.ROTATE_90)  # as the sensor lay
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # to be shown turned right by 90 degrees
    turned.save(buffer, "PNG", exif=exif)
    dataset = opened(tmp_path, {**people(2), "0000/0_1.png": buffer.getvalue(), "0000/0_2.png": upright})
    rows = {sample.name: row for row, sample in enumerate(dataset.samples)}
    np.testing.assert_array_equal(dataset.read(rows["0000/0_1.png"]), dataset.read(rows["0000/0_2.png"]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>404</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of Git LFS"),
        (picture(1)[:60], "unreadable image: "),
        (bytes(200), "200 bytes of zero"),
        (b"hello, world", "no image, it begins with b'hello, w'"),
    ],
)
def test_an_unreadable_image_says_what_it_is(tmp_path, data, message):
    dataset = opened(tmp_path, {**people(2), "0000/0_0.png": data})
    with pytest.raises(DataError) as caught:
        dataset.read(0)
    assert message in str(caught.value) and "0x" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("path,pid,pid\n0000/0_0.png,1,2\n", "line 1: column 'pid' stands there twice; right: once"),
        ("path,pid,camid\n0000/0_0.png,1_001,0\n", "line 2: pid '1_001'; right: a whole number, -1 or more"),
        ("path,pid,camid\n0000/0_0.png,\u0661,0\n", "line 2: pid '\u0661'; right: a whole number"),
        (f"path,pid,camid\n0000/0_0.png,{10**19},0\n", "of 18 digits at most"),
        ("path,pid,camid\n0000/0_0.png,1,-1\n", "line 2: camid '-1'; right: a whole number, 0 or more"),
    ],
)
def test_numbers_in_a_manifest_are_told_not_guessed(tmp_path, manifest, message):
    with pytest.raises(DataError, match=message):
        opened(tmp_path, {**people(), "manifest.csv": manifest.encode()})


def test_a_manifest_finds_names_that_the_system_writes_in_the_other_way(tmp_path):
    name = unicodedata.normalize("NFD", f"{CAFE}.png")
    manifest = f"path,pid,camid\n{unicodedata.normalize('NFC', name)},3,1\n"
    dataset = opened(tmp_path, {name: picture(1), "manifest.csv": manifest.encode()})
    assert dataset.samples == [(name, 3, 1)]


def test_one_name_in_two_ways_of_writing_is_told(tmp_path):
    files = {f"0001/0_{unicodedata.normalize(form, CAFE)}.png": picture(1) for form in ("NFC", "NFD")}
    with pytest.raises(DataError, match="are one name in two ways of writing; right: one of them"):
        opened(tmp_path, {**people(), **files})


def test_names_that_are_no_text_and_persons_of_twenty_digits(gpnet, tmp_path):
    files = {b"caf\xe9%d/%d_0.png" % (pid, camid): picture([pid, camid]) for pid in range(6) for camid in (0, 1)}
    dataset = opened(tmp_path, files)
    assert len({sample.pid for sample in dataset.samples}) == 6
    assert "no problems found" in gpnet("check", "folder", "--set", "path=mine", "--data", tmp_path, "--quiet").output


def test_nobody_seen_by_two_cameras_is_one_line(gpnet, tmp_path):
    opened(tmp_path, {f"{pid}/0_{shot}.png": picture([pid, shot]) for pid in range(6) for shot in range(3)})
    of = ["--set", "path=mine", "--data", tmp_path, "--quiet"]
    output = gpnet("check", "folder", *of, code=1).output
    assert "problem: split 0: folder-0: none of 6 identities to test on; right: people seen by two cameras" in output
    evaluated = gpnet(
        "evaluate", "--baseline", "euclid", "--dataset", "folder", "--protocol", "single-shot", *of, code=1
    ).output
    assert "right: people seen by two cameras" in evaluated and len(evaluated.splitlines()) == 1


def test_evaluate_says_what_was_passed_over(gpnet, tmp_path):
    opened(tmp_path, {**people(), ".thumbnails/0_0.png": picture(1)})
    result = gpnet("evaluate", "--baseline", "euclid", "--dataset", "folder", "--set", "path=mine", "--data", tmp_path,
                   "--protocol", "single-shot", "--quiet")  # fmt: skip
    line = "gpnet: warning: data set 'folder': 1 image file is passed over, such as .thumbnails/0_0.png\n"
    assert result.output.count(line) == 1
