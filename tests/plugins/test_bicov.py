"""BiCov and gBiCov: wavelets, covariances, generalised eigenvalues, and the vectors made of them."""

import numpy as np
import pytest
from gpnet_features.bicov import BiCov, GBiCov
from gpnet_features.covariances import covariance_distances, generalised_eigenvalues, window_covariances, windows
from gpnet_features.wavelets import HIGHEST, pooled_responses, wavelet
from scipy.linalg import eigh
from scipy.signal import convolve2d

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.plugin.manager import PluginManager

RNG = np.random.default_rng(5)


def covariances(count, size=7):
    roots = RNG.normal(size=(count, size, size))
    return roots @ roots.swapaxes(1, 2) + 0.1 * np.eye(size)


def test_a_wavelet_by_hand():
    found = wavelet(2, np.pi / 2, 7)
    k = HIGHEST / 2  # two scales on
    for y, x in ((0, 0), (2, 0), (0, 1), (-3, 2)):
        envelope = (k / (2 * np.pi)) ** 2 * np.exp(-(k**2) * (y * y + x * x) / (8 * np.pi**2))
        wave = np.cos(k * y) + 1j * np.sin(k * y) - np.exp(-2 * np.pi**2)
        assert found[3 + y, 3 + x] == pytest.approx(envelope * wave)


def test_pooled_responses_are_those_of_plain_convolutions():
    channel = RNG.uniform(size=(13, 9)).astype(np.float32)
    maps = pooled_responses(channel, 3)
    assert maps.shape == (3, 13, 9) and maps.dtype == np.float32
    for band in range(3):
        total = np.zeros((13, 9))
        for turn in range(8):
            sizes = [
                np.abs(
                    convolve2d(channel, wavelet(2 * band + second, np.pi * turn / 8, 4 * band + 3 + 2 * second), "same")
                )
                for second in (0, 1)
            ]
            total += np.maximum(*sizes)
        np.testing.assert_allclose(maps[band], total / 8, atol=2e-6)


def test_window_covariances_are_those_of_a_loop():
    maps = RNG.uniform(size=(2, 12, 10))
    found = window_covariances(maps, (6, 4), (3, 2))
    assert found.shape == (2, 3, 4, 7, 7)
    for number, values in enumerate(maps):
        by_y, by_x = np.gradient(values)
        y, x = np.mgrid[:12, :10]
        all_features = [x, y, values, by_x, by_y, np.gradient(by_x, axis=1), np.gradient(by_y, axis=0)]
        for row, column in np.ndindex(3, 4):
            inside = slice(3 * row, 3 * row + 6), slice(2 * column, 2 * column + 4)
            right = np.cov([feature[inside].ravel() for feature in all_features])
            np.testing.assert_allclose(found[number, row, column], right, atol=1e-12)
    assert windows(maps, (6, 4), (3, 2)).shape == (2, 3, 4, 6, 4)


def test_generalised_eigenvalues_are_those_of_scipy():
    first, second = covariances(5), covariances(5)
    found = generalised_eigenvalues(first, second)
    for values, one, other in zip(found, first, second):
        np.testing.assert_allclose(values, eigh(one, other, eigvals_only=True), rtol=1e-6)


def test_laws_of_the_distance():
    first, second = covariances(6), covariances(6)
    distances = covariance_distances(first, second)
    assert distances.min() > 0.5
    np.testing.assert_allclose(covariance_distances(first, first), 0, atol=1e-6)
    np.testing.assert_allclose(covariance_distances(second, first), distances, rtol=1e-6)
    turned = [RNG.normal(size=(7, 7))] * 2
    one, other = (matrix @ cov @ matrix.T for matrix, cov in zip(turned, (first, second)))
    np.testing.assert_allclose(covariance_distances(one, other), distances, rtol=1e-5)
    # of diagonal matrices the eigenvalues are quotients
    by_hand = covariance_distances(np.diag([1.0, np.e**3]), np.diag([np.e**4, 1.0]))
    assert by_hand == pytest.approx(5)


@pytest.mark.parametrize(
    ("options", "windows_"),
    [
        ({}, 15 * 11),
        ({"window_height_px": 16, "window_width_px": 16}, 15 * 5),
        ({"height_px": 64, "width_px": 32}, 7 * 7),
        ({"height_px": 64, "width_px": 32, "window_height_px": 9, "window_width_px": 32}, 12),
    ],
)
def test_dimensions(options, windows_):
    image = RNG.integers(0, 256, (70, 30, 3), dtype=np.uint8)
    vector = BiCov(**options).extract(image)
    both = GBiCov(**options).extract(image)
    assert (vector.shape, both.shape) == ((18 * windows_,), (36 * windows_,))
    np.testing.assert_array_equal(both[: len(vector)], vector)
    for half in (vector, both[len(vector) :]):
        assert np.linalg.norm(half) == pytest.approx(1, abs=1e-5)
    assert both.min() >= 0


def test_what_is_described_is_each_channel_in_its_place():
    image = RNG.integers(0, 256, (64, 32, 3), dtype=np.uint8)
    changed = image.copy()
    changed[48:] = RNG.integers(0, 256, (16, 32, 3))
    one, other = (BiCov(64, 32).extract(picture).reshape(18, 7, 7) for picture in (image, changed))
    ratio = other / one  # all lengths change with the vector's
    top = ratio[:, 0]  # rows 0..15: no wavelet of 49 px reaches there from row 48
    np.testing.assert_allclose(top, top.ravel()[0], rtol=1e-2)
    assert np.abs(ratio[:, 6] / top.ravel()[0] - 1).max() > 0.05


def test_a_window_larger_than_the_image_is_one_line():
    with pytest.raises(GpnetError, match="^feature 'bicov': window of 16x60 px in 128x48 px; right: not larger"):
        PluginManager().build("features", "bicov", window_width_px=60)


def test_rank_1_on_viper_is_far_above_chance(real_data):
    """Published with cosine and all queries of ten splits: 9.87; 60 people of one split are enough to see chance."""
    from gluon_personnet.data.archives import Locator

    dataset = PluginManager().find("datasets", "viper").build(Locator([real_data]))
    split, feature = dataset.split(0), GBiCov()
    sides = [
        np.array([feature.extract(dataset.read(row)) for row in rows[:60]]) for rows in (split.query, split.gallery)
    ]
    rank1 = ((sides[0] @ sides[1].T).argmax(axis=1) == np.arange(60)).mean()
    assert rank1 > 0.1  # chance is 0.017
