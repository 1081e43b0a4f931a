"""Kernels: against sklearn's definitions written as naive loops, in blocks, and kept on disk."""

import importlib.util
import itertools
from pathlib import Path

import gpnet_metrics.kernels as kernels
import numpy as np
import pytest
from gpnet_metrics.kernels import KERNELS, make_kernel

from gluon_personnet.core.errors import DataError, PluginError


def histograms(count, dims=7, seed=0):
    rows = np.random.default_rng(seed).uniform(0, 3, (count, dims)).astype(np.float32)
    rows[rows < 1] = 0
    return rows


def chi2_distance(x, z):
    return sum((a - b) ** 2 / (a + b) for a, b in zip(x, z) if a + b > 0)


def squared(x, z):
    return sum((a - b) ** 2 for a, b in zip(x, z))


def matrix(function, rows, others):
    return np.array([[function(x, z) for z in others] for x in rows])


NAIVE = {
    "linear": lambda x, z: sum(a * b for a, b in zip(x, z)),
    "chi2": lambda x, z: sum(2 * a * b / (a + b) for a, b in zip(x, z) if a + b > 0),
}


@pytest.mark.parametrize("name", NAIVE)
def test_against_loops(name):
    train, test = (histograms(count, seed=count).astype(float).tolist() for count in (70, 3))
    kernel = make_kernel(name).fit(train)
    np.testing.assert_allclose(kernel.train, matrix(NAIVE[name], train, train), rtol=1e-5)
    np.testing.assert_allclose(kernel(test), matrix(NAIVE[name], test, train), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name, distance", [("rbf", squared), ("chi2-rbf", chi2_distance)])
def test_the_bandwidth_is_the_mean_distance_of_two_different_training_rows(name, distance):
    train, test = (histograms(count, seed=count).astype(float).tolist() for count in (40, 3))
    kernel = make_kernel(name).fit(train)
    mean = np.mean([distance(x, z) for x, z in itertools.combinations(train, 2)])
    assert kernel.bandwidth == pytest.approx(mean, rel=1e-5)
    np.testing.assert_allclose(kernel(test), np.exp(-matrix(distance, test, train) / (2 * mean)), rtol=1e-5)
    np.testing.assert_allclose(kernel.train, np.exp(-matrix(distance, train, train) / (2 * mean)), rtol=1e-5)


def test_the_bandwidth_of_three_rows_by_hand():
    kernel = make_kernel("chi2-rbf").fit([[1, 0], [0, 1], [0.5, 0.5]])
    assert kernel.bandwidth == pytest.approx((2 + 2 / 3 + 2 / 3) / 3)  # a row is no pair with itself


def test_the_kernel_exp_is_of_the_distance_itself_and_its_first_quartile():
    train, test = (histograms(count, seed=count).astype(float).tolist() for count in (40, 3))
    kernel = make_kernel("exp").fit(train)
    lengths = sorted(np.sqrt(squared(x, z)) for x, z in itertools.combinations(train, 2))
    quartile = lengths[780 // 4 - 1]
    assert kernel.bandwidth == pytest.approx(quartile**2, rel=1e-5)
    right = np.exp(-np.sqrt(matrix(squared, test, train)) / (2 * quartile**2))
    np.testing.assert_allclose(kernel(test), right, rtol=1e-5)


SAME = histograms(43, dims=5, seed=2)
PRINTED = {
    "linear": [
        5.005520987,
        6.530811122,
        5.083886574,
        4.151818398,
        2.268479506,
        6.060131608,
        8.222815646,
        9.892523662,
        7.37817168,
        9.211022853,
        9.01056653,
        10.33986746,
        9.778158676,
        12.1750316,
        8.928676461,
        15.26263722,
        15.12006704,
        13.74880126,
    ],
    "chi2": [
        2.228701607,
        2.552940206,
        2.247541393,
        2.032597214,
        1.407435883,
        2.444423343,
        4.858458913,
        5.188117007,
        3.696303247,
        5.005746665,
        4.798758117,
        4.400268788,
        5.270688894,
        5.785062148,
        4.106979441,
        7.391288679,
        7.326360719,
        6.086332699,
    ],
    "chi2-rbf": [
        0.4561673651,
        0.5096321993,
        0.5464356444,
        0.4423013444,
        0.4083116146,
        0.5733648608,
        0.6317979416,
        0.7066166106,
        0.5969270664,
        0.728017417,
        0.730989945,
        0.7692527561,
        0.7289077405,
        0.8460563135,
        0.6884620724,
        0.8677333212,
        0.8965082496,
        0.7966478677,
    ],
    "exp": [
        0.7571724879,
        0.7894944742,
        0.7825862087,
        0.7500185426,
        0.7376111987,
        0.8021140651,
        0.7957752953,
        0.842562235,
        0.8119299722,
        0.8117307759,
        0.8231215241,
        0.8792490079,
        0.813800555,
        0.8925570737,
        0.8322460129,
        0.8519707308,
        0.8696289878,
        0.8591460063,
    ],
}
"""Against training rows 3 to 5, of training rows 0 to 2 and of test rows 40 to 42: the benchmark code of Gou et al.,
TPAMI 2019 (ComputeKernel.m, ComputeKernelTest.m), run in double precision by GNU Octave 7.3 on 40 training rows."""


@pytest.mark.parametrize("name", PRINTED)
def test_against_the_benchmark_code(name):
    kernel = make_kernel(name).fit(SAME[:40])
    found = np.concatenate([kernel.train[:3, 3:6], kernel(SAME[40:])[:, 3:6]])
    np.testing.assert_allclose(found.ravel(), PRINTED[name], rtol=1e-6)


@pytest.mark.parametrize("name", KERNELS)
def test_blocks_make_no_difference(name, monkeypatch):
    train, test = histograms(50, dims=30), histograms(9, dims=30, seed=1)
    whole = make_kernel(name).fit(train)
    right = whole.train, whole(test)
    monkeypatch.setattr(kernels, "_BLOCK", 7)
    blocks = make_kernel(name).fit(train)
    np.testing.assert_allclose(blocks.train, right[0], rtol=1e-5)
    np.testing.assert_allclose(blocks(test), right[1], rtol=1e-5)
    assert right[0].dtype == right[1].dtype == np.float64


@pytest.mark.parametrize("name", KERNELS)
def test_laws(name):
    train = histograms(60, dims=12)
    kernel = make_kernel(name).fit(train)
    np.testing.assert_array_equal(kernel.train, kernel.train.T)
    np.testing.assert_allclose(kernel(train), kernel.train, rtol=1e-5, atol=1e-5)
    assert np.linalg.eigvalsh(kernel.train).min() > -1e-4
    np.testing.assert_array_equal(kernel(train[:1]), kernel(train[:2])[:1])


def test_rows_that_are_all_the_same():
    train = np.ones((4, 3), np.float32)
    for name in ("exp", "rbf", "chi2-rbf"):
        np.testing.assert_allclose(make_kernel(name).fit(train).train, np.ones((4, 4)), atol=1e-6)


def computed_again(name):
    def function(rows, others):
        raise AssertionError("computed again")

    function.__name__ = name
    return function


@pytest.mark.parametrize("name", KERNELS)
def test_costly_matrices_are_kept_on_disk_and_not_computed_again(name, monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    train, test = histograms(20), histograms(5, seed=1)
    make_kernel(name).fit(train)(test)
    assert not list(tmp_path.iterdir())  # cheap ones are not
    monkeypatch.setattr(kernels, "WORTH_KEEPING", 1)
    first = make_kernel(name).fit(train)
    right = first(test)
    assert len(list(tmp_path.rglob("*.npy"))) == 2
    with monkeypatch.context() as patch:
        for function in ("dot", "harmonic"):
            patch.setattr(kernels, function, computed_again(function))
        np.testing.assert_array_equal(make_kernel(name).fit(train)(test), right)
    make_kernel(name).fit(train + 1)
    assert len(list(tmp_path.rglob("*.npy"))) == 3  # other rows, other matrix


def test_matrices_of_other_code_are_not_served(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path / "cache"))
    source = Path(kernels.__file__).read_text()
    changed = tmp_path / "kernels_changed.py"
    changed.write_text(source.replace("out += left @ right.T", "out += 2 * left @ right.T"))
    spec = importlib.util.spec_from_file_location("kernels_changed", changed)
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    for module in (kernels, other):
        monkeypatch.setattr(module, "WORTH_KEEPING", 1)
    first = make_kernel("linear").fit(histograms(20)).train
    np.testing.assert_array_equal(other.make_kernel("linear").fit(histograms(20)).train, 2 * first)


def test_one_matrix_serves_both_chi2_kernels(monkeypatch, tmp_path):
    monkeypatch.setenv("GPNET_CACHE", str(tmp_path))
    monkeypatch.setattr(kernels, "WORTH_KEEPING", 1)
    for name in ("chi2", "chi2-rbf"):
        make_kernel(name).fit(histograms(20))
    assert len(list(tmp_path.rglob("*.npy"))) == 1


@pytest.mark.parametrize(
    "name, rows, words",
    [
        ("linear", np.zeros(3), "right: (N, D)"),
        ("rbf", np.full((2, 3), np.nan), "row 0 of the features holds NaN or infinity"),
        ("chi2", np.full((2, 3), -0.5), "found the value -0.5; right: histograms, 0 or more"),
        ("chi2-rbf", np.full((2, 3), -0.5), "right: histograms, 0 or more"),
    ],
)
def test_refused(name, rows, words):
    with pytest.raises(DataError) as caught:
        make_kernel(name).fit(rows)
    assert words in str(caught.value)


def test_rows_of_another_length_and_unknown_kernels_are_refused():
    kernel = make_kernel("linear").fit(np.eye(3))
    with pytest.raises(DataError, match=r"rows of shape \(2, 2\); right: \(N, 3\)"):
        kernel(np.eye(2))
    with pytest.raises(PluginError, match="did you mean 'chi2-rbf'"):
        make_kernel("chi2rbf")
