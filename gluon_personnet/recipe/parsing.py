"""Recipes: flat, complete YAML files read into frozen dataclasses, with every mistake named in one line."""

import dataclasses
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Union

import yaml

from gluon_personnet.core.errors import RecipeError, did_you_mean
from gluon_personnet.core.strict_yaml import load_yaml
from gluon_personnet.recipe.ranges import check_ranges
from gluon_personnet.recipe.sections import Recipe


def load_recipe(path: Union[str, Path], overrides: Sequence[str] = ()) -> Recipe:
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


def parse_recipe(text: str, where: str, overrides: Sequence[str] = ()) -> Recipe:
    """As :func:`load_recipe`, from text; `where` names it in errors."""
    tree = load_yaml(text, where)
    if not isinstance(tree, dict):
        raise RecipeError(f"{where}: found {type(tree).__name__}; right: sections such as dataset: and training:")
    for override in overrides:
        _apply(tree, override)
    recipe = build_section(Recipe, tree, where)
    check_ranges(recipe, dict(_flatten(recipe.to_dict())), where)
    return recipe


def recipe_from_dict(tree: Any, where: str) -> Recipe:
    """Rebuild a recipe from :meth:`Recipe.to_dict`, e.g. out of a checkpoint."""
    recipe = build_section(Recipe, tree, where)
    check_ranges(recipe, dict(_flatten(recipe.to_dict())), where)
    return recipe


def parse_options(overrides: Sequence[str], flag: str = "--set") -> Dict[str, Any]:
    """Options of one entry from ``"key=value"`` texts, values written as in YAML; `flag` names them in errors."""
    options: Dict[str, Any] = {}
    for override in overrides:
        _apply(options, override, flag)
    return options


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML text that :func:`parse_recipe` reads back to an equal recipe."""
    return yaml.safe_dump(recipe.to_dict(), sort_keys=False)


def differences(old: Recipe, new: Recipe) -> List[str]:
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


def _apply(tree, override, flag="--set"):
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"{flag} {override}: found no '='; right: section.key=value")
    *sections, last = key.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"{flag} {override}: {section!r} is a value, not a section")
    tree[last] = load_yaml(value, f"{flag} {key}")


def build_section(cls, tree: Mapping[str, Any], where: str, prefix: str = "") -> Any:
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
    if kind is int and isinstance(value, float) and value.is_integer():  # 1e5
        return int(value)
    if kind in (int, float, str, bool):
        if type(value) is kind:
            return value
        raise RecipeError(f"{where}: {key}: found {value!r}; right: {_WORDS[kind]}")
    if not isinstance(value, dict):
        raise RecipeError(f"{where}: {key}: found {value!r}; right: a section of options")
    return dict(value)


_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
