"""gpnet cache"""

import os
import time

import click

from gluon_personnet.cli import options


@click.command("cache")
@click.option("--clear", is_flag=True, help="Remove all of it.")
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="With --clear: only what was written so many days ago.",
)
@options.cache
def command(clear, older_than):
    """Show where arrays that were computed once are kept and how much room they take, or remove them.

    Removing costs nothing but the time to compute them again. Only files that gpnet has written are removed; whatever
    else lies in that folder stays.

    \b
    Examples:
      gpnet cache
      gpnet cache --clear --older-than 30
    """
    from gluon_personnet.core import upkeep
    from gluon_personnet.core.store import cache_folder

    if older_than is not None and not clear:
        raise click.UsageError("--older-than needs --clear")
    folder = cache_folder()
    lines = [f"cache {folder or 'none: there is no home folder; give one with --cache'}"]
    sizes = upkeep.sizes()
    for size in sizes:
        days = max(0.0, time.time() - size.newest) / 86400
        lines.append(
            f"  {size.name:<40} {size.files:>7} files {size.bytes / 2**20:>9.1f} MiB, newest {days:.0f} days old"
        )
    if not sizes:
        lines.append(f"  {_why_empty(folder)}")
    if clear:
        cleared = upkeep.clear((older_than or 0) * 86400)
        lines.append(f"removed {cleared.files} files, {cleared.bytes / 2**20:.1f} MiB")
        lines += [f"left {text}" for text in cleared.left[:LEFT_SHOWN]]
        if len(cleared.left) > LEFT_SHOWN:
            lines.append(f"left {len(cleared.left) - LEFT_SHOWN} more")
    click.echo("\n".join(lines))


LEFT_SHOWN = 10
"""Names of what was left that are shown."""


def _why_empty(folder):
    """What stands there instead of kept arrays."""
    if folder is None or not os.path.lexists(folder):
        return "empty"
    if not os.path.isdir(folder):
        return "not a folder: nothing can be kept there"
    return "empty" if os.access(folder, os.R_OK | os.X_OK) else "cannot be read"
