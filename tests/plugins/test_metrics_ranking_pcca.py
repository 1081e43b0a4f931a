"""PCCA and rPCCA: loss against a loop, gradient against finite differences, descent."""

import numpy as np
import pytest
from gpnet_metrics.kernels import make_kernel
from gpnet_metrics.pcca import PCCA, Pairs, descend, loss_and_step, start
from gpnet_metrics.rpcca import RPCCA

RNG = np.random.default_rng(3)
PIDS, CAMIDS = np.repeat(np.arange(15), 2), np.tile([0, 1], 15)
ROWS = RNG.uniform(0, 1, (15, 12))[PIDS] + RNG.uniform(0, 0.4, (30, 12))
KERNEL = make_kernel("chi2-rbf").fit(ROWS).train
PAIRS = Pairs.sample(PIDS, CAMIDS, 4, RNG)


def test_pairs_are_signed():
    assert (PAIRS.signs == 1).sum() == 15 and (PAIRS.signs == -1).sum() == 60
    np.testing.assert_array_equal(PIDS[PAIRS.first] == PIDS[PAIRS.second], PAIRS.signs > 0)


@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_loss_is_that_of_a_loop_and_the_gradient_that_of_finite_differences(penalty):
    projection = RNG.normal(size=(3, 30)) / 4
    loss, step = loss_and_step(projection, KERNEL, PAIRS, penalty)
    right = penalty * np.trace(projection @ KERNEL @ projection.T)
    for i, j, sign in zip(*PAIRS):
        gap = projection @ (KERNEL[i] - KERNEL[j])
        right += np.log1p(np.exp(3 * sign * (gap @ gap - 1))) / 3
    assert loss == pytest.approx(right)
    for _ in range(3):
        towards = RNG.normal(size=projection.shape)
        above, below = (loss_and_step(projection + h * towards, KERNEL, PAIRS, penalty)[0] for h in (1e-6, -1e-6))
        assert np.sum(step @ KERNEL * towards) == pytest.approx((above - below) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_the_loss_falls_with_every_step(penalty):
    _, losses = descend(start(KERNEL, PAIRS, 5), KERNEL, PAIRS, penalty, 200, 1e-6)
    assert len(losses) > 5 and (np.diff(losses) < 0).all() and losses[-1] < losses[0] / 2


def test_the_start_is_whitened_and_its_mean_distance_is_1():
    mapped = start(KERNEL, PAIRS, 5) @ KERNEL
    covariance = np.cov(mapped)
    np.testing.assert_allclose(covariance, np.eye(5) * covariance[0, 0], atol=1e-8 * covariance[0, 0])
    assert np.linalg.norm(mapped[:, PAIRS.first] - mapped[:, PAIRS.second], axis=0).mean() == pytest.approx(1)


def test_a_large_penalty_shrinks_the_projection():
    free, held = (RPCCA(dims=5, penalty=penalty).fit(ROWS, PIDS, CAMIDS) for penalty in (0.0, 100.0))
    assert np.abs(held.distance(ROWS, ROWS)).max() < 1e-2 * free.distance(ROWS, ROWS).max()
    plain = PCCA(dims=5).fit(ROWS, PIDS, CAMIDS)
    np.testing.assert_array_equal(free.distance(ROWS, ROWS), plain.distance(ROWS, ROWS))


def test_pairs_it_learned_from_come_out_on_their_side_of_1():
    distances = PCCA(dims=8, tolerance=1e-6).fit(ROWS, PIDS, CAMIDS).distance(ROWS, ROWS)[PAIRS.first, PAIRS.second]
    assert ((distances < 1) == (PAIRS.signs > 0)).mean() > 0.95
