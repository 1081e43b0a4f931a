"""ELF: ensemble of localised features, here as the histograms of colours and textures in stripes."""

import functools
from typing import Annotated

import cv2
import numpy as np

from gluon_personnet.data.images import resize
from gluon_personnet.plugin.ranges import AtLeast
from gpnet_features.histograms import hue_saturation_value, luma_and_chroma, region_counts, to_nearest

STRIPES, BINS = 6, 16
GREY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
"""Weights of red, green and blue."""
SCHMID = [(2, 1), (4, 1), (4, 2), (6, 1), (6, 2), (6, 3), (8, 1), (8, 2), (8, 3), (10, 1), (10, 2), (10, 3), (10, 4)]
"""Width in px and cycles of each ring-shaped filter."""
GABOR = [(2**0.5, 4, 0.3), (2**0.5, 8, 0.3), (1, 4, 0.4)]
"""Width in px, wavelength in px and aspect of each oriented filter, used at 0 and at 90 degrees."""


class Elf:
    """Histograms of 8 colour and 19 texture channels in 6 horizontal stripes: 6 x 27 x 16 = 2592 numbers.

    The channels are red, green, blue, hue, saturation, value, Cb, Cr, and the grey image's responses to 13 Schmid and
    6 Gabor filters. Red, green and blue are standardised over the image and mapped from -2..2 standard deviations to
    0..1, textures from -5..5.

    Parameters
    ----------
    height_px, width_px : int
        Size that images are brought to.

    A stripe has a sixth of the rows, rounded down (21 of 128); the rows left over at the bottom count nowhere. A value
    in 0..1 goes to the nearest of the 16 bins with centres k / 15; values outside go to the bin at that end.

    Source: Gray, Tao, Viewpoint Invariant Pedestrian Recognition with an Ensemble of Localized Features, ECCV 2008;
    channels, filters and normalisation as in the baseline code of Gou et al., A Systematic Evaluation and Benchmark for
    Person Re-Identification, TPAMI 2019.

    Differs from the source in: no feature selection by boosting (that is a metric's task). From the code in: the order
    of the numbers; histograms of a stripe sum to 1 together, not each; images of another size are resized bilinearly.

    Checked against: that code, run under GNU Octave on four generated images; largest difference of a histogram's share
    9.9e-03 in hue, where Octave puts values halfway between two bins into the lower one and MATLAB and this into the
    upper, and 2.0e-03 in all others, which is two of the 1,008 pixels of a stripe.
    """

    def __init__(self, height_px: Annotated[int, AtLeast(6)] = 128, width_px: Annotated[int, AtLeast(2)] = 48):
        self._size = height_px, width_px

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (2592,); what belongs to a stripe stands together and sums to 1."""
        rgb = resize(image, *self._size) / 255
        grey = rgb @ GREY
        textures = [cv2.filter2D(grey, -1, bank, borderType=cv2.BORDER_CONSTANT) for bank in filters()]
        channels = [
            *_standardised(rgb.transpose(2, 0, 1), 2),
            *hue_saturation_value(rgb),
            *luma_and_chroma(rgb)[1:],
            *_standardised(np.stack(textures), 5),
        ]
        height = self._size[0] // STRIPES
        stripes = [(slice(top, top + height), slice(None)) for top in range(0, STRIPES * height, height)]
        counts = region_counts(to_nearest(np.stack(channels), BINS), stripes, BINS)
        counts = counts.reshape(STRIPES, -1).astype(np.float32)
        return (counts / counts.sum(axis=1, keepdims=True)).ravel()


@functools.lru_cache(maxsize=1)
def filters():
    """The 13 Schmid filters, of mean 0 and absolute sum 1, and the 6 Gabor filters: tuple of float64 (h, w)."""
    return tuple(schmid(*pair) for pair in SCHMID) + tuple(
        gabor(*shape, angle) for angle in (0, np.pi / 2) for shape in GABOR
    )


def schmid(sigma, cycles, size=49):
    """cos(pi cycles r / sigma) exp(-r^2 / (2 sigma^2)), minus its mean, divided by its absolute sum."""
    y, x = np.mgrid[:size, :size] - size // 2
    radius = np.hypot(x, y)
    bank = np.cos(np.pi * cycles * radius / sigma) * np.exp(-(radius**2) / (2 * sigma**2))
    bank -= bank.mean()
    return bank / np.abs(bank).sum()


def gabor(sigma, wavelength, aspect, angle):
    """exp(-(x'^2 + aspect^2 y'^2) / (2 sigma^2)) cos(2 pi x' / wavelength), x' at `angle` to the rows."""
    reach = int(np.ceil(3 * sigma / aspect))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.exp(-(along**2 + (aspect * across) ** 2) / (2 * sigma**2)) * np.cos(2 * np.pi * along / wavelength)


def _standardised(channels, reach):
    """Each channel with -reach..reach standard deviations mapped to 0..1; a flat channel becomes 0.5."""
    means = channels.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    deviations = channels.std(axis=(1, 2), keepdims=True, dtype=np.float64, ddof=1)
    # Of a flat image the filters leave rounding errors, which must not be blown up to a texture.
    deviations[deviations < 1e-5] = np.inf
    return ((channels - means) / deviations + reach) / (2 * reach)
