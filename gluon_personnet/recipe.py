"""Recipes: flat, complete YAML files read into frozen dataclasses, with every mistake named in one line."""

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

import yaml

from gluon_personnet.errors import RecipeError, did_you_mean
from gluon_personnet.recipe_ranges import check_ranges
from gluon_personnet.strict_yaml import load_yaml


@dataclass(frozen=True)
class DatasetSection:
    """Which images: a registered data set, its split, its options, and how many training identities to hold out."""

    name: str
    split: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    validation_identities: int = 71


@dataclass(frozen=True)
class NetworkSection:
    """Which network, and how it starts: Xavier magnitude of the weights, biases uniform in +-bias_range."""

    name: str = "personnet"
    options: Mapping[str, Any] = field(default_factory=dict)
    weight_magnitude: float = 3.0
    bias_range: float = 0.5


@dataclass(frozen=True)
class TrainingSection:
    """Pairs a batch and in all, how often to validate and to save, and how the averaged weights are made.

    Hard negatives are identities that the network found alike when it was last asked, every `look_alikes_every_pairs`.
    `identification` is the weight of a softmax loss over the training identities, on the network's embedding or else on
    its trunk maps; `label_smoothing` is the share of its target that is spread over all identities. `ranking` is the
    share of the pairs' loss that a softmax over each query's pairs has; the rest is that of same and different. After
    the share `metric_head_at` of the training the head is set anew, to a metric in closed form
    (:mod:`gluon_personnet.training.metric_head`), and trained on from there; 1 for never.
    """

    pairs: int
    batch_pairs: int = 192
    negatives_per_positive: int = 2
    hard_negatives_per_positive: int = 0
    look_alikes_every_pairs: int = 100_000
    view_order: str = "fixed"
    validate_every_pairs: int = 50_000
    checkpoint_every_pairs: int = 25_000
    averaging: float = 0.0
    identification: float = 0.0
    label_smoothing: float = 0.1
    ranking: float = 0.0
    metric_head_at: float = 1.0

    @property
    def negatives(self):
        """Negative pairs for each positive one, random and hard."""
        return self.negatives_per_positive + self.hard_negatives_per_positive

    @property
    def identities(self):
        """Identities, that is positive pairs, in one batch."""
        return self.batch_pairs // (1 + self.negatives)


@dataclass(frozen=True)
class OptimizerSection:
    """Update rule (see :mod:`gluon_personnet.training.optimizers`), learning rate, L2 penalty and own options.

    With `rate_by_inputs` fully connected layers of the network's head learn at a rate inverse to how many inputs they
    have.
    """

    name: str = "rmsprop"
    learning_rate: float = 1e-4
    l2: float = 5e-4
    options: Mapping[str, Any] = field(default_factory=dict)
    rate_by_inputs: bool = False


@dataclass(frozen=True)
class ScheduleSection:
    """How the learning rate changes (see :mod:`gluon_personnet.training.schedule`)."""

    name: str = "cosine"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AugmentationSection:
    """Translations up to this share of height and width, and mirroring with probability one half (section IV-B).

    Beyond the paper: colour changes within 1 +- `colour`, and the probability of erasing a rectangle. `until` is the
    share of the training after which only mirroring is left.
    """

    translation: float = 0.05
    mirror: bool = True
    colour: float = 0.0
    erasing: float = 0.0
    until: float = 1.0

    @property
    def only_mirroring(self):
        """This section without the changes that end at `until`."""
        return dataclasses.replace(self, translation=0.0, colour=0.0, erasing=0.0)


@dataclass(frozen=True)
class EvaluationSection:
    """The protocol used on validation and, by default, on test identities; whether mirrored pairs are averaged in."""

    protocol: str = "single-shot"
    mirrored: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run."""

    dataset: DatasetSection
    training: TrainingSection
    seed: int = 0
    network: NetworkSection = NetworkSection()
    optimizer: OptimizerSection = OptimizerSection()
    schedule: ScheduleSection = ScheduleSection()
    augmentation: AugmentationSection = AugmentationSection()
    evaluation: EvaluationSection = EvaluationSection()

    def to_dict(self):
        """Plain dictionaries, as they would stand in a recipe file."""
        return dataclasses.asdict(self)


def load_recipe(path, overrides=()):
    """Read a recipe file.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``"section.key=value"``, the value written as in YAML.

    Raises
    ------
    RecipeError
        Unreadable file; unknown, missing or duplicate key; a value of the wrong type or range; one of YAML's traps.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path}: cannot be read: {error}") from error
    return parse_recipe(text, f"recipe {path.name}", overrides)


def parse_recipe(text, where, overrides=()):
    """As :func:`load_recipe`, from text; `where` names it in errors."""
    tree = load_yaml(text, where)
    if not isinstance(tree, dict):
        raise RecipeError(f"{where}: found {type(tree).__name__}; right: sections such as dataset: and training:")
    for override in overrides:
        _apply(tree, override)
    recipe = build_section(Recipe, tree, where)
    check_ranges(recipe, dict(_flatten(recipe.to_dict())), where)
    return recipe


def recipe_from_dict(tree, where):
    """Rebuild a recipe from :meth:`Recipe.to_dict`, e.g. out of a checkpoint."""
    recipe = build_section(Recipe, tree, where)
    check_ranges(recipe, dict(_flatten(recipe.to_dict())), where)
    return recipe


def parse_options(overrides):
    """Options of one entry from ``"key=value"`` texts, values written as in YAML."""
    options = {}
    for override in overrides:
        _apply(options, override)
    return options


def dump_recipe(recipe):
    """The recipe as YAML text that :func:`parse_recipe` reads back to an equal recipe."""
    return yaml.safe_dump(recipe.to_dict(), sort_keys=False)


def differences(old, new):
    """Lines ``section.key: old -> new`` for everything in which two recipes differ."""
    old_flat, new_flat = (dict(_flatten(recipe.to_dict())) for recipe in (old, new))
    return [
        f"{key}: {old_flat.get(key, 'absent')} -> {new_flat.get(key, 'absent')}"
        for key in sorted({**old_flat, **new_flat})
        if old_flat.get(key, "absent") != new_flat.get(key, "absent")
    ]


def _flatten(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _apply(tree, override):
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: found no '='; right: section.key=value")
    *sections, last = key.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"--set {override}: {section!r} is a value, not a section")
    tree[last] = load_yaml(value, f"--set {key}")


def build_section(cls, tree, where, prefix=""):
    """An instance of a dataclass from a mapping, with RecipeError for keys and types that are not its fields'."""
    fields = {item.name: item for item in dataclasses.fields(cls)}
    for key in tree:
        if key not in fields:
            raise RecipeError(f"{where}: {prefix}{key}: unknown key{did_you_mean(key, fields)}")
    values = {}
    for name, item in fields.items():
        if name in tree:
            values[name] = _convert(item.type, tree[name], where, prefix + name)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{where}: {prefix}{name}: missing")
    return cls(**values)


def _convert(kind, value, where, key):
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise RecipeError(f"{where}: {key}: found {value!r}; right: a section of keys")
        return build_section(kind, value, where, key + ".")
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in (int, float, str, bool):
        if type(value) is kind:
            return value
        hint = ""
        if isinstance(value, str) and kind in (int, float) and re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", value):
            hint = f" (YAML reads {value} as text: write a point and a sign, such as 1.0e-3)"
        raise RecipeError(f"{where}: {key}: found {value!r}; right: {_WORDS[kind]}{hint}")
    if not isinstance(value, dict):
        raise RecipeError(f"{where}: {key}: found {value!r}; right: a section of options")
    return dict(value)


_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
