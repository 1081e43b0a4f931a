"""CMC curves as pictures."""

from gluon_personnet.core.files import replacing


def plot_cmc(report, paths):
    """Draw the CMC curves of all results that have one, with standard deviations at the ranks of the table.

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
        (line,) = axes.plot(range(1, len(curve) + 1), curve, marker=".", label=label)
        means, stds = ([100 * value[key] for value in result["cmc"].values()] for key in ("mean", "std"))
        axes.errorbar([int(rank) for rank in result["cmc"]], means, stds, fmt="none", capsize=3, color=line.get_color())
    card = drawn[0]["card"]
    axes.set(
        xlabel="rank", ylabel="identification rate (%)", ylim=(0, 101), xlim=(0.5, 20.5), xticks=(1, 5, 10, 15, 20)
    )
    source = card["distances"] if "distances" in card else f"{card['method']} on {card['data set']}"
    axes.set_title(f"{source}, {card['identities']}", fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    for path in paths:
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)
    return list(paths)
