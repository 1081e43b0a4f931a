"""Decoding of good and damaged images, and the image cache."""

import io
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from gluon_personnet.core.errors import DataError
from gluon_personnet.data.images import ImageCache, decode, resize
from gluon_personnet.plugin.contracts import Sample


def encode(image, kind="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def noise(height=20, width=10, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png_of_size(width, height):
    """A PNG file whose header declares a size; it has no pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


def flipped(data, position):
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_lossless_formats_come_back_exactly(kind):
    pixels = noise()
    image = decode(encode(Image.fromarray(pixels), kind), "x")
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, pixels)


def test_jpeg_has_height_width_channels():
    assert decode(encode(Image.new("RGB", (10, 20), (200, 30, 30)), "JPEG"), "x").shape == (20, 10, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1"])
def test_other_modes_become_rgb(mode):
    grey = Image.fromarray(np.repeat(np.array([[0, 255], [255, 0]], np.uint8)[:, :, None], 3, axis=2))
    image = decode(encode(grey.convert(mode)), "x")
    np.testing.assert_array_equal(image, np.asarray(grey))


def test_16_bit_grey_is_scaled_not_clipped():
    deep = Image.fromarray(np.array([[0, 256, 32768, 65535]], np.uint16))
    np.testing.assert_array_equal(decode(encode(deep), "x")[0, :, 1], [0, 1, 128, 255])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image at all",
        encode(Image.fromarray(noise()))[:200],
        encode(Image.fromarray(noise(200, 100)), "JPEG")[:2000],
        encode(Image.fromarray(noise())).replace(b"IDAT", b"IDAX"),
        flipped(encode(Image.fromarray(noise())), 300),
        encode(Image.fromarray(noise()))[:-20],
        png_of_size(0, 5),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
    ids=["empty", "text", "cut png", "cut jpeg", "corrupt png", "one bit", "cut at the end", "no width", "postscript"],
)
def test_damaged_images_are_named(data):
    with pytest.raises(DataError, match=r"^a\.zip: campus/1\.png: .*right: ") as caught:
        decode(data, "a.zip: campus/1.png")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [8001, 60000])  # the second one is also too large for Pillow
def test_too_many_pixels(side):
    with pytest.raises(DataError, match=r"^x: .*right: "):
        decode(png_of_size(side, side), "x")


def test_resize_averages_and_leaves_a_fitting_image_alone():
    image = noise(20, 10)
    assert resize(image, 20, 10) is image
    checks = np.zeros((40, 40, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 200
    # without antialiasing this would pick pixels of 0 or 200
    assert np.abs(resize(checks, 10, 10).astype(int) - 100).max() <= 12
    assert resize(image, 8, 16).shape == (8, 16, 3)


class Numbers:
    """Images whose every pixel is the row; counts how often each is read."""

    def __init__(self, count, fail_at=None):
        self.samples = [Sample(f"{row}.png", row, 0) for row in range(count)]
        self.reads = [0] * count
        self.fail_at = fail_at

    def read(self, row):
        self.reads[row] += 1
        if row == self.fail_at:
            raise DataError(f"{row}.png: broken")
        return np.full((64, 64, 3), row, np.uint8)


def rows_of(images):
    assert (images == images[:, :1, :1, :1]).all()
    return images[:, 0, 0, 0].tolist()


def test_cache_returns_rows_in_order_and_reads_each_once():
    data = Numbers(10)
    cache = ImageCache(data, 32, 16)
    images = cache.images([3, 1, 3])
    assert images.shape == (3, 32, 16, 3)
    assert images.dtype == np.uint8
    assert rows_of(images) == [3, 1, 3]
    assert rows_of(cache.images(np.array([1, 3, 9]))) == [1, 3, 9]
    assert data.reads == [0, 1, 0, 1, 0, 0, 0, 0, 0, 1]


def test_cache_hands_out_copies():
    cache = ImageCache(Numbers(3), 32, 16)
    cache.images([2])[:] = 77
    assert rows_of(cache.images([2])) == [2]


def test_cache_keeps_to_its_memory():
    data = Numbers(200)  # 12 KiB an image, so 85 of them in one MiB
    cache = ImageCache(data, 64, 64, memory_mib=1)
    for _ in range(2):
        assert rows_of(cache.images(range(200))) == list(range(200))
    assert data.reads == [1] * 85 + [2] * 115
    held = [value for value in vars(cache).values() if isinstance(value, np.ndarray)]
    assert 0 < sum(array.nbytes for array in held) <= 2**20


def test_cache_without_memory():
    cache = ImageCache(Numbers(3), 64, 64, memory_mib=0)
    cache.preload(range(3))
    assert rows_of(cache.images([2, 0])) == [2, 0]


def test_preload_reads_what_fits_once():
    data = Numbers(100)
    cache = ImageCache(data, 64, 64, memory_mib=1)
    cache.images([50])
    cache.preload([50, 50, *range(100)])
    assert sum(data.reads) == 85
    assert max(data.reads) == 1
    assert rows_of(cache.images(range(100))) == list(range(100))


@pytest.mark.parametrize("progress", [True, False])
def test_preload_shows_progress_on_stderr_only_if_asked(progress, capsys):
    ImageCache(Numbers(5), 64, 64, progress=progress).preload(range(5))
    out, err = capsys.readouterr()
    assert out == ""
    assert ("decode: 100%" in err and "5/5" in err) if progress else err == ""


def test_unreadable_image_raises_from_preload_and_images():
    cache = ImageCache(Numbers(8, fail_at=5), 64, 64)
    with pytest.raises(DataError, match=r"5\.png: broken"):
        cache.preload(range(8))
    with pytest.raises(DataError, match=r"5\.png: broken"):
        cache.images([5])
    assert rows_of(cache.images([4])) == [4]


def test_cache_from_several_threads():
    cache = ImageCache(Numbers(150), 64, 64, memory_mib=1)  # 85 fit
    wrong = []

    def work(seed):
        rows = np.random.default_rng(seed).permutation(150)
        if rows_of(cache.images(rows)) != rows.tolist():
            wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    threads.append(threading.Thread(target=cache.preload, args=(range(150),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert rows_of(cache.images(range(150))) == list(range(150))
