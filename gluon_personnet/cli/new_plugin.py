"""gpnet new-plugin"""

import re
import shlex
from pathlib import Path

import click

from gluon_personnet.cli import load_plugins
from gluon_personnet.core.errors import PluginError
from gluon_personnet.core.files import write_text
from gluon_personnet.plugin.scaffold import KINDS, check_name, plugin_files


@click.command("new-plugin")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(list(KINDS)),
    multiple=True,
    default=["protocol"],
    show_default="protocol",
    help="What it adds; repeatable.",
)
@click.option("--name", help="Name of the plugin and of what it adds; by default that of DIR without 'gpnet-'.")
def command(folder, kinds, name):
    """Write a plugin to begin with: the smallest example of a kind, in a distribution of its own, with its test.

    DIR is a new or an empty folder.

    \b
    Examples:
      gpnet new-plugin gpnet-my-rank
      gpnet new-plugin gpnet-stripes --kind feature
      gpnet new-plugin work/plugin --name mean-rank --kind protocol --kind dataset
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise PluginError(f"folder {folder}: exists and is not empty; right: a new folder")
    own = folder.resolve().name
    name = name or re.sub("^gpnet-", "", own.lower().replace("_", "-"))
    chosen = tuple(dict.fromkeys(kinds))
    check_name(name, chosen, load_plugins())
    for path, text in plugin_files(name, own, chosen).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, text)
        click.echo(f"wrote {target}")
    # A path that begins with . or / is a folder to pip; a bare name would be looked up in the package index.
    where = shlex.quote(str(folder) if folder.is_absolute() else f"./{folder.as_posix()}")
    click.echo(f"install and test it with: pip install {where} pytest && python -m pytest {where}")
