"""The training loop."""

import contextlib
import math
import time

import numpy as np
from tqdm import tqdm

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import CheckpointError, TrainingError
from gluon_personnet.core.files import write_text
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.checkpoint import Checkpoint, reading
from gluon_personnet.network.export import export_network
from gluon_personnet.network.weights import initialise, plain, set_parameters, unique_parameters
from gluon_personnet.recipe.parsing import differences, dump_recipe, recipe_from_dict
from gluon_personnet.report.curve import plot_curve
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.training.averaging import Average
from gluon_personnet.training.batches import Batches
from gluon_personnet.training.classifier import make_classifier
from gluon_personnet.training.log import append_line, trim
from gluon_personnet.training.metric_head import check_metric_head, set_metric_head
from gluon_personnet.training.optimizers import create_optimizer_state, make_trainer, optimizer_state
from gluon_personnet.training.sampling import PairSampler
from gluon_personnet.training.schedule import make_schedule
from gluon_personnet.training.signals import catching_signals
from gluon_personnet.training.step import Step

LOG_EVERY = 20
"""Steps between two readings of the loss, each of which waits for the device."""

NOTHING_YET = {"score": -1.0, "rank1": 0.0, "step": 0}
"""The best validation before there is one."""


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
        self.ctx, self._progress, self._group = execution.ctx, execution.progress, execution.group
        self._execution, self._validation = execution, validation
        section = recipe.training
        self._sampler = PairSampler(
            data.samples,
            data.train,
            section.identities,
            section.negatives_per_positive,
            recipe.seed,
            section.view_order,
            section.hard_negatives_per_positive,
        )
        self.last_step = math.ceil(section.pairs / section.batch_pairs)
        self._schedule = make_schedule(recipe.schedule, recipe.optimizer.learning_rate, self.last_step)
        mx.random.seed(seeding.derive(recipe.seed, "weights"))
        initialise(network, self.ctx, recipe.network.weight_magnitude, recipe.network.bias_range)
        self._parameters = unique_parameters(network)
        classifier = make_classifier(network, self._sampler.num_identities, recipe, self.ctx)
        self._trained = {**self._parameters, **(unique_parameters(classifier) if classifier else {})}
        self._gluon = make_trainer(self._trained, recipe.optimizer)
        self._average = Average(self._parameters, section.averaging)
        self._classifier = classifier
        self._step = self._make_step()
        self._metric_step = math.floor(section.metric_head_at * self.last_step)
        check_metric_head(network, recipe)
        self._batches = Batches(recipe, self._sampler, data.cache, network, self.ctx, self._group)
        self.step, self.seconds = 0, 0.0
        self.best, self._stop = dict(NOTHING_YET), False

    # --- checkpoints ---

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
        checkpoint = Checkpoint.load(self.run.checkpoint)
        record, where = checkpoint.record, f"checkpoint {self.run.checkpoint}"
        with reading(where):
            changed = differences(recipe_from_dict(record["recipe"], where), self.recipe)
            if changed:
                raise CheckpointError(
                    f"{where}: made with another recipe ({'; '.join(changed)}); undo it, or train into another --out"
                )
            if record["train_hash"] != self.data.task.train_hash:
                raise CheckpointError(
                    f"{where}: made for training rows {record['train_hash']}, the data set now gives "
                    f"{self.data.task.train_hash}"
                )
            set_parameters(self._trained, checkpoint.group("parameter"), where)
            for name, value in checkpoint.group("average").items():
                self._average.kept[name][:] = value
            self.create_optimizer_state(record["step"])
            for name, array in self.optimizer_state():
                array[:] = checkpoint.arrays[name]
            self._batches.look_alikes = checkpoint.arrays.get("look-alikes")
            self._schedule.state = record["schedule"]
            self.step, self.seconds, self.best = record["step"], record["seconds"], record["best"]
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
            "pairs": self.step * self.recipe.training.batch_pairs,
            "seconds": self.seconds,
            "recipe": self.recipe.to_dict(),
            "train_hash": self.data.task.train_hash,
            "test_hash": self.data.task.test_hash,
            "schedule": self._schedule.state,
            "best": self.best,
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

    # --- the loop ---

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
        bar = tqdm(
            total=self.last_step * section.batch_pairs,
            initial=self.step * section.batch_pairs,
            desc="train",
            unit="pair",
            unit_scale=True,
            disable=not self._progress,
        )
        with contextlib.closing(self._steps()) as batches, bar, catching_signals(self._request_stop):
            self._loop(batches, bar)
        plot_curve(self.run.log, self.run.curve)
        self._export()

    def _steps(self):
        """Yield (step, batch, images) of what is left; where the recipe says so, the head is set to a metric before."""
        if self.step > self._metric_step:
            self._keep_statistics()
        with contextlib.closing(self._batches.run(self.step, self.last_step)) as batches:
            for step, batch, images in batches:
                if step == self._metric_step:
                    self._set_metric_head()
                yield step, batch, images

    def _set_metric_head(self):
        """Fit the head to the averaged weights' trunk, and go on from both."""
        if not self._group.worker:
            set_parameters(self._parameters, self._average.values, "averaged weights")
            set_metric_head(self.network, self.data, self.recipe, self._execution)
        self._group.broadcast([parameter.data() for parameter in self._parameters.values()], "metric head")
        self._average.restart()
        for name, array in self.optimizer_state():
            if name.split("/")[1].startswith(("compare.", "head.")):
                array[:] = 0
        self.best = dict(NOTHING_YET)  # what is selected is of this head
        self._keep_statistics()

    def _keep_statistics(self):
        self.network.keep_statistics()
        self._step = self._make_step()

    def _make_step(self):
        return Step(self.network, self.recipe, self._gluon, self.ctx, self._classifier, self._group)

    def _loop(self, batches, bar):
        section = self.recipe.training
        losses, clock = [], time.monotonic()
        for step, batch, images in batches:
            rate = self._group.first(self._schedule.rate(step))
            mx.random.seed(seeding.derive(self.recipe.seed, "dropout", step))
            losses.append(self._step(batch, images, rate))
            if len(losses) > 1:
                losses[-2].wait_to_read()  # one step ahead of the device is enough
            self._average.follow(step)
            self.step, stop = step + 1, self._group.any(self._stop)
            bar.update(section.batch_pairs)
            done = self.step == self.last_step
            validate = done or self._due(section.validate_every_pairs)
            if len(losses) == LOG_EVERY or done or validate or stop:
                self._log_losses(losses, rate, bar)
            now = time.monotonic()
            self.seconds, clock = self.seconds + now - clock, now
            if validate:
                self._validate(bar)
            if validate or stop or self._due(section.checkpoint_every_pairs):
                self.save()
            now = time.monotonic()
            self.seconds, clock = self.seconds + now - clock, now
            if stop and not done:
                raise Stopped

    def _due(self, every_pairs):
        """Whether this step is the first to reach a multiple of `every_pairs`."""
        pairs = self.recipe.training.batch_pairs
        return (self.step * pairs) // every_pairs > ((self.step - 1) * pairs) // every_pairs

    def _log_losses(self, losses, rate, bar):
        loss = float(np.mean([value.asscalar() for value in losses]))
        losses.clear()
        if not math.isfinite(loss):
            self._fail(f"the loss is {loss}")
        best = f"{100 * self.best['rank1']:.1f}%" if self.best["step"] else "none yet"
        bar.set_postfix(loss=f"{loss:.3f}", val=best, refresh=False)
        self._log(event="train", loss=loss, learning_rate=rate)

    def _validate(self, bar):
        bar.set_description("validate", refresh=True)
        backup = {name: parameter.data().copy() for name, parameter in self._parameters.items()}
        set_parameters(self._parameters, self._average.values, "averaged weights")
        cmc = self._validation.cmc(Scorer(plain(self.network), self.ctx))
        score = sum(cmc.values()) / len(cmc)  # steadier than the rank-1 of so few identities
        self._schedule.validated(score)
        self._log(event="validation", cmc=cmc)
        if score > self.best["score"]:
            self.best = {"score": score, "rank1": cmc["1"], "step": self.step}
            arrays = {f"parameter/{name}": parameter.data().asnumpy() for name, parameter in self._parameters.items()}
            Checkpoint(self._record(), arrays).save(self.run.best)
        set_parameters(self._parameters, backup, "weights in training")
        bar.set_description("train", refresh=False)

    def _log(self, **event):
        pairs = self.step * self.recipe.training.batch_pairs
        append_line(self.run.log, step=self.step, pairs=pairs, seconds=round(self.seconds, 2), **event)

    def _request_stop(self):
        self._stop = True

    def _export(self):
        """Write the selected network as symbol JSON and parameters."""
        set_parameters(self._parameters, Checkpoint.load(self.run.best).group("parameter"), str(self.run.best))
        export_network(plain(self.network), self.run.model, self.ctx)
