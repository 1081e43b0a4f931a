"""The data set of any folder of images."""

import numpy as np
import pytest
from gpnet_datasets.folder import Folder

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.archives import Locator
from gluon_personnet.data.audit import check
from gluon_personnet.data.splits import split_hash
from picture_files import png, same, write


def folder(tmp_path, content, **options):
    return Folder(Locator([tmp_path]), path=write(tmp_path / "mine", content).name, **options)


def manifest(*lines):
    return {"manifest.csv": "\n".join(lines).encode(), "a.png": png(1), "sub/b.png": png(2), "c.png": png(3)}


def test_folder_manifest_packed_wrapped_and_unpacked(tmp_path):
    content = manifest("pid,weather,path,camid", "5,rain,sub/b.png,1", "5,sun,./a.png,0", "-1,sun,c.png,2")
    data = folder(tmp_path, content)
    assert data.samples == [("a.png", 5, 0), ("c.png", -1, 2), ("sub/b.png", 5, 1)]
    np.testing.assert_array_equal(data.read(2)[0, 0], [2, 0, 7])
    write(tmp_path / "mine.zip", content)
    same(Folder(Locator([tmp_path]), path="mine.zip"), data)
    write(tmp_path / "wrapped.zip", {f"top/{name}": image for name, image in content.items()})
    wrapped = Folder(Locator([tmp_path]), path="wrapped.zip")
    assert [sample.name for sample in wrapped.samples] == ["top/a.png", "top/c.png", "top/sub/b.png"]
    assert wrapped.read(0).shape == (16, 6, 3)


def test_folder_path_may_be_absolute(tmp_path):
    path = write(tmp_path / "mine", manifest("path,pid", "a.png,1"))
    assert len(Folder(Locator(["/nowhere"]), path=str(path)).samples) == 1


def test_folder_manifest_with_byte_order_mark_and_windows_lines(tmp_path):
    content = manifest()
    content["manifest.csv"] = "\ufeffpath,pid,camid\r\na.png,1,0\r\n".encode()
    assert folder(tmp_path, content).samples == [("a.png", 1, 0)]


def test_folder_manifest_without_cameras_excludes_nothing(tmp_path):
    data = folder(tmp_path, manifest("path,pid", "c.png,4", "a.png,4", "sub/b.png,6"))
    assert data.samples == [("a.png", 4, 0), ("c.png", 4, 1), ("sub/b.png", 6, 0)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1: no column 'path', found nothing; right: path,pid,camid"),
        (["path,id", "a.png,1"], "line 1: no column 'pid', found path, id; right: path,pid,camid"),
        (["path,pid"], "no image listed; right: one line path,pid,camid for each image"),
        (["path,pid", "a.png,1", "c.png,bob"], "line 3: pid 'bob'; right: a whole number, -1 or more"),
        (["path,pid", "a.png,1.0"], "line 2: pid '1.0'; right: a whole number"),
        (["path,pid", "a.png,-2"], "line 2: pid '-2'; right: a whole number, -1 or more"),
        (["path,pid", "a.png"], "line 2: pid None; right: a whole number"),
        (["path,pid,camid", "a.png,1,"], "line 2: camid ''; right: a whole number, 0 or more"),
        (["path,pid,camid", "a.png,1,-1"], "line 2: camid '-1'; right: a whole number, 0 or more"),
        (["path,pid", "gone.png,1"], "line 2: no file 'gone.png'; right: a path relative to manifest.csv"),
        (["path,pid", "../mine/a.png,1"], "line 2: no file '../mine/a.png'; right: a path relative"),
        (["path,pid", "a.png,1", "", "./a.png,2"], "line 4: './a.png' is on line 2 already; right: one line"),
    ],
)
def test_folder_manifest_errors_name_the_line(tmp_path, lines, message):
    with pytest.raises(DataError) as caught:
        folder(tmp_path, manifest(*lines))
    assert f"{tmp_path / 'mine'}: manifest.csv" in str(caught.value)
    assert message in str(caught.value)


def test_folder_manifest_must_be_text(tmp_path):
    with pytest.raises(DataError, match=r"manifest\.csv: not UTF-8 text .*; right: CSV in UTF-8"):
        folder(tmp_path, {"manifest.csv": b"\xff\xfepath,pid"})


def test_folder_by_names(tmp_path):
    names = ("10/0_x.jpg", "10/3_y.PNG", "9/0_z.jpeg", "9/1_z.bmp", "9/notes.txt", "9/._1_z.bmp")
    content = dict.fromkeys(names, b"")
    data = folder(tmp_path, content)
    assert data.samples == [("10/0_x.jpg", 10, 0), ("10/3_y.PNG", 10, 3), ("9/0_z.jpeg", 9, 0), ("9/1_z.bmp", 9, 1)]
    write(tmp_path / "top.zip", {f"top/{name}": image for name, image in content.items()})
    wrapped = Folder(Locator([tmp_path]), path="top.zip")
    assert [(sample.pid, sample.camid) for sample in wrapped.samples] == [(10, 0), (10, 3), (9, 0), (9, 1)]


def test_folder_numbers_people_with_names(tmp_path):
    data = folder(tmp_path, {"zoe/0_a.jpg": b"", "7/0_a.jpg": b"", "bob/2_a.jpg": b""})
    assert [(sample.pid, sample.camid) for sample in data.samples] == [(0, 0), (1, 2), (2, 0)]


def test_folder_without_cameras_in_names(tmp_path):
    data = folder(tmp_path, {f"{person}/{name}.jpg": b"" for person in ("ann", "bob", "eve") for name in "xyz"})
    assert [sample.camid for sample in data.samples] == [0, 1, 2] * 3
    split = data.split(0)
    assert (len(split.train), len(split.query), len(split.gallery)) == (6, 1, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"notes.txt": b""}, "found no image and no manifest.csv; right: manifest.csv, or images named <person>/"),
        ({"a.jpg": b""}, "found a.jpg and no manifest.csv"),
        ({"bob/a.jpg": b"", "x/bob/b.jpg": b""}, "found x/bob/b.jpg and no manifest.csv"),
        ({"bob/0_a.jpg": b"", "bob/b.jpg": b""}, "bob/b.jpg names no camera, bob/0_a.jpg does; right: <camera>_ at"),
    ],
)
def test_folder_layout_errors(tmp_path, content, message):
    with pytest.raises(DataError) as caught:
        folder(tmp_path, content)
    assert message in str(caught.value)
    assert str(tmp_path / "mine") in str(caught.value)


def test_folder_split_options(tmp_path):
    content = {f"{pid}/{camid}_x.png": png(pid * 2 + camid) for pid in range(10) for camid in range(2)}
    data = folder(tmp_path, content)
    assert (data.num_splits, len(data.split(9).query)) == (10, 5)
    data = folder(tmp_path, content, test_identities=3, splits=2)
    assert (len(data.split(0).train), len(data.split(0).query), len(data.split(0).gallery)) == (14, 3, 3)
    with pytest.raises(DataError, match="dataset 'folder': no split 2; right: 0 to 1"):
        data.split(2)
    assert check(data).problems == []


def test_folder_needs_a_path_that_exists(tmp_path):
    with pytest.raises(DataError, match="dataset 'folder': no path given; right: path="):
        Folder(Locator([tmp_path]))
    with pytest.raises(DataError, match=f"dataset 'folder': mine not found under {tmp_path}/; name an existing folder"):
        Folder(Locator([tmp_path]), path="mine")


def test_real_viper_as_a_folder(real_data):
    data = Folder(Locator([real_data]), path="VIPeR.zip", test_identities=316)
    split = data.split(0)
    assert len(data.samples) == 1264
    assert (len(split.train), len(split.query), len(split.gallery)) == (632, 316, 316)
    assert data.read(0).shape == (128, 48, 3)
    assert split_hash(data.samples, split) == "a0d85d1c5e3143f4"
