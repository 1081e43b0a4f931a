"""Contract suite of image features."""

import numpy as np

from gluon_personnet.testing.base import require, running, unchanged


def check_feature(feature, image_size=(128, 48)):
    """Check a feature against :class:`~gluon_personnet.plugin.contracts.Feature`.

    Parameters
    ----------
    feature : Feature
    image_size : (int, int)
        (H, W) in px of the images to try.

    Raises
    ------
    AssertionError
    """
    images = _images(image_size)
    vectors = {name: _extract(feature, name, image) for name, image in images.items()}
    length = len(vectors["noise"])
    for name, vector in vectors.items():
        require(len(vector) == length, f"extract(a {name} image)", f"D = {len(vector)}", f"D = {length} as for noise")
    for name in reversed(list(images)):
        again = _extract(feature, name, images[name])
        what = f"extract(a {name} image) after other images"
        require(np.array_equal(again, vectors[name]), what, "another vector than before", "the same vector")
    differ = not np.array_equal(vectors["noise"], vectors["black"])
    require(differ, "extract of a noise and of a black image", "the same vector", "two vectors")


def _images(size):
    """Images that break careless code: flat ones have no gradient and no variance."""
    height, width = size
    rng = np.random.default_rng(0)
    ramp = np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], (height, width, 3))
    return {
        "noise": rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        "black": np.zeros((height, width, 3), np.uint8),
        "white": np.full((height, width, 3), 255, np.uint8),
        "ramp": ramp.copy(),
    }


def _extract(feature, name, image):
    what = f"extract(a {name} image)"
    with unchanged(what, image=image), running(what):
        vector = feature.extract(image)
    right = isinstance(vector, np.ndarray) and vector.dtype == np.float32 and vector.ndim == 1
    found = f"{getattr(vector, 'dtype', type(vector).__name__)} {getattr(vector, 'shape', '')}"
    require(right, what, found, "float32 (D,)")
    require(np.isfinite(vector).all(), what, "NaN or infinity", "finite values")
    return vector.copy()
