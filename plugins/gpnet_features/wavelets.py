"""Gabor wavelets of a channel, and maps that pool them over sizes and orientations (biologically inspired features)."""

import functools

import numpy as np
import scipy.fft

ORIENTATIONS = 8
HIGHEST = 0.7888 * np.pi
"""Wave number of the first scale, in radians per px; each further scale divides it by the square root of 2."""
SIGMA = 2 * np.pi
"""Width of the Gaussian of a wavelet, in units of 1 / wave number."""


def wavelet(scale, angle, size):
    """|k|^2 / sigma^2 exp(-|k|^2 |z|^2 / (2 sigma^2)) (exp(i k z) - exp(-sigma^2 / 2)) on size x size px.

    Parameters
    ----------
    scale : int
        From 0; the wave number |k| is :data:`HIGHEST` / 2 ** (scale / 2).
    angle : float
        Of k to the rows, in radians.
    size : int
        Odd.

    Returns
    -------
    complex128 (size, size)
    """
    y, x = np.mgrid[:size, :size] - size // 2
    number = HIGHEST / 2 ** (scale / 2)
    envelope = (number / SIGMA) ** 2 * np.exp(-(number**2) * (x**2 + y**2) / (2 * SIGMA**2))
    return envelope * (np.exp(1j * number * (x * np.cos(angle) + y * np.sin(angle))) - np.exp(-(SIGMA**2) / 2))


def pooled_responses(channel, bands):
    """Sizes of responses to wavelets: of the two scales of a band the larger, then the mean over 8 orientations.

    Parameters
    ----------
    channel : float32 (H, W)
        Zero beyond its edges.
    bands : int
        Band b = 1.. has scales 2 b - 2 and 2 b - 1, on 4 b - 1 and 4 b + 1 px.

    Returns
    -------
    float32 (bands, H, W), not negative
    """
    height, width = channel.shape
    spectra = _spectra(height, width, bands)  # (bands, 2, 8, h, w)
    own = scipy.fft.fft2(channel, spectra.shape[-2:])
    maps = np.empty((bands, height, width), np.float32)
    for pooled, band in zip(maps, spectra):  # a band at a time stays in the processor's cache
        responses = np.abs(scipy.fft.ifft2(own * band, overwrite_x=True)[..., :height, :width])
        responses.max(axis=0).mean(axis=0, out=pooled)
    return maps


@functools.lru_cache(maxsize=2)
def _spectra(height, width, bands):
    """Fourier transforms of all wavelets, with room for them beside the image: complex64 (bands, 2, 8, h, w)."""
    reach = 2 * bands
    shape = tuple(scipy.fft.next_fast_len(side + reach) for side in (height, width))
    spectra = np.empty((bands, 2, ORIENTATIONS, *shape), np.complex64)
    for band, second, turn in np.ndindex(spectra.shape[:3]):
        size = 4 * band + 3 + 2 * second
        padded = np.zeros(shape, np.complex128)
        padded[:size, :size] = wavelet(2 * band + second, np.pi * turn / ORIENTATIONS, size)
        # the middle of a wavelet belongs at the origin
        spectra[band, second, turn] = scipy.fft.fft2(np.roll(padded, (-(size // 2),) * 2, (0, 1)))
    return spectra
