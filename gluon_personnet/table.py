"""Many baselines on one data set and protocol: one row each, published beside measured."""

import contextlib
import multiprocessing
import os
import threading
import warnings
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from gluon_personnet.entries import Published
from gluon_personnet.errors import GpnetError

RANKS = ("1", "5", "10", "20")


@dataclass(frozen=True)
class Job:
    """What one process measures; the names stand for entries, a baseline also for a file."""

    baseline: str
    dataset: str
    dataset_options: Mapping[str, Any]
    protocol: str
    splits: str
    seed: int
    data: Optional[str]
    progress: bool


@dataclass(frozen=True)
class Row:
    """A baseline's row: the report of :class:`~gluon_personnet.baseline.BaselineEvaluation`, or why there is none."""

    name: str
    fidelity: str = ""
    published: Sequence[Published] = ()
    report: Optional[Mapping] = None
    error: str = ""

    @property
    def result(self):
        """The protocol's result over all splits."""
        return self.report["results"][0]


def measure(job):
    """The :class:`Row` of a job, measured in a process of its own.

    So the memory is the baseline's own, and whatever happens to it, out of memory or a crash, is one line of the table.
    Splits done before are not done again.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork would share open archives and count our own memory
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_work, args=(sender, job))
    process.start()
    sender.close()
    try:
        row = receiver.recv()
    except EOFError:
        row = None
    except BaseException:  # such as Ctrl-C
        process.terminate()
        raise
    process.join()
    return row or Row(job.baseline, error=f"its process ended with code {process.exitcode}; out of memory?")


def _work(sender, job):
    """What the process does: measure and send the row; end at once if the one who waits for it is gone."""

    def follow():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        sender.send(_measure(job))


def _measure(job):
    from gluon_personnet.baseline import BaselineEvaluation, parse_splits
    from gluon_personnet.baseline_recipe import find_baseline
    from gluon_personnet.data.archives import Locator, data_directories
    from gluon_personnet.plugins import PluginManager, PluginWarning
    from gluon_personnet.results import Evaluation
    from gluon_personnet.runs import Run, baseline_folder

    name, fidelity, published = job.baseline, "", ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PluginWarning)  # the command itself warns
            manager = PluginManager()
        entry = find_baseline(manager, job.baseline)
        name, fidelity, published = entry.name, entry.fidelity, entry.published.get(job.dataset, ())
        locate, evaluation = Locator(data_directories(job.data)), Evaluation(manager, (job.protocol,))
        what = entry, job.dataset, job.dataset_options, locate, evaluation
        work = BaselineEvaluation(manager, *what, progress=job.progress)
        folder = Run(baseline_folder(entry.name, job.dataset, job.dataset_options)).evaluation
        report = work.report(parse_splits(job.splits, work.dataset), job.seed, folder)
        return Row(name, fidelity, published, report)
    except GpnetError as error:
        return Row(name, fidelity, published, error=str(error))
    except Exception as error:  # a plugin's mistake must not end the table
        return Row(name, fidelity, published, error=f"{type(error).__name__}: {error}".splitlines()[0])


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
