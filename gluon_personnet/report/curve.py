"""The training curve as a picture: loss and validation rank-1 against minutes."""

import json
from pathlib import Path

from gluon_personnet.core.files import replacing


def plot_curve(log: Path, path: Path) -> None:
    """Draw a run's log.

    Parameters
    ----------
    log : path
        ``log.jsonl`` of a run.
    path : path
        The picture; its ending chooses the format.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    losses = [line for line in lines if line["event"] == "train"]
    validations = [line for line in lines if line["event"] == "validation"]
    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.add_subplot()
    left.plot(*_minutes(losses, [line["loss"] for line in losses]), color="tab:gray", label="training loss")
    left.set(xlabel="minutes", ylabel="loss", ylim=(0, None))
    right = left.twinx()
    rank1 = [100 * line["cmc"]["1"] for line in validations]
    right.plot(*_minutes(validations, rank1), color="tab:blue", marker="o", label="validation rank-1")
    for line in lines:
        if line["event"] == "metric head":
            fitted = f"fitted head, {'taken' if line['taken'] else 'not taken'}"
            for head, marker, label in (("learned", "s", "learned head"), ("fitted", "D", fitted)):
                point = _minutes([line], [100 * line[head]["1"]])
                right.plot(*point, color="tab:orange", marker=marker, linestyle="none", label=label)
    right.set(ylabel="rank-1 (%)", ylim=(0, 100))
    figure.legend(loc="upper center", ncols=2, fontsize=8, bbox_to_anchor=(0.5, 0.98))
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)


def _minutes(lines, values):
    return [line["seconds"] / 60 for line in lines], values
