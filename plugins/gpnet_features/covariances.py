"""Covariance descriptors of the windows of maps, and a distance between two of them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FEATURES = 7


def windows(maps, size, step):
    """Windows of maps: float (..., H, W) -> view (..., rows, columns, height, width)."""
    return sliding_window_view(maps, size, axis=(-2, -1))[..., :: step[0], :: step[1], :, :]


def window_covariances(maps, size, step):
    """Covariances (ddof 1) of x, y, the value, and its first and second derivatives by x and by y in each window.

    Parameters
    ----------
    maps : float (M, H, W), at least 2 x 2 px
    size, step : (int, int)
        Height and width of a window, and how far windows are apart, in px.

    Returns
    -------
    float64 (M, rows, columns, 7, 7)
        x and y are in px. Derivatives are central differences, one-sided at the edges of the map.
    """
    maps = np.asarray(maps, np.float64)
    y, x = (np.broadcast_to(axis, maps.shape) for axis in np.mgrid[: maps.shape[1], : maps.shape[2]].astype(np.float64))
    by_y, by_x = np.gradient(maps, axis=(1, 2))
    features = np.stack([x, y, maps, by_x, by_y, np.gradient(by_x, axis=2), np.gradient(by_y, axis=1)], axis=1)
    values = windows(features, size, step).transpose(0, 2, 3, 1, 4, 5)
    values = values.reshape(*values.shape[:4], -1)
    # Centred first: sums of squares over a nearly flat window would lose all their digits.
    values = values - values.mean(axis=-1, keepdims=True)  # (M, rows, columns, 7, px)
    return values @ values.swapaxes(-1, -2) / (values.shape[-1] - 1)


def generalised_eigenvalues(first, second):
    """The lambda of first v = lambda second v.

    Parameters
    ----------
    first, second : float64 (..., k, k), symmetric, `second` positive definite

    Returns
    -------
    float64 (..., k), ascending

    Raises
    ------
    numpy.linalg.LinAlgError
        If one of `second` is not positive definite.
    """
    root = np.linalg.cholesky(second)
    half = np.linalg.solve(root, first)
    whole = np.linalg.solve(root, half.swapaxes(-1, -2))
    return np.linalg.eigvalsh((whole + whole.swapaxes(-1, -2)) / 2)


def covariance_distances(first, second):
    """sqrt(sum of ln^2 lambda), lambda the generalised eigenvalues: float64 (..., k, k) twice -> float64 (...).

    It is symmetric, 0 for equal matrices, and the same for A C A^T of both with any invertible A.

    Source: Forstner, Moonen, A Metric for Covariance Matrices, 1999.
    """
    values = generalised_eigenvalues(first, second)
    # Rounding may leave an eigenvalue of 0 or below where one matrix is nearly flat beside the other.
    return np.sqrt((np.log(values.clip(1e-10, 1e10)) ** 2).sum(axis=-1))
