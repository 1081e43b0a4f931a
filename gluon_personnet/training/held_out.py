"""What training reads: the training images of a task, and identities held out of them for validation."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import RecipeError
from gluon_personnet.data.images import ImageCache
from gluon_personnet.data.leaks import fingerprints
from gluon_personnet.data.splits import hold_out
from gluon_personnet.data.task import Images, Task
from gluon_personnet.evaluation.distances import check_distmat
from gluon_personnet.evaluation.results import RANKS
from gluon_personnet.plugin.contracts import Protocol, Split
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.recipe.sections import Recipe


@dataclass(frozen=True)
class TrainingData:
    """The images of a task that training may see.

    Parameters
    ----------
    task : Task
    train : tuple of int
        Rows to train on.
    validation : Split
        Query and gallery rows of the identities that are held out.
    cache : ImageCache
        Images at the size of the network's input.
    folders : sequence of path
        Where the data set was looked for.
    """

    task: Task
    train: Sequence[int]
    validation: Split
    cache: ImageCache
    folders: Sequence[Path] = ()

    @functools.cached_property
    def seen(self) -> List[str]:
        """:func:`~gluon_personnet.data.leaks.fingerprints` of all training images, held out or not, sorted."""
        return sorted({*fingerprints(self.task.dataset, self.task.split.train)})

    @property
    def samples(self) -> Sequence[Any]:
        """Those of the data set."""
        return self.task.dataset.samples


def training_data(task: Task, recipe: Recipe, cache: ImageCache, folders: Sequence[Path] = ()) -> TrainingData:
    """Hold out as many identities as the recipe says.

    Raises
    ------
    DataError
        If there are not enough identities.
    """
    count = recipe.dataset.validation_identities
    train, validation = hold_out(task.dataset.samples, task.split, count)
    return TrainingData(task, train, validation, cache, folders)


class Validation:
    """The recipe's protocol on the identities held out, with the same random choices every time.

    Parameters
    ----------
    data : TrainingData
    recipe : Recipe
    manager : PluginManager

    Raises
    ------
    PluginError, RecipeError
        If there is no such protocol, it has no such options, or it defines no CMC to select by.
    """

    def __init__(self, data: TrainingData, recipe: Recipe, manager: PluginManager):
        self._data, self._mirrored = data, recipe.evaluation.mirrored
        self._protocol = selecting_protocol(recipe, manager)

    def cmc(self, scorer: Any) -> Dict[str, float]:
        """Rates at the ranks of the table that the curve reaches: texts such as ``'1'`` -> fraction."""
        rows = self._data.validation.query, self._data.validation.gallery
        views = [False, True] if self._mirrored else [False]
        sides = [[Images(self._data.cache, side, flip) for side in rows] for flip in views]
        matrix = scorer.over_views(sides)
        labels = [self._data.task.labels(side) for side in rows]
        measures = self._protocol.evaluate(*check_distmat(matrix, *labels[0], *labels[1]), _generator())
        return {str(rank): float(measures.cmc[rank - 1]) for rank in RANKS if rank <= len(measures.cmc)}


def selecting_protocol(recipe: Recipe, manager: PluginManager) -> Protocol:
    """The protocol of a recipe, tried on six images so that one without a CMC is found before training.

    Raises
    ------
    RecipeError
        If it defines no CMC.
    """
    section = recipe.evaluation
    protocol = manager.make("protocols", section.protocol, (), section.options, "evaluation.options")
    pids, camids = np.arange(3), np.zeros(3, np.int64)
    matrix = 1.0 - np.eye(3)
    measures = protocol.evaluate(*check_distmat(matrix, pids, camids, pids, camids + 1), _generator())
    if getattr(measures, "cmc", None) is None:
        raise RecipeError(
            f"evaluation.protocol: found {section.protocol!r}, which defines no CMC; right: one that does, such as "
            "single-shot, since the weights are selected by it"
        )
    return protocol


def _generator() -> np.random.Generator:
    return seeding.generator(0, "validation")
