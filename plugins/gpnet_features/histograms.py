"""What histogram features share: colour channels, stripes and blocks, and counting."""

import cv2
import numpy as np


def hue_saturation_value(rgb):
    """float (H, W, 3), 0..1 -> float32 (3, H, W), 0..1."""
    hsv = cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2HSV) / np.array([360, 1, 1], np.float32)
    return hsv.transpose(2, 0, 1)


def luma_and_chroma(rgb):
    """Y, Cb and Cr of ITU-R BT.601 with its head-room: float (H, W, 3), 0..1 -> float64 (3, H, W), 16..240 of 255."""
    weights = [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
    return (np.einsum("ck,hwk->chw", weights, rgb) + np.array([16, 128, 128])[:, None, None]) / 255


def shrunk(regions, margin):
    """Slices of the same regions without so many px at each of their edges."""
    return [tuple(slice(side.start + margin, side.stop - margin) for side in region) for region in regions]


def blocks(height, width, size, step):
    """Slices of all squares of `size` px, `step` px apart, that lie in height x width px; row by row."""
    return [
        (slice(top, top + size), slice(left, left + size))
        for top in range(0, height - size + 1, step)
        for left in range(0, width - size + 1, step)
    ]


def quantise(channels, bins):
    """float, 0..1 -> the bin of each value, 0..bins - 1; values outside go into the bin at that end."""
    # OpenCV gives a saturation of 100/200 as 0.4999999; no quotient of two bytes lies that near below a whole number.
    return (channels * bins + 1e-4).astype(np.intp).clip(0, bins - 1)


def to_nearest(channels, bins):
    """float, 0..1 -> the nearest of the bins whose centres are k / (bins - 1), k = 0..bins - 1."""
    return np.floor(channels * (bins - 1) + (0.5 + 1e-4)).clip(0, bins - 1).astype(np.intp)


def region_counts(codes, regions, bins):
    """Histograms of regions.

    Parameters
    ----------
    codes : int (C, H, W), 0..bins - 1
    regions : list of (slice, slice)
        Rows and columns of each of R regions.
    bins : int

    Returns
    -------
    int (R, C, bins)
    """
    offsets = bins * np.arange(len(codes))[:, None, None]
    flat = codes + offsets
    counts = [np.bincount(flat[(slice(None), *region)].ravel(), minlength=bins * len(codes)) for region in regions]
    return np.array(counts).reshape(len(regions), len(codes), bins)
