"""Baselines as YAML files: a feature, a metric, their options, and what was published of the system."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, List, Mapping, Union

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.core.strict_yaml import load_yaml
from gluon_personnet.plugin.entries import BaselineEntry, Published
from gluon_personnet.recipe.parsing import build_section


@dataclass(frozen=True)
class FeatureSection:
    """A registered feature, its options, and those that differ: ``per_dataset: {NAME: options}``."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    per_dataset: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricSection:
    """A registered metric and its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishedSection:
    """One row of figures; ``cmc`` maps ``rank-1`` and so on to per cent."""

    identities: str
    protocol: str
    cmc: Mapping[str, Any]
    printed: str


@dataclass(frozen=True)
class BaselineRecipe:
    """A whole file. `note` says what the source leaves open and what was chosen; `published` maps data sets to rows."""

    summary: str
    source: str
    fidelity: str
    feature: FeatureSection
    metric: MetricSection
    note: str = ""
    published: Mapping[str, Any] = field(default_factory=dict)


def load_baseline(path: Union[str, Path]) -> BaselineEntry:
    """Read a baseline file.

    Returns
    -------
    BaselineEntry
        Named as the file.

    Raises
    ------
    RecipeError, PluginError
        Unreadable file, an unknown or missing key, a value of the wrong type.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"baseline {path}: cannot be read: {error}") from error
    where = f"baseline {path.name}"
    tree = load_yaml(text, where)
    if not isinstance(tree, dict):
        raise RecipeError(f"{where}: found {type(tree).__name__}; right: keys such as feature: and metric:")
    recipe = build_section(BaselineRecipe, tree, where)
    for name, options in recipe.feature.per_dataset.items():
        if not isinstance(options, dict):
            raise RecipeError(f"{where}: feature.per_dataset.{name}: found {options!r}; right: a section of options")
    feature, metric = recipe.feature, recipe.metric

    def factory():
        from gluon_personnet.plugin.contracts import Combination  # imports numpy, which listing does not need

        return Combination(feature.name, metric.name, feature.options, metric.options, feature.per_dataset)

    factory.__doc__ = recipe.note
    published = {name: _published(rows, f"{where}: published.{name}") for name, rows in recipe.published.items()}
    return BaselineEntry(path.stem, factory, recipe.summary, recipe.source, recipe.fidelity, published=published)


def _published(rows, where):
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RecipeError(f"{where}: found {rows!r}; right: a list of rows of figures")
    found = []
    for row in rows:
        section = build_section(PublishedSection, row, where)
        cmc = dict(_rate(key, rate, where) for key, rate in section.cmc.items())
        found.append(Published(section.identities, section.protocol, cmc, section.printed))
    return tuple(found)


def _rate(key, rate, where):
    rank = key[len("rank-") :]
    number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if not (key.startswith("rank-") and rank.isdecimal() and number and 0 <= rate <= 100):
        raise RecipeError(f"{where}: cmc: found {key}: {rate!r}; right: such as rank-1: 40.00, in per cent")
    return int(rank), float(rate)


def bundled_baselines() -> List[BaselineEntry]:
    """A list of :class:`~gluon_personnet.BaselineEntry`: the files in ``recipes/baselines``, by name."""
    import gpnet_recipes

    root = Path(next(iter(gpnet_recipes.__path__))) / "baselines"
    return [load_baseline(path) for path in sorted(root.glob("*.yml"))]


def find_baseline(manager: Any, text: str) -> BaselineEntry:
    """A registered baseline by name, or a file that ends with ``.yml``."""
    if text.endswith((".yml", ".yaml")):
        return load_baseline(text)
    return manager.find("baselines", text)


def is_baseline_file(path: Union[str, Path]) -> bool:
    """Whether a YAML file has the sections of a baseline; False where it cannot be read."""
    try:
        keys = {line.split(":")[0] for line in Path(path).read_text(encoding="utf-8").splitlines()}
    except (OSError, UnicodeDecodeError):
        return False
    return {"feature", "metric"} <= keys


def check_baseline(manager: Any, entry: BaselineEntry) -> List[str]:
    """Build everything that a baseline names, and describe it.

    Returns
    -------
    list of str
        Lines for a person to read.

    Raises
    ------
    PluginError, RecipeError
        The first thing that would stop it: an unknown feature, metric or data set, or wrong options of one.
    """
    made = entry.build()
    if not hasattr(made, "feature_options_on"):
        return [f"method {entry.name}: {type(made).__name__}"]
    where = f"baseline {entry.name}"
    for name in (*made.feature_options_on, *entry.published):
        manager.find("datasets", name)
    for options in ({}, *made.feature_options_on.values()):
        manager.make("features", made.feature, (), {**made.feature_options, **options}, f"{where}: feature")
    manager.make("metrics", made.metric, (), made.metric_options, f"{where}: metric")
    sizes = "".join(f"; on {name}: {dict(options)}" for name, options in made.feature_options_on.items())
    lines = [
        f"feature {made.feature} {dict(made.feature_options)}{sizes}",
        f"metric {made.metric} {dict(made.metric_options)}",
    ]
    figures = [f"published on {name}: {row}" for name, rows in entry.published.items() for row in rows]
    return [*lines, f"fidelity {entry.fidelity}; {entry.source}", *figures]
