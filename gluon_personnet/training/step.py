"""Forward, backward and update on one batch."""

from gluon_personnet.network.backend import mx
from gluon_personnet.network.weights import unique_parameters
from gluon_personnet.training.distributed.share import ALONE
from gluon_personnet.training.objectives import make_objective


class Step:
    """One training step.

    Parameters
    ----------
    network : Network
        Initialised on `ctx`.
    recipe : Recipe
    gluon_trainer : mxnet.gluon.Trainer
    ctx : mxnet.Context
    classifier : Classifier, optional
        Adds its loss to that of the pairs or embeddings.
    group : Alone or WorkerGroup
        The processes that share every step.
    """

    def __init__(self, network, recipe, gluon_trainer, ctx, classifier=None, group=ALONE):
        self._gluon, self._group = gluon_trainer, group
        self._objective = make_objective(network, recipe.training, ctx, classifier, group)
        self._loss = mx.nd.zeros(1, ctx)
        self._has_statistics = any(value.grad_req == "null" for value in unique_parameters(network).values())

    def __call__(self, batch, images, rate):
        """One training step; returns the loss, float32 (1,), without waiting for it."""
        self._gluon.set_learning_rate(rate)
        loss = self._objective(batch, images)
        loss.backward()
        self._loss[:] = loss
        gradients = [parameter.grad() for parameter in self._gluon._params if parameter.grad_req != "null"]
        self._group.sum([*gradients, self._loss])
        self._gluon.step(1)
        if self._has_statistics:
            # MXNet does not know when batch normalisation has written its running statistics: a reader would race it
            mx.nd.waitall()
        return self._loss.copy()
