"""What happens to the weights after the gradients: the paper's RMSProp on either device, and the moving average."""

import numpy as np
import pytest

from gluon_personnet.network.backend import mx
from gluon_personnet.training import cpu_update
from gluon_personnet.training.averaging import EVERY, FIRST, Average
from gluon_personnet.training.optimizers import PaperRMSProp

RATE, L2, DECAY, MU = 1e-2, 0.1, 0.9, 1e-3


def arrays(shape, seed=0):
    """Weight, gradient and mean square."""
    rng = np.random.default_rng(seed)
    return [mx.nd.array(values) for values in (rng.normal(size=shape), rng.normal(size=shape), rng.random(shape))]


@pytest.mark.parametrize("shape", [(1,), (7,), (33, 5, 3, 3), (513, 257), (601, 503)])
def test_one_pass_on_the_cpu_does_what_mxnets_kernel_does(shape):
    weight, gradient, square = arrays(shape)
    kept = gradient.copy()
    other = [array.copy() for array in (weight, gradient, square)]
    optimizer = PaperRMSProp(decay=DECAY, mu=MU, rescale_grad=0.5)
    for _ in range(3):
        cpu_update.rmsprop(weight, gradient, square, cpu_update.Rule(RATE, L2, DECAY, MU, 0.5))
        optimizer._update_on_gpu(*other, RATE, L2)
        other[1] = kept.copy()  # MXNet's kernel writes there
    np.testing.assert_allclose(weight.asnumpy(), other[0].asnumpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(square.asnumpy(), other[2].asnumpy(), rtol=1e-5)
    np.testing.assert_array_equal(gradient.asnumpy(), kept.asnumpy())


def test_update_waits_for_what_is_queued_on_its_arrays():
    size = 1500
    weight, gradient, square = arrays((size, size))
    before, right = weight.asnumpy(), [array.copy() for array in (weight, gradient, square)]
    cpu_update.rmsprop(right[0], right[1] * 4, right[2], cpu_update.Rule(RATE, L2, DECAY, MU, 1.0))
    ones = mx.nd.ones((size, size))
    mx.nd.waitall()
    read = weight
    for _ in range(3):  # slow readers of the weight
        read = mx.nd.dot(weight, ones)
    late = mx.nd.dot(ones, ones) * 0 + 1  # a gradient that is not there yet
    cpu_update.rmsprop(weight, gradient * 4 * late, square, cpu_update.Rule(RATE, L2, DECAY, MU, 1.0))
    np.testing.assert_array_equal(weight.asnumpy(), right[0].asnumpy())
    np.testing.assert_allclose(read.asnumpy()[:, 0], before.sum(axis=1), atol=1e-2)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.998])
def test_average_follows_at_first_every_step_then_several_at_once(keep):
    parameter = mx.gluon.Parameter("weight", shape=(2,))
    parameter.initialize(mx.init.Zero())
    average = Average({"weight": parameter}, keep)
    right = np.zeros(2)
    for step in range(FIRST + 3 * EVERY):
        value = np.array([step, -1.0])
        parameter.set_data(mx.nd.array(value))
        average.follow(step)
        together = 1 if step <= FIRST else EVERY
        if step % together == 0:
            each = min(keep, step / (step + 10))
            right = each**together * right + (1 - each**together) * value
        np.testing.assert_allclose(average.values["weight"].asnumpy(), right if keep else value, rtol=1e-4)


def test_seldom_averaging_stays_close_to_that_of_every_step():
    parameter = mx.gluon.Parameter("weight", shape=(1000,))
    parameter.initialize(mx.init.Zero())
    average, right = Average({"weight": parameter}, 0.99), np.zeros(1000)
    rng = np.random.default_rng(0)
    value = np.zeros(1000)
    for step in range(1001):
        value = value + rng.normal(size=1000)
        parameter.set_data(mx.nd.array(value))
        average.follow(step)
        keep = min(0.99, step / (step + 10))
        right = keep * right + (1 - keep) * value
    error = average.values["weight"].asnumpy() - right
    assert np.linalg.norm(error) < 0.1 * np.linalg.norm(value - right)
