"""gpnet cache"""

import shutil

import click

from gluon_personnet.cli import options


@click.command("cache")
@click.option("--clear", is_flag=True, help="Remove all of it.")
@options.cache
def command(clear):
    """Show where features and kernels of baselines are kept and how much room they take, or remove them.

    Nothing is lost by that but the time to compute them again.

    \b
    Examples:
      gpnet cache
      gpnet cache --clear
    """
    from gluon_personnet.core.store import cache_folder

    folder = cache_folder()
    click.echo(f"cache {folder}")
    groups = {}
    for path in folder.glob("*/**/*.npy") if folder.is_dir() else ():
        count, size = groups.get(path.parent, (0, 0))
        groups[path.parent] = count + 1, size + path.stat().st_size
    for group, (count, size) in sorted(groups.items()):
        click.echo(f"  {str(group.relative_to(folder)):<40} {count:>7} files {size / 2**20:>9.1f} MiB")
    if not groups:
        click.echo("  empty")
    if clear:
        for name in ("features", "kernels"):  # nothing else that may lie in a folder given by hand
            shutil.rmtree(folder / name, ignore_errors=True)
        click.echo("removed")
