"""Archives and folders of pictures, written for tests."""

import io
import zipfile

import numpy as np
from PIL import Image


def png(value):
    """A small picture in a colour of its own, as bytes."""
    buffer = io.BytesIO()
    Image.new("RGB", (6, 16), (value % 256, value // 256, 7)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path, content, prefix=""):
    """Write name -> bytes as a zip archive if the path ends with .zip, else as a folder; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                archive.writestr(prefix + name, data)
        return path
    for name, data in content.items():
        file = path / prefix / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


def same(one, other):
    """Assert that two data sets have the same samples and pixels."""
    assert list(one.samples) == list(other.samples)
    for row in range(len(one.samples)):
        np.testing.assert_array_equal(one.read(row), other.read(row))
