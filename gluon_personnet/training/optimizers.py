"""Update rules. ``rmsprop`` is the paper's."""

import math

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.network.backend import mx
from gluon_personnet.training import cpu_update


@mx.optimizer.register
class PaperRMSProp(mx.optimizer.Optimizer):
    """RMSProp in the form of section IV-A, with the smoothing value outside the root.

    ::

        MS(t) = decay MS(t-1) + (1 - decay) g^2
        w     = w - lr g / (sqrt(MS(t)) + mu)

    where g includes the L2 penalty. MXNet's own ``rmsprop`` divides by sqrt(MS + epsilon) instead. On a GPU MXNet's
    Adam kernel computes it, without first moment and bias correction; on the CPU :mod:`~.cpu_update` does.

    Parameters
    ----------
    decay : float in [0, 1)
        0.9 in the paper.
    mu : float
        Smoothing value; the paper gives none. It matters: weights whose gradients are far below it move little, and
        with a vanishing mu every weight moves by about the learning rate in every step, whatever its gradient.

    Source: section IV-A.
    """

    def __init__(self, learning_rate=1e-4, decay=0.9, mu=1e-4, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.decay, self.mu = decay, mu

    def create_state(self, index, weight):
        """The mean square, of the weight's shape."""
        return mx.nd.zeros(weight.shape, weight.context, dtype=weight.dtype)

    def update(self, index, weight, grad, state):
        """One step on one parameter, in place."""
        self._update_count(index)
        rate, l2 = self._get_lr(index), self._get_wd(index)
        if weight.context.device_type == "cpu":
            rule = cpu_update.Rule(rate, l2, self.decay, self.mu, self.rescale_grad)
            cpu_update.rmsprop(weight, grad, state, rule)
        else:
            self._update_on_gpu(weight, grad, state, rate, l2)

    def _update_on_gpu(self, weight, grad, state, rate, l2):
        mx.nd.adam_update(
            weight,
            grad,
            grad,  # the kernel's first moment, which without decay is the gradient: no further array to read and write
            state,
            out=weight,
            lr=rate,
            wd=l2,
            beta1=0.0,
            beta2=self.decay,
            epsilon=self.mu,
            rescale_grad=self.rescale_grad,
            lazy_update=False,
        )


@mx.optimizer.register
class DecoupledAdam(mx.optimizer.Optimizer):
    """Adam whose L2 penalty shrinks the weights by the learning rate, past the running means (AdamW).

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
        Decay of the means of gradient and squared gradient.
    epsilon : float
        Added to the root of the mean square.

    Source: Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR 2019, algorithm 2.
    """

    def __init__(self, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def create_state(self, index, weight):
        """Means of the gradient and of its square, of the weight's shape."""
        return tuple(mx.nd.zeros(weight.shape, weight.context, dtype=weight.dtype) for _ in range(2))

    def update(self, index, weight, grad, state):
        """One step on one parameter, in place."""
        self._update_count(index)
        rate, steps = self._get_lr(index), self._index_update_count[index]
        corrected = rate * math.sqrt(1 - self.beta2**steps) / (1 - self.beta1**steps)
        mx.nd.contrib.adamw_update(
            weight,
            grad,
            *state,
            mx.nd.full(1, self.rescale_grad, ctx=weight.context),
            out=weight,
            lr=corrected,
            eta=1.0,
            wd=rate * self._get_wd(index),
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
        )


FULL_RATE_INPUTS = 288
"""Inputs of a fully connected layer that learns at the full rate with ``rate_by_inputs``: those of Conv1 to Conv4."""

OPTIMIZERS = {
    "rmsprop": ("paperrmsprop", {"decay": 0.9, "mu": 1e-4}),
    "rmsprop-mxnet": ("rmsprop", {"gamma1": 0.9, "epsilon": 1e-8}),
    "sgd": ("sgd", {"momentum": 0.9}),
    "adam": ("adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
    "adamw": ("decoupledadam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
}
"""Recipe name -> (MXNet's name, options with their defaults)."""


def make_trainer(parameters, section):
    """A Gluon trainer for an optimizer section of a recipe.

    Parameters
    ----------
    parameters : dict of str to mxnet.gluon.Parameter
        Layer names and ``.weight`` or ``.bias``; those of the head begin with ``head.``.
        L2 is applied to weights, not to biases nor to the scale and shift of batch normalisation.
    section : OptimizerSection

    Raises
    ------
    RecipeError
        Unknown optimizer or option.
    """
    if section.name not in OPTIMIZERS:
        raise RecipeError(f"optimizer.name: found {section.name!r}{did_you_mean(section.name, OPTIMIZERS)}")
    name, defaults = OPTIMIZERS[section.name]
    for key, value in section.options.items():
        if key not in defaults:
            raise RecipeError(f"optimizer.options.{key}: unknown for {section.name!r}{did_you_mean(key, defaults)}")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RecipeError(f"optimizer.options.{key}: found {value!r}; right: a number such as {defaults[key]}")
    for key, parameter in parameters.items():
        parameter.lr_mult = _rate_by_inputs(parameters, key) if section.rate_by_inputs else 1.0
        parameter.wd_mult = 1.0 if parameter.name.endswith("weight") else 0.0
    settings = {**defaults, **section.options, "learning_rate": section.learning_rate, "wd": section.l2}
    return mx.gluon.Trainer(list(parameters.values()), name, settings, kvstore=None)


def _rate_by_inputs(parameters, name):
    """Factor of the learning rate for a parameter: 288 / inputs, at most 1, in fully connected layers of the head.

    RMSProp moves every weight by about the rate, so a unit's sum moves by up to the rate times its inputs in one step.

    Source: Yang et al., Tensor Programs V, 2022, for hidden weights under Adam.
    Differs from the source in: biases learn at the rate of their layer.
    """
    weight = parameters.get(name.rpartition(".")[0] + ".weight")
    if not name.startswith("head.") or weight is None or len(weight.shape) != 2:
        return 1.0
    return min(1.0, FULL_RATE_INPUTS / weight.shape[1])


def optimizer_state(trainer, parameters):
    """Yield (``optimizer/NAME/PLACE``, array) of everything that the optimizer of a trainer keeps.

    Parameters
    ----------
    trainer : mxnet.gluon.Trainer
    parameters : dict of str to mxnet.gluon.Parameter
        As they were given to :func:`make_trainer`.
    """
    states = trainer._updaters[0].states
    for place, name in enumerate(parameters):
        state = states.get(place)
        arrays = [] if state is None else state if isinstance(state, (tuple, list)) else [state]
        for number, array in enumerate(arrays):
            yield f"optimizer/{name}/{number}", array


def create_optimizer_state(trainer, parameters, step):
    """Make the state of a run after that step, its arrays still to be filled; arguments as :func:`optimizer_state`."""
    updater, optimizer = trainer._updaters[0], trainer._optimizer
    for place, parameter in enumerate(parameters.values()):
        if parameter.grad_req == "null":  # the running mean and variance of batch normalisation
            continue
        updater.states[place] = optimizer.create_state_multi_precision(place, parameter.data())
        updater.states_synced[place] = True
        optimizer._index_update_count[place] = step
    optimizer.num_update = step
