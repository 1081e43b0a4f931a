"""Studies: one recipe trained in several variants under an equal budget of pairs, over several seeds."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Sequence, Tuple, Union

import numpy as np

from gluon_personnet.core.runs import Run
from gluon_personnet.network.backend import versions
from gluon_personnet.recipe.parsing import load_recipe
from gluon_personnet.workflows.train import Surroundings, make_trainer


@dataclass(frozen=True)
class Study:
    """What is varied.

    Parameters
    ----------
    title : str
    variants : mapping of str to tuple of str
        Name -> the keys of the recipe that it sets, each ``"section.key=value"``.
    source : str
        The place in the paper.
    """

    title: str
    variants: Mapping[str, Tuple[str, ...]]
    source: str


LEARNED = ("training.metric_head_at=1.0",)
SGD = "optimizer.name=sgd", "optimizer.options={momentum: 0.9}", "optimizer.rate_by_inputs=false"
STUDIES = {
    "depth": Study(
        "weight layers",
        {f"depth {depth}": (f"network.options.depth={depth}", *LEARNED) for depth in (10, 9, 8, 7)},
        "section III: 7 to 10 weight layers",
    ),
    "optimizer": Study(
        "update rules",
        {
            "RMSProp": LEARNED,
            **{f"SGD {rate}": (*SGD, f"optimizer.learning_rate={rate}", *LEARNED) for rate in ("0.1", "0.01", "0.001")},
        },
        "Fig. 5: convergence of SGD against RMSProp",
    ),
    "bias": Study(
        "biases at the start",
        {"zero": ("network.bias_range=0.0", *LEARNED), "within 0.5": ("network.bias_range=0.5", *LEARNED)},
        "none: section III leaves the starting values open",
    ),
    "strong": Study(
        "what each change brings",
        {
            "all changes": (),
            "one direction": ("network.options.both_directions=false",),
            "no identification loss": ("training.losses.identification=0",),
            "half the channels": ("network.options.channels=16", "network.options.compare_channels=16"),
            "no colour changes": ("augmentation.colour=0.0",),
            "no erasing": ("augmentation.erasing=0.0",),
            "mirrored pairs not averaged": ("evaluation.mirrored=false",),
        },
        "none: the changes of personnet-strong, one taken back at a time",
    ),
}
"""Name -> study. RMSProp runs as the recipe says; SGD has a momentum of 0.9 and one rate for all layers,
at values a factor of 10 apart. Depth, optimizer and biases are compared by the head that was learned."""


def run_study(
    name: str,
    recipe_path: Union[str, Path],
    overrides: Sequence[str],
    seeds: Sequence[int],
    folder: Path,
    surroundings: Surroundings,
) -> Dict[str, Any]:
    """Train every variant with every seed, one after another, and measure them on validation identities.

    Variants and seeds whose run in `folder` is finished are not trained again, and one that was stopped goes on.

    Parameters
    ----------
    name : str
        A key of :data:`STUDIES`.
    recipe_path : path
    overrides : sequence of str
        Changes of the recipe for all variants.
    seeds : sequence of int
    folder : path
        One run directory a variant and seed; and ``study.json``, ``study.png`` and ``study.svg``.
    surroundings : Surroundings

    Returns
    -------
    dict
        JSON types; rates as fractions.

    Raises
    ------
    Stopped
        After Ctrl-C or SIGTERM, once the running variant's checkpoint is written.
    """
    study, variants = STUDIES[name], []
    for variant, changes in study.variants.items():
        runs = []
        for seed in seeds:
            recipe = load_recipe(recipe_path, [*overrides, *changes, f"seed={seed}"])
            run = Run(folder / f"{variant.replace(' ', '-').lower()}-seed-{seed}")
            runs.append({"seed": seed, **_train(recipe, run, surroundings)})
        rank1 = [100 * one["validation"][-1]["cmc"]["1"] for one in runs]
        mean, std = float(np.mean(rank1)), float(np.std(rank1))
        variants.append({"name": variant, "changes": list(changes), "rank1": {"mean": mean, "std": std}, "runs": runs})
    return {
        "study": name,
        "title": study.title,
        "source": study.source,
        "recipe": str(recipe_path),
        "changes": list(overrides),
        "unit": recipe.training.unit,
        recipe.training.unit: recipe.training.total,
        "seeds": list(seeds),
        "data_set": recipe.dataset.name,
        "validation_identities": recipe.dataset.validation_identities,
        "variants": variants,
        "versions": versions(),
    }


def _train(recipe, run, surroundings):
    """Train one variant to its end and return what its log holds."""
    trainer = make_trainer(recipe, run, surroundings)
    if run.exists:
        trainer.resume()
    trainer.train()
    lines = [json.loads(line) for line in run.log.read_text(encoding="utf-8").splitlines()]
    unit = recipe.training.unit
    kept = {"train": (unit, "seconds", "loss"), "validation": (unit, "seconds", "cmc")}
    return {
        "run": str(run.path),
        "train_hash": trainer.data.task.train_hash,
        "minutes": lines[-1]["seconds"] / 60,
        **{
            event: [{key: line[key] for key in keys} for line in lines if line["event"] == event]
            for event, keys in kept.items()
        },
    }
