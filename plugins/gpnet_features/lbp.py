"""Local binary patterns: which neighbours on a circle are at least as bright as the middle."""

import functools

import numpy as np

DECIMALS = 4
"""Of interpolated grey values in 0..1, as the source rounds them."""


def patterns(grey, neighbours, radius):
    """Codes of uniform patterns, for the pixels whose circle lies in the image.

    Parameters
    ----------
    grey : float64 (H, W), 0..1
    neighbours : int
        At equal angles on the circle; values between pixels are interpolated bilinearly and rounded to four decimals.
    radius : int
        Of the circle, in px.

    Returns
    -------
    int (H - 2 radius, W - 2 radius), 0..neighbours (neighbours - 1) + 2
        A pattern with two changes around the circle at most has a code of its own; all others share the last.

    Source: Ojala, Pietikainen, Maenpaa, Multiresolution Gray-Scale and Rotation Invariant Texture Classification with
    Local Binary Patterns, TPAMI 2002; rounding as in the release that Gou et al., TPAMI 2019, use.
    """
    height, width = (size - 2 * radius for size in grey.shape)
    middle = grey[radius : radius + height, radius : radius + width]
    codes = np.zeros((height, width), np.intp)
    for bit in range(neighbours):
        angle = 2 * np.pi * bit / neighbours
        down, right = radius - radius * np.sin(angle), radius + radius * np.cos(angle)
        codes += (_shifted(grey, down, right, height, width) >= middle).astype(np.intp) << bit
    return _uniform(neighbours)[codes]


def _shifted(grey, down, right, height, width):
    """The image from a corner on that may lie between pixels."""
    if max(abs(down - round(down)), abs(right - round(right))) < 1e-6:
        top, left = round(down), round(right)
        return grey[top : top + height, left : left + width]
    top, left = int(np.floor(down)), int(np.floor(right))
    part_down, part_right = down - top, right - left
    corners = {
        (0, 0): round((1 - part_right) * (1 - part_down), 6),
        (0, 1): round(part_right * (1 - part_down), 6),
        (1, 0): round((1 - part_right) * part_down, 6),
    }
    corners[1, 1] = round(1 - sum(corners.values()), 6)
    mixed = sum(
        weight * grey[top + v : top + v + height, left + h : left + h + width]
        for (v, h), weight in corners.items()
        if weight
    )
    return np.floor(mixed * 10**DECIMALS + 0.5) / 10**DECIMALS


@functools.lru_cache(maxsize=4)
def _uniform(neighbours):
    """Pattern -> code: uniform ones numbered in the order of their bits, all others last; int (2 ** neighbours,)."""
    bits = np.arange(2**neighbours)
    turned = (bits >> 1) | ((bits & 1) << (neighbours - 1))
    changes = sum((bits ^ turned) >> place & 1 for place in range(neighbours))
    uniform = changes <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())
