"""Start a training from the weights of another run: fine-tuning."""

from typing import Any, List

from gluon_personnet.core.digests import file_digest
from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.core.runs import Run
from gluon_personnet.data.leaks import refuse_leak
from gluon_personnet.methods.opening import open_run
from gluon_personnet.methods.session import Session
from gluon_personnet.network.checkpoint import Checkpoint


def start_from(trainer: Any, run: Run, session: Session) -> List[str]:
    """Give a training that has not begun the selected weights of another run.

    Parameters
    ----------
    trainer : Trainer
    run : Run
    session : Session

    Returns
    -------
    list of str
        Names of the parameters that do not fit, by name or shape, and start anew.

    Raises
    ------
    CheckpointError
        If the run has no weights yet, they are damaged or of another kind of network, or nothing fits.
    DataError
        If it, or a run that it started from itself, was trained on an identity that this training is to be tested on,
        which is told by the pixels; the images are named.
    """
    method = open_run(run, session)
    found, right = method.recipe.network.name, trainer.recipe.network.name
    if found != right:
        raise CheckpointError(f"run {run.path}: found a network {found}; right: {right}, the recipe's")
    seen = method.seen
    refuse_leak(trainer.data.task, seen, f"run {run.path}")
    checkpoint = Checkpoint.load(run.best)
    origin = {"run": str(run.path), "weights": file_digest(run.best), "seen": sorted(seen)}
    return trainer.start_from(checkpoint.group("parameter"), origin)
