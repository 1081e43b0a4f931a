"""gpnet bench"""

import importlib
import json

import click

from gluon_personnet.cli import options

BENCHES = {
    "train": ("pairs", "negatives", "repeats", "device"),
    "difference": ("pairs", "repeats", "device"),
    "ranking": ("queries", "gallery"),
}
"""Name -> the options that it takes."""


@click.command("bench")
@click.argument("name", type=click.Choice(list(BENCHES)))
@click.option("--pairs", type=click.IntRange(min=4), help="train, difference: pairs a step.")
@click.option("--negatives", type=click.IntRange(min=1), help="train: negative pairs a positive one; by default 5.")
@click.option("--repeats", type=click.IntRange(min=1), help="train, difference: timed repetitions.")
@click.option("--queries", type=click.IntRange(min=1), help="ranking: query images; by default 3368.")
@click.option("--gallery", type=click.IntRange(min=1), help="ranking: gallery images; by default 19732.")
@options.json_file
@options.device
@options.threads
def command(name, json_path, **given):
    """Measure speed against a naive form, and against the machine's limit, in one run.

    train and difference compare the network with the paper's literal form (medians); ranking compares the evaluation
    of a problem of Market-1501's size with a loop over queries. Run nothing else meanwhile.

    \b
    Examples:
      gpnet bench train
      gpnet bench difference --json difference.json
      gpnet bench ranking
    """
    given = {option: value for option, value in given.items() if value is not None}
    for option in given:
        if option not in BENCHES[name]:
            right = ", ".join(f"--{known}" for known in BENCHES[name])
            raise click.UsageError(f"--{option} means nothing for the bench {name}; right: {right}")
    from gluon_personnet.report import write_json

    if "device" in BENCHES[name]:
        from gluon_personnet.backend import pick_device

        given["ctx"] = pick_device(given.pop("device", None))
    result = importlib.import_module(f"gluon_personnet.bench.{name}").run(**given)
    for key, value in result.items():
        for line in _lines(key, value):
            click.echo(line)
    if json_path:
        write_json(result, json_path)


def _lines(key, value):
    """A figure as one line, a dictionary of dictionaries as one line each."""
    if isinstance(value, float):
        return [f"{key:<22} {value:.4g}"]
    if isinstance(value, dict) and all(isinstance(inner, dict) for inner in value.values()):
        return [
            f"{key} {name}: " + ", ".join(f"{what} {figure:.3g}" for what, figure in inner.items())
            for name, inner in value.items()
        ]
    return [f"{key:<22} {json.dumps(value) if isinstance(value, dict) else value}"]
