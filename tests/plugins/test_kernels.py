"""Kernels: against sklearn's definitions written as naive loops, in blocks, and kept on disk."""

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
def test_the_bandwidth_is_the_mean_of_training_distances(name, distance):
    train, test = (histograms(count, seed=count).astype(float).tolist() for count in (40, 3))
    kernel = make_kernel(name).fit(train)
    mean = matrix(distance, train, train).mean()
    assert kernel.bandwidth == pytest.approx(mean, rel=1e-5)
    np.testing.assert_allclose(kernel(test), np.exp(-matrix(distance, test, train) / (2 * mean)), rtol=1e-5)
    np.testing.assert_allclose(kernel.train, np.exp(-matrix(distance, train, train) / (2 * mean)), rtol=1e-5)


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
    for name in ("rbf", "chi2-rbf"):
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
