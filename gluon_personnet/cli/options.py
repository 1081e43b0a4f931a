"""Options that several commands share, and what they stand for."""

import os
from pathlib import Path

import click
from click.core import ParameterSource

from gluon_personnet.core.errors import RecipeError, did_you_mean

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
json_file = click.option("--json", "json_path", type=click.Path(dir_okay=False), help="Also write the result here.")
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


def bundled_recipes():
    """Name -> path of the training recipes that come with the package; a name may hold a folder: ``paper/cuhk01``."""
    try:
        import gpnet_recipes
    except ImportError:
        return {}
    root = Path(next(iter(gpnet_recipes.__path__)))
    names = {str(path.relative_to(root).with_suffix("")): path for path in root.rglob("*.yml")}
    return {name: names[name] for name in sorted(names) if not name.startswith("baselines/")}


def recipe_path(text):
    """A recipe given as a path or a bundled name.

    Raises
    ------
    RecipeError
        If neither exists; the message names near ones.
    """
    path = Path(text)
    if path.is_file():
        return path
    bundled = bundled_recipes()
    name = str(path.with_suffix("")) if path.suffix == ".yml" else text
    name = name[len("recipes/") :] if name.startswith("recipes/") else name
    if name in bundled:
        return bundled[name]
    raise RecipeError(f"recipe {text}: neither a file nor a bundled recipe{did_you_mean(name, bundled)}")
