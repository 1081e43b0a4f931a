"""Options that several commands share, and what they stand for."""

import functools
import os

import click
from click.core import ParameterSource

from gluon_personnet.core.files import STDOUT

device = click.option("--device", metavar="cpu|gpu|gpu:N", help="Where to compute; by default a GPU if there is one.")
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    expose_value=False,
    is_eager=True,
    callback=lambda ctx, param, value: os.environ.update(OMP_NUM_THREADS=str(value)) if value else None,
    help="CPU threads of MXNet; by default $OMP_NUM_THREADS or all cores.",
)
data = click.option(
    "--data",
    type=click.Path(file_okay=False),
    help="Folder with data archives; by default $GPNET_DATA or data/.",
)
cache = click.option(
    "--cache",
    type=click.Path(file_okay=False),
    expose_value=False,
    is_eager=True,
    callback=lambda ctx, param, value: os.environ.update(GPNET_CACHE=value) if value else None,
    help="Folder that keeps features and kernels; by default $GPNET_CACHE, $XDG_CACHE_HOME/gpnet or ~/.cache/gpnet.",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of the random choices of the protocols.",
)
splits = click.option(
    "--splits", default="0", show_default=True, help="Splits of the data set: all, or numbers such as 0,1."
)
dataset_options = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Option of the data set; repeatable."
)
protocol_options = click.option(
    "--protocol-set",
    multiple=True,
    metavar="[NAME.]KEY=VALUE",
    help="Option of the protocols, or of protocol NAME alone, e.g. trials=20 or use_cameras=false; repeatable.",
)
json_file = click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, readable=False, allow_dash=True),
    help="Also write the result here; - is standard output, and all other text then goes to standard error.",
)
memory = click.option(
    "--memory-mib",
    type=click.IntRange(min=1),
    default=2048,
    show_default=True,
    help="Limit for decoded images kept in memory; others are decoded again each time.",
)
quiet = click.option("--quiet", is_flag=True, help="No progress bars.")
overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a key, e.g. training.pairs=20000; repeatable.",
)


class Sections(click.Command):
    """A command whose ``--help`` shows its options under headings.

    Parameters
    ----------
    sections : mapping of str
        Heading -> names of parameters; those that are nowhere stand under "General".
    """

    def __init__(self, *arguments, sections, **others):
        super().__init__(*arguments, **others)
        self._sections = sections

    def format_options(self, ctx, formatter):
        records = {parameter.name: parameter.get_help_record(ctx) for parameter in self.get_params(ctx)}
        records = {name: record for name, record in records.items() if record}
        listed = {name for names in self._sections.values() for name in names}
        rest = [name for name in records if name not in listed]
        for heading, names in {**self._sections, "General": rest}.items():
            with formatter.section(heading):
                formatter.write_dl([records[name] for name in names])


def completing(*kinds, files=False):
    """A ``shell_complete`` that offers names of these kinds: of entries, ``recipes`` or ``runs``; and files."""

    def complete(ctx, param, incomplete):
        from click.shell_completion import CompletionItem

        names = sorted({name for kind in kinds for name in _names(kind) if name.startswith(incomplete)})
        return [CompletionItem(name) for name in names] + ([CompletionItem(incomplete, "file")] if files else [])

    return complete


def _names(kind):
    if kind == "recipes":
        from gluon_personnet.recipe.bundled import bundled_recipes

        return bundled_recipes()
    if kind == "runs":
        from gluon_personnet.core.runs import ROOT

        return [str(path.parent) for path in ROOT.glob("*/best.npz")]
    from gluon_personnet.plugin.manager import PluginManager

    return [entry.name for entry in PluginManager().entries(kind)]


def talker(json_path):
    """``click.echo`` for all but the JSON: to standard error where the JSON goes to standard output."""
    return functools.partial(click.echo, err=json_path == STDOUT)


def as_given(ctx):
    """The arguments of a command as they stood on its command line, for another process to run the same."""
    words = []
    for parameter in ctx.command.params:
        if ctx.get_parameter_source(parameter.name) is not ParameterSource.COMMANDLINE:
            continue
        if parameter.name not in ctx.params:  # its effect is in the environment, which goes along
            continue
        value = ctx.params[parameter.name]
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif parameter.is_flag:
            words.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            for one in value if parameter.multiple else [value]:
                words += [parameter.opts[0], str(one)]
    return words


def locator(option):
    """A Locator for the ``--data`` option."""
    from gluon_personnet.data.archives import Locator, data_directories

    return Locator(data_directories(option))


def session(data, device=None, progress=True):
    """A Session for the options ``--data``, ``--device`` and ``--quiet``; plugins left out are warned of."""
    from gluon_personnet.cli import load_plugins
    from gluon_personnet.methods.session import Session

    return Session(load_plugins(), locator(data), device, progress)
