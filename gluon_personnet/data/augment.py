"""Random translation and mirroring of images (section IV-B)."""

import numpy as np


def to_network_input(images):
    """uint8 (N, H, W, 3) -> float32 (N, 3, H, W), the same values 0..255."""
    return images.transpose(0, 3, 1, 2).astype(np.float32)


def augment(images, rng, translation=0.05, mirror=True):
    """Shift each image by a random offset and mirror it with probability one half.

    Parameters
    ----------
    images : uint8 (N, H, W, 3)
    rng : numpy.random.Generator
    translation : float in [0, 0.5]
        Offsets are uniform whole pixels within this share of the height and of the width; the border is repeated.
    mirror : bool

    Returns
    -------
    float32 (N, 3, H, W), values 0..255
        New array, ready for the network.

    Source: section IV-B, after Li et al. 2014 and Ahmed et al. 2015.
    """
    count, height, width, _ = images.shape
    reach_y, reach_x = int(translation * height), int(translation * width)
    shift_y = rng.integers(-reach_y, reach_y + 1, count)
    shift_x = rng.integers(-reach_x, reach_x + 1, count)
    flip = rng.random(count) < (0.5 if mirror else 0.0)
    rows = np.clip(np.arange(height) + shift_y[:, None], 0, height - 1)  # (N, H)
    columns = np.clip(np.arange(width) + shift_x[:, None], 0, width - 1)  # (N, W)
    columns[flip] = columns[flip, ::-1]
    moved = images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]  # (N, H, W, 3)
    return to_network_input(moved)
