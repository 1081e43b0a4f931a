"""gpnet table"""

import sys
from pathlib import Path

import click

from gluon_personnet.cli import options


@click.command("table")
@click.argument(
    "methods",
    nargs=-1,
    required=True,
    metavar="METHOD...",
    shell_complete=options.completing("baselines", "matchers", "runs", files=True),
)
@click.option("--dataset", required=True, shell_complete=options.completing("datasets"), help="Data set to measure on.")
@click.option(
    "--protocol", required=True, shell_complete=options.completing("protocols"), help="Protocol to measure with."
)
@options.splits
@options.dataset_options
@options.protocol_options
@options.seed
@click.option("--out", type=click.Path(file_okay=False), help="Folder for the table; by default runs/table-DATASET.")
@options.data
@options.cache
@options.threads
@options.quiet
def command(methods, **given):
    """Measure methods on one data set: a row each, published figures beside measured ones.

    A METHOD is a baseline (gpnet list baselines), a FILE.yml, the folder of a run that was trained on the split, or
    all: every registered baseline. Each runs in a process of its own; one that fails gets a line in the table and the
    others go on. Distances are kept (gpnet cache): called again after a stop, it goes on where it was.

    Writes table.md, table.json and the CMC curves as cmc.png and cmc.svg.

    \b
    Examples:
      gpnet table --dataset cuhk01 --protocol single-shot all
      gpnet table --dataset viper --protocol single-shot --splits all lomo-xqda lomo-kissme mine.yml
    """
    from gluon_personnet.core.files import write_json, write_text
    from gluon_personnet.recipe.parsing import parse_options
    from gluon_personnet.report.plots import plot_cmc
    from gluon_personnet.report.tables import as_dict, as_markdown
    from gluon_personnet.workflows.table import Job, measure_row, table_folder

    session = options.session(given["data"], progress=not given["quiet"])
    settings = {
        **{name: given[name] for name in ("dataset", "protocol", "splits", "seed")},
        "dataset_options": parse_options(given["overrides"]),
        "protocol_options": parse_options(given["protocol_set"], "--protocol-set"),
    }
    names = _names(session.manager, methods)
    _check(session, names, settings)
    folder = Path(given["out"]) if given["out"] else table_folder(settings)
    title = _title(settings)
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, start=1):
        click.echo(f"{number}/{len(names)} {name}", err=True)
        rows.append(measure_row(Job(name, data=given["data"], progress=session.progress, **settings)))
        # Written after every row: whoever stops it has the table so far.
        write_text(folder / "table.md", as_markdown(rows, title))
        write_json(folder / "table.json", as_dict(rows, settings))
    measured = [{**row.result, "label": row.name} for row in rows if row.report]
    plots = [folder / f"cmc.{ending}" for ending in ("png", "svg")]
    drawn = plot_cmc({"results": measured}, plots, title) if measured else []
    click.echo(as_markdown(rows, title))
    for path in (folder / "table.md", folder / "table.json", *drawn):
        click.echo(f"wrote {path}")
    if not measured:
        sys.exit(1)


def _names(manager, methods):
    """The methods in the order given, each once; all registered baselines for ``all``."""
    registered = [entry.name for entry in manager.entries("baselines")]
    return list(dict.fromkeys(name for given in methods for name in (registered if given == "all" else [given])))


def _check(session, names, settings):
    """Raise for what would be wrong with every row, and for unknown methods, before anything is computed."""
    from gluon_personnet.evaluation.protocols import build_protocols
    from gluon_personnet.methods.opening import open_method

    for name in names:
        open_method(name, session)
    build_protocols(session.manager, [settings["protocol"]], given=settings["protocol_options"])
    session.tasks(settings["dataset"], settings["dataset_options"], settings["splits"], "--set")


def _title(settings):
    """What is measured, in one line."""
    dataset = settings["dataset"] + _words(settings["dataset_options"])
    protocol = settings["protocol"] + _words(settings["protocol_options"])
    return f"{dataset}, protocol {protocol}, splits {settings['splits']}, seed {settings['seed']}"


def _words(chosen):
    return f" ({', '.join(f'{key}={value}' for key, value in chosen.items())})" if chosen else ""
