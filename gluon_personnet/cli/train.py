"""gpnet train"""

import contextlib
import os
import sys

import click

from gluon_personnet.cli import options


@click.command("train")
@click.argument("recipe", shell_complete=options.completing("recipes", files=True))
@click.option("--out", type=click.Path(file_okay=False), help="Run directory; by default runs/NAME-OF-THE-RECIPE.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out where its last checkpoint stands.")
@click.option(
    "--init",
    metavar="RUN",
    shell_complete=options.completing("runs", files=True),
    help="Start from the selected weights of another run; what does not fit is named and starts anew.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Share every step among so many processes.")
@click.option(
    "--worker-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="End a worker that waits for the others longer; a validation must fit in.",
)
@options.overrides
@options.data
@options.device
@options.threads
@options.memory
@options.quiet
@click.pass_context
def command(ctx, recipe, **given):
    """Train a network by a RECIPE: a file, or the name of a bundled one (gpnet list recipes).

    Ctrl-C ends training after the running step and writes a checkpoint; --resume goes on from it, to the same result
    as without the stop. A second training in the same --out is refused while the first one runs.

    --workers N trains with N processes on this machine, to the parameters that one process reaches, but for rounding,
    other dropout masks and, where a recipe has batch normalisation or an identification loss, statistics of each one's
    own images; --threads is then each one's. If a process is lost, all end.

    On several machines, give the same command to one scheduler, one or more parameter servers (best one a machine) and
    the workers, and tell each its role in the environment: DMLC_ROLE=scheduler, server or worker; for all of them
    DMLC_PS_ROOT_URI and DMLC_PS_ROOT_PORT (the scheduler's address), DMLC_NUM_WORKER, DMLC_NUM_SERVER and, where a
    machine has several networks, DMLC_INTERFACE; and for each worker its DMLC_WORKER_ID, from 0. Every worker needs the
    data; worker 0 validates and writes the run. All traffic is unencrypted: use a network of your own.

    \b
    Examples:
      gpnet train toy
      gpnet train recipes/cuhk01.yml --data ~/archives --out runs/first
      gpnet train cuhk01 --set training.pairs=100000 --set optimizer.learning_rate=2.0e-4
      gpnet train cuhk01 --out runs/first --resume
      gpnet train viper --init runs/cuhk01 --out runs/fine-tuned
      gpnet train cuhk01 --workers 2 --threads 8
      DMLC_ROLE=worker DMLC_WORKER_ID=1 DMLC_PS_ROOT_URI=10.0.0.1 DMLC_PS_ROOT_PORT=9091 \\
        DMLC_NUM_WORKER=2 DMLC_NUM_SERVER=2 gpnet train cuhk01
    """
    from gluon_personnet.core.runs import ROOT, Run, run_name
    from gluon_personnet.recipe.bundled import recipe_path
    from gluon_personnet.recipe.parsing import load_recipe
    from gluon_personnet.training.distributed.roles import role_from_environment

    role, workers = role_from_environment(), given["workers"]
    loaded = load_recipe(recipe_path(recipe), given["overrides"])
    run = Run(given["out"] or ROOT / run_name(recipe))
    if role and role.kind != "worker":
        role.serve()
    again = f"gpnet train {recipe} --out {run.path} --resume" + (f" --workers {workers}" if workers else "")
    with _holding(run, given["resume"], role):
        if workers and not role:
            from gluon_personnet.training.distributed.share import check_workers

            check_workers(loaded.training, workers)
            code = _launch(ctx, workers, run, again)
        else:
            code = _train(run_name(recipe), loaded, run, role, again, given)
    sys.exit(code)


@contextlib.contextmanager
def _holding(run, resume, role):
    """Keep other trainings out of the run's folder; a worker writes nothing, or its launcher does this for it."""
    from gluon_personnet.core.locks import exclusive
    from gluon_personnet.training.distributed.roles import LAUNCHER

    if role and (role.worker or LAUNCHER in os.environ):
        yield
        return
    with exclusive(run.path, f"run {run.path}") as locked:
        if not locked:
            click.echo(f"gpnet: warning: run {run.path}: no locks there; start no second training in it", err=True)
        run.check_new(resume)
        yield


def _launch(ctx, workers, run, again):
    """Train with processes that run this very command; returns the exit code."""
    from gluon_personnet.core.errors import TrainingError
    from gluon_personnet.core.parallel import usable_cores
    from gluon_personnet.network.checkpoint import Checkpoint
    from gluon_personnet.training.distributed.launcher import LocalWorkers

    same = [sys.executable, "-m", "gluon_personnet", "train", *options.as_given(ctx)]
    try:
        return LocalWorkers(same, workers, max(1, usable_cores() // workers)).run()
    except TrainingError as error:
        if not run.checkpoint.exists():
            raise TrainingError(f"{error}; there is no checkpoint yet") from error
        step = Checkpoint.load(run.checkpoint).record["step"]
        raise TrainingError(f"{error}; go on from the checkpoint of step {step} with: {again}") from error


def _train(name, loaded, run, role, again, given):
    """Train alone or as one of several workers; returns the exit code."""
    from gluon_personnet.network.backend import pick_device
    from gluon_personnet.training.distributed.follower import Follower, start_together
    from gluon_personnet.training.distributed.group import joined
    from gluon_personnet.training.execution import Execution
    from gluon_personnet.training.trainer import Stopped, Trainer
    from gluon_personnet.workflows.train import Surroundings, begin, make_trainer

    session = options.session(given["data"], given["device"], not given["quiet"])
    ctx = pick_device(session.device)
    with joined(role, given["worker_timeout"], ctx) as group:
        echo = (lambda text: None) if group.worker else click.echo
        execution = Execution(ctx, session.progress and not group.worker, group)
        surroundings = Surroundings(session, execution, given["memory_mib"])
        with group.in_turn():
            trainer = make_trainer(loaded, run, surroundings, Follower if group.worker else Trainer)
            anew = [] if group.worker else begin(trainer, given["resume"], given["init"], session)
        if role:
            start_together(trainer, group)
        where = f"{ctx} by {group.workers} workers" if role else str(ctx)
        rows = trainer.data.task.train_hash
        if trainer.started_from:
            origin = trainer.started_from["run"]
            echo(f"started from the weights of run {origin}" + (f"; anew: {', '.join(anew)}" if anew else ""))
        echo(f"training {name} on {where}: {trainer.last_step} steps, training rows {rows}, run {run.path}")
        try:
            trainer.train()
            ending, code = _summary(trainer, run), 0
        except Stopped:
            ending, code = f"stopped after step {trainer.step}; go on with: {again}", 130
    echo(ending)  # only now: nobody waits for a worker whose standard output is gone
    return code


def _summary(trainer, run):
    held = trainer.recipe.dataset.validation_identities
    tested = len({trainer.data.samples[row].pid for row in trainer.data.task.split.query})
    return (
        f"trained {trainer.last_step} steps in {trainer.seconds / 60:.1f} minutes; best validation rank-1 "
        f"{100 * trainer.best['rank1']:.1f} % at step {trainer.best['step']}, among {held} identities "
        f"(by chance {100 / held:.1f} %); the test has {tested} (by chance {100 / tested:.1f} %)\n"
        f"wrote {run.curve}\n"
        f"evaluate it with: gpnet evaluate --run {run.path}"
    )
