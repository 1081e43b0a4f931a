"""The ``gpnet`` command: a group whose commands are imported when they are called."""

import errno
import importlib
import json
import sys
import warnings

import click

from gluon_personnet.core.errors import DataWarning, GpnetError, did_you_mean

COMMANDS = {
    "train": "Train a network by a recipe; stop it and go on.",
    "evaluate": "Evaluate a run, a baseline, or distances from a file.",
    "table": "Measure many methods on one data set.",
    "report": "Put results side by side, or compare two of them.",
    "study": "Train variants of a recipe, and compare them.",
    "list": "List data sets, protocols, recipes, plugins, ...",
    "show": "Show one of them in full.",
    "check": "Check a recipe, a baseline or a data set.",
    "cache": "Show or clear what is kept on disk.",
    "bench": "Measure speed against limits and naive forms.",
    "import-weights": "Convert weights of a PyTorch model for a backbone.",
    "new-plugin": "Write a plugin to begin your own with.",
    "doctor": "Say what is installed and what is wrong.",
}
"""Every command, and what it does in at most 60 characters."""


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
            return _quiet(importlib.import_module(f"gluon_personnet.cli.{name.replace('-', '_')}").command)
        entry = _plugin_commands().get(name)
        return _of_plugin(entry) if entry else None

    def format_commands(self, ctx, formatter):
        """The list of commands with ``--help``; nothing is imported for it."""
        plugins = {name: entry.summary for name, entry in sorted(_plugin_commands().items())}
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])  # `list` is a module of this package
        if plugins:
            with formatter.section("Commands of plugins"):
                formatter.write_dl([*plugins.items()])

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


def _quiet(command):
    """The command with ``--quiet``, which scripts give to all; where no progress is shown it changes nothing."""
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in commands:
        if not any("--quiet" in parameter.opts for parameter in one.params):
            text = "No progress bars; this command shows none."
            one.params.append(click.Option(["--quiet"], is_flag=True, expose_value=False, help=text))
    return command


def _of_plugin(entry):
    command = entry.load()
    if not isinstance(command, click.Command):
        raise GpnetError(f"command {entry.name!r}: {entry.factory} is {type(command).__name__}; right: a click.Command")
    return command


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
