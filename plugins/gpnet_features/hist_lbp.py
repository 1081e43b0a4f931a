"""HistLBP: colour histograms and local binary patterns of regions."""

import cv2
import numpy as np
from skimage.feature import local_binary_pattern

from gluon_personnet.core.errors import PluginError
from gluon_personnet.data.images import resize
from gpnet_features.histograms import blocks, colour_channels, quantise, region_counts, stripes

HEIGHT_PX, WIDTH_PX = 128, 48
BINS = 16
PATTERNS = ((8, 1, 59), (16, 2, 243))
"""Neighbours, radius in px, and number of codes of the local binary patterns."""
REGIONS = {
    6: stripes(HEIGHT_PX, 6),
    14: blocks(HEIGHT_PX, WIDTH_PX, 32, 16),
    75: blocks(HEIGHT_PX, WIDTH_PX, 16, 8),
    341: blocks(HEIGHT_PX, WIDTH_PX, 8, 4),
}


class HistLbp:
    """Histograms of 8 colour channels and of local binary patterns (LBP) of the grey image, in regions of 128 x 48 px.

    A region has 8 x 16 bins of red, green, blue, hue, saturation, value, Cb and Cr, and 59 + 243 uniform patterns of 8
    neighbours at 1 px and of 16 at 2 px. All colours are brought to unit length together, and all patterns.

    Parameters
    ----------
    regions : {6, 14, 75, 341}
        6 horizontal stripes, or squares of 32, 16 or 8 px that overlap by half. D = 430 x regions.

    Source: Xiong, Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods, ECCV 2014,
    section 4; colour channels as in its code. Uniform patterns: Ojala, Pietikainen, Maenpaa, TPAMI 2002.
    """

    def __init__(self, regions=6):
        if regions not in REGIONS:
            raise PluginError(f"feature 'hist-lbp': regions {regions}; right: one of {', '.join(map(str, REGIONS))}")
        self._regions = REGIONS[regions]

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (430 * regions,), not negative: colours, then patterns, each of length 1."""
        image = resize(image, HEIGHT_PX, WIDTH_PX)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        colours = region_counts(quantise(colour_channels(image), BINS), self._regions, BINS)
        patterns = []
        for neighbours, radius, count in PATTERNS:
            codes = local_binary_pattern(grey, neighbours, radius, method="nri_uniform").astype(np.intp)
            patterns.append(region_counts(codes[None], self._regions, count))
        return np.concatenate([_unit(colours), _unit(np.concatenate(patterns, axis=2))])


def _unit(counts):
    values = counts.ravel().astype(np.float32)
    return values / np.linalg.norm(values)
