"""Many methods on one data set and protocol: one row each, published beside measured."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

from gluon_personnet.evaluation.protocols import rank_names
from gluon_personnet.plugin.entries import Published
from gluon_personnet.report.text import mean_ap, percent

STEPS = ("extract", "fit", "distance")

NOTES = (
    "Rates in per cent; over several splits mean and standard deviation. Seconds and memory are those of a split when",
    "its distances were computed, on average. Features and kernels in the cache cost no more than being read.",
)


@dataclass(frozen=True)
class Row:
    """A method's row: its results, or why there are none.

    Parameters
    ----------
    name, fidelity : str
    published : sequence of Published
    report : mapping, optional
        Results of one protocol.
    error : str
        Empty where there is a report.
    """

    name: str
    fidelity: str = ""
    published: Sequence[Published] = ()
    report: Optional[Mapping[str, Any]] = None
    error: str = ""

    @property
    def result(self) -> Mapping[str, Any]:
        """The protocol's result over all splits."""
        return self.report["results"][0] if self.report else {}


def as_markdown(rows: Sequence[Row], title: str) -> str:
    """The table, aligned to be read as it is; `title` says what was measured in one line."""
    printed = dict.fromkeys(figures.printed for row in rows for figures in row.published)
    numbers = {where: number for number, where in enumerate(printed, start=1)}
    results = [row.result for row in rows if row.report]
    ranks = rank_names(results) if results else ["1"]  # a table of failures alone says so
    precisions = list(dict.fromkeys(name for result in results for name in mean_ap(result)))
    head = ["method", "fidelity", *(f"rank-{rank}" for rank in ranks), *precisions, "published"]
    cells = [[*head, *(f"{step} s" for step in STEPS), "MiB"]]
    cells += [_cells(row, ranks, precisions, numbers) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    failures = [f"* {row.name}: {row.error}" for row in rows if row.error]
    sources = [f"* [{number}] {where}" for where, number in numbers.items()]
    return "\n".join([title, "", *lines, "", *NOTES, "", *failures, *sources]).rstrip() + "\n"


def _cells(row, ranks, precisions, numbers) -> List[str]:
    published = "; ".join(_published(figures, numbers) for figures in row.published) or "-"
    if row.error:
        return [row.name, row.fidelity or "-", *["failed"] * (len(ranks) + len(precisions)), published, *["-"] * 4]
    cmc, found = row.result.get("cmc", {}), mean_ap(row.result)
    rates = [percent(cmc.get(rank)) for rank in ranks] + [percent(found.get(name)) for name in precisions]
    costs = row.report["origin"]["cost"]
    seconds = [sum(cost["seconds"].get(step, 0.0) for cost in costs) / len(costs) for step in STEPS]
    memory = max(cost["memory_mib"] for cost in costs)
    return [row.name, row.fidelity or "-", *rates, published, *(f"{value:.1f}" for value in seconds), f"{memory:.0f}"]


def _published(figures, numbers) -> str:
    ranks = "/".join(map(str, figures.cmc))
    rates = "/".join(f"{rate:.2f}" for rate in figures.cmc.values())
    return f"rank-{ranks}: {rates} ({figures.identities}, {figures.protocol}) [{numbers[figures.printed]}]"


def as_dict(rows: Sequence[Row], settings: Mapping[str, Any]) -> Dict[str, Any]:
    """The table in JSON types: settings, and of every row what was measured, published, or went wrong."""
    return {
        "schema": 1,
        **settings,
        "rows": [
            {
                "method": row.name,
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
