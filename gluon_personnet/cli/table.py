"""gpnet table"""

import sys
from pathlib import Path

import click

from gluon_personnet.cli import load_plugins, options


@click.command("table")
@click.argument("baselines", nargs=-1, required=True, metavar="BASELINE...")
@click.option("--dataset", required=True, help="Data set to measure on.")
@click.option("--protocol", required=True, help="Protocol to measure with.")
@click.option("--splits", default="0", show_default=True, help="all, or numbers such as 0,1.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Option of the data set; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the protocol's choices.")
@click.option("--out", type=click.Path(file_okay=False), help="Folder for the table; by default runs/table-DATASET.")
@options.data
@options.cache
@options.threads
@options.quiet
def command(baselines, dataset, protocol, splits, overrides, seed, out, data, quiet):
    """Fit and measure baselines on one data set: a row each, published figures beside measured ones.

    A BASELINE is a name (gpnet list baselines), a FILE.yml, or all. Each runs in a process of its own; one that fails
    gets a line in the table and the others go on. Called again after a stop, it goes on where it was: every split of
    every baseline is kept in runs/BASELINE-DATASET, as gpnet evaluate --baseline does.

    Writes table.md, table.json and the CMC curves as cmc.png and cmc.svg.

    \b
    Examples:
      gpnet table --dataset cuhk01 --protocol single-shot all
      gpnet table --dataset viper --protocol single-shot --splits all lomo-xqda lomo-kissme mine.yml
    """
    from gluon_personnet.core.files import write_json, write_text
    from gluon_personnet.core.runs import baseline_folder
    from gluon_personnet.recipe.parsing import parse_options
    from gluon_personnet.report.plots import plot_cmc
    from gluon_personnet.report.tables import as_dict, as_markdown
    from gluon_personnet.workflows.table import Job, measure

    manager, chosen = load_plugins(), parse_options(overrides)
    names = _names(manager, baselines)
    _check(manager, names, dataset, chosen, protocol, splits, data)
    folder = Path(out) if out else baseline_folder("table", dataset, chosen)
    title = f"{dataset}{_words(chosen)}, protocol {protocol}, splits {splits}, seed {seed}"
    rows = []
    for number, name in enumerate(names, start=1):
        click.echo(f"{number}/{len(names)} {name}", err=True)
        job = Job(name, dataset, chosen, protocol, splits, seed, data, not quiet)
        rows.append(measure(job))
        # Written after every row: whoever stops it has the table so far.
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "table.md", as_markdown(rows, title))
        write_json(folder / "table.json", as_dict(rows, job))
    click.echo(as_markdown(rows, title))
    measured = [{**row.result, "protocol": row.name} for row in rows if row.report]
    plots = [folder / f"cmc.{ending}" for ending in ("png", "svg")]
    drawn = plot_cmc({"results": measured}, plots) if measured else []
    for path in (folder / "table.md", folder / "table.json", *drawn):
        click.echo(f"wrote {path}")
    if not measured:
        sys.exit(1)


def _names(manager, baselines):
    """The baselines in the order given, each once; all that are registered for ``all``."""
    registered = [entry.name for entry in manager.entries("baselines")]
    return list(dict.fromkeys(name for given in baselines for name in (registered if given == "all" else [given])))


def _check(manager, names, dataset, chosen, protocol, splits, data):
    """Raise for what would be wrong with every row, and for unknown baselines, before anything is computed."""
    from gluon_personnet.evaluation.protocols import Evaluation
    from gluon_personnet.methods.feature_metric import parse_splits
    from gluon_personnet.recipe.baselines import find_baseline

    for name in names:
        find_baseline(manager, name)
    Evaluation(manager, (protocol,))
    entry = manager.find("datasets", dataset)
    parse_splits(splits, entry.build(options.locator(data), where="--set", **chosen))


def _words(chosen):
    return f" ({', '.join(f'{key}={value}' for key, value in chosen.items())})" if chosen else ""
