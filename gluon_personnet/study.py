"""Studies: one recipe trained in several variants under an equal budget of pairs, over several seeds."""

import json
from dataclasses import dataclass
from typing import Mapping, Tuple

import numpy as np

from gluon_personnet.backend import versions
from gluon_personnet.files import replacing, write_text
from gluon_personnet.recipe import load_recipe
from gluon_personnet.runs import Run
from gluon_personnet.task import Task, build_network
from gluon_personnet.training.trainer import Trainer


@dataclass(frozen=True)
class Study:
    """What is varied.

    Parameters
    ----------
    title : str
    variants : mapping of str to tuple of str
        Name -> the keys of the recipe that it sets, each ``"section.key=value"``.
    source : str
        The place in the paper.
    """

    title: str
    variants: Mapping[str, Tuple[str, ...]]
    source: str


LEARNED = ("training.metric_head_at=1.0",)
SGD = "optimizer.name=sgd", "optimizer.options={momentum: 0.9}", "optimizer.rate_by_inputs=false"
STUDIES = {
    "depth": Study(
        "weight layers",
        {f"depth {depth}": (f"network.options.depth={depth}", *LEARNED) for depth in (10, 9, 8, 7)},
        "section III: 7 to 10 weight layers",
    ),
    "optimizer": Study(
        "update rules",
        {
            "RMSProp": LEARNED,
            **{f"SGD {rate}": (*SGD, f"optimizer.learning_rate={rate}", *LEARNED) for rate in ("0.1", "0.01", "0.001")},
        },
        "Fig. 5: convergence of SGD against RMSProp",
    ),
    "bias": Study(
        "biases at the start",
        {"zero": ("network.bias_range=0.0", *LEARNED), "within 0.5": ("network.bias_range=0.5", *LEARNED)},
        "none: section III leaves the starting values open",
    ),
    "strong": Study(
        "what each change brings",
        {
            "all changes": (),
            "one direction": ("network.options.both_directions=false",),
            "no identification loss": ("training.identification=0.0",),
            "half the channels": ("network.options.channels=16", "network.options.compare_channels=16"),
            "no colour changes": ("augmentation.colour=0.0",),
            "no erasing": ("augmentation.erasing=0.0",),
            "mirrored pairs not averaged": ("evaluation.mirrored=false",),
        },
        "none: the changes of personnet-strong, one taken back at a time",
    ),
}
"""Name -> study. RMSProp runs as the recipe says; SGD has a momentum of 0.9 and one rate for all layers,
at values a factor of 10 apart. Depth, optimizer and biases are compared by the head that was learned."""


def run_study(name, recipe_path, overrides, seeds, folder, manager, locate, ctx, progress=True):
    """Train every variant with every seed, one after another, and measure them on validation identities.

    Variants and seeds whose run in `folder` is finished are not trained again, and one that was stopped goes on.

    Parameters
    ----------
    name : str
        A key of :data:`STUDIES`.
    recipe_path : path
    overrides : sequence of str
        Changes of the recipe for all variants.
    seeds : sequence of int
    folder : path
        One run directory a variant and seed; and ``study.json``, ``study.png`` and ``study.svg``.
    manager : PluginManager
    locate : Locator
    ctx : mxnet.Context
    progress : bool

    Returns
    -------
    dict
        JSON types; rates as fractions.

    Raises
    ------
    Stopped
        After Ctrl-C or SIGTERM, once the running variant's checkpoint is written.
    """
    study, variants = STUDIES[name], []
    for variant, changes in study.variants.items():
        runs = []
        for seed in seeds:
            recipe = load_recipe(recipe_path, [*overrides, *changes, f"seed={seed}"])
            run = Run(folder / f"{variant.replace(' ', '-').lower()}-seed-{seed}")
            runs.append({"seed": seed, **_train(recipe, run, manager, locate, ctx, progress)})
        rank1 = [100 * one["validation"][-1]["cmc"]["1"] for one in runs]
        mean, std = float(np.mean(rank1)), float(np.std(rank1))
        variants.append({"name": variant, "changes": list(changes), "rank1": {"mean": mean, "std": std}, "runs": runs})
    return {
        "study": name,
        "title": study.title,
        "source": study.source,
        "recipe": str(recipe_path),
        "changes": list(overrides),
        "pairs": recipe.training.pairs,
        "seeds": list(seeds),
        "data_set": recipe.dataset.name,
        "validation_identities": recipe.dataset.validation_identities,
        "variants": variants,
        "versions": versions(),
    }


def _train(recipe, run, manager, locate, ctx, progress):
    """Train one variant to its end and return what its log holds."""
    network = build_network(recipe, manager)
    size = network.options["height_px"], network.options["width_px"]
    task = Task(recipe, manager, locate, *size, progress=progress)
    trainer = Trainer(recipe, task, network, run, ctx, progress)
    if run.exists:
        trainer.resume()
    trainer.train()
    lines = [json.loads(line) for line in run.log.read_text(encoding="utf-8").splitlines()]
    kept = {"train": ("pairs", "seconds", "loss"), "validation": ("pairs", "seconds", "cmc")}
    return {
        "run": str(run.path),
        "split_hash": task.split_hash,
        "minutes": lines[-1]["seconds"] / 60,
        **{
            event: [{key: line[key] for key in keys} for line in lines if line["event"] == event]
            for event, keys in kept.items()
        },
    }


def as_text(result):
    """One line a variant: validation rank-1 at the end, mean and standard deviation over the seeds."""
    seeds = ", ".join(map(str, result["seeds"]))
    width = max(len(variant["name"]) for variant in result["variants"])
    lines = [f"{result['title']} on {result['data_set']}, {result['pairs']} pairs each, seeds {seeds}"]
    for variant in result["variants"]:
        loss = np.mean([run["train"][-1]["loss"] for run in variant["runs"]])
        minutes = np.mean([run["minutes"] for run in variant["runs"]])
        lines.append(
            f"  {variant['name']:<{width}}  rank-1 {_rank1(variant)} %  loss {loss:.3f}  {minutes:.1f} minutes"
        )
    lines.append(f"  rank-1 on {result['validation_identities']} validation identities at the end of training")
    return "\n".join(lines)


def _rank1(variant):
    """Mean over the seeds in per cent, with the standard deviation where there are several."""
    deviation = f" +- {variant['rank1']['std']:.2f}" if len(variant["runs"]) > 1 else ""
    return f"{variant['rank1']['mean']:5.2f}{deviation}"


def write_study(result, folder):
    """Write ``study.json``, ``study.png`` and ``study.svg`` into `folder`; return their paths."""
    paths = [folder / f"study.{ending}" for ending in ("json", "png", "svg")]
    write_text(paths[0], json.dumps(result, indent=2) + "\n")
    _plot(result, paths[1:])
    return paths


def _plot(result, paths):
    """Training loss and validation rank-1 against pairs: the mean over the seeds, and each seed as a thin line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for place, variant in enumerate(result["variants"]):
        label = f"{variant['name']}: rank-1 {_rank1(variant)} %"
        _curves(left, [_series(run["train"], lambda line: line["loss"]) for run in variant["runs"]], f"C{place}", label)
        ranks = [_series(run["validation"], lambda line: 100 * line["cmc"]["1"]) for run in variant["runs"]]
        _curves(right, ranks, f"C{place}", label)
    left.set(xlabel="thousand pairs", ylabel="training loss", ylim=(0, None), xlim=(0, None))
    right.set(xlabel="thousand pairs", ylabel="validation rank-1 (%)", ylim=(0, None), xlim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    right.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.02, 1))
    count = len(result["seeds"])
    figure.suptitle(f"{result['title']} on {result['data_set']}: {count} seed{'s' if count > 1 else ''}", fontsize=11)
    for path in paths:
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)


def _series(lines, value):
    return np.array([[line["pairs"] / 1000, value(line)] for line in lines])


def _curves(axes, series, colour, label):
    if len(series) > 1:
        for points in series:
            axes.plot(*points.T, color=colour, linewidth=0.6, alpha=0.5)
    marker = "o" if len(series[0]) < 15 else None
    axes.plot(*np.mean(series, axis=0).T, color=colour, label=label, marker=marker, markersize=4)
