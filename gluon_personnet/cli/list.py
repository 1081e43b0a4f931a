"""gpnet list"""

import json

import click

from gluon_personnet.cli import load_plugins
from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.recipe.bundled import bundled_recipes

KINDS = (*ENTRY_CLASSES, "recipes", "plugins")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS), default="plugins")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(kind, as_json):
    """List what is there: data sets, protocols, recipes, plugins and so on.

    \b
    Examples:
      gpnet list protocols
      gpnet list datasets --json
    """
    if kind == "recipes":
        rows = [{"name": name, "summary": _first_comment(path)} for name, path in bundled_recipes().items()]
    elif kind == "plugins":
        rows = [{"name": row.name, "provider": row.provider, "error": row.error} for row in load_plugins().plugins()]
    else:
        manager = load_plugins()
        rows = [_row(manager, entry) for entry in manager.entries(kind)]
    if as_json:
        click.echo(json.dumps({kind: rows}, indent=2))
        return
    if not rows:
        click.echo(f"no {kind} are registered")
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        what = (
            row["summary"] if "summary" in row else (f"left out: {row['error']}" if row["error"] else row["provider"])
        )
        click.echo(f"{row['name']:<{width}}  {what}")


def _row(manager, entry):
    return {
        "name": entry.name,
        "summary": entry.summary,
        "source": entry.source,
        "fidelity": entry.fidelity,
        "options": dict(entry.options),
        "provider": manager.provider_of(entry),
    }


def _first_comment(path):
    line = path.read_text(encoding="utf-8").splitlines()[0]
    return line.lstrip("# ") if line.startswith("#") else ""
