"""How much the cache holds, and clearing it without touching what is not its own."""

import os
import time

import numpy as np
import pytest

from gluon_personnet.core import upkeep
from gluon_personnet.core.digests import digest
from gluon_personnet.core.store import ArrayCache, entry


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A cache inside a user's own folder."""
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    for name in ("features", "kernels", "data"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.pt").write_text("weights")
    np.save(tmp_path / "features" / f"{digest('mine')}.npy", np.zeros(3))
    return tmp_path


def listed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def fill():
    ArrayCache("features/lomo-0123").put(digest("a"), np.zeros(100))
    ArrayCache("features/lomo-0123").put(digest("b"), np.zeros(100))
    ArrayCache("kernels").put(digest("c"), np.zeros(10))
    entry("distances", digest("d")).write({"distmat": np.zeros(5)}, {})


def test_what_the_user_has_there_is_neither_counted_nor_removed(cache):
    before = listed(cache)
    assert upkeep.sizes() == []
    assert upkeep.clear() == (0, 0, [str(cache / name) for name in ("data", "features", "kernels")])
    fill()
    assert [(size.name, size.files, size.bytes) for size in upkeep.sizes()] == [
        ("distances", 2, 168 + (cache / "distances" / digest("d") / "head.json").stat().st_size),
        ("features/lomo-0123", 2, 2 * 928),
        ("kernels", 1, 208),
    ]
    files, size, left = upkeep.clear()
    assert files == 5 and size > 2 * 928 and left == [str(cache / name) for name in ("data", "features")]
    assert listed(cache) == sorted([*before, "kernels/CACHEDIR.TAG"])
    assert upkeep.sizes() == []


def test_a_cache_of_its_own_is_empty_afterwards(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "own"))
    fill()
    files, _, left = upkeep.clear()
    assert (files, left, listed(tmp_path)) == (5, [], ["own"])


def test_an_entry_in_use_stays(cache):
    fill()
    kept = entry("distances", digest("e"))
    with kept.working() as work:
        (work / "tiles").write_text("done")
        _, _, left = upkeep.clear()
        assert (work / "tiles").exists() and f"{kept.folder}: in use" in left
    upkeep.clear()
    assert not (cache / "distances").exists()


def test_only_what_is_old(cache):
    fill()
    path = ArrayCache("kernels").path(digest("c"))
    os.utime(path, (time.time() - 100, time.time() - 100))
    assert upkeep.clear(older_than_s=50).files == 1
    assert not path.exists() and len(upkeep.sizes()) == 2


@pytest.mark.parametrize("place", ["missing", "file"])
def test_no_cache(monkeypatch, tmp_path, place):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / place))
    assert upkeep.sizes() == [] and upkeep.clear() == (0, 0, [])
