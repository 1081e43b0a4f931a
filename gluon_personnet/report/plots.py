"""CMC curves as pictures."""

from typing import Any, List, Mapping, Optional, Sequence

from gluon_personnet.core.files import replacing


def plot_cmc(report: Mapping[str, Any], paths: Sequence[Any], title: Optional[str] = None) -> List[Any]:
    """Draw the CMC curves of all results that have one, with standard deviations at the ranks of the table.

    Parameters
    ----------
    report : mapping
        ``results``; each is labelled by its ``label`` where it has one, else by its protocol.
    paths : sequence of path
        One picture each; the ending chooses the format (``.png``, ``.svg``).
    title : str, optional
        By default what the report's origin says.

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
    figure = Figure(figsize=(6, 4))  # with fixed margins: a layout engine draws everything twice
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.11, right=0.98, bottom=0.13, top=0.92)
    axes = figure.add_subplot()
    for result in drawn:
        curve = [100 * value for value in result["curve"]]
        label = f"{result.get('label', result['protocol'])}: rank-1 {100 * result['cmc']['1']['mean']:.1f} %"
        (line,) = axes.plot(range(1, len(curve) + 1), curve, marker=".", label=label)
        deviating = {int(rank): value for rank, value in result["cmc"].items() if value["std"] is not None}
        if deviating:
            means, stds = ([100 * value[key] for value in deviating.values()] for key in ("mean", "std"))
            axes.errorbar(list(deviating), means, stds, fmt="none", capsize=3, color=line.get_color())
    axes.set(
        xlabel="rank", ylabel="identification rate (%)", ylim=(0, 101), xlim=(0.5, 20.5), xticks=(1, 5, 10, 15, 20)
    )
    axes.set_title(_title(report) if title is None else title, fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    for path in paths:
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)
    return list(paths)


def _title(report) -> str:
    origin = report.get("origin", {})
    words = [origin.get("method") or origin.get("distances"), origin.get("data set"), origin.get("identities")]
    return ", ".join(word for word in words if word)
