"""Random translation, mirroring, colour changes and erasing of images (section IV-B, and beyond it)."""

import numpy as np

ERASED_AREA = (0.02, 0.25)
"""Least and largest share of an image that erasing covers."""


def augment(images, rng, section):
    """Change each image at random, in ways that leave the person the same.

    Parameters
    ----------
    images : uint8 (N, H, W, 3)
    rng : numpy.random.Generator
    section : AugmentationSection
        ``translation``, ``mirror``, ``colour`` and ``erasing`` of a recipe.

    Returns
    -------
    float32 (N, 3, H, W), values 0..255
        New array, ready for the network.

    Source: translation and mirroring: section IV-B, after Li et al. 2014 and Ahmed et al. 2015; erasing: Zhong et al.,
    Random Erasing Data Augmentation, 2017.
    """
    moved = _moved(images, rng, section.translation, section.mirror)
    if section.colour:
        _recolour(moved, rng, section.colour)
    if section.erasing:
        _erase(moved, rng, section.erasing)
    return moved


def _moved(images, rng, translation, mirror):
    """Shifted by whole pixels, uniform within that share of height and width, the border repeated; half mirrored."""
    count, height, width, _ = images.shape
    reach_y, reach_x = int(translation * height), int(translation * width)
    shift_y = rng.integers(-reach_y, reach_y + 1, count)
    shift_x = rng.integers(-reach_x, reach_x + 1, count)
    flip = rng.random(count) < (0.5 if mirror else 0.0)
    rows = np.clip(np.arange(height) + shift_y[:, None], 0, height - 1)  # (N, H)
    columns = np.clip(np.arange(width) + shift_x[:, None], 0, width - 1)  # (N, W)
    columns[flip] = columns[flip, ::-1]
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    out = np.empty(planes.shape, np.float32)
    for place in range(count):  # whole rows of one plane at a time: several times as fast as one large gather
        out[place] = planes[place].take(rows[place], axis=1).take(columns[place], axis=2)
    return out


def _recolour(pixels, rng, strength):
    """In place: saturation, contrast, brightness and the balance of the channels, each within 1 +- strength."""
    count = len(pixels)
    saturation, contrast, brightness = rng.uniform(1 - strength, 1 + strength, (3, count, 1, 1, 1)).astype(np.float32)
    balance = rng.uniform(1 - strength / 2, 1 + strength / 2, (count, 3, 1, 1)).astype(np.float32)
    grey = pixels.mean(axis=1, keepdims=True)  # (N, 1, H, W)
    level = grey.mean(axis=(2, 3), keepdims=True)
    gain = balance * brightness
    pixels *= gain * contrast * saturation
    pixels += grey * (gain * contrast * (1 - saturation))
    pixels += level * (gain * (1 - contrast))
    np.clip(pixels, 0, 255, out=pixels)


def _erase(pixels, rng, probability):
    """In place: with that probability a rectangle of an image becomes one random colour."""
    _, _, height, width = pixels.shape
    for image in pixels:
        chosen, area, aspect = rng.random(), rng.uniform(*ERASED_AREA), np.exp(rng.uniform(-1.2, 1.2))
        tall = min(height, max(1, round(np.sqrt(area * aspect * height * width))))
        wide = min(width, max(1, round(np.sqrt(area / aspect * height * width))))
        top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
        colour = rng.uniform(0, 255, (3, 1, 1))
        if chosen < probability:
            image[:, top : top + tall, left : left + wide] = colour
