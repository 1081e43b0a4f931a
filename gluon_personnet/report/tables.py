"""Many methods on one data set and protocol: one row each, published beside measured."""

from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from gluon_personnet.plugin.entries import Published

RANKS = ("1", "5", "10", "20")


@dataclass(frozen=True)
class Row:
    """A method's row: its results, or why there are none."""

    name: str
    fidelity: str = ""
    published: Sequence[Published] = ()
    report: Optional[Mapping] = None
    error: str = ""

    @property
    def result(self):
        """The protocol's result over all splits."""
        return self.report["results"][0]


def as_markdown(rows, title):
    """The table, aligned to be read as it is.

    Parameters
    ----------
    rows : sequence of Row
    title : str
        What was measured, in one line.
    """
    printed = dict.fromkeys(figures.printed for row in rows for figures in row.published)
    numbers = {where: number for number, where in enumerate(printed, start=1)}
    head = ["baseline", "fidelity", *(f"rank-{rank}" for rank in RANKS), "published: rank-1/5/10/20"]
    cells = [[*head, "extract s", "fit s", "distance s", "MiB"], *(_cells(row, numbers) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    failures = [f"* {row.name}: {row.error}" for row in rows if row.error]
    sources = [f"* [{number}] {where}" for where, number in numbers.items()]
    return "\n".join([title, "", *lines, "", *COLUMNS, "", *failures, *sources]).rstrip() + "\n"


COLUMNS = (
    "Rates in per cent, mean and standard deviation over the splits. Seconds are a split's on average, memory is the",
    "most of the process. Features and kernels that were in the cache cost no more than being read.",
)


def _cells(row, numbers):
    published = "; ".join(_published(figures, numbers) for figures in row.published) or "-"
    if row.error:
        return [row.name, row.fidelity or "-", *["failed"] * len(RANKS), published, *["-"] * 4]
    cmc, cost = row.result.get("cmc", {}), row.report["cost"]
    rates = [f"{100 * cmc[rank]['mean']:.2f} +- {100 * cmc[rank]['std']:.2f}" if cmc else "-" for rank in RANKS]
    seconds = [f"{cost[f'{step}_seconds']:.1f}" for step in ("extract", "fit", "distance")]
    return [row.name, row.fidelity, *rates, published, *seconds, f"{cost['memory_mib']:.0f}"]


def _published(figures, numbers):
    rates = [f"{figures.cmc[int(rank)]:.2f}" if int(rank) in figures.cmc else "-" for rank in RANKS]
    return f"{'/'.join(rates)} ({figures.identities}, {figures.protocol}) [{numbers[figures.printed]}]"


def as_dict(rows, job):
    """The table in JSON types: settings, and of every row what was measured, published, or went wrong."""
    return {
        "dataset": job.dataset,
        "dataset_options": dict(job.dataset_options),
        "protocol": job.protocol,
        "splits": job.splits,
        "seed": job.seed,
        "rows": [
            {
                "baseline": row.name,
                "fidelity": row.fidelity,
                "published": [
                    {
                        "identities": figures.identities,
                        "protocol": figures.protocol,
                        "cmc": {str(rank): rate / 100 for rank, rate in figures.cmc.items()},
                        "printed": figures.printed,
                    }
                    for figures in row.published
                ],
                **({"error": row.error} if row.error else {"report": row.report}),
            }
            for row in rows
        ],
    }
