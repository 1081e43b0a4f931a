"""Pixels as a feature."""

import numpy as np

from gluon_personnet.data.images import resize


class RawPixels:
    """All RGB values of an image, resized to one size, in [0, 1].

    Parameters
    ----------
    height_px, width_px : int

    Source: the row "Euclid" of Tables II and III of the PersonNet paper, which does not say what feature it is of.
    """

    def __init__(self, height_px=160, width_px=60):
        self._size = height_px, width_px

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (height_px * width_px * 3,) in [0, 1]."""
        return resize(image, *self._size).astype(np.float32).ravel() / 255
