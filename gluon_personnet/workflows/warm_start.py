"""Start a training from the weights of another run: fine-tuning."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, List, Sequence, Set

from gluon_personnet.core.digests import digest, file_digest
from gluon_personnet.core.errors import CheckpointError, DataError
from gluon_personnet.core.parallel import usable_cores
from gluon_personnet.core.runs import Run
from gluon_personnet.data.task import Task
from gluon_personnet.methods.opening import open_run
from gluon_personnet.methods.session import Session
from gluon_personnet.network.checkpoint import Checkpoint

NAMED = 3
"""Images that a refusal names."""


def start_from(trainer: Any, run: Run, session: Session) -> List[str]:
    """Give a training that has not begun the selected weights of another run.

    Parameters
    ----------
    trainer : Trainer
    run : Run
    session : Session
        The other run's data is looked for where the session says, then where it lay for its training: its training
        images are compared with the test images of this one, pixel by pixel.

    Returns
    -------
    list of str
        Names of the parameters that do not fit, by name or shape, and start anew.

    Raises
    ------
    CheckpointError
        If the run has no weights yet, they are damaged or of another kind of network, its data has changed, or nothing
        fits.
    DataError
        If its data is not found, or it, or a run that it started from itself, was trained on an identity that this
        training is to be tested on; the images are named.
    """
    method = open_run(run, session)
    found, right = method.recipe.network.name, trainer.recipe.network.name
    if found != right:
        raise CheckpointError(f"run {run.path}: found a network {found}; right: {right}, the recipe's")
    (theirs,) = method.tasks()
    method.check_rows(theirs)
    before = method.record.get("started_from") or {"seen": []}
    seen = {*before["seen"], *_fingerprints(theirs, theirs.split.train)}
    _refuse_leak(trainer.data.task, seen, run)
    checkpoint = Checkpoint.load(run.best)
    origin = {"run": str(run.path), "weights": file_digest(run.best), "seen": sorted(seen)}
    return trainer.start_from(checkpoint.group("parameter"), origin)


def _refuse_leak(task: Task, seen: Set[str], run: Run) -> None:
    """Raise DataError if any image of an identity that is tested has been seen."""
    samples = task.dataset.samples
    tested = {samples[row].pid for row in (*task.split.query, *task.split.gallery)} - {-1}
    rows = [row for row, sample in enumerate(samples) if sample.pid in tested]
    leaks = [row for row, found in zip(rows, _fingerprints(task, rows)) if found in seen]
    if leaks:
        people = len({samples[row].pid for row in leaks})
        names = ", ".join(samples[row].name for row in leaks[:NAMED]) + (", ..." if len(leaks) > NAMED else "")
        raise DataError(
            f"run {run.path}: trained on {people} of the {len(tested)} identities that {task.name} split {task.number} "
            f"tests, with images such as {names}; right: a run whose training has none of them"
        )


def _fingerprints(task: Task, rows: Sequence[int]) -> List[str]:
    """16 hexadecimal digits of the pixels of each row, whatever file they are in."""
    with ThreadPoolExecutor(usable_cores()) as pool:
        return [found[:16] for found in pool.map(lambda row: digest(task.dataset.read(row)), rows)]
