"""An evaluation's report as JSON, text and plots."""

import json

from gluon_personnet.files import replacing, write_text


def write_json(report, path):
    """Write the report as JSON, figures as fractions."""
    write_text(path, json.dumps(report, indent=2) + "\n")


def as_text(report):
    """CMC table in per cent and protocol card of every result."""
    return "\n\n".join(_result_text(result) for result in report["results"])


def _result_text(result):
    lines = [f"protocol {result['protocol']}"]
    if "cmc" in result:
        cmc = result["cmc"]
        lines.append("  rank     " + "".join(f"{rank:>14}" for rank in cmc))
        figures = (f"{100 * value['mean']:.2f} +- {100 * value['std']:.2f}" for value in cmc.values())
        lines.append("  CMC (%)  " + "".join(f"{figure:>14}" for figure in figures))
    for key, value in result.items():
        if key not in ("protocol", "cmc", "curve", "card", "queries"):
            lines.append(f"  {key}: {json.dumps(value)}")
    width = max(len(key) for key in result["card"])
    lines += [f"  {key:<{width}}  {value}" for key, value in result["card"].items()]
    lines.append(f"  {'queries':<{width}}  {result['queries']['used']} used, {result['queries']['skipped']} skipped")
    return "\n".join(lines)


def plot_cmc(report, paths):
    """Draw the CMC curves of all results that have one.

    Parameters
    ----------
    report : dict
    paths : sequence of path
        One picture each; the ending chooses the format (``.png``, ``.svg``).

    Returns
    -------
    list of path
        What was written; empty when no protocol defines a CMC.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = [result for result in report["results"] if "curve" in result]
    if not drawn:
        return []
    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for result in drawn:
        curve = [100 * value for value in result["curve"]]
        first = result["cmc"]["1"]
        label = f"{result['protocol']}: rank-1 {100 * first['mean']:.1f} %"
        axes.plot(range(1, len(curve) + 1), curve, marker=".", label=label)
    card = drawn[0]["card"]
    axes.set(xlabel="rank", ylabel="identification rate (%)", ylim=(0, 101))
    axes.set_xlim(1, max(20, 1))
    axes.set_title(f"{card['method']} on {card['data set']}, {card['identities']}", fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    for path in paths:
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)
    return list(paths)
