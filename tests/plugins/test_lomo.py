"""LOMO: sizes, counts by hand and against loops, invariances."""

import numpy as np
import pytest
from gpnet_features.lomo import Lomo, halve, maximal_counts, siltp
from gpnet_features.retinex import RETINEX

from gluon_personnet.core.errors import PluginError
from gluon_personnet.testing import check_feature

GROUP_OF_128_48 = {"colours": slice(0, 512 * 40), "R3": slice(512 * 40, 593 * 40), "R5": slice(593 * 40, 674 * 40)}


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "height, width, dims", [(128, 48, 26960), (160, 60, 35722), (128, 64, 26960), (40, 40, 674 * 11 - 81)]
)
def test_dimensions(height, width, dims):
    vector = Lomo(height, width).extract(noise(height, width))
    # 40 x 40 px: 7 + 3 + 1 rows of windows, but the smallest scale is too narrow for radius 5
    assert vector.shape == (dims,) and vector.dtype == np.float32


def test_every_group_has_unit_length_and_images_are_resized():
    for image in (noise(128, 48), noise(200, 80), np.zeros((128, 48, 3), np.uint8)):
        vector = Lomo().extract(image)
        for group in GROUP_OF_128_48.values():
            assert np.linalg.norm(vector[group]) == pytest.approx(1, abs=1e-5)
        assert vector.min() >= 0


@pytest.mark.parametrize("height, width", [(20, 20), (23, 31), (12, 10)])
def test_maximal_counts_against_loops(height, width):
    codes = np.random.default_rng(1).integers(0, 4, (height, width))
    rows = []
    for top in range(0, height - 9, 5):
        windows = [codes[top : top + 10, left : left + 10] for left in range(0, width - 9, 5)]
        rows += [max(int((window == code).sum()) for window in windows) for code in range(4)]
    assert maximal_counts(codes, 4).tolist() == rows


def test_halve_by_hand():
    np.testing.assert_array_equal(halve(np.arange(15.0).reshape(3, 5)), [[3, 5]])


def test_siltp_by_hand():
    grey = np.array([[0.5, 0.9, 0.5], [0.1, 0.5, 0.6], [0.5, 0.1, 0.5]])
    codes = siltp(grey, 1, 0.3)
    assert codes[1, 1] == 0 * 1 + 2 * 3 + 1 * 9 + 1 * 27  # right alike, above brighter, left and below darker
    assert codes[0, 1] == 1 * 1 + 0 * 3 + 1 * 9 + 1 * 27  # above the edge it meets itself


@pytest.mark.parametrize("radius", [3, 5])
def test_siltp_against_loops(radius):
    grey = np.random.default_rng(2).uniform(0, 1, (14, 17))
    right = np.zeros(grey.shape, int)
    for y, x in np.ndindex(grey.shape):
        places = (y, x + radius), (y - radius, x), (y, x - radius), (y + radius, x)
        for power, (v, u) in enumerate(places):
            near = grey[min(max(v, 0), 13), min(max(u, 0), 16)]
            digit = 1 if near < 0.7 * grey[y, x] else 2 if near > 1.3 * grey[y, x] else 0
            right[y, x] += digit * 3**power
    np.testing.assert_array_equal(siltp(grey, radius, 0.3), right)


def test_siltp_does_not_change_with_the_scale_of_brightness():
    grey = np.random.default_rng(3).uniform(0.01, 1, (30, 20))
    np.testing.assert_array_equal(siltp(grey, 3, 0.3), siltp(1.7 * grey, 3, 0.3))


def test_a_pattern_shifted_by_whole_windows_of_every_scale_gives_the_same_vector():
    left, right = (np.full((128, 168, 3), 90, np.uint8) for _ in range(2))
    left[32:96, 64:84], right[32:96, 84:104] = (noise(64, 20, seed=4),) * 2  # 20 px: 5 px at a quarter of the size
    feature = Lomo(128, 168, retinex="none")
    np.testing.assert_array_equal(feature.extract(left), feature.extract(right))
    moved = np.full((128, 168, 3), 90, np.uint8)
    moved[32:96, 67:87] = noise(64, 20, seed=4)
    assert not np.array_equal(feature.extract(left), feature.extract(moved))


def test_a_colour_stands_in_the_bin_of_its_hue_saturation_and_value():
    image = np.broadcast_to(np.array([200, 100, 100], np.uint8), (128, 48, 3)).copy()  # H 0, S 0.5, V 0.784
    colours = Lomo(retinex="none").extract(image)[GROUP_OF_128_48["colours"]].reshape(40, 512)
    assert np.flatnonzero(colours.sum(axis=0)).tolist() == [64 * 6 + 8 * 4 + 0]


@pytest.mark.parametrize("retinex", RETINEX)
def test_every_retinex_keeps_the_contract(retinex):
    check_feature(Lomo(retinex=retinex))
    for image in (noise(40, 30), np.full((40, 30, 3), 255, np.uint8), np.zeros((40, 30, 3), np.uint8)):
        corrected = RETINEX[retinex](image)
        assert corrected.shape == (40, 30, 3) and corrected.dtype == np.float32
        assert corrected.min() >= 0 and corrected.max() <= 1


def lit_from_one_side():
    """A texture, evenly lit and with the light falling off to a quarter from left to right."""
    texture = np.random.default_rng(5).integers(40, 200, (60, 40, 3)).astype(np.float64)
    return texture.astype(np.uint8), (texture * np.linspace(1, 0.25, 40)[None, :, None]).astype(np.uint8)


@pytest.mark.parametrize("retinex", sorted(set(RETINEX) - {"none"}))
def test_retinex_takes_uneven_light_away(retinex):
    even, uneven = lit_from_one_side()
    before = np.corrcoef(even.ravel(), uneven.ravel())[0, 1]
    after = np.corrcoef(RETINEX[retinex](even).ravel(), RETINEX[retinex](uneven).ravel())[0, 1]
    assert after > before + 0.05


@pytest.mark.parametrize(
    "options, words",
    [
        ({"retinex": "mrs"}, "did you mean 'msr'?"),
        ({"height_px": 39}, "size 39 x 48 px; right: at least 40 px each"),
        ({"tau": 1.0}, "tau 1.0; right: between 0 and 1"),
    ],
)
def test_refused(options, words):
    with pytest.raises(PluginError) as caught:
        Lomo(**options)
    assert words in str(caught.value)
