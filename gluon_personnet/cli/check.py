"""gpnet check"""

import sys
from pathlib import Path

import click

from gluon_personnet.cli import load_plugins, options
from gluon_personnet.recipe.bundled import recipe_path


@click.command("check")
@click.argument("target")
@options.overrides
@options.data
@options.quiet
def command(target, overrides, data, quiet):
    """Check a recipe (without its data) or a data set (counts, unreadable files, leaks). Exits with 1 on problems.

    TARGET is the name of a data set, or a recipe: a file, or recipes/NAME for a bundled one. For a data set, --set
    changes its options.

    \b
    Examples:
      gpnet check recipes/cuhk01.yml
      gpnet check cuhk01 --data ~/archives
      gpnet check folder --set path=my-images.zip
    """
    manager = load_plugins()
    is_dataset = any(entry.name == target for entry in manager.entries("datasets"))
    if is_dataset and not Path(target).is_file():
        _check_dataset(manager, target, overrides, data, quiet)
    else:
        _check_recipe(manager, target, overrides)


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
    for line in report.problems:
        click.echo(f"  problem: {line}")
    click.echo(f"{len(report.problems)} problems found" if report.problems else "no problems found")
    if report.problems:
        sys.exit(1)
