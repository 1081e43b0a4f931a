"""HistLBP: colour histograms and local binary patterns of regions."""

from typing import Annotated

import numpy as np

from gluon_personnet.data.images import resize
from gluon_personnet.plugin.ranges import OneOf
from gpnet_features.histograms import blocks, hue_saturation_value, luma_and_chroma, region_counts, shrunk
from gpnet_features.lbp import patterns

HEIGHT_PX, WIDTH_PX = 128, 48
BINS = 16
PATTERNS = ((8, 1, 59), (16, 2, 243))
"""Neighbours, radius in px, and number of codes of the local binary patterns."""
GREY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
"""Weights of red, green and blue."""
REGIONS = {
    6: [(slice(top, top + 22), slice(0, WIDTH_PX)) for top in range(0, 106, 21)],
    14: blocks(HEIGHT_PX, WIDTH_PX, 32, 16),
    75: blocks(HEIGHT_PX, WIDTH_PX, 16, 8),
    341: blocks(HEIGHT_PX, WIDTH_PX, 8, 4),
}
_FIRST = np.array([1e-5] * 6 + [16 / 255] * 2)
_STEP = np.array([1 / BINS] * 6 + [220 / BINS / 255, 225 / BINS / 255])
"""Centre of the first bin of each channel, and how far the centres are apart; a value goes to the nearest."""


class HistLbp:
    """Histograms of 8 colour channels and of local binary patterns (LBP) of the grey image, in regions of 128 x 48 px.

    A region has 8 x 16 bins of red, green, blue, hue, saturation, value, Y and Cb, and 59 + 243 uniform patterns of 8
    neighbours at 1 px and of 16 at 2 px. A pattern counts where its whole circle lies in the region. Each histogram
    sums to 1; then all colours are brought to unit length together, and all patterns.

    The centres of the bins are k / 16 (k = 0..15) in the first six channels, (16 + 13.75 k) / 255 in Y and
    (16 + 14.0625 k) / 255 in Cb.

    Parameters
    ----------
    regions : {6, 14, 75, 341}
        6 horizontal stripes of 22 px, 21 px apart; or squares of 32, 16 or 8 px that overlap by half. D = 430 regions.

    Source: Xiong, Gou, Camps, Sznaier, Person Re-Identification Using Kernel-Based Metric Learning Methods, ECCV 2014,
    section 4; channels, bins, stripes and patterns as in the code of Gou et al., TPAMI 2019.

    Differs from the source in: the order of the numbers, which no distance depends on; images of another size are
    resized bilinearly.

    Checked against: that code, run under GNU Octave on four generated images with 6 and with 75 regions; largest
    difference 1.5e-08.
    """

    def __init__(self, regions: Annotated[int, OneOf(*REGIONS)] = 6):
        self._regions = REGIONS[regions]

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (430 * regions,), not negative: colours, then patterns, each of length 1."""
        rgb = resize(image, HEIGHT_PX, WIDTH_PX) / 255
        channels = np.stack([*rgb.transpose(2, 0, 1), *hue_saturation_value(rgb), *luma_and_chroma(rgb)[:2]])
        places = (channels - _FIRST[:, None, None]) / _STEP[:, None, None]
        bins = np.ceil(places - 0.5).astype(np.intp).clip(0, BINS - 1)  # a value between two centres goes to the lower
        colours = region_counts(bins, self._regions, BINS)
        grey, found = rgb @ GREY, []
        for neighbours, radius, count in PATTERNS:
            codes = np.pad(patterns(grey, neighbours, radius), radius)
            found.append(_shares(region_counts(codes[None], shrunk(self._regions, radius), count)))
        return np.concatenate([_unit(_shares(colours)), _unit(np.concatenate(found, axis=2))]).astype(np.float32)


def _shares(counts):
    """Counts (R, C, bins) of each histogram as shares."""
    return counts / counts.sum(axis=2, keepdims=True)


def _unit(values):
    return (values / np.linalg.norm(values)).ravel()
