"""gpnet report"""

import click

from gluon_personnet.cli import options


@click.command("report")
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--protocol", default="single-shot", show_default=True, help="Which protocol's results.")
@click.option("--paired", is_flag=True, help="Compare two results query by query.")
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw the CMC curves together: .png, .svg or .pdf.")
@options.json_file
def command(results, protocol, paired, plot, json_path):
    """Put RESULTS side by side: folders of runs and baselines, or JSON files of gpnet evaluate.

    --paired adds the difference of the two rank-1, its 95 % interval by bootstrap over identities, and McNemar's exact
    test where every query is either right or wrong (not for means over trials). It needs the same test images, protocol
    and options; and the same seed where galleries are drawn.

    \b
    Examples:
      gpnet report runs/a runs/b --protocol market1501 --paired
      gpnet report runs/cuhk01 runs/lomo-xqda-cuhk01 --paired
      gpnet report runs/* --plot together.png
    """
    if paired and len(results) != 2:
        raise click.UsageError(f"--paired compares two results; found {len(results)}")
    from gluon_personnet.core.files import write_json
    from gluon_personnet.report.plots import plot_cmc
    from gluon_personnet.report.side_by_side import as_text, compare, read_result

    report = compare([read_result(path, protocol) for path in results], paired)
    if json_path:
        write_json(json_path, report)
    if plot:
        plot_cmc(report, [plot], f"protocol {protocol}")
    click.echo(as_text(report), err=json_path == "-")
    if plot:
        click.echo(f"wrote {plot}", err=json_path == "-")
