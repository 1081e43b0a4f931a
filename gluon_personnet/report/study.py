"""A study as text, JSON and a picture."""

import json
from pathlib import Path
from typing import Any, List, Mapping

import numpy as np

from gluon_personnet.core.files import replacing, write_text


def as_text(result: Mapping[str, Any]) -> str:
    """One line a variant: validation rank-1 at the end, mean and standard deviation over the seeds."""
    seeds = ", ".join(map(str, result["seeds"]))
    width = max(len(variant["name"]) for variant in result["variants"])
    amount = f"{result[result['unit']]} {result['unit']} each"
    lines = [f"{result['title']} on {result['data_set']}, {amount}, seeds {seeds}"]
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


def write_study(result: Mapping[str, Any], folder: Path) -> List[Path]:
    """Write ``study.json``, ``study.png`` and ``study.svg`` into `folder`; return their paths."""
    paths = [folder / f"study.{ending}" for ending in ("json", "png", "svg")]
    write_text(paths[0], json.dumps(result, indent=2) + "\n")
    _plot(result, paths[1:])
    return paths


def _plot(result, paths):
    """Training loss and validation rank-1 along the training: the mean over the seeds, and each seed as a thin line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    unit = result["unit"]
    for place, variant in enumerate(result["variants"]):
        label = f"{variant['name']}: rank-1 {_rank1(variant)} %"
        losses = [_series(run["train"], unit, lambda line: line["loss"]) for run in variant["runs"]]
        _curves(left, losses, f"C{place}", label)
        ranks = [_series(run["validation"], unit, lambda line: 100 * line["cmc"]["1"]) for run in variant["runs"]]
        _curves(right, ranks, f"C{place}", label)
    left.set(xlabel=f"thousand {unit}", ylabel="training loss", ylim=(0, None), xlim=(0, None))
    right.set(xlabel=f"thousand {unit}", ylabel="validation rank-1 (%)", ylim=(0, None), xlim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    right.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.02, 1))
    count = len(result["seeds"])
    figure.suptitle(f"{result['title']} on {result['data_set']}: {count} seed{'s' if count > 1 else ''}", fontsize=11)
    for path in paths:
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)


def _series(lines, unit, value):
    return np.array([[line[unit] / 1000, value(line)] for line in lines])


def _curves(axes, series, colour, label):
    if len(series) > 1:
        for points in series:
            axes.plot(*points.T, color=colour, linewidth=0.6, alpha=0.5)
    marker = "o" if len(series[0]) < 15 else None
    axes.plot(*np.mean(series, axis=0).T, color=colour, label=label, marker=marker, markersize=4)
