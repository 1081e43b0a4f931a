"""gpnet check"""

import sys
from pathlib import Path

import click

from gluon_personnet.cli import load_plugins, options
from gluon_personnet.recipe.bundled import bundled_recipes, recipe_path


@click.command("check")
@click.argument("target", shell_complete=options.completing("datasets", "recipes", "baselines", files=True))
@options.overrides
@options.data
@options.quiet
def command(target, overrides, data, quiet):
    """Check a recipe (without its data), a baseline, or a data set. Exits with 1 on problems.

    TARGET is the name of a data set, of a bundled recipe or of a baseline, or the file of a recipe or baseline. Of a
    data set all images are read and all splits made; counts, unreadable files, files that are passed over, and images
    of a test that are in its training too are shown. --set changes options of a data set, or keys of a recipe.

    \b
    Examples:
      gpnet check recipes/cuhk01.yml
      gpnet check cuhk01 --data ~/archives
      gpnet check folder --set path=my-images.zip
      gpnet check lomo-xqda
      gpnet check mine.yml
    """
    manager = load_plugins()
    is_dataset = any(entry.name == target for entry in manager.entries("datasets"))
    if is_dataset and not Path(target).is_file():
        _check_dataset(manager, target, overrides, data, quiet)
    elif _is_baseline(manager, target):
        _check_baseline(manager, target, overrides)
    else:
        _check_recipe(manager, target, overrides)


def _is_baseline(manager, target):
    """A file with a feature and a metric, or a registered name that is no recipe's."""
    from gluon_personnet.recipe.baselines import is_baseline_file

    if target.endswith((".yml", ".yaml")):
        return is_baseline_file(target)
    return target not in bundled_recipes() and any(entry.name == target for entry in manager.entries("baselines"))


def _check_baseline(manager, target, overrides):
    if overrides:
        raise click.UsageError("--set does not go with a baseline; its options stand in its file")
    from gluon_personnet.recipe.baselines import check_baseline, find_baseline

    entry = find_baseline(manager, target)
    for line in check_baseline(manager, entry):
        click.echo(line)
    click.echo(f"baseline {entry.name}: no problems found")


def _check_recipe(manager, target, overrides):
    from gluon_personnet.recipe.parsing import load_recipe
    from gluon_personnet.training.dry_run import dry_run

    path = recipe_path(target)
    for line in dry_run(load_recipe(path, overrides), manager):
        click.echo(line)
    click.echo(f"recipe {path.name}: no problems found")


def _check_dataset(manager, name, overrides, data, quiet):
    from gluon_personnet.data.audit import check
    from gluon_personnet.recipe.parsing import parse_options

    entry = manager.find("datasets", name)
    dataset = entry.build(options.locator(data), **parse_options(overrides))
    report = check(dataset, progress=not quiet)
    click.echo(f"data set {name}: {report.images} images, {report.identities} identities, {report.cameras} cameras")
    for what, (expected, found) in report.counts.items():
        click.echo(
            f"  {what:<12} expected {expected:>7}  found {found:>7}  {'ok' if expected == found else 'DIFFERENT'}"
        )
    harmless = [pair for pair in report.duplicates if pair not in report.confusing]
    if harmless:
        example = " and ".join(harmless[0])
        click.echo(f"  note: {len(harmless)} pairs of identical images of one person and camera, such as {example}")
    for line in report.warnings:
        click.echo(f"  warning: {line}")
    for line in report.problems:
        click.echo(f"  problem: {line}")
    click.echo(f"{len(report.problems)} problems found" if report.problems else "no problems found")
    if report.problems:
        sys.exit(1)
