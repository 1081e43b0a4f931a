"""The recipes that come with the package."""

from pathlib import Path
from typing import Dict

from gluon_personnet.core.errors import RecipeError, did_you_mean


def bundled_recipes() -> Dict[str, Path]:
    """Name -> path of the bundled training recipes; a name may hold a folder: ``paper/cuhk01``."""
    try:
        import gpnet_recipes
    except ImportError:
        return {}
    root = Path(next(iter(gpnet_recipes.__path__)))
    names = {str(path.relative_to(root).with_suffix("")): path for path in root.rglob("*.yml")}
    return {name: names[name] for name in sorted(names) if not name.startswith("baselines/")}


def recipe_path(text: str) -> Path:
    """A recipe given as a path or a bundled name.

    Raises
    ------
    RecipeError
        If neither exists; the message names near ones.
    """
    path = Path(text)
    if path.is_file():
        return path
    bundled = bundled_recipes()
    name = str(path.with_suffix("")) if path.suffix == ".yml" else text
    name = name[len("recipes/") :] if name.startswith("recipes/") else name
    if name in bundled:
        return bundled[name]
    raise RecipeError(f"recipe {text}: neither a file nor a bundled recipe{did_you_mean(name, bundled)}")
