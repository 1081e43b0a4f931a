"""The cache on disk, and work in threads."""

import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gluon_personnet.core.digests import digest
from gluon_personnet.core.store import ArrayCache, cache_folder, entry

KEY = digest("key")


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("GPNET_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg/gpnet"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/gpnet"


def test_whatever_differs_has_another_digest():
    zeros = np.zeros((2, 6), np.uint8)
    parts = [
        (zeros,),
        (zeros.reshape(6, 2),),
        (zeros.astype(np.float32),),
        (np.zeros((2, 6), bool),),
        (zeros + 1,),
        (zeros, zeros),
        ("a", zeros),
        (zeros, "a"),
        ("ab", "c"),
        ("a", "bc"),
    ]
    assert len({digest(*part) for part in parts}) == len(parts)
    assert digest(zeros) == digest(np.asfortranarray(zeros)) == digest(np.zeros((4, 12), np.uint8)[::2, ::2])


def test_what_is_put_is_got_and_damage_is_as_good_as_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    cache, array = ArrayCache("things"), np.arange(6, dtype=np.float32)
    assert cache.get("k") is None
    assert cache.put("k", array)
    found = cache.get("k")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == np.float32
    path = cache.path("k")
    whole = path.read_bytes()
    for damaged in (b"", whole[:5], whole[:-1], b"nonsense" * 20):
        path.write_bytes(damaged)
        assert cache.get("k") is None
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["CACHEDIR.TAG", "k.npy"]


def test_objects_are_neither_written_nor_read(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    cache = ArrayCache("things")
    with pytest.raises(ValueError, match="allow_pickle"):
        cache.put("k", np.array([{}], object))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["CACHEDIR.TAG"]
    np.save(tmp_path / "things/k.npy", np.array([{}], object))
    assert cache.get("k") is None


def test_a_place_that_cannot_be_written_keeps_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "file"))
    cache = ArrayCache("things")
    assert not cache.put("k", np.zeros(3))
    assert cache.get("k") is None


def test_digests_stay_what_they_were():
    assert digest("a", np.arange(3)) == "bc3a4fedbfd722ae5de5fd4eb969c0b7"
    assert len({digest(b"a"), digest("a"), digest(np.frombuffer(b"a", np.uint8))}) == 3
    assert digest("\udcff") != digest("\udcfe")  # names of files that are no UTF-8
    for wrong in (1, None, np.array([{}], object)):
        with pytest.raises(TypeError, match="right: str, bytes or an array of numbers"):
            digest(wrong)


def test_without_a_home_folder_nothing_is_kept(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GPNET_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None
    cache = ArrayCache("things")
    assert cache.get("k") is None and not cache.put("k", np.zeros(2))
    kept = entry("things", KEY)
    assert not kept.complete and not kept.write({"a": np.zeros(2)}) and kept.read("a") is None
    with kept.working() as work:
        assert work is None


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", b"")
    return buffer.getvalue()


HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (",
    "{'descr': 'no', 'fortran_order': False, 'shape': (3,)}",
    "(" * 5000,
]


def npy(header, data=b"\0" * 12):
    raw = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + data


@pytest.mark.parametrize("content", [zipped(), *map(npy, HEADERS)], ids=["zip", "huge", "cut", "type", "deep"])
def test_whatever_is_no_array_is_as_good_as_missing(monkeypatch, tmp_path, content):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    cache = ArrayCache("things")
    cache.put("k", np.zeros(3))
    cache.path("k").write_bytes(content)
    assert cache.get("k") is None


def test_the_temporary_file_of_a_killed_writer_is_cleared_and_that_of_a_living_one_is_not(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    code = f"""
import os, signal, sys
import numpy as np
from gluon_personnet.core import store
def save(file, *arguments, **more):
    file.write(b"half"); file.flush(); print("half", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
store.np.save = save
store.ArrayCache("things").put("{KEY}", np.zeros(3))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "half\n"
        ArrayCache("things").put("0" * 32, np.zeros(2))
        assert len(list(tmp_path.rglob("*.part*"))) == 1
        process.communicate("\n")
    assert process.returncode == -signal.SIGKILL
    assert len(list(tmp_path.rglob("*.part*"))) == 1
    ArrayCache("things").put("0" * 32, np.zeros(2))
    assert not list(tmp_path.rglob("*.part*"))


@pytest.fixture
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "cache"))
    return entry("distances", KEY)


def test_an_entry_holds_several_arrays_and_a_head(kept, tmp_path):
    assert not kept.complete and kept.head is None and kept.read("distmat") is None
    arrays = {"distmat": np.arange(6.0).reshape(2, 3), "query_pids": np.arange(2, dtype=np.int32)}
    assert kept.write(arrays, {"method": "euclid"})
    again = entry("distances", KEY)
    assert again.complete and again.head == {"method": "euclid"} and again.read("other") is None
    for name, array in arrays.items():
        for mmap in (False, True):
            np.testing.assert_array_equal(again.read(name, mmap), array)
    assert isinstance(again.read("distmat", mmap=True), np.memmap)
    assert again.write({"distmat": np.zeros(1)}) and again.read("query_pids") is None and again.head == {}
    assert sorted(path.name for path in kept.folder.iterdir()) == ["distmat.npy", "head.json"]
    assert kept.folder == tmp_path / "cache/distances" / KEY


@pytest.mark.parametrize("name", ["distmat.npy", "head.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "half", "noise", "one bit", "json"])
def test_a_damaged_entry_is_as_good_as_missing(kept, name, damage):
    kept.write({"distmat": np.arange(600.0)}, {"method": "euclid"})
    path = kept.folder / name
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        flipped = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
        noise, cut = np.random.default_rng(0).bytes(len(whole)), whole[: len(whole) // 2]
        path.write_bytes({"empty": b"", "half": cut, "noise": noise, "one bit": flipped, "json": b"[1]"}[damage])
    found = kept.read("distmat")
    assert found is None or name == "head.json" and damage == "one bit"  # it may fall on a space
    assert kept.write({"distmat": np.arange(600.0)}) and kept.read("distmat").sum() == np.arange(600).sum()


def test_an_entry_of_another_key_is_not_taken_for_this_one(kept):
    kept.write({"distmat": np.zeros(2)})
    other = entry("distances", digest("other"))
    kept.folder.rename(other.folder)
    assert not other.complete


def test_names_and_keys_lead_nowhere_else(kept):
    with pytest.raises(ValueError, match="right: 32 hexadecimal digits"):
        entry("distances", "../" * 10 + "aa")
    with pytest.raises(ValueError, match="right: letters, digits"):
        kept.write({"../distmat": np.zeros(2)})


def test_work_in_progress_survives_an_error_and_goes_when_the_result_is_written(kept):
    with pytest.raises(ZeroDivisionError), kept.working() as work:
        (work / "a.tiles").write_text("done")
        1 / 0  # noqa: B018
    with kept.working() as work:
        assert (work / "a.tiles").read_text() == "done" and not kept.complete
        assert kept.write({"distmat": np.zeros(2)})
        assert not work.exists()
    assert sorted(path.name for path in kept.folder.iterdir()) == ["distmat.npy", "head.json"]


def test_an_entry_that_nobody_fills_leaves_no_folder(kept):
    with kept.working():
        pass
    assert not kept.folder.exists()


WORKER = f"""
import sys, time
import numpy as np
from gluon_personnet.core.store import entry
kept = entry("distances", {KEY!r})
with kept.working(on_wait=lambda holder: print("waits for", holder, flush=True)) as work:
    if kept.complete:
        print("found", kept.read("distmat").sum(), flush=True)
    else:
        print("works", sorted(path.name for path in work.iterdir()), flush=True)
        (work / "tile").write_text("")
        sys.stdin.readline()
        kept.write({{"distmat": np.ones(3)}})
"""


def start_worker():
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )


def test_two_processes_that_want_one_entry_do_not_disturb_each_other(kept):
    with start_worker() as first:
        assert first.stdout.readline() == "works []\n"
        with start_worker() as second:
            assert second.stdout.readline().startswith(f"waits for process {first.pid} on ")
            first.communicate("\n")
            assert second.communicate()[0] == "found 3.0\n"


def test_the_second_goes_on_with_the_work_of_a_killed_one(kept):
    with start_worker() as first:
        assert first.stdout.readline() == "works []\n"
        with start_worker() as second:
            assert second.stdout.readline().startswith("waits for")
            first.kill()
            assert second.stdout.readline() == "works ['tile']\n"
            second.communicate("\n")
    assert kept.read("distmat").sum() == 3


@pytest.mark.parametrize("obstacle", ["file", "full"])
def test_an_entry_that_cannot_be_written_is_not_kept_and_leaves_nothing(kept, monkeypatch, tmp_path, obstacle):
    if obstacle == "file":
        (tmp_path / "cache").write_text("")
    else:
        kept.write({"before": np.zeros(2)})

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
    assert not kept.write({"distmat": np.zeros(2)}) and not kept.complete
    assert not list(tmp_path.rglob("*.npy*"))
    if obstacle == "file":
        with kept.working() as work:
            assert work is None
