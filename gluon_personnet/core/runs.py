"""Run directories: one folder a training run, with everything that belongs to it."""

import os
from pathlib import Path
from typing import Optional, Union

from gluon_personnet.core.errors import CheckpointError

ROOT = Path("runs")


class Run:
    """Names of the files of one run.

    ``recipe.yml`` (as run), ``log.jsonl`` and ``curve.png``, ``checkpoint.npz`` (to resume from), ``best.npz``
    (selected on validation), ``model-symbol.json`` and ``model-0000.params`` (the exported network), ``evaluation/``.
    """

    def __init__(self, path: Union[str, Path]):
        self.path = Path(path)
        self.recipe = self.path / "recipe.yml"
        self.log = self.path / "log.jsonl"
        self.curve = self.path / "curve.png"
        self.checkpoint = self.path / "checkpoint.npz"
        self.best = self.path / "best.npz"
        self.model = self.path / "model"
        self.evaluation = self.path / "evaluation"

    @property
    def exists(self) -> bool:
        """Whether training has begun here."""
        return self.recipe.exists()

    def check_new(self, resume: bool) -> None:
        """Raise CheckpointError if training has begun here and is not to be resumed."""
        if self.exists and not resume:
            raise CheckpointError(f"run {self.path}: exists; add --resume to go on with it, or choose another --out")


def run_name(recipe: str) -> str:
    """The name of the run of a recipe: ``paper/cuhk01`` and ``recipes/paper/cuhk01.yml`` give ``paper-cuhk01``."""
    path = Path(recipe)
    parts = path.with_suffix("").parts if path.suffix in (".yml", ".yaml") else path.parts
    if "recipes" in parts:
        below = parts[len(parts) - parts[::-1].index("recipes") :]
        return "-".join(below) or parts[-1]
    return "-".join(parts) if not path.suffix else parts[-1]


def find_run(path: Optional[str] = None, recipe: Optional[str] = None) -> Run:
    """The run to evaluate: the one given, else that of the recipe's name, else the latest below ``runs/``.

    Raises
    ------
    CheckpointError
        If there is none, or it has no trained network yet.
    """
    if path is not None:
        run = Run(path)
    elif recipe is not None:
        run = Run(ROOT / run_name(recipe))
    else:
        candidates = sorted(ROOT.glob("*/best.npz"), key=os.path.getmtime)
        if not candidates:
            raise CheckpointError(f"no trained run found under {ROOT}/; train one with: gpnet train RECIPE")
        run = Run(candidates[-1].parent)
    if not run.best.exists():
        found = "a run that has not been validated yet" if run.exists else "no run"
        raise CheckpointError(f"run {run.path}: found {found}; train it with: gpnet train RECIPE --out {run.path}")
    return run
