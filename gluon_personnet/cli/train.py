"""gpnet train"""

import sys

import click

from gluon_personnet.cli import load_plugins, options


@click.command("train")
@click.argument("recipe")
@click.option("--out", type=click.Path(file_okay=False), help="Run directory; by default runs/NAME-OF-THE-RECIPE.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out where its last checkpoint stands.")
@options.overrides
@options.data
@options.device
@options.threads
@options.memory
@options.quiet
def command(recipe, out, resume, overrides, data, device, memory_mib, quiet):
    """Train a network by a RECIPE: a file, or the name of a bundled one (gpnet list recipes).

    Ctrl-C ends training after the running step and writes a checkpoint; --resume goes on from it, to the same result
    as without the stop.

    \b
    Examples:
      gpnet train toy
      gpnet train recipes/cuhk01.yml --data ~/archives --out runs/first
      gpnet train cuhk01 --set training.pairs=100000 --set optimizer.learning_rate=2.0e-4
      gpnet train cuhk01 --out runs/first --resume
    """
    from gluon_personnet.errors import CheckpointError
    from gluon_personnet.recipe import load_recipe
    from gluon_personnet.runs import ROOT, Run

    path = options.recipe_path(recipe)
    loaded = load_recipe(path, overrides)
    run = Run(out or ROOT / path.stem)
    if run.exists and not resume:
        raise CheckpointError(f"run {run.path}: exists; add --resume to go on with it, or choose another --out")

    from gluon_personnet.backend import pick_device
    from gluon_personnet.task import Task, build_network
    from gluon_personnet.training.trainer import Stopped, Trainer

    manager = load_plugins()
    ctx = pick_device(device)
    network = build_network(loaded, manager)
    size = network.options["height_px"], network.options["width_px"]
    task = Task(loaded, manager, options.locator(data), *size, memory_mib, progress=not quiet)
    trainer = Trainer(loaded, task, network, run, ctx, progress=not quiet)
    if resume:
        trainer.resume()
    click.echo(f"training {path.stem} on {ctx}: {trainer.last_step} steps, split {task.split_hash}, run {run.path}")
    try:
        trainer.train()
    except Stopped:
        click.echo(f"stopped after step {trainer.step}; go on with: gpnet train {recipe} --out {run.path} --resume")
        sys.exit(130)
    click.echo(
        f"trained {trainer.last_step} steps in {trainer.seconds / 60:.1f} minutes; best validation rank-1 "
        f"{100 * trainer.best['rank1']:.1f} % at step {trainer.best['step']}\n"
        f"wrote {run.curve}\n"
        f"evaluate it with: gpnet evaluate --run {run.path}"
    )
