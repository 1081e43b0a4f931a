"""Training workers other than the first."""

import contextlib

from gluon_personnet.core import seeding
from gluon_personnet.network.backend import mx
from gluon_personnet.training.signals import catching_signals
from gluon_personnet.training.trainer import Stopped, Trainer


class Follower(Trainer):
    """A worker above 0: computes its share of every step, and writes and validates nothing.

    Takes the place of a :class:`Trainer`; the learning rate and the end of training come from worker 0.
    """

    def train(self):
        """Train to the end of the recipe.

        Raises
        ------
        Stopped
            When any worker was asked to stop, after the same step as all others.
        """
        self.data.cache.preload(sorted(self.data.train))
        previous = None
        with (
            contextlib.closing(self._steps()) as batches,
            catching_signals(self._request_stop),
        ):
            for step, *inputs in batches:
                rate = self._group.first(0.0)
                # masks of its own: the same ones for the pairs of two workers would be one mask used twice
                mx.random.seed(seeding.derive(self.recipe.seed, "dropout", step, self._group.worker))
                loss = self._step(*inputs, rate)
                if previous is not None:
                    previous.wait_to_read()  # one step ahead of the device is enough
                previous, self.step = loss, step + 1
                if self._group.any(self._stop) and self.step < self.last_step:
                    raise Stopped


def start_together(trainer, group):
    """Give every worker the step, parameters and optimizer state of worker 0, which may have resumed.

    Raises
    ------
    TrainingError
        If the workers have not been started with the same recipe and data.
    """
    group.check_same(recipe=str(trainer.recipe.to_dict()), split=trainer.data.task.train_hash)
    trainer.step = int(group.first(trainer.step))
    trainer.metric_head = group.any(trainer.metric_head)
    if trainer.step and group.worker:
        trainer.create_optimizer_state(trainer.step)
    states = [array for _, array in trainer.optimizer_state()]
    group.broadcast([*(parameter.data() for parameter in trainer._trained.values()), *states], "start")
