"""Many baselines on one data set and protocol: one row each, published beside measured."""

import contextlib
import multiprocessing
import os
import threading
import warnings
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.report.tables import Row


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
    from gluon_personnet.core.runs import Run, baseline_folder
    from gluon_personnet.data.archives import Locator, data_directories
    from gluon_personnet.evaluation.protocols import Evaluation
    from gluon_personnet.methods.feature_metric import BaselineEvaluation, parse_splits
    from gluon_personnet.plugin.manager import PluginManager, PluginWarning
    from gluon_personnet.recipe.baselines import find_baseline

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
