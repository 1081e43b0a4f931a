"""gpnet evaluate"""

import contextlib
from pathlib import Path

import click
from click.core import ParameterSource

from gluon_personnet.cli import load_plugins, options

PLOT_ENDINGS = (".png", ".svg", ".pdf")
BELONGS = {
    "run_path": "a run",
    "recipe": "a run",
    "save_distmat": "a run",
    "mirrored": "a run",
    "precision": "a run",
    "compare_precision": "a run",
    "shortlist": "a run",
    "shortlist_size": "a run",
    "memory_mib": "a run",
    "device": "a run",
    "backend": "a run",
    "workers": "a run",
    "scheduler": "a run",
    "data": "a run or a baseline",
    "dataset": "a baseline",
    "splits": "a baseline",
    "overrides": "a baseline",
    "query_expansion": "a baseline",
}
"""Parameters that mean nothing for some sources of distances -> the sources they belong to."""
SCORING = ("precision", "compare_precision", "shortlist", "shortlist_size", "memory_mib")
RERANKING = ("rerank", "rerank_k1", "rerank_k2", "rerank_lambda")


@click.command("evaluate")
@click.option("--run", "run_path", type=click.Path(file_okay=False), help="Run directory; by default the latest.")
@click.option("--recipe", help="Evaluate runs/NAME of this recipe instead.")
@click.option("--baseline", help="Fit and evaluate a baseline on --dataset instead: a name or FILE.yml.")
@click.option("--dataset", help="Data set of the baseline.")
@click.option("--splits", default="0", show_default=True, help="Splits of the baseline: all, or numbers such as 0,1.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Option of the data set; repeatable.")
@click.option(
    "--query-expansion", type=click.IntRange(min=1), help="Average each query's feature with this many nearest ones."
)
@click.option("--distmat", type=click.Path(dir_okay=False), help="Evaluate distances from an npz file instead.")
@click.option("--protocol", "protocols", multiple=True, help="By default the recipe's; repeatable, scored once.")
@click.option("--compare-definitions", is_flag=True, help="Every protocol with a CMC, side by side.")
@click.option("--rerank", type=click.Choice(["k-reciprocal"]), help="Re-rank first; said in the protocol card.")
@click.option("--rerank-k1", type=click.IntRange(min=1), default=20, show_default=True, help="Neighbours.")
@click.option("--rerank-k2", type=click.IntRange(min=1), default=6, show_default=True, help="Images averaged; 1: none.")
@click.option(
    "--rerank-lambda", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share of the given distances."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="For the random choices of protocols; by default the recipe's, or 0 without one.",
)
@options.json_file
@click.option("--plot", type=click.Path(dir_okay=False), help="Also draw the CMC here: .png, .svg or .pdf.")
@click.option("--save-distmat", type=click.Path(dir_okay=False), help="Also write distances and labels as npz.")
@click.option("--mirrored/--no-mirrored", default=None, help="Average with mirrored pairs; by default as the recipe.")
@click.option("--backend", type=click.Choice(["loky", "dask"]), help="Score by several processes, or on a cluster.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes to start; dask: how many to wait for.")
@click.option("--scheduler", metavar="ADDRESS", help="Where dask's scheduler is, such as tcp://10.0.0.1:8786.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    default="float32",
    show_default=True,
    help="Of the pair head; said in the protocol card.",
)
@click.option("--compare-precision", is_flag=True, help="Also score in float32, and say how far --precision agrees.")
@click.option(
    "--shortlist",
    metavar="FEATURE[+METRIC]|embedding",
    help="Score only the gallery images that this ranks first; said in the card with its recall.",
)
@click.option(
    "--shortlist-size", type=click.IntRange(min=1), default=100, show_default=True, help="Gallery images a query."
)
@click.option(
    "--memory-mib",
    type=click.IntRange(min=2),
    default=2048,
    show_default=True,
    help="Limit for images and maps kept in memory, half for each; larger maps go to files.",
)
@options.data
@options.cache
@options.device
@options.threads
@options.quiet
@click.pass_context
def command(ctx, baseline, distmat, protocols, compare_definitions, seed, json_path, plot, **others):
    """Evaluate a trained run on its test identities, a baseline, or distances from a file.

    Prints CMC table and protocol card; writes JSON, text and plots into the run's folder, or for a baseline into
    runs/BASELINE-DATASET, which also keeps every split that is done: called again, it goes on with the others. So it
    does with the pairs of a run: the same command goes on where a kill stopped it, to the same distances.

    The file for --distmat is one of numpy.savez with the keys distmat (Q, G), smaller being more alike, query_pids,
    query_camids (Q), gallery_pids and gallery_camids (G), pid -1 being junk; with --rerank also query_distmat (Q, Q)
    and gallery_distmat (G, G). Then nothing is written but what --json and --plot name.

    With --backend loky, --workers processes of --threads threads score at once; with --backend dask, the workers of a
    cluster, which need this package but no data. A lost worker's part is computed again, and the distances are those of
    one process with as many threads, to the last byte, on processors of one kind. dask's traffic is unencrypted, and
    whoever reaches its scheduler can run code: use a network of your own, or dask's TLS settings.

    \b
    Examples:
      gpnet evaluate --protocol single-shot
      gpnet evaluate --run runs/cuhk01 --protocol single-shot --json result.json
      gpnet evaluate --distmat distances.npz --protocol market1501
      gpnet evaluate --baseline lomo-xqda --dataset viper --protocol single-shot --splits all
      gpnet evaluate --baseline mine.yml --dataset toy --protocol single-shot
      gpnet evaluate --compare-definitions
      gpnet evaluate --backend loky --workers 4 --threads 2
      dask scheduler;  dask worker --nthreads 1 --nworkers 8 tcp://10.0.0.1:8786
      gpnet evaluate --backend dask --scheduler tcp://10.0.0.1:8786 --workers 8 --threads 1
      gpnet evaluate --precision int8 --compare-precision
      gpnet evaluate --shortlist raw-pixels+euclid --shortlist-size 50
    """
    _check_usage(ctx)
    from gluon_personnet.core.files import write_json
    from gluon_personnet.report.plots import plot_cmc
    from gluon_personnet.report.text import as_text

    names = None if compare_definitions else protocols
    rerank = _reranking(**{name: others.pop(name) for name in RERANKING})
    if distmat:
        report, run = _evaluate_file(distmat, names, seed, rerank), None
    elif baseline:
        report, run = _evaluate_baseline(baseline, names, seed, rerank, **others)
    else:
        report, run = _evaluate_run(names, seed, rerank, **others)
    click.echo(as_text(report))
    written = _write_evaluation(report, run) if run else []
    if json_path:
        write_json(json_path, report)
    if plot:
        drawn = plot_cmc(report, [plot])
        written += drawn
        if not drawn:
            click.echo(f"gpnet: warning: nothing defines a CMC here; {plot} is not written", err=True)
    for path in written:
        click.echo(f"wrote {path}")


def _check_usage(ctx):
    """Raise UsageError for options that do not go together, and for outputs that cannot be written."""
    opts = {parameter.name: parameter.opts[0] for parameter in ctx.command.params}
    given = {name for name in opts if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if {"distmat", "baseline"} <= given:
        raise click.UsageError("--distmat and --baseline are two sources of distances; give one")
    source = next((name for name in ("distmat", "baseline") if name in given), "run")
    for name in sorted(given & set(BELONGS)):
        if source not in BELONGS[name]:
            other = f" and does not go with --{source}" if source != "run" else ": give --baseline"
            raise click.UsageError(f"{opts[name]} belongs to {BELONGS[name]}{other}")
    if source != "run" and not given & {"protocols", "compare_definitions"}:
        raise click.UsageError(f"--{source} needs --protocol or --compare-definitions")
    if source == "baseline" and "dataset" not in given:
        raise click.UsageError("--baseline needs --dataset")
    for name in sorted(given & {"workers", "scheduler"} if "backend" not in given else ()):
        raise click.UsageError(f"{opts[name]} needs --backend")
    if ("scheduler" in given) != (ctx.params["backend"] == "dask"):
        raise click.UsageError("--backend dask and --scheduler ADDRESS go together")
    if {"protocols", "compare_definitions"} <= given:
        raise click.UsageError("--compare-definitions evaluates every protocol; leave out --protocol")
    if "compare_precision" in given and ctx.params["precision"] == "float32":
        raise click.UsageError("--compare-precision needs --precision bfloat16 or int8")
    if "shortlist_size" in given and "shortlist" not in given:
        raise click.UsageError("--shortlist-size needs --shortlist")
    if {"shortlist", "backend"} <= given:
        raise click.UsageError("--backend shares the scoring of all pairs, --shortlist leaves few of them; give one")
    if {"shortlist", "rerank"} <= given:
        raise click.UsageError("--rerank needs the distances of all pairs, --shortlist scores a part of them; give one")
    for name in given.intersection(RERANKING) if "rerank" not in given else ():
        raise click.UsageError(f"{opts[name]} needs --rerank")
    for name in sorted(given & {"json_path", "plot", "save_distmat"}):
        if not Path(ctx.params[name]).parent.is_dir():
            raise click.UsageError(f"{opts[name]} {ctx.params[name]}: there is no such folder")
    if "plot" in given and Path(ctx.params["plot"]).suffix.lower() not in PLOT_ENDINGS:
        raise click.UsageError(f"--plot {ctx.params['plot']}: right: a name that ends with {', '.join(PLOT_ENDINGS)}")


def _reranking(rerank, rerank_k1, rerank_k2, rerank_lambda):
    if not rerank:
        return None
    from gluon_personnet.evaluation.reranking import KReciprocal

    return KReciprocal(rerank_k1, rerank_k2, rerank_lambda)


def _evaluate_file(path, names, seed, rerank):
    from gluon_personnet.evaluation.protocols import Evaluation
    from gluon_personnet.methods.from_file import evaluate_distmat

    return evaluate_distmat(path, Evaluation(load_plugins(), names, rerank=rerank), seed or 0)


def _evaluate_baseline(
    baseline, names, seed, rerank, dataset, splits, overrides, query_expansion, data, quiet, **unused
):
    from gluon_personnet.core.runs import Run, baseline_folder
    from gluon_personnet.evaluation.protocols import Evaluation
    from gluon_personnet.methods.feature_metric import BaselineEvaluation, parse_splits
    from gluon_personnet.recipe.baselines import find_baseline
    from gluon_personnet.recipe.parsing import parse_options

    manager, chosen = load_plugins(), parse_options(overrides)
    entry = find_baseline(manager, baseline)
    what = manager, entry, dataset, chosen, options.locator(data), Evaluation(manager, names, rerank=rerank)
    work = BaselineEvaluation(*what, query_expansion or 0, not quiet)
    run = Run(baseline_folder(entry.name, dataset, chosen))
    return work.report(parse_splits(splits, work.dataset), seed or 0, run.evaluation), run


def _evaluate_run(
    names,
    seed,
    rerank,
    run_path,
    recipe,
    save_distmat,
    mirrored,
    backend,
    workers,
    scheduler,
    data,
    device,
    quiet,
    **others,
):
    from gluon_personnet.core.runs import find_run
    from gluon_personnet.scoring.pools import open_pool

    run = find_run(run_path, recipe)

    with open_pool(backend, workers, scheduler) if backend else contextlib.nullcontext() as pool:
        from gluon_personnet.network.backend import pick_device  # only now: it settles the threads
        from gluon_personnet.workflows.evaluate import ScoringOptions, evaluate_run

        scoring = ScoringOptions(*(others[name] for name in SCORING), pool)
        where = run, load_plugins(), options.locator(data), pick_device(device)
        how = {"rerank": rerank, "distmat_path": save_distmat, "mirrored": mirrored, "scoring": scoring}
        return evaluate_run(*where, names, seed, not quiet, **how), run


def _write_evaluation(report, run):
    """Write JSON, text and plots into the run's folder; return the plots and the JSON file."""
    from gluon_personnet.core.files import write_json, write_text
    from gluon_personnet.report.plots import plot_cmc
    from gluon_personnet.report.text import as_text

    run.evaluation.mkdir(parents=True, exist_ok=True)
    name = "definitions" if "not_applicable" in report else "+".join(row["protocol"] for row in report["results"])
    card = report["results"][0]["card"]
    name += "-expanded" * ("query expansion" in card) + "-re-ranked" * ("re-ranking" in card)
    if report.get("precision", "float32") != "float32":
        name += f"-{report['precision']}"
    if report.get("shortlist"):
        name += f"-shortlist-{report['shortlist']['by']}-{report['shortlist']['size']}"
    write_json(run.evaluation / f"{name}.json", report)
    write_text(run.evaluation / f"{name}.txt", as_text(report) + "\n")
    plots = plot_cmc(report, [run.evaluation / f"{name}-cmc.{ending}" for ending in ("png", "svg")])
    if "pairs_scored" in report:
        rate = report["pairs_scored"] / max(report["scoring_seconds"], 1e-9)
        click.echo(f"scored {report['pairs_scored']} pairs, {rate:.0f} pairs/s")
    if "cost" in report:
        cost = report["cost"]
        steps = ", ".join(f"{step} {cost[f'{step}_seconds']:.1f} s" for step in ("extract", "fit", "distance"))
        click.echo(f"a split took on average: {steps}; at most {cost['memory_mib']:.0f} MiB of memory")
    return [*plots, run.evaluation / f"{name}.json"]
