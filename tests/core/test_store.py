"""The cache on disk, and work in threads."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from gluon_personnet.core.parallel import in_threads
from gluon_personnet.core.store import ArrayCache, cache_folder, digest


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
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["k.npy"]


def test_objects_are_neither_written_nor_read(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    cache = ArrayCache("things")
    with pytest.raises(ValueError, match="allow_pickle"):
        cache.put("k", np.array([{}], object))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    np.save(tmp_path / "things/k.npy", np.array([{}], object))
    assert cache.get("k") is None


def test_a_place_that_cannot_be_written_keeps_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "file"))
    cache = ArrayCache("things")
    assert not cache.put("k", np.zeros(3))
    assert cache.get("k") is None


def test_in_threads_keeps_the_order_and_stops_at_an_error():
    assert list(in_threads(lambda item: item * 2, range(50))) == list(range(0, 100, 2))
    seen = []

    def fails(item):
        seen.append(item)
        if item == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        list(in_threads(fails, range(10_000)))
    assert len(seen) < 10_000
    assert threading.active_count() < 20


def test_in_threads_numpy_uses_one_thread_each():
    def blas_threads(item):
        return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

    (found,) = in_threads(blas_threads, [0])
    assert found and set(found) == {1}
