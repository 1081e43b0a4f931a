"""gpnet evaluate"""

from pathlib import Path

import click
from click.core import ParameterSource

from gluon_personnet.cli import options

PLOT_ENDINGS = (".png", ".svg", ".pdf")
SOURCES = ("run_path", "recipe", "baseline", "distmat", "method")
METHOD_OPTIONS = ("mirrored", "precision", "shortlist", "shortlist_size", "memory_mib", "query_expansion")
"""Parameters that are options of the method; each method refuses those that it does not know."""


SECTIONS = {
    "What is evaluated": ("method", "run_path", "recipe", "baseline", "distmat"),
    "On which data": ("dataset", "splits", "overrides", "data"),
    "How it is measured": ("protocols", "protocol_set", "compare_definitions", "seed"),
    "Re-ranking": ("rerank", "rerank_k1", "rerank_k2", "rerank_lambda"),
    "What is written": ("json_path", "plot", "save_distmat"),
    "Scoring of a run": (
        "mirrored",
        "precision",
        "compare_precision",
        "shortlist",
        "shortlist_size",
        "memory_mib",
        "backend",
        "workers",
        "scheduler",
    ),
    "Baselines": ("query_expansion",),
}


@click.command("evaluate", cls=options.Sections, sections=SECTIONS)
@click.option(
    "--method",
    metavar="NAME",
    shell_complete=options.completing("baselines", "matchers", "runs", files=True),
    help="A baseline, FILE.yml, a run, or FILE.npz of distances.",
)
@click.option("--run", "run_path", type=click.Path(file_okay=False), help="Run directory; by default the latest.")
@click.option(
    "--recipe", shell_complete=options.completing("recipes", files=True), help="The run of this recipe below runs/."
)
@click.option(
    "--baseline",
    shell_complete=options.completing("baselines", files=True),
    help="A baseline on --dataset: a name or FILE.yml.",
)
@click.option("--distmat", type=click.Path(dir_okay=False), help="Distances from an npz file.")
@click.option("--dataset", shell_complete=options.completing("datasets"), help="Data set of a baseline.")
@options.splits
@options.dataset_options
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    shell_complete=options.completing("protocols"),
    help="By default the recipe's; repeatable.",
)
@options.protocol_options
@click.option("--compare-definitions", is_flag=True, help="Every protocol with a CMC, side by side.")
@click.option("--rerank", type=click.Choice(["k-reciprocal"]), help="Re-rank first; said in the protocol card.")
@click.option("--rerank-k1", type=click.IntRange(min=1), default=20, show_default=True, help="Neighbours.")
@click.option("--rerank-k2", type=click.IntRange(min=1), default=6, show_default=True, help="Images averaged; 1: none.")
@click.option(
    "--rerank-lambda", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share of the given distances."
)
@options.seed
@options.json_file
@click.option("--plot", type=click.Path(dir_okay=False), help="Also draw the CMC here: .png, .svg or .pdf.")
@click.option("--save-distmat", type=click.Path(dir_okay=False), help="Also write distances and labels as npz.")
@click.option("--mirrored/--no-mirrored", default=None, help="Run: average with mirrored pairs; by default as trained.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16", "int8"]), help="Run: of the pair head.")
@click.option("--compare-precision", is_flag=True, help="Run: also score in float32, and say how far the two agree.")
@click.option(
    "--shortlist",
    metavar="FEATURE[+METRIC]|embedding",
    help="Run: score only the gallery images this ranks first.",
)
@click.option("--shortlist-size", type=click.IntRange(min=1), help="Run: gallery images a query; by default 100.")
@click.option("--memory-mib", type=click.IntRange(min=2), help="Run: limit for images and maps; by default 2048.")
@click.option("--query-expansion", type=click.IntRange(min=1), help="Baseline: neighbours averaged into a query.")
@click.option("--backend", type=click.Choice(["loky", "dask"]), help="Run: score by several processes, or a cluster.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes to start; dask: how many to wait for.")
@click.option("--scheduler", metavar="ADDRESS", help="Where dask's scheduler is, such as tcp://10.0.0.1:8786.")
@options.data
@options.cache
@options.device
@options.threads
@options.quiet
@click.pass_context
def command(ctx, json_path, plot, **given):
    """Evaluate a trained run on its test identities, a baseline on a data set, or distances from a file.

    Distances are computed once and kept (gpnet cache): another protocol on them takes no time, and a command that was
    killed goes on where it stopped. Results are never kept: they are computed anew each time.

    Prints the figures with the protocol that defines them. Writes JSON, text and plots into the run's folder, or into
    runs/BASELINE-DATASET.

    A file of distances is one of numpy.savez with the keys distmat (Q, G), smaller being more alike, query_pids,
    query_camids (Q), gallery_pids and gallery_camids (G), pid -1 being junk. --rerank needs query_distmat (Q, Q) and
    gallery_distmat (G, G) too. Nothing is then written but what --json and --plot name.

    With --backend loky, --workers processes of --threads threads score at once; with --backend dask, the workers of a
    cluster, which need this package but no data. The distances are the same to the last byte on processors of one kind.
    dask's traffic is unencrypted, and whoever reaches its scheduler can run code: use a network of your own.

    \b
    Examples:
      gpnet evaluate --protocol single-shot
      gpnet evaluate --run runs/cuhk01 --protocol single-shot --protocol-set trials=100 --json result.json
      gpnet evaluate --distmat distances.npz --protocol market1501
      gpnet evaluate --baseline lomo-xqda --dataset viper --protocol single-shot --splits all
      gpnet evaluate --method mine.yml --dataset toy --protocol single-shot --rerank k-reciprocal
      gpnet evaluate --compare-definitions
      gpnet evaluate --backend loky --workers 4 --threads 2
      gpnet evaluate --backend dask --scheduler tcp://10.0.0.1:8786 --workers 8 --threads 1
      gpnet evaluate --precision int8 --compare-precision
      gpnet evaluate --shortlist raw-pixels+euclid --shortlist-size 50
    """
    _check_usage(ctx, json_path, plot, given)
    from gluon_personnet.core.files import write_json, write_text
    from gluon_personnet.report.plots import plot_cmc
    from gluon_personnet.report.text import as_text
    from gluon_personnet.workflows.evaluate import write_results

    report, folder = _evaluate(given)
    text, written = as_text(report), []
    if folder:
        for path in write_results(report, folder):
            plots = plot_cmc(report, [path.with_name(f"{path.stem}-cmc.{ending}") for ending in ("png", "svg")])
            write_text(path.with_suffix(".txt"), text + "\n")
            written += [*plots[:1], path]
    if json_path:
        write_json(json_path, report)
    if plot:
        drawn = plot_cmc(report, [plot])
        written += drawn
        if not drawn:
            click.echo(f"gpnet: warning: nothing defines a CMC here; {plot} is not written", err=True)
    to_stderr = json_path == "-"
    click.echo(text, err=to_stderr)
    for path in written:
        click.echo(f"wrote {path}", err=to_stderr)
    recipe = report["origin"].get("recipe")
    if recipe and not report["origin"].get("splits"):
        dataset, run = recipe["dataset"]["name"], folder.parent
        protocol = report["results"][0]["protocol"]
        advice = f"gpnet table --dataset {dataset} --protocol {protocol} {run} lomo-xqda"
        options_given = "".join(f" --set {key}={value}" for key, value in recipe["dataset"]["options"].items())
        click.echo(f"compare it with a baseline: {advice}{options_given}", err=to_stderr)


def _check_usage(ctx, json_path, plot, given):
    """Raise UsageError for options that do not go together, and for outputs that cannot be written."""
    opts = {parameter.name: parameter.opts[0] for parameter in ctx.command.params}
    named = {name for name in opts if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    sources = [opts[name] for name in SOURCES if name in named]
    if len(sources) > 1:
        raise click.UsageError(f"{' and '.join(sources)} are two methods; give one")
    needs = {
        "workers": "backend",
        "scheduler": "backend",
        "compare_precision": "precision",
        "shortlist_size": "shortlist",
        "rerank_k1": "rerank",
        "rerank_k2": "rerank",
        "rerank_lambda": "rerank",
    }
    for name, needed in needs.items():
        if name in named and needed not in named:
            raise click.UsageError(f"{opts[name]} needs {opts[needed]}")
    if ("scheduler" in named) != (given["backend"] == "dask"):
        raise click.UsageError("--backend dask and --scheduler ADDRESS go together")
    apart = (("protocols", "compare_definitions"), ("shortlist", "backend"), ("shortlist", "rerank"))
    for one, other in apart:
        if {one, other} <= named:
            raise click.UsageError(f"{opts[one]} and {opts[other]} do not go together; give one")
    if given["compare_precision"] and given["precision"] == "float32":
        raise click.UsageError("--compare-precision needs --precision bfloat16 or int8")
    for name, path in (("json_path", json_path), ("plot", plot), ("save_distmat", given["save_distmat"])):
        if path and path != "-" and not Path(path).parent.is_dir():
            raise click.UsageError(f"{opts[name]} {path}: there is no such folder")
    if plot and Path(plot).suffix.lower() not in PLOT_ENDINGS:
        raise click.UsageError(f"--plot {plot}: right: a name that ends with {', '.join(PLOT_ENDINGS)}")


def _evaluate(given):
    """The results, and the folder for them or None."""
    from gluon_personnet.methods.from_file import load_distances, save_distances
    from gluon_personnet.methods.session import Session
    from gluon_personnet.workflows.evaluate import (
        evaluate_measured,
        evaluate_method,
        measure_parts,
        results_folder,
        tasks_of,
    )

    session: Session = options.session(given["data"], given["device"], not given["quiet"])
    path = given["distmat"] or (given["method"] if (given["method"] or "").endswith(".npz") else None)
    if path:
        _refuse(given, ("dataset", *METHOD_OPTIONS, "backend", "save_distmat"), "distances from a file")
        measured = load_distances(path)
        return evaluate_measured([measured], _protocols(given, session, None), given["seed"]), None
    with _opened(given, session) as (method, chosen):
        protocols = _protocols(given, session, method)
        tasks = tasks_of(method, _tasks(given, session))
        exact = None
        if given["compare_precision"]:
            exact = method.in_float32()
        if given["save_distmat"]:
            if len(tasks) > 1:
                raise click.UsageError("--save-distmat writes one split; give one with --splits")
            (part,) = measure_parts(method, tasks)
            save_distances(given["save_distmat"], part, with_among=protocols.rerank is not None)
        report = evaluate_method(method, tasks, protocols, given["seed"], exact, chosen)
        return report, results_folder(method, tasks[0])


def _refuse(given, names, what):
    for name in names:
        if given[name] is not None:
            raise click.UsageError(f"--{name.replace('_', '-')} does not go with {what}")


def _tasks(given, session):
    """The splits of --dataset; None without it."""
    from gluon_personnet.recipe.parsing import parse_options

    if given["dataset"]:
        return session.tasks(given["dataset"], parse_options(given["overrides"]), given["splits"], "--set")
    if given["overrides"]:
        raise click.UsageError("--set needs --dataset")
    return None


def _protocols(given, session, method):
    from gluon_personnet.evaluation.protocols import build_protocols
    from gluon_personnet.evaluation.reranking import KReciprocal
    from gluon_personnet.recipe.parsing import parse_options

    rerank = None
    if given["rerank"]:
        rerank = KReciprocal(given["rerank_k1"], given["rerank_k2"], given["rerank_lambda"])
    section = method.recipe.evaluation if hasattr(method, "recipe") else None
    names = None if given["compare_definitions"] else given["protocols"] or (section and [section.protocol])
    if names is None and not given["compare_definitions"]:
        raise click.UsageError("give --protocol or --compare-definitions")
    own = {section.protocol: section.options} if section else {}
    return build_protocols(session.manager, names, own, parse_options(given["protocol_set"], "--protocol-set"), rerank)


def _opened(given, session):
    """A context with the method that is named, and those of its options that are given."""
    import contextlib

    from gluon_personnet.core.runs import find_run
    from gluon_personnet.methods.opening import open_method, open_named_baseline, open_run
    from gluon_personnet.methods.trained import scoring_pool

    chosen = {name: given[name] for name in METHOD_OPTIONS if given[name] is not None}

    @contextlib.contextmanager
    def opened():
        with scoring_pool(given["backend"], given["workers"], given["scheduler"]) as pool:
            how = {**chosen, **pool}
            if given["method"]:
                method = open_method(given["method"], session, how)
            elif given["baseline"]:
                method = open_named_baseline(given["baseline"], session, how)
            else:
                method = open_run(find_run(given["run_path"], given["recipe"]), session, how)
            yield method, {key: value for key, value in chosen.items() if key != "memory_mib"}

    return opened()
