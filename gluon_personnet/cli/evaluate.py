"""gpnet evaluate"""

import click

from gluon_personnet.cli import load_plugins, options


@click.command("evaluate")
@click.option("--run", "run_path", type=click.Path(file_okay=False), help="Run directory; by default the latest.")
@click.option("--recipe", help="Evaluate runs/NAME of this recipe instead.")
@click.option("--protocol", "protocols", multiple=True, help="By default the recipe's; repeatable, scored once.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="For the random choices of protocols; by default the recipe's."
)
@options.json_file
@options.data
@options.device
@options.threads
@options.quiet
def command(run_path, recipe, protocols, seed, json_path, data, device, quiet):
    """Evaluate a trained run on its test identities: CMC table, protocol card, JSON and plot.

    \b
    Examples:
      gpnet evaluate --protocol single-shot
      gpnet evaluate --run runs/cuhk01 --protocol single-shot --json result.json
    """
    from gluon_personnet import report as reports
    from gluon_personnet.runs import find_run

    run = find_run(run_path, recipe)

    from gluon_personnet.backend import pick_device
    from gluon_personnet.evaluate import evaluate_run

    manager = load_plugins()
    report = evaluate_run(run, manager, options.locator(data), pick_device(device), protocols, seed, not quiet)
    text = reports.as_text(report)
    click.echo(text)
    run.evaluation.mkdir(exist_ok=True)
    name = "+".join(result["protocol"] for result in report["results"])
    reports.write_json(report, run.evaluation / f"{name}.json")
    reports.write_text(run.evaluation / f"{name}.txt", text + "\n")
    if json_path:
        reports.write_json(report, json_path)
    plots = reports.plot_cmc(report, [run.evaluation / f"{name}-cmc.{ending}" for ending in ("png", "svg")])
    rate = report["pairs_scored"] / max(report["scoring_seconds"], 1e-9)
    click.echo(f"scored {report['pairs_scored']} pairs, {rate:.0f} pairs/s")
    for path in [*plots, run.evaluation / f"{name}.json"]:
        click.echo(f"wrote {path}")
