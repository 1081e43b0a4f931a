"""gpnet doctor"""

import importlib.metadata
import os
import sys

import click

from gluon_personnet.cli import load_plugins, options
from gluon_personnet.core.errors import GpnetError
from gluon_personnet.plugin.entries import ENTRY_CLASSES

PACKAGES = (
    "gluon-personnet",
    "mxnet",
    "mxnet-cu112",
    "gluoncv",
    "numpy",
    "scipy",
    "numba",
    "matplotlib",
    "pillow",
    "opencv-python",
)


@click.command("doctor")
@options.data
def command(data):
    """Show versions, threads, device, plugins and data folders; say what is wrong and how to mend it.

    Exits with 1 if something would stop training or evaluation.

    \b
    Example:
      gpnet doctor
    """
    problems = []
    click.echo(f"python {sys.version.split()[0]}")
    if not (3, 9) <= sys.version_info[:2] <= (3, 12):
        problems.append("MXNet 1.9.1 runs on Python 3.9 to 3.12: use one of these")
    for name in PACKAGES:
        version = _version(name)
        if version:
            click.echo(f"{name} {version}")
    if int((_version("numpy") or "1").split(".")[0]) >= 2:
        problems.append("MXNet 1.9.1 does not work with numpy 2: pip install 'numpy<2'")
    problems += _device_problems()
    manager = load_plugins()
    for plugin in manager.plugins():
        click.echo(f"plugin {plugin.name} of {plugin.provider}: {'left out' if plugin.error else 'ok'}")
        if plugin.error:
            problems.append(f"plugin {plugin.name!r} is left out: {plugin.error}")
    problems += _conflicts(manager)
    _show_data(data)
    for problem in problems:
        click.echo(f"problem: {problem}")
    click.echo(f"{len(problems)} problems found" if problems else "no problems found")
    if problems:
        sys.exit(1)


def _conflicts(manager):
    """Entries of one kind and name that two plugins hand in; each stops every command that needs this kind."""
    found = []
    for kind in ENTRY_CLASSES:
        try:
            manager.entries(kind)
        except GpnetError as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device_problems():
    """Import MXNet and show what it computes on; return what stands in the way."""
    try:
        from gluon_personnet.core.parallel import usable_cores
        from gluon_personnet.network.backend import pick_device
    except GpnetError as error:
        return [str(error)]
    click.echo(f"threads {os.environ['OMP_NUM_THREADS']} of {usable_cores()} usable cores")
    click.echo(f"device {pick_device()}")
    return []


def _show_data(data):
    from gluon_personnet.data.archives import data_directories

    for folder in data_directories(data):
        state = f"{len(os.listdir(folder))} files" if os.path.isdir(folder) else "not there"
        click.echo(f"data folder {folder}: {state}")
