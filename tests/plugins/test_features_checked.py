"""Features against the code that their sources released, and what every docstring says of such a check.

The numbers of HistLBP and ELF come from the code of Gou et al., TPAMI 2019, run under GNU Octave 7.3 on the images of
:func:`person`: six sums of all values of the vector with random weights, which change with any of them.
"""

import numpy as np
import pytest
from gpnet_features.elf import Elf
from gpnet_features.hist_lbp import HistLbp
from gpnet_features.lbp import patterns
from gpnet_features.lomo import halve, siltp

from gluon_personnet.plugin.manager import PluginManager

PUBLISHED = ("elf", "hist-lbp", "lomo")


def person(seed):
    """Squares of flat colours with noise, 128 x 48 px."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(0, 256, (16, 6, 3)), np.ones((8, 8, 1), int))
    return (coarse + rng.integers(-24, 25, (128, 48, 3))).clip(0, 255).astype(np.uint8)


def sums(vector):
    return np.random.default_rng(7).normal(size=(6, len(vector))) @ vector


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_docstring_says_what_it_was_checked_against(name):
    text = " ".join(PluginManager().find("features", name).load().__doc__.split())
    assert "Checked against: " in text and "difference" in text


@pytest.mark.parametrize(
    ("seed", "regions", "found"),
    [
        (0, 6, [-1.73373918, -1.15552738, 1.69698818, 1.27092938, 1.05082563, -0.74587789]),
        (0, 75, [-1.67186102, -3.29246870, -1.34048391, 0.32522446, 1.10833000, 0.07256177]),
        (1, 6, [-1.49372943, -0.37705001, 1.49188058, 0.95339210, 1.97106597, -0.81380341]),
        (1, 75, [-1.08531093, -1.77461925, -1.60710919, 0.23485727, 0.99280904, -0.23125011]),
    ],
)
def test_hist_lbp_is_that_of_its_source(seed, regions, found):
    np.testing.assert_allclose(sums(HistLbp(regions).extract(person(seed))), found, atol=1e-6)


@pytest.mark.parametrize(
    ("seed", "found"),
    [
        (0, [0.16682906, 0.15281709, -0.23231429, 0.04479801, 0.20138561, -0.06181115]),
        (1, [0.15442776, 0.13342755, -0.03943617, -0.00135507, 0.09496139, -0.11157875]),
    ],
)
def test_elf_is_that_of_its_source_but_for_single_pixels(seed, found):
    """Without hue and saturation, of which Octave puts values halfway between two bins into the lower one."""
    vector = Elf().extract(person(seed)).reshape(6, 27, 16)
    vector[:, 3:5] = 0
    np.testing.assert_allclose(sums(vector.ravel()), found, atol=6e-4)  # one pixel is 1 / 27216


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lomo_codes_every_pair_of_grey_values_as_whole_numbers_say(dtype):
    """At the image's own size and at the two that are halved, where values are quarters and sixteenths."""
    for unit in (1, 4, 16):
        centre, near = np.meshgrid(np.arange(1, 255 * unit + 1, max(1, unit // 4)), np.arange(0, 255 * unit + 1, unit))
        grey = np.stack([centre] * 6 + [near], axis=-1).reshape(-1, 7).astype(dtype) / dtype(255 * unit)
        digits = np.array([siltp(row[None], 3, 0.3)[0, 3] for row in grey[:: 17 if unit > 1 else 1]])
        darker, brighter = 10 * near < 7 * centre, 10 * near > 13 * centre
        right = (darker + 2 * brighter).ravel()[:: 17 if unit > 1 else 1]
        assert (digits == right).all(), f"{(digits != right).sum()} of {len(right)} in units of 1/{unit}"


def test_means_of_halved_bytes_are_exact_enough():
    grey = np.random.default_rng(0).integers(0, 256, (64, 64))
    once = halve(grey.astype(np.float32) / 255)
    twice = halve(once)
    exact = grey.reshape(16, 4, 16, 4).sum(axis=(1, 3)) / (16 * 255)
    assert np.abs(twice - exact).max() < 5e-7


def test_patterns_by_a_loop():
    grey = np.random.default_rng(3).integers(0, 256, (7, 8)) / 255
    for neighbours, radius in ((8, 1), (16, 2)):
        codes = patterns(grey, neighbours, radius)
        assert codes.shape == (7 - 2 * radius, 8 - 2 * radius)
        for v, h in np.ndindex(codes.shape):
            bits = []
            for place in range(neighbours):
                angle = 2 * np.pi * place / neighbours
                y, x = v + radius - radius * np.sin(angle), h + radius + radius * np.cos(angle)
                y, x = (round(value, 9) for value in (y, x))
                top, left = int(y), int(x)
                down, right = y - top, x - left
                mixed = sum(
                    grey[min(top + a, 6), min(left + b, 7)] * (down if a else 1 - down) * (right if b else 1 - right)
                    for a in (0, 1)
                    for b in (0, 1)
                )
                whole = y == top and x == left
                bits.append((mixed if whole else round(mixed, 4)) >= grey[v + radius, h + radius])
            changes = sum(one != other for one, other in zip(bits, bits[1:] + bits[:1]))
            last = neighbours * (neighbours - 1) + 2
            assert (codes[v, h] == last) == (changes > 2)
            if changes == 0:
                assert codes[v, h] == (last - 1 if bits[0] else 0)
