"""gpnet bench"""

import importlib
import json

import click

from gluon_personnet.cli import options

BENCHES = {
    "train": ("pairs", "negatives", "repeats", "device"),
    "difference": ("pairs", "repeats", "device"),
    "ranking": ("queries", "gallery"),
    "score": ("queries", "gallery", "repeats", "sizes", "plot", "device"),
    "networks": ("network", "repeats", "device"),
    "estimate": ("queries", "gallery", "precision", "slice_queries", "device"),
}
"""Name -> the options that it takes."""


def _sizes(ctx, param, value):
    if value in (None, "none"):
        return value if value is None else ()
    words = value.split(",")
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise click.BadParameter("right: none, or numbers of images such as 1000,4000")
    return tuple(map(int, words))


@click.command("bench")
@click.argument("name", type=click.Choice(list(BENCHES)))
@click.option("--pairs", type=click.IntRange(min=4), help="train, difference: pairs a step.")
@click.option("--negatives", type=click.IntRange(min=1), help="train: negative pairs a positive one; by default 5.")
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    help="train, difference, score, networks: timed repetitions; by default 15, 7, 5 and 5.",
)
@click.option(
    "--queries", type=click.IntRange(min=1), help="ranking, estimate: query images, by default 3368; score: 200."
)
@click.option(
    "--gallery",
    type=click.IntRange(min=1),
    help="ranking, estimate, score: gallery images, by default 19732, 15913 and 2000.",
)
@click.option(
    "--sizes",
    callback=_sizes,
    help="score: galleries of the growth study, by default 1000,4000,16000, or none.",
)
@click.option("--plot", type=click.Path(dir_okay=False), help="score: draw growth with the gallery here.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16", "int8"]), help="estimate: by default float32.")
@click.option(
    "--slice", "slice_queries", type=click.IntRange(min=1), help="estimate: score so many queries and say how far off."
)
@click.option("--network", help="networks: one alone; by default every registered one.")
@options.json_file
@options.device
@options.threads
def command(name, json_path, **given):
    """Measure speed against a naive form, and against the machine's limit, in one run.

    train and difference compare the network with the paper's literal form (medians); ranking compares the evaluation
    of a problem of Market-1501's size with a loop over queries. Run nothing else meanwhile.

    networks measures scoring and training of every registered network beside its arithmetic limit, and pairs from
    cached maps beside forwards of whole pairs.

    score compares scoring in each precision with naive forms, with PyTorch where it is installed and with the fully
    connected layers alone (a quarter of an hour); estimate says from the first tiles what scoring a data set will take.

    \b
    Examples:
      gpnet bench train
      gpnet bench difference --json difference.json
      gpnet bench ranking
      gpnet bench networks --network joint-reid
      gpnet bench score --json score.json --plot growth.png
      gpnet bench estimate --queries 3368 --gallery 15913 --slice 16
    """
    given = {option: value for option, value in given.items() if value is not None}
    flags = {parameter.name: parameter.opts[0] for parameter in command.params}
    for option in given:
        if option not in BENCHES[name]:
            right = ", ".join(flags[known] for known in BENCHES[name])
            raise click.UsageError(f"{flags[option]} means nothing for the bench {name}; right: {right}")
    from gluon_personnet.core.files import write_json

    if "device" in BENCHES[name]:
        from gluon_personnet.network.backend import pick_device

        given["ctx"] = pick_device(given.pop("device", None))
    result = importlib.import_module(f"gluon_personnet.bench.{name}").run(**given)
    for key, value in result.items():
        for line in _lines(key, value):
            click.echo(line)
    if json_path:
        write_json(json_path, result)


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
