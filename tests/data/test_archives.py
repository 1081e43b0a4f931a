"""Folders and zip archives, good and hostile, and where they are looked for."""

import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.archives import Files, Locator, data_directories

CONTENT = {"a/1.txt": b"one" * 500, "a/2.txt": b"two", "b.txt": b""}


def write_zip(path, content, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def write_folder(path, content):
    for name, data in content.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


def refused(path, *words):
    with pytest.raises(DataError) as caught:
        Files(path)
    message = str(caught.value)
    assert str(path) in message
    assert "right: " in message
    assert "\n" not in message
    for word in words:
        assert word in message


def test_zip_and_folder_hold_the_same(tmp_path):
    packed = Files(write_zip(tmp_path / "x.zip", CONTENT))
    unpacked = Files(write_folder(tmp_path / "x", CONTENT))
    assert packed.names == unpacked.names == ("a/1.txt", "a/2.txt", "b.txt")
    for name, data in CONTENT.items():
        assert packed.read(name) == unpacked.read(name) == data


def test_zip_skips_folders_and_macos_members(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"top/": b"", "top/a.png": b"a", "__MACOSX/top/._a.png": b"junk"})
    assert Files(path).names == ("top/a.png",)


def test_missing_path(tmp_path):
    refused(tmp_path / "nothing.zip", "not found", "a folder or a zip archive")


def test_garbage_is_not_a_zip(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"this is no archive" * 100)
    refused(path, "not a zip archive, or cut off")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_truncated_zip(tmp_path, share):
    path = write_zip(tmp_path / "x.zip", CONTENT)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "not a zip archive, or cut off")


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/evil", "C:/evil", "c:evil", "a\\evil.png"])
def test_unsafe_names_refuse_the_whole_zip(tmp_path, name):
    refused(write_zip(tmp_path / "x.zip", {"good.png": b"", name: b""}), "unsafe name", "without '..'", repr(name))


def test_unsafe_folder_members_refuse_the_whole_zip(tmp_path):
    refused(write_zip(tmp_path / "x.zip", {"good.png": b"", "../evil/": b""}), "'../evil/' has an unsafe name")


def test_name_with_nul_is_refused(tmp_path):
    # zipfile would cut the name at NUL and show a harmless one
    path = write_zip(tmp_path / "x.zip", {"goodXname": b""})
    path.write_bytes(path.read_bytes().replace(b"goodXname", b"good\0name"))
    refused(path, "unsafe name")


def test_dots_inside_a_name_are_harmless(tmp_path):
    assert Files(write_zip(tmp_path / "x.zip", {"a..b/c..png": b""})).names == ("a..b/c..png",)


def test_encrypted_member(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"good.png": b"", "secret.png": b"data"})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(data)
    refused(path, "'secret.png' is encrypted", "without a password")


def test_symlink_member(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(path, "'link.png' is a link")


def test_member_that_declares_too_much(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"bomb.png": b"data"})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 64 * 2**20 + 1)
    path.write_bytes(data)
    refused(path, "'bomb.png' declares 67108865 bytes", "67108864 at most")


def test_duplicate_member(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", b"2")
    refused(path, "'a.png' appears twice")


def test_checksum_error_names_the_member(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"good.png": b"good", "bad.png": b"pixels"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"pixels", b"pixelz"))
    files = Files(path)
    assert files.read("good.png") == b"good"
    with pytest.raises(DataError, match=r"x\.zip: member 'bad\.png' is damaged \(Bad CRC-32.*right: a complete copy"):
        files.read("bad.png")


def test_damaged_compressed_data_names_the_member(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"bad.png": bytes(range(256)) * 50})
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"member 'bad\.png' is damaged"):
        Files(path).read("bad.png")


@pytest.mark.parametrize("packed", [True, False])
def test_unknown_name(tmp_path, packed):
    path = write_zip(tmp_path / "x.zip", CONTENT) if packed else write_folder(tmp_path / "x", CONTENT)
    for name in ("c.txt", "../x.zip"):
        with pytest.raises(DataError, match=r"no file '.*' in it; right: one of its 3 files"):
            Files(path).read(name)


def test_links_that_leave_a_folder(tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    folder = write_folder(tmp_path / "x", CONTENT)
    (folder / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inside.txt").symlink_to(folder / "a" / "2.txt")
    files = Files(folder)
    assert files.read("inside.txt") == b"two"
    with pytest.raises(DataError, match=r"'outside\.txt' is a link to .*secret\.txt; right: files inside the folder"):
        files.read("outside.txt")


def test_a_linked_folder_itself_is_fine(tmp_path):
    write_folder(tmp_path / "x", CONTENT)
    (tmp_path / "link").symlink_to(tmp_path / "x")
    assert Files(tmp_path / "link").read("a/2.txt") == b"two"


def test_broken_link_in_a_folder(tmp_path):
    folder = write_folder(tmp_path / "x", CONTENT)
    (folder / "gone.txt").symlink_to(folder / "nowhere")
    with pytest.raises(DataError, match=r"cannot read 'gone\.txt': No such file"):
        Files(folder).read("gone.txt")


def test_large_file_in_a_folder(tmp_path):
    folder = write_folder(tmp_path / "x", CONTENT)
    with open(folder / "big.bin", "wb") as file:
        file.truncate(64 * 2**20 + 1)
    with pytest.raises(DataError, match=r"'big\.bin' has 67108865 bytes; right: 67108864 at most"):
        Files(folder).read("big.bin")


def test_reads_from_many_threads(tmp_path):
    content = {f"{number}.bin": bytes([number]) * 20000 for number in range(50)}
    files = Files(write_zip(tmp_path / "x.zip", content))
    with ThreadPoolExecutor(8) as pool:
        names = list(content) * 4
        assert list(pool.map(files.read, names)) == [content[name] for name in names]


def test_locator_takes_the_first_candidate_of_the_first_directory(tmp_path):
    write_folder(tmp_path / "one", {"set/from_one.txt": b""})
    write_folder(tmp_path / "two", {"set/from_two.txt": b"", "first/best.txt": b""})
    locate = Locator([tmp_path / "none", tmp_path / "one", tmp_path / "two"])
    assert locate("set", ["first", "set"]).names == ("from_one.txt",)
    assert locate("set", ["first"]).names == ("best.txt",)
    assert locate("set", [str(tmp_path / "two" / "set")]).names == ("from_two.txt",)


def test_locator_says_what_is_missing_where(tmp_path):
    locate = Locator(["data", tmp_path])
    with pytest.raises(DataError) as caught:
        locate("cuhk01", ["CUHK01.zip", "CUHK01"], "put the archive there or name its folder with --data")
    assert str(caught.value) == (
        f"dataset 'cuhk01': CUHK01.zip not found under data/, {tmp_path}/; "
        "put the archive there or name its folder with --data"
    )


def test_data_directories(monkeypatch):
    monkeypatch.delenv("GPNET_DATA", raising=False)
    assert [path.as_posix() for path in data_directories()] == ["data"]
    monkeypatch.setenv("GPNET_DATA", "/somewhere")
    assert [path.as_posix() for path in data_directories()] == ["/somewhere", "data"]
    assert [path.as_posix() for path in data_directories("here")] == ["here"]
