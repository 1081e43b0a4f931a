"""The store of features: extracted once for one content, whatever the row, the process or the day."""

import threading
import time

import numpy as np
import pytest

from gluon_personnet import FeatureEntry
from gluon_personnet.core.errors import DataError, PluginError
from gluon_personnet.methods.features import FeatureStore
from gluon_personnet.plugin.contracts import Sample


class Pictures:
    """Images 2 px high, each of one value."""

    def __init__(self, values, widths=None):
        self.values, self.widths = values, widths or [3] * len(values)
        self.samples = [Sample(f"{row}.png", row, 0) for row in range(len(values))]

    def read(self, row):
        return np.full((2, self.widths[row], 3), self.values[row], np.uint8)


extracted = []


class Pixels:
    """The pixels times a factor; keeps what it was asked for in `extracted`."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def extract(self, image):
        extracted.append(int(image[0, 0, 0]))
        return image.ravel().astype(np.float32) * self.factor


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "cache"))
    extracted.clear()
    return tmp_path / "cache"


def store(values, options=None, version=1, widths=None):
    entry = FeatureEntry("pixels", Pixels, "pixels", version=version)
    return FeatureStore(Pictures(values, widths), Manager(entry), "pixels", options or {}, progress=False)


class Manager:
    """A manager that knows one entry."""

    def __init__(self, entry):
        self._entry = entry

    def find(self, kind, name):
        return self._entry

    def build(self, kind, name, **options):
        return self._entry.build(**options)

    def components(self, kind, name, options):
        return [self._entry]


def test_rows_in_their_order_and_extracted_once():
    first = store([7, 8, 9])
    found = first.rows([2, 0, 2])
    assert found.dtype == np.float32 and found.shape == (3, 18) and found[:, 0].tolist() == [9, 7, 9]
    found[:] = 0  # a copy: the store keeps its own
    assert first.rows([0])[0, 0] == 7
    assert store([7, 8, 9]).rows([0, 1, 2])[:, 0].tolist() == [7, 8, 9]  # as another process would
    assert sorted(set(extracted)) == [7, 8, 9] and extracted.count(7) == extracted.count(8) == 1


def test_other_pixels_options_or_versions_are_extracted_anew():
    assert store([7]).rows([0])[0, 0] == 7
    assert store([8]).rows([0])[0, 0] == 8
    assert store([7], {"factor": 2.0}).rows([0])[0, 0] == 14
    assert extracted == [7, 8, 7]
    store([7], {"factor": 1.0}).rows([0])  # the default, written out
    assert extracted == [7, 8, 7]
    store([7], version=2).rows([0])
    assert extracted == [7, 8, 7, 7]


def test_a_damaged_file_is_extracted_again(cache):
    store([7]).rows([0])
    (path,) = cache.rglob("*.npy")
    path.write_bytes(path.read_bytes()[:-3])
    assert store([7]).rows([0])[0, 0] == 7
    np.save(path, np.zeros((2, 2)))
    assert store([7]).rows([0])[0, 0] == 7
    assert extracted == [7, 7, 7]


def test_without_a_disk_they_are_kept_in_memory(cache):
    cache.write_text("a file where the folder should be")
    kept = store([7, 8])
    for _ in range(2):
        assert kept.rows([0, 1])[:, 0].tolist() == [7, 8]
    assert sorted(extracted) == [7, 8]


def test_images_of_several_sizes_are_one_line():
    with pytest.raises(DataError) as caught:
        store([7, 8], widths=[3, 4]).rows([0, 1])
    assert "feature 'pixels': 24 numbers for 1.png, 18 for 0.png; right: one length" in str(caught.value)


def test_what_is_no_feature_is_refused(monkeypatch):
    monkeypatch.setattr(Pixels, "extract", lambda self, image: np.full(3, np.nan))
    with pytest.raises(PluginError, match=r"'pixels': found NaN or infinity for 0.png"):
        store([7]).rows([0])
    monkeypatch.setattr(Pixels, "extract", lambda self, image: np.zeros((2, 2)))
    with pytest.raises(PluginError, match=r"found shape \(2, 2\) for 0.png"):
        store([7]).rows([0])


def test_no_rows():
    assert len(store([7]).rows([])) == 0


def test_what_is_done_before_an_error_is_kept(monkeypatch):
    real = Pixels.extract

    def stops(self, image):
        if image[0, 0, 0] == 9:
            raise KeyboardInterrupt
        return real(self, image)

    monkeypatch.setattr(Pixels, "extract", stops)
    with pytest.raises(KeyboardInterrupt):
        store([7, 8, 9]).rows([0, 1, 2])
    monkeypatch.setattr(Pixels, "extract", real)
    store([7, 8, 9]).rows([0, 1, 2])
    assert sorted(extracted) == [7, 8, 9]


def test_several_threads_extract(monkeypatch):
    monkeypatch.setattr("gluon_personnet.core.parallel.usable_cores", lambda: 3)
    threads = set()

    def slow(self, image):
        threads.add(threading.get_ident())
        time.sleep(0.02)
        return np.zeros(3, np.float32)

    monkeypatch.setattr(Pixels, "extract", slow)
    store(list(range(12))).rows(list(range(12)))
    assert len(threads) == 3
