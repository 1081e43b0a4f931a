"""gpnet study"""

import sys
from pathlib import Path

import click

from gluon_personnet.cli import options
from gluon_personnet.recipe.bundled import recipe_path

NAMES = ("depth", "optimizer", "bias", "strong")


@click.command("study")
@click.argument("name", type=click.Choice(NAMES))
@click.argument("recipe", shell_complete=options.completing("recipes", files=True))
@click.option("--pairs", type=click.IntRange(min=1), help="Training pairs of each run; by default the recipe's.")
@click.option("--seeds", default="1,2,3", show_default=True, help="One run of every variant for each of these seeds.")
@click.option("--out", type=click.Path(file_okay=False), help="Folder; by default runs/study-NAME-RECIPE.")
@options.overrides
@options.data
@options.device
@options.threads
@options.quiet
def command(name, recipe, **given):
    """Train variants of a RECIPE with an equal number of pairs, and compare them on validation identities.

    depth: 10, 9, 8 and 7 weight layers. optimizer: RMSProp as in the recipe against SGD (Fig. 5 of the paper). bias:
    biases that start at zero against random ones. strong: the recipe cuhk01-strong, or one like it, with each of its
    changes taken back. Writes study.json and study.png, and a run directory for every
    variant and seed. Stopped or killed, the same command goes on where it stood.

    \b
    Examples:
      gpnet study depth toy --pairs 9600 --seeds 1
      gpnet study optimizer cuhk01 --pairs 96000 --data ~/archives
      gpnet study bias cuhk01 --set network.weight_magnitude=2.0
      gpnet study strong cuhk01-strong --pairs 192000 --seeds 1
    """
    numbers = _seeds(given["seeds"])
    from gluon_personnet.core.runs import ROOT
    from gluon_personnet.network.backend import pick_device
    from gluon_personnet.report.study import as_text, write_study
    from gluon_personnet.training.execution import Execution
    from gluon_personnet.training.trainer import Stopped
    from gluon_personnet.workflows.study import run_study
    from gluon_personnet.workflows.train import Surroundings

    path, pairs = recipe_path(recipe), given["pairs"]
    changes = [*given["overrides"], *([f"training.pairs={pairs}"] if pairs else [])]
    folder = Path(given["out"]) if given["out"] else ROOT / f"study-{name}-{path.stem}"
    session = options.session(given["data"], given["device"], not given["quiet"])
    surroundings = Surroundings(session, Execution(pick_device(session.device), session.progress))
    try:
        result = run_study(name, path, changes, numbers, folder, surroundings)
    except Stopped:
        click.echo("stopped; the same command goes on from here")
        sys.exit(130)
    click.echo(as_text(result))
    for written in write_study(result, folder):
        click.echo(f"wrote {written}")


def _seeds(text):
    """Numbers from ``'1,2,3'``."""
    words = text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise click.UsageError(f"--seeds {text}: right: whole numbers such as 1,2,3")
    return sorted({int(word) for word in words})
