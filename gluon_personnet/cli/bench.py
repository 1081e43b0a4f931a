"""gpnet bench"""

import importlib
import json

import click

from gluon_personnet.cli import options

BENCHES = ("train", "difference")


@click.command("bench")
@click.argument("name", type=click.Choice(BENCHES))
@click.option("--pairs", type=click.IntRange(min=4), help="Pairs a step.")
@click.option("--repeats", type=click.IntRange(min=1), default=7, show_default=True, help="Timed repetitions.")
@options.json_file
@options.device
@options.threads
def command(name, pairs, repeats, json_path, device):
    """Measure speed against the paper's literal form, and against the machine's limit, in one run.

    Figures are medians; run nothing else meanwhile.

    \b
    Examples:
      gpnet bench train
      gpnet bench difference --json difference.json
    """
    from gluon_personnet.backend import pick_device
    from gluon_personnet.report import write_json

    run = importlib.import_module(f"gluon_personnet.bench.{name}").run
    result = run(pick_device(device), repeats=repeats, **({"pairs": pairs} if pairs else {}))
    for key, value in result.items():
        click.echo(f"{key:<22} {value:.4g}" if isinstance(value, float) else f"{key:<22} {_plain(value)}")
    if json_path:
        write_json(result, json_path)


def _plain(value):
    return json.dumps(value) if isinstance(value, dict) else value
