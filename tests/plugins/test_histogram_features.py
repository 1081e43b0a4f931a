"""ELF and HistLBP, and the counting they share."""

import colorsys

import numpy as np
import pytest
from gpnet_features.elf import Elf, filters, gabor, schmid
from gpnet_features.hist_lbp import REGIONS, HistLbp
from gpnet_features.histograms import (
    blocks,
    hue_saturation_value,
    luma_and_chroma,
    quantise,
    region_counts,
    shrunk,
    to_nearest,
)

from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.testing import check_feature


def noise(height=128, width=48, seed=0, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (height, width, 3), dtype=np.uint8)


def test_colour_channels_against_the_standard_library():
    image = noise(3, 4)
    rgb = image / 255
    channels = np.stack([*rgb.transpose(2, 0, 1), *hue_saturation_value(rgb), *luma_and_chroma(rgb)])
    for y, x in np.ndindex(3, 4):
        red, green, blue = image[y, x] / 255
        np.testing.assert_allclose(channels[:3, y, x], [red, green, blue], atol=1e-6)
        np.testing.assert_allclose(channels[3:6, y, x], colorsys.rgb_to_hsv(red, green, blue), atol=1e-5)
        luma = 16 + 65.481 * red + 128.553 * green + 24.966 * blue
        chroma = [128 - 37.797 * red - 74.203 * green + 112 * blue, 128 + 112 * red - 93.786 * green - 18.214 * blue]
        np.testing.assert_allclose(channels[6:, y, x] * 255, [luma, *chroma], atol=1e-9)


def test_stripes_and_blocks_by_hand():
    assert [(rows.start, rows.stop) for rows, _ in REGIONS[6]] == [(21 * k, 21 * k + 22) for k in range(6)]
    assert shrunk(blocks(4, 4, 4, 1), 1) == [(slice(1, 3), slice(1, 3))]
    assert blocks(4, 6, 2, 2) == [(slice(y, y + 2), slice(x, x + 2)) for y in (0, 2) for x in (0, 2, 4)]
    assert {name: len(found) for name, found in REGIONS.items()} == {6: 6, 14: 14, 75: 75, 341: 341}


def test_region_counts_by_hand():
    codes = np.array([[[0, 1], [1, 1]], [[2, 2], [0, 1]]])
    rows = [(slice(0, 1), slice(None)), (slice(1, 2), slice(None))]
    assert region_counts(codes, rows, 3).tolist() == [
        [[1, 1, 0], [0, 0, 2]],
        [[0, 2, 0], [1, 1, 0]],
    ]
    assert quantise(np.array([-0.5, 0, 0.26, 1, 7]), 4).tolist() == [0, 0, 1, 3, 3]
    assert to_nearest(np.array([-0.5, 0, 0.16, 0.17, 0.5, 1, 7]), 4).tolist() == [0, 0, 0, 1, 2, 3, 3]


def test_the_filters():
    bank = filters()
    assert len(bank) == 19
    for ring in bank[:13]:
        assert ring.shape == (49, 49)
        assert abs(ring.sum()) < 1e-5 and np.abs(ring).sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(ring, ring.T, atol=1e-7)  # the same in every direction
    for across, along in zip(bank[13:16], bank[16:]):
        np.testing.assert_allclose(across, along.T, atol=1e-6)
    assert schmid(4, 1)[24, 24] == schmid(4, 1).max()
    wave = gabor(2**0.5, 4, 0.3, 0)
    middle = wave.shape[0] // 2
    assert wave[middle, middle] == 1
    # a quarter, half and whole wavelength along the wave
    np.testing.assert_allclose(
        wave[middle, middle + 1 : middle + 5], np.exp(-np.array([1, 4, 9, 16]) / 4) * [0, -1, 0, 1], atol=1e-6
    )


def test_elf_has_stripes_that_sum_to_one():
    for image in (noise(), noise(160, 60), np.zeros((128, 48, 3), np.uint8)):
        vector = Elf().extract(image)
        assert vector.shape == (2592,)
        np.testing.assert_allclose(vector.reshape(6, 27 * 16).sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(vector.reshape(6, 27, 16).sum(axis=2), 1 / 27, rtol=1e-4)


def test_elf_hardly_sees_the_brightness_in_red_green_and_blue():
    image = noise(high=100)
    dark, bright = (Elf().extract(picture).reshape(6, 27, 16) for picture in (image, 2 * image))
    moved = np.abs(dark - bright).sum(axis=2) * 27 / 2  # share of the pixels in another bin
    assert moved[:, :3].max() < 0.02
    assert moved[:, 5].min() > 0.2  # the value of HSV sees it


def test_elf_calls_a_flat_image_flat():
    vector = Elf().extract(np.full((128, 48, 3), 77, np.uint8)).reshape(6, 27, 16)
    assert (vector[:, :3, 8] > 0).all()  # 0.5; textures see the edge, beyond which is black


@pytest.mark.parametrize("regions", REGIONS)
def test_hist_lbp_has_two_groups_of_unit_length(regions):
    vector = HistLbp(regions).extract(noise())
    assert vector.shape == (430 * regions,) and vector.min() >= 0
    for group in (vector[: 128 * regions], vector[128 * regions :]):
        assert np.linalg.norm(group) == pytest.approx(1, abs=1e-5)
    check_feature(HistLbp(regions))


def test_hist_lbp_counts_colours_where_they_are():
    image = np.zeros((128, 48, 3), np.uint8)
    image[:63, :, 0] = 255  # red above, black below, where the fourth stripe begins
    colours = HistLbp(6).extract(image)[: 128 * 6].reshape(6, 8, 16)
    assert (colours[:3, 0, 15] > 0).all() and (colours[3:, 0, 15] == 0).all()
    assert (colours[3:, 0, 0] > 0).all() and (colours[:2, 0, 0] == 0).all()


def test_lbp_does_not_see_brightness_doubled():
    image = np.repeat(noise(high=120)[:, :, :1], 3, axis=2)
    one, other = (HistLbp().extract(picture)[128 * 6 :] for picture in (image, 2 * image))
    np.testing.assert_array_equal(one, other)


def test_other_numbers_of_regions_are_refused():
    with pytest.raises(PluginError, match="regions: found 7; right: 6, 14, 75 or 341"):
        PluginManager().build("features", "hist-lbp", regions=7)
