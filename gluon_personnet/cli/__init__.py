"""The ``gpnet`` command: a group whose commands are imported when they are called."""

import errno
import importlib
import json
import sys
import warnings

import click

from gluon_personnet.core.errors import DataWarning, GpnetError, did_you_mean

COMMANDS = (
    "train",
    "evaluate",
    "table",
    "report",
    "study",
    "list",
    "show",
    "check",
    "cache",
    "bench",
    "new-plugin",
    "doctor",
)


def load_plugins():
    """A :class:`~gluon_personnet.plugin.manager.PluginManager`; plugins left out are warned of in one line each."""
    from gluon_personnet.plugin.manager import PluginManager, PluginWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PluginWarning)
        manager = PluginManager()
    for warning in caught:
        if issubclass(warning.category, PluginWarning):
            click.echo(f"gpnet: warning: {warning.message}", err=True)
    return manager


class Group(click.Group):
    """Built-in commands by name, then those of plugins; every known error becomes one line.

    Errors of the system that nobody has explained better end as one line too.
    """

    def list_commands(self, ctx):
        return [*COMMANDS, *sorted(_plugin_commands())]

    def get_command(self, ctx, name):
        if name in COMMANDS:
            return importlib.import_module(f"gluon_personnet.cli.{name.replace('-', '_')}").command
        entry = _plugin_commands().get(name)
        return entry.load() if entry else None

    def resolve_command(self, ctx, args):
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            error.message += did_you_mean(args[0], self.list_commands(ctx))
            raise

    def invoke(self, ctx):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("always", category=DataWarning)
                warnings.showwarning = _show(warnings.showwarning)
                return super().invoke(ctx)
        except GpnetError as error:
            message = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read standard output has enough: click ends without a word
                raise
            where = f"{error.filename}: " if error.filename else ""
            message = f"{where}{error.strerror or error}"
        except json.JSONDecodeError as error:
            message = f"a file that should hold JSON does not: {error}"
        except UnicodeError as error:
            message = f"text cannot be read or written: {error}"
        except KeyboardInterrupt:
            click.echo("gpnet: interrupted", err=True)
            sys.exit(130)
        click.echo("gpnet: " + " ".join(message.split()), err=True)
        sys.exit(1)


def _show(usual):
    """A ``showwarning`` that gives what is meant for users in one line."""

    def show(message, category, *where, **more):
        if issubclass(category, DataWarning):
            click.echo(f"gpnet: warning: {message}", err=True)
        else:
            usual(message, category, *where, **more)

    return show


def _plugin_commands():
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the command itself warns
            from gluon_personnet.plugin.manager import PluginManager

            return {entry.name: entry for entry in PluginManager().entries("commands")}
    except GpnetError:
        return {}


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gluon-personnet", prog_name="gpnet")
def main():
    """Train and evaluate person re-identification networks, and compare them with published systems.

    \b
    Example:
      gpnet train toy
      gpnet evaluate --protocol single-shot
    """
