"""gpnet report"""

import json
from pathlib import Path

import click

from gluon_personnet.cli import options
from gluon_personnet.core.errors import DataError


@click.command("report")
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--protocol", default="single-shot", show_default=True, help="Which protocol's results.")
@click.option("--paired", is_flag=True, help="Compare two results query by query.")
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw the CMC curves together: .png, .svg or .pdf.")
@options.json_file
def command(results, protocol, paired, plot, json_path):
    """Put RESULTS side by side: run directories, or JSON files of gpnet evaluate.

    --paired adds the difference of the two rank-1, its 95 % interval by bootstrap over identities, and McNemar's exact
    test where every query is either right or wrong (not for means over trials).

    \b
    Examples:
      gpnet report runs/a runs/b --protocol market1501 --paired
      gpnet report runs/* --plot together.png
    """
    if paired and len(results) != 2:
        raise click.UsageError(f"--paired compares two results; found {len(results)}")
    from gluon_personnet.core.files import write_json
    from gluon_personnet.evaluation.uncertainty import compare_paired
    from gluon_personnet.report.plots import plot_cmc

    found = [_result(path, protocol) for path in results]
    for path, result in zip(results, found):
        figures = "  ".join(f"{rank}: {100 * value['mean']:6.2f}" for rank, value in result["cmc"].items())
        low, high = result.get("rank1_interval", (None, None))
        interval = f"  rank-1 95 % interval {100 * low:.2f} to {100 * high:.2f}" if low is not None else ""
        click.echo(f"{path}  {figures}{interval}")
    report = {"protocol": protocol, "results": [{"path": path, "cmc": r["cmc"]} for path, r in zip(results, found)]}
    if paired:
        report["paired"] = compare_paired(*found)
        for key, value in report["paired"].items():
            click.echo(f"  {key}: {value}")
    if plot:
        labelled = [{**result, "protocol": path} for path, result in zip(results, found)]
        plot_cmc({"results": labelled}, [plot])
        click.echo(f"wrote {plot}")
    if json_path:
        write_json(json_path, report)


def _result(path, protocol):
    """The result of that protocol in a JSON file, or in the folder ``evaluation`` of a run."""
    file = Path(path)
    if file.is_dir():
        file = file / "evaluation" / f"{protocol}.json"
    try:
        results = json.loads(file.read_text(encoding="utf-8"))["results"]
    except FileNotFoundError as error:
        raise DataError(
            f"{file}: not found; write it with: gpnet evaluate --run {path} --protocol {protocol}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file}: not a result of gpnet evaluate; right: a file written by its --json") from error
    chosen = [result for result in results if result["protocol"] == protocol and "cmc" in result]
    if not chosen:
        names = ", ".join(result["protocol"] for result in results)
        raise DataError(f"{file}: no CMC of protocol {protocol!r}; found {names}")
    return chosen[0]
