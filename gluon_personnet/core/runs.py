"""Run directories: one folder a training run, with everything that belongs to it."""

import os
from pathlib import Path

from gluon_personnet.core.errors import CheckpointError

ROOT = Path("runs")


class Run:
    """Names of the files of one run.

    ``recipe.yml`` (as run), ``log.jsonl`` and ``curve.png``, ``checkpoint.npz`` (to resume from), ``best.npz``
    (selected on validation), ``model-symbol.json`` and ``model-0000.params`` (the exported network), ``evaluation/``,
    and while an evaluation scores pairs ``scoring/``, the tiles that are done.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.recipe = self.path / "recipe.yml"
        self.log = self.path / "log.jsonl"
        self.curve = self.path / "curve.png"
        self.checkpoint = self.path / "checkpoint.npz"
        self.best = self.path / "best.npz"
        self.model = self.path / "model"
        self.evaluation = self.path / "evaluation"
        self.scoring = self.path / "scoring"

    @property
    def exists(self):
        """Whether training has begun here."""
        return self.recipe.exists()


def baseline_folder(name, dataset, options):
    """Where the results of a baseline on a data set with these options are kept."""
    return ROOT / "-".join([name, dataset, *(str(value).replace("/", "_") for value in options.values())])


def find_run(path=None, recipe=None):
    """The run to evaluate: the one given, else that of the recipe's name, else the latest below ``runs/``.

    Raises
    ------
    CheckpointError
        If there is none, or it has no trained network yet.
    """
    if path is not None:
        run = Run(path)
    elif recipe is not None:
        run = Run(ROOT / Path(recipe).stem)
    else:
        candidates = sorted(ROOT.glob("*/best.npz"), key=os.path.getmtime)
        if not candidates:
            raise CheckpointError(f"no trained run found under {ROOT}/; train one with: gpnet train RECIPE")
        run = Run(candidates[-1].parent)
    if not run.best.exists():
        found = "a run that has not been validated yet" if run.exists else "no run"
        raise CheckpointError(f"run {run.path}: found {found}; train it with: gpnet train RECIPE --out {run.path}")
    return run
