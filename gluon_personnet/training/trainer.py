"""The training loop."""

import contextlib
import math
import time

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import TrainingError
from gluon_personnet.core.files import write_text
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.checkpoint import Checkpoint, load_same, reading
from gluon_personnet.network.export import export_network
from gluon_personnet.network.kinds import DISTANCES, scores_pairs
from gluon_personnet.network.weights import plain, set_parameters, start_network, take_over, unique_parameters
from gluon_personnet.recipe.parsing import dump_recipe
from gluon_personnet.report.curve import plot_curve
from gluon_personnet.training.averaging import Average
from gluon_personnet.training.batches import Batches
from gluon_personnet.training.classifier import make_classifier
from gluon_personnet.training.closed_form.metric_head import check_metric_head, set_metric_head
from gluon_personnet.training.log import Progress, append_line, trim
from gluon_personnet.training.optimizers import create_optimizer_state, make_trainer, optimizer_state
from gluon_personnet.training.sampling import make_sampler
from gluon_personnet.training.schedule import make_schedule
from gluon_personnet.training.selection import Selection, score_of
from gluon_personnet.training.signals import catching_signals
from gluon_personnet.training.step import Step


class Stopped(Exception):
    """Training was interrupted after a complete step and its checkpoint was written."""


class Trainer:
    """Trains one network by one recipe.

    Parameters
    ----------
    recipe : Recipe
    data : TrainingData
    validation : Validation
    network : Network
        Not yet initialised.
    run : Run
        Where everything is written.
    execution : Execution
        Its process is worker 0.
    """

    def __init__(self, recipe, data, validation, network, run, execution):
        self.recipe, self.data, self.network, self.run = recipe, data, network, run
        self.ctx, self._group = execution.ctx, execution.group
        self._execution = execution
        section = recipe.training
        self._sampler = make_sampler(recipe, data.samples, data.train)
        self.last_step = math.ceil(section.total / section.batch)
        self._schedule = make_schedule(recipe.schedule, recipe.optimizer.learning_rate, self.last_step)
        mx.random.seed(seeding.derive(recipe.seed, "weights"))
        start_network(network, self.ctx, recipe.network)
        self._parameters = unique_parameters(network)
        classifier = make_classifier(network, self._sampler.num_identities, recipe, self.ctx)
        self._trained = {**self._parameters, **(unique_parameters(classifier) if classifier else {})}
        self._gluon = make_trainer(self._trained, recipe.optimizer)
        self._average = Average(self._parameters, section.averaging)
        self._classifier = classifier
        self._step = Step(self.network, self.recipe, self._gluon, self.ctx, self._classifier, self._group)
        self._metric_step = math.floor(section.metric_head_at * self.last_step)
        self.metric_head, self.started_from = False, None  # whether it was taken; of which other run
        check_metric_head(network, recipe)
        self._selection = Selection(validation, network, self._parameters, run, self.ctx)
        self._batches = Batches(recipe, self._sampler, data.cache, network, self.ctx, self._group)
        self.step, self.seconds = 0, 0.0
        self._stop = False

    @property
    def best(self):
        """``score``, ``rank1`` and ``step`` of the weights that validated best."""
        return self._selection.best

    def start_from(self, arrays, origin):
        """Take over what fits of another run's weights, arrays by name, and write the first checkpoint.

        `origin`, of JSON types, goes into every record. Returns the names of the parameters that start anew.
        """
        fitting = take_over(self._parameters, arrays, f"run {origin['run']}")
        self._average.restart()
        self.started_from = origin
        self.create_optimizer_state(self.step)
        self.run.path.mkdir(parents=True, exist_ok=True)
        self.save()
        return sorted({*self._parameters} - fitting)

    def resume(self):
        """Go on from the run's checkpoint, if there is one.

        Raises
        ------
        CheckpointError
            If it was made with another recipe, data split or network.
        """
        if not self.run.checkpoint.exists():
            trim(self.run.log, self.step)
            return
        checkpoint = load_same(self.run.checkpoint, self.recipe, self.data.task.train_hash)
        record, where = checkpoint.record, f"checkpoint {self.run.checkpoint}"
        with reading(where):
            set_parameters(self._trained, checkpoint.group("parameter"), where)
            for name, value in checkpoint.group("average").items():
                self._average.kept[name][:] = value
            self.create_optimizer_state(record["step"])
            for name, array in self.optimizer_state():
                array[:] = checkpoint.arrays[name]
            self._batches.look_alikes = checkpoint.arrays.get("look-alikes")
            self._schedule.state = record["schedule"]
            self.step, self.seconds, self.metric_head = record["step"], record["seconds"], record["metric_head"]
            self._selection.best, self.started_from = record["best"], record["started_from"]
        trim(self.run.log, self.step)

    def optimizer_state(self):
        """(name, array) of everything that the optimizer keeps."""
        return optimizer_state(self._gluon, self._trained)

    def create_optimizer_state(self, step):
        """The optimizer's state after that step, its arrays still to be filled."""
        create_optimizer_state(self._gluon, self._trained, step)

    def _record(self):
        return {
            "step": self.step,
            self.recipe.training.unit: self.step * self.recipe.training.batch,
            "seconds": self.seconds,
            "recipe": self.recipe.to_dict(),
            "train_hash": self.data.task.train_hash,
            "test_hash": self.data.task.test_hash,
            "schedule": self._schedule.state,
            "best": self.best,
            "metric_head": self.metric_head,
            "started_from": self.started_from,
            "seen": self.data.seen,
            "distance": None if scores_pairs(self.network) else getattr(self.network, "distance", DISTANCES[0]),
            "versions": versions(),
        }

    def save(self):
        """Write the checkpoint.

        Raises
        ------
        TrainingError
            If a weight is not finite; the previous checkpoint stays.
        """
        arrays = {f"parameter/{name}": parameter.data().asnumpy() for name, parameter in self._trained.items()}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                self._fail(f"{name} holds NaN or infinity")
        arrays.update({f"average/{name}": array.asnumpy() for name, array in self._average.kept.items()})
        arrays.update({name: array.asnumpy() for name, array in self.optimizer_state()})
        if self._batches.look_alikes is not None:
            arrays["look-alikes"] = self._batches.look_alikes
        Checkpoint(self._record(), arrays).save(self.run.checkpoint)

    def _fail(self, found):
        kept = f"the checkpoint of an earlier step is kept in {self.run.checkpoint}"
        raise TrainingError(
            f"training step {self.step}: {found}; a smaller optimizer.learning_rate usually helps"
            + (f"; {kept}" if self.run.checkpoint.exists() else "")
        )

    def train(self):
        """Train to the end of the recipe; write log and curve, checkpoints, the selected and the exported network.

        Raises
        ------
        Stopped
            After Ctrl-C or SIGTERM, once the checkpoint is written.
        TrainingError
            If loss or weights are no longer finite.
        """
        section = self.recipe.training
        if self.step < self.last_step:
            held = self.data.validation
            self.data.cache.preload(sorted({*self.data.train, *held.query, *held.gallery}))
        self.run.path.mkdir(parents=True, exist_ok=True)
        write_text(self.run.recipe, dump_recipe(self.recipe))
        self.run.remember_data(self.data.folders)
        amounts = (section.batch * steps for steps in (self.last_step, self.step))
        progress = Progress(*amounts, section.unit, self._execution.progress)
        with contextlib.closing(self._steps()) as batches, progress, catching_signals(self._request_stop):
            self._loop(batches, progress)
        plot_curve(self.run.log, self.run.curve)
        self._export()

    def _steps(self):
        """Yield (step, batch, images) of what is left; where the recipe says so, try a metric as the head before."""
        if self.metric_head:
            self._keep_statistics()
        with contextlib.closing(self._batches.run(self.step, self.last_step)) as batches:
            for step, batch, images in batches:
                if step == self._metric_step:
                    self._try_metric_head()
                yield step, batch, images

    def _try_metric_head(self):
        """Fit a head to the averaged weights' trunk; go on from both if it validates better than the learned one."""
        taken = False
        if not self._group.worker:
            backup = self._set_averaged()
            learned = self._consider()
            set_metric_head(self.network, self.data, self.recipe, self._execution)
            fitted = self._consider()
            taken = score_of(fitted) > score_of(learned)
            # of the step that begins here: a run that goes on from the checkpoint before it tries again
            self._log(self.step + 1, event="metric head", learned=learned, fitted=fitted, taken=taken)
            if not taken:
                set_parameters(self._parameters, backup, "weights in training")
        self.metric_head = self._group.any(taken)
        if self.metric_head:
            self._start_from_metric_head()

    def _start_from_metric_head(self):
        self._group.broadcast([parameter.data() for parameter in self._parameters.values()], "metric head")
        self._average.restart()
        for name, array in self.optimizer_state():
            if name.split("/")[1].startswith(("compare.", "head.")):
                array[:] = 0
        self._keep_statistics()

    def _keep_statistics(self):
        self.network.keep_statistics()
        self._step = Step(self.network, self.recipe, self._gluon, self.ctx, self._classifier, self._group)

    def _loop(self, batches, progress):
        section, clock = self.recipe.training, time.monotonic()
        for step, batch, images in batches:
            rate = self._group.first(self._schedule.rate(step))
            mx.random.seed(seeding.derive(self.recipe.seed, "dropout", step))
            progress.add(self._step(batch, images, rate), section.batch)
            self._average.follow(step)
            self.step, stop = step + 1, self._group.any(self._stop)
            done = self.step == self.last_step
            validate = done or self._due(section.validate_every)
            if progress.due or done or validate or stop:
                self._log_loss(rate, progress)
            now = time.monotonic()
            self.seconds, clock = self.seconds + now - clock, now
            if validate:
                self._validate(progress)
            if validate or stop or self._due(section.checkpoint_every):
                self.save()
            now = time.monotonic()
            self.seconds, clock = self.seconds + now - clock, now
            if stop and not done:
                raise Stopped

    def _due(self, every):
        """Whether this step is the first to reach a multiple of `every` pairs or images."""
        batch = self.recipe.training.batch
        return (self.step * batch) // every > ((self.step - 1) * batch) // every

    def _log_loss(self, rate, progress):
        loss = progress.read()
        if not math.isfinite(loss):
            self._fail(f"the loss is {loss}")
        best = f"{100 * self.best['rank1']:.1f}%" if self.best["step"] else "none yet"
        progress.show(loss=f"{loss:.3f}", val=best)
        self._log(self.step, event="train", loss=loss, learning_rate=rate)

    def _validate(self, progress):
        progress.name("validate")
        backup = self._set_averaged()
        cmc = self._consider()
        set_parameters(self._parameters, backup, "weights in training")
        self._schedule.validated(score_of(cmc))
        self._log(self.step, event="validation", cmc=cmc)
        progress.name("train")

    def _set_averaged(self):
        """Give the network the averaged weights; returns those that it had."""
        backup = {name: parameter.data().copy() for name, parameter in self._parameters.items()}
        set_parameters(self._parameters, self._average.values, "averaged weights")
        return backup

    def _consider(self):
        return self._selection.consider(self.step, self._record)

    def _log(self, step, **event):
        count = {self.recipe.training.unit: step * self.recipe.training.batch}
        append_line(self.run.log, step=step, **count, seconds=round(self.seconds, 2), **event)

    def _request_stop(self):
        self._stop = True

    def _export(self):
        """Write the selected network as symbol JSON and parameters."""
        set_parameters(self._parameters, Checkpoint.load(self.run.best).group("parameter"), str(self.run.best))
        export_network(plain(self.network), self.run.model, self.ctx)
