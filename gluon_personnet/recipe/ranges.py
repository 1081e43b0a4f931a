"""Which values of a recipe are possible."""

from typing import Any, Mapping

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.recipe.sections import BALANCED_PAIRS, IDENTITIES, SAMPLERS

RANGES = {
    "seed": (0, 2**31 - 1),
    "dataset.split": (0, None),
    "dataset.validation_identities": (2, None),
    "network.weight_magnitude": (1e-6, None),
    "network.bias_range": (0, None),
    "training.pairs": (0, None),
    "training.batch_pairs": (2, None),
    "training.images": (0, None),
    "training.batch_images": (4, None),
    "training.images_per_identity": (2, None),
    "training.negatives_per_positive": (0, None),
    "training.hard_negatives_per_positive": (0, None),
    "training.look_alikes_every": (1, None),
    "training.validate_every": (1, None),
    "training.checkpoint_every": (1, None),
    "training.averaging": (0, 0.9999999),
    "training.label_smoothing": (0, 0.9),
    "training.metric_head_at": (0, 1),
    "optimizer.learning_rate": (0, None),
    "optimizer.l2": (0, None),
    "augmentation.translation": (0, 0.5),
    "augmentation.colour": (0, 0.9),
    "augmentation.erasing": (0, 1),
    "augmentation.until": (0, 1),
}
"""Key -> least and greatest value, None for no limit."""


def check_ranges(recipe: Any, flat: Mapping[str, Any], where: str) -> None:
    """Raise RecipeError for the first value that is out of its range or does not go with the others.

    Parameters
    ----------
    recipe : Recipe
    flat : dict
        Its values by ``"section.key"``.
    where : str
        Names the recipe in errors.
    """
    for key, (low, high) in RANGES.items():
        value = flat[key]
        if not (low <= value and (high is None or value <= high)):  # also refuses NaN
            right = f"at least {low}" if high is None else f"{low} to {high}"
            raise RecipeError(f"{where}: {key}: found {value}; right: {right}")
    training = recipe.training
    if training.sampler not in SAMPLERS:
        right = did_you_mean(training.sampler, SAMPLERS)
        raise RecipeError(f"{where}: training.sampler: found {training.sampler!r}{right}")
    if training.total < 1:
        key = f"training.{training.unit}"
        raise RecipeError(f"{where}: {key}: found {training.total}; right: at least 1 with sampler {training.sampler}")
    other = "pairs" if training.unit == "images" else "images"
    if getattr(training, other):
        found = f"found {getattr(training, other)} with sampler {training.sampler}, which counts {training.unit}"
        raise RecipeError(f"{where}: training.{other}: {found}; right: 0")
    if training.view_order not in ("fixed", "random"):
        raise RecipeError(f"{where}: training.view_order: found {training.view_order!r}; right: 'fixed' or 'random'")
    for name, weight in training.losses.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < float("inf"):
            raise RecipeError(f"{where}: training.losses.{name}: found {weight!r}; right: a weight, at least 0")
    (_check_identities if training.sampler == IDENTITIES else _check_balanced_pairs)(training, where)


def _check_identities(training, where):
    if training.batch_images % training.images_per_identity or training.identities < 2:
        raise RecipeError(
            f"{where}: training.batch_images: found {training.batch_images}; right: a multiple of "
            f"{training.images_per_identity} (the images of an identity), of at least two identities"
        )
    if training.hard_negatives_per_positive:
        raise RecipeError(
            f"{where}: training.hard_negatives_per_positive: found {training.hard_negatives_per_positive} with sampler "
            f"{training.sampler}; right: 0, or sampler {BALANCED_PAIRS}"
        )


def _check_balanced_pairs(training, where):
    if training.negatives < 1:
        raise RecipeError(f"{where}: training.negatives_per_positive: found 0 negatives a positive; right: at least 1")
    if training.batch_pairs % (1 + training.negatives):
        raise RecipeError(
            f"{where}: training.batch_pairs: found {training.batch_pairs}; right: a multiple of "
            f"{1 + training.negatives} (one positive and {training.negatives} negatives)"
        )
    group = 1 + training.hard_negatives_per_positive
    if training.identities % group:
        raise RecipeError(
            f"{where}: training.batch_pairs: found {training.batch_pairs}, that is {training.identities} identities; "
            f"right: identities in groups of {group} (one and its {group - 1} look-alikes)"
        )
