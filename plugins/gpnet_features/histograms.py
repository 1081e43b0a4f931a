"""What histogram features share: colour channels, stripes and blocks, and counting."""

import cv2
import numpy as np


def colour_channels(image):
    """Eight colour channels of an image.

    Parameters
    ----------
    image : uint8 (H, W, 3) RGB

    Returns
    -------
    float32 (8, H, W), 0..1
        Red, green, blue; hue, saturation, value; and Cb and Cr of ITU-R BT.601 with its head-room, 16..240 of 255.
    """
    rgb = image.astype(np.float32) / 255
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV) / np.array([360, 1, 1], np.float32)
    luma = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    blue, red = ((rgb[:, :, k] - luma) / (2 * (1 - w)) for k, w in ((2, 0.114), (0, 0.299)))  # -0.5..0.5
    chroma = [(128 + 224 * channel) / 255 for channel in (blue, red)]
    return np.concatenate([rgb.transpose(2, 0, 1), hsv.transpose(2, 0, 1), chroma]).astype(np.float32)


def stripes(height, count):
    """Slices of rows that divide `height` px into `count` horizontal stripes, as equal as whole pixels allow."""
    edges = np.round(np.linspace(0, height, count + 1)).astype(int)
    return [(slice(top, bottom), slice(None)) for top, bottom in zip(edges, edges[1:])]


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
