"""Checkpoints: what is saved is loaded, and whatever is damaged is one line."""

import io
import json
import zipfile

import numpy as np
import pytest

from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.network.checkpoint import Checkpoint, reading


def saved(path):
    Checkpoint({"step": 3}, {"parameter/a": np.arange(40.0), "average/a": np.zeros(2)}).save(path)
    return path.read_bytes()


def assert_refused(path, words="damaged or not a checkpoint"):
    with pytest.raises(CheckpointError) as caught:
        Checkpoint.load(path)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_saved_and_loaded(tmp_path):
    saved(tmp_path / "a.npz")
    found = Checkpoint.load(tmp_path / "a.npz")
    assert found.record == {"step": 3}
    np.testing.assert_array_equal(found.group("parameter")["a"], np.arange(40.0))


@pytest.mark.parametrize("seed", range(5))
def test_cut_and_changed_bytes(tmp_path, seed):
    """Loaded as it was, or refused in one line."""
    rng, path = np.random.default_rng(seed), tmp_path / "a.npz"
    whole = saved(path)
    for _ in range(60):
        start, put = int(rng.integers(len(whole))), rng.bytes(int(rng.integers(40)))
        end = start + len(put) if rng.random() < 0.5 else len(whole)
        path.write_bytes(whole[:start] + put + whole[end:])
        try:
            found = Checkpoint.load(path)
        except CheckpointError as error:
            assert "\n" not in str(error)
        else:
            np.testing.assert_array_equal(found.arrays["parameter/a"], np.arange(40.0))


def test_random_bytes(tmp_path):
    rng = np.random.default_rng(0)
    for length in range(100):
        (tmp_path / "a.npz").write_bytes(rng.bytes(length))
        assert_refused(tmp_path / "a.npz")


def member(header, data=b""):
    raw = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + data


def array_file(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def record(value):
    return array_file(np.frombuffer(json.dumps(value).encode(), np.uint8))


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000, 1000000)}"
GOOD = {"format": 1}


@pytest.mark.parametrize(
    "members",
    [
        {"record": record(GOOD), "parameter/a": member(HUGE)},
        {"record": record(GOOD), "parameter/a": member("{'descr': '<f4', 'fortran_order': False, 'shape': (")},
        {"record": record(GOOD), "parameter/a": member("(" * 3000)},
        {"record": record(GOOD), "parameter/a": array_file(np.array([{}], object), allow_pickle=True)},
        {"record": record([1])},
        {"record": record(None)},
        {"record": record("text")},
        {"record": record({})},
        {"record": array_file(np.frombuffer(b"{", np.uint8))},
        {"record": array_file(np.frombuffer(b"\xff", np.uint8))},
        {"record": b"no array"},
        {"parameter/a": array_file(np.zeros(2))},
        {},
    ],
)
def test_archives_that_are_no_checkpoint(tmp_path, members):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    assert_refused(tmp_path / "a.npz")


def test_other_files(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    assert_refused(tmp_path / "array.npy")
    assert_refused(tmp_path)
    assert_refused(tmp_path / "missing", "not found")
    with zipfile.ZipFile(tmp_path / "new.npz", "w") as archive:
        archive.writestr("record.npy", record({"format": 2}))
    assert_refused(tmp_path / "new.npz", "found format 2; right: 1")


def test_missing_values_are_one_line():
    words = "checkpoint a: damaged or not a checkpoint of a training: 'step'"
    with pytest.raises(CheckpointError, match=words), reading("checkpoint a"):
        raise KeyError("step")
