"""Measure many methods, each in a process of its own."""

import contextlib
import multiprocessing
import os
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.core.runs import ROOT
from gluon_personnet.plugin.entries import Published
from gluon_personnet.report.tables import Row
from gluon_personnet.workflows.evaluate import evaluate_method, settings_suffix


@dataclass(frozen=True)
class Job:
    """What one process measures.

    Parameters
    ----------
    method : str
        As :func:`gluon_personnet.methods.opening.open_method` takes it.
    dataset : str
    dataset_options, protocol_options : mapping
    protocol : str
    splits : str
    seed : int
    data : str, optional
        Folder of archives.
    progress : bool
    """

    method: str
    dataset: str
    dataset_options: Mapping[str, Any]
    protocol: str
    protocol_options: Mapping[str, Any]
    splits: str
    seed: int
    data: Optional[str]
    progress: bool


def measure_row(job: Job) -> Row:
    """The :class:`Row` of a job, measured in a process of its own.

    So the memory is the method's own, and whatever happens to it, out of memory or a crash, is one line of the table.
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
    return row or Row(job.method, error=f"its process ended with code {process.exitcode}; out of memory?")


def _work(sender, job) -> None:
    """What the process does: measure and send the row; end at once if the one who waits for it is gone."""

    def follow():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        sender.send(_measure(job))


def _measure(job) -> Row:
    from gluon_personnet.evaluation.protocols import build_protocols
    from gluon_personnet.methods.opening import open_method
    from gluon_personnet.methods.session import open_session
    from gluon_personnet.plugin.manager import PluginWarning

    name, fidelity = job.method, ""
    published: Sequence[Published] = ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PluginWarning)  # the command itself warns
            session = open_session(job.data, progress=job.progress)
        method = open_method(job.method, session)
        name, fidelity, published = method.name, method.fidelity, method.published.get(job.dataset, ())
        protocols = build_protocols(session.manager, [job.protocol], given=job.protocol_options)
        tasks = session.tasks(job.dataset, job.dataset_options, job.splits, "--set")
        return Row(name, fidelity, published, evaluate_method(method, tasks, protocols, job.seed))
    except GpnetError as error:
        return Row(name, fidelity, published, error=str(error))
    except Exception as error:  # a plugin's mistake must not end the table
        return Row(name, fidelity, published, error=f"{type(error).__name__}: {error}".splitlines()[0])


def table_folder(settings: Mapping[str, Any]) -> Path:
    """Where a table is written by default: one folder for each data set, and for each choice of other settings."""
    default = {"dataset_options": {}, "protocol_options": {}, "splits": "0", "seed": 0, "protocol": "single-shot"}
    other = {key: value for key, value in settings.items() if key != "dataset" and value != default[key]}
    return ROOT / f"table-{settings['dataset']}{settings_suffix(other)}"
