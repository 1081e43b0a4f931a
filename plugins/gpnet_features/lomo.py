"""LOMO: local maximal occurrence of colours and textures."""

import cv2
import numpy as np

from gluon_personnet.core.errors import PluginError, did_you_mean
from gluon_personnet.data.images import resize
from gpnet_features.histograms import quantise
from gpnet_features.retinex import RETINEX

WINDOW, STEP = 10, 5  # px; a window is two by two cells of STEP px
GREY_LEVELS = 8  # of hue, saturation and value each
SCALES = 3
ROUNDING = 1e-6
"""Less than any two thresholds and grey values of bytes and their means differ by; more than float32 rounds."""


class Lomo:
    """Histograms of colours and of textures in sliding windows, of which each row of windows keeps the maxima.

    Of three scales, each half as large as the one before, windows of 10 x 10 px, 5 px apart, count the 8 x 8 x 8 joint
    colours (HSV, after Retinex) and the scale invariant local ternary patterns at radius 3 and 5 (SILTP, 81 each, of
    the grey image). What a row of windows counts at most is kept. Each of the three groups is log(x + 1), unit length.

    Parameters
    ----------
    height_px, width_px : int
        Size that images are brought to; D = 26,960 for 128 x 48, 35,722 for 160 x 60.
    retinex : {'msr', 'msrcp', 'none'}
        What colours are corrected with: :mod:`gpnet_features.retinex`.
    tau : float
        How much a neighbour's grey value differs from the centre's, as a share of it, to count as darker or brighter.

    Source: Liao, Hu, Zhu, Li, Person Re-identification by Local Maximal Occurrence Representation and Metric
    Learning, CVPR 2015, section 3.

    Checked against: every pair of a grey value with another one (65,280), decided in whole numbers: no difference.

    Differs from the source in: Retinex. The authors' program for it is closed; ours follows the formula they cite, with
    weights and stretch chosen on training identities.
    """

    def __init__(self, height_px=128, width_px=48, retinex="msr", tau=0.3):
        if retinex not in RETINEX:
            raise PluginError(f"feature 'lomo': retinex {retinex!r} unknown{did_you_mean(retinex, RETINEX)}")
        smallest = WINDOW * 2 ** (SCALES - 1)
        if min(height_px, width_px) < smallest:
            raise PluginError(f"feature 'lomo': size {height_px} x {width_px} px; right: at least {smallest} px each")
        if not 0 < tau < 1:
            raise PluginError(f"feature 'lomo': tau {tau}; right: between 0 and 1")
        self._size, self._retinex, self._tau = (height_px, width_px), RETINEX[retinex], tau

    def extract(self, image):
        """uint8 (H, W, 3) RGB -> float32 (D,), not negative; three groups, each of unit length."""
        image = resize(image, *self._size)
        groups = [
            [maximal_counts(codes, GREY_LEVELS**3) for codes in _colour_codes(self._retinex(image))],
            *([maximal_counts(codes, 81) for codes in self._texture_codes(image, radius)] for radius in (3, 5)),
        ]
        return np.concatenate([_unit(np.log1p(np.concatenate(group).astype(np.float32))) for group in groups])

    def _texture_codes(self, image, radius):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        for scale in range(SCALES):
            grey = halve(grey) if scale else grey
            if min(grey.shape) > 2 * radius:
                yield siltp(grey, radius, self._tau)


def siltp(grey, radius, tau):
    """Scale invariant local ternary patterns with four neighbours.

    Parameters
    ----------
    grey : float (H, W), 0..1
        Bytes divided by 255, or means of four or sixteen of them: codes are then exact, in float32 too.
    radius : int
        Distance of the neighbours in px; beyond the edges the outermost pixels are repeated.
    tau : float

    Returns
    -------
    int (H, W), 0..80
        Sum of the digits of the neighbours right, above, left and below, times 1, 3, 9 and 27; a digit is 1 for a
        neighbour darker than (1 - tau) of the centre, 2 for one brighter than (1 + tau) of it, else 0.
    """
    height, width = grey.shape
    padded = np.pad(grey, radius, mode="edge")
    low, high = (1 - tau) * grey, (1 + tau) * grey
    codes = np.zeros(grey.shape, np.intp)
    for power, (down, right) in enumerate(((0, radius), (-radius, 0), (0, -radius), (radius, 0))):
        neighbour = padded[radius + down :, radius + right :][:height, :width]
        codes += 3**power * ((neighbour < low - ROUNDING) + 2 * (neighbour > high + ROUNDING).astype(np.intp))
    return codes


def maximal_counts(codes, bins):
    """Count codes in sliding windows and keep the maxima of each row of windows.

    Parameters
    ----------
    codes : int (H, W), 0..bins - 1
    bins : int

    Returns
    -------
    int (rows * bins,)
        For each row of windows, of each code the largest count in one of its windows.
    """
    rows, columns = (size // STEP for size in codes.shape)  # cells
    cells = np.arange(rows * columns).reshape(rows, columns).repeat(STEP, axis=0).repeat(STEP, axis=1)
    flat = cells * bins + codes[: rows * STEP, : columns * STEP]
    counts = np.bincount(flat.ravel(), minlength=rows * columns * bins).reshape(rows, columns, bins)
    pairs = counts[:-1] + counts[1:]
    return (pairs[:, :-1] + pairs[:, 1:]).max(axis=1).ravel()


def halve(grey):
    """Means of 2 x 2 px: float (H, W) -> float (H // 2, W // 2); an odd row or column at the end is left out."""
    height, width = (size // 2 * 2 for size in grey.shape)
    above, below = grey[0:height:2, :width], grey[1:height:2, :width]
    return (above[:, 0::2] + above[:, 1::2] + below[:, 0::2] + below[:, 1::2]) / 4


def _colour_codes(image):
    """float32 (H, W, 3) RGB in [0, 1] -> joint codes of each scale; quantised values are averaged, rounded down."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV) / np.array([360, 1, 1], np.float32)
    channels = quantise(hsv, GREY_LEVELS).transpose(2, 0, 1)
    for scale in range(SCALES):
        channels = [halve(channel).astype(np.intp) for channel in channels] if scale else channels
        hue, saturation, value = channels
        yield GREY_LEVELS**2 * value + GREY_LEVELS * saturation + hue


def _unit(values):
    """Divided by its length, which is never 0: every window counts something."""
    return values / np.linalg.norm(values)
