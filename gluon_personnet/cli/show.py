"""gpnet show"""

import inspect
from dataclasses import asdict

import click

from gluon_personnet.cli import load_plugins
from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.recipe.bundled import recipe_path


@click.command("show")
@click.argument("kind", type=click.Choice([name[:-1] for name in (*ENTRY_CLASSES, "recipes")]))
@click.argument("name")
def command(kind, name):
    """Show one thing in full: an entry with its options, source and documentation, or a recipe.

    \b
    Examples:
      gpnet show protocol single-shot
      gpnet show recipe cuhk01
    """
    if kind == "recipe":
        click.echo(recipe_path(name).read_text(encoding="utf-8").rstrip())
        return
    manager = load_plugins()
    entry = manager.find(kind + "s", name)
    click.echo(f"{kind} {entry.name}: {entry.summary}")
    for label, value in (
        ("source", entry.source),
        ("fidelity", entry.fidelity),
        ("provider", manager.provider_of(entry)),
        ("options", ", ".join(f"{key}={value!r}" for key, value in entry.options.items())),
    ):
        if value:
            click.echo(f"  {label:<9} {value}")
    if kind == "baseline":
        for part, chosen in asdict(entry.build()).items():
            click.echo(f"  {part.replace('_', ' ')}: {chosen}")
        for dataset, rows in entry.published.items():
            for row in rows:
                click.echo(f"  published, {dataset}: {row}")
    text = inspect.getdoc(entry.load())
    if text:
        click.echo("\n" + text)
