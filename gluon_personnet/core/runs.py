"""Run directories: one folder a training run, with everything that belongs to it."""

import json
import os
from pathlib import Path
from typing import List, Optional, Sequence, Union

from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.core.files import write_json

ROOT = Path("runs")


class Run:
    """Names of the files of one run.

    ``recipe.yml`` (as run), ``log.jsonl`` and ``curve.png``, ``checkpoint.npz`` (to resume from), ``best.npz``
    (selected on validation), ``model-symbol.json`` and ``model-0000.params`` (the exported network), ``data.json``
    (where the data lay), ``evaluation/``.
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
        self._data = self.path / "data.json"

    def remember_data(self, folders: Sequence[Path]) -> None:
        """Write down the folders that the data set was looked for in, for who evaluates the run elsewhere."""
        write_json(self._data, {"schema": 1, "folders": [str(Path(folder).resolve()) for folder in folders]})

    @property
    def data_folders(self) -> List[Path]:
        """The folders of :meth:`remember_data`; none where they are not known."""
        try:
            return [Path(folder) for folder in json.loads(self._data.read_text(encoding="utf-8"))["folders"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

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
