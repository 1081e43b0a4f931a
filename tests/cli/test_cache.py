"""gpnet cache: what is shown, what is removed, what is left."""

import numpy as np
import pytest

from gluon_personnet.core.digests import digest
from gluon_personnet.core.store import ArrayCache


def test_a_users_own_files_survive(gpnet, tmp_path):
    """Inside a project that has folders of the same names."""
    for name in ("features/mine.pt", "kernels/gauss.txt"):
        (tmp_path / "proj" / name).parent.mkdir(parents=True)
        (tmp_path / "proj" / name).write_text("mine")
    before = sorted((tmp_path / "proj").rglob("*"))
    assert gpnet("cache", "--cache", "proj").output == "cache proj\n  empty\n"
    output = gpnet("cache", "--clear", "--cache", "proj").output
    assert output.endswith("removed 0 files, 0.0 MiB\nleft proj/features\nleft proj/kernels\n")
    assert sorted((tmp_path / "proj").rglob("*")) == before


def test_shown_and_removed(gpnet, tmp_path, monkeypatch):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "own"))
    ArrayCache("kernels").put(digest("a"), np.zeros(2**17))
    words = gpnet("cache").output.splitlines()[1].split()
    assert words[:5] == ["kernels", "1", "files", "1.0", "MiB,"]
    assert "removed 0 files" in gpnet("cache", "--clear", "--older-than", "1").output
    assert gpnet("cache", "--clear").output.endswith("removed 1 files, 1.0 MiB\n")
    assert list((tmp_path / "own").iterdir()) == []
    gpnet("cache", "--older-than", "1", code=2)


@pytest.mark.parametrize(
    "place, words", [("missing", "empty"), ("file", "not a folder: nothing can be kept there"), (None, "empty")]
)
def test_no_cache(gpnet, tmp_path, monkeypatch, place, words):
    (tmp_path / "file").write_text("")
    if place:
        monkeypatch.setenv("GPNET_CACHE", str(tmp_path / place))
    else:
        monkeypatch.delenv("GPNET_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    for arguments in (), ("--clear",):
        assert f"  {words}\n" in gpnet("cache", *arguments).output
