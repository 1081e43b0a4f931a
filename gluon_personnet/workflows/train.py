"""Train a network by a recipe."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Union

from gluon_personnet.core.runs import ROOT, Run, run_name
from gluon_personnet.data.images import ImageCache
from gluon_personnet.methods.session import Session, open_session
from gluon_personnet.network.backend import pick_device
from gluon_personnet.network.build import build_network
from gluon_personnet.recipe.bundled import recipe_path
from gluon_personnet.recipe.parsing import load_recipe
from gluon_personnet.recipe.sections import Recipe
from gluon_personnet.training.execution import Execution
from gluon_personnet.training.held_out import Validation, training_data
from gluon_personnet.training.trainer import Trainer
from gluon_personnet.workflows.warm_start import start_from


@dataclass(frozen=True)
class Surroundings:
    """Where and how a training runs.

    Parameters
    ----------
    session : Session
    execution : Execution
    memory_mib : int
        Limit for decoded images kept in memory.
    """

    session: Session
    execution: Execution
    memory_mib: int = 2048


def make_trainer(recipe: Recipe, run: Run, surroundings: Surroundings, trainer_class: type = Trainer) -> Trainer:
    """Everything that a recipe names, put together; nothing is trained yet.

    Raises
    ------
    RecipeError, PluginError, DataError
        For anything that would stop the training.
    """
    session = surroundings.session
    section = recipe.dataset
    (task,) = session.tasks(section.name, section.options, [section.split], "dataset.options")
    network = build_network(recipe, session.manager)
    size = network.options["height_px"], network.options["width_px"]
    cache = ImageCache(task.dataset, *size, surroundings.memory_mib, surroundings.execution.progress)
    data = training_data(task, recipe, cache, session.locate.directories)
    validation = Validation(data, recipe, session.manager)
    return trainer_class(recipe, data, validation, network, run, surroundings.execution)


def begin(trainer: Trainer, resume: bool, init: Union[str, Path, None], session: Session) -> List[str]:
    """Go on from a checkpoint if `resume` is true and there is one; else start from the weights of run `init`, if any.

    Returns
    -------
    list of str
        Names of the parameters that do not fit those of `init` and start anew.
    """
    if resume:
        trainer.resume()
        if trainer.run.checkpoint.exists():
            return []
    return start_from(trainer, Run(init), session) if init else []


def train(
    recipe: Union[str, Path],
    out: Union[str, Path, None] = None,
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    init: Union[str, Path, None] = None,
    session: Optional[Session] = None,
) -> Run:
    """Train by a recipe, to its end.

    Parameters
    ----------
    recipe : str or path
        A YAML file, or the name of a bundled recipe.
    out : path, optional
        Folder of the run; by default ``runs/NAME``.
    overrides : sequence of str
        ``"section.key=value"``.
    resume : bool
        Go on with a run that was stopped.
    init : path, optional
        A run whose selected weights this one starts from; see :func:`~gluon_personnet.workflows.warm_start.start_from`.
    session : Session, optional

    Returns
    -------
    Run

    Raises
    ------
    CheckpointError
        If there is a run in that folder already and `resume` is false, or it was made by another recipe.
    """
    session = session or open_session()
    path = recipe_path(str(recipe))
    run = Run(out or ROOT / run_name(str(recipe)))
    run.check_new(resume)
    surroundings = Surroundings(session, Execution(pick_device(session.device), session.progress))
    trainer = make_trainer(load_recipe(path, overrides), run, surroundings)
    begin(trainer, resume, init, session)
    trainer.train()
    return run
