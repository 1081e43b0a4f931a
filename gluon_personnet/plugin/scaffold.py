"""The first files of a new plugin: the smallest example of each kind, with its test.

``plugins/example`` is what this makes for a data set and a protocol.
"""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Dict, Sequence

from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.plugin.manager import PluginManager

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Kind:
    """One kind of entry: its summary in ``gpnet list``, and how it is tried."""

    summary: str
    trial: str
    factory: str = ""
    """Name of the factory; by default the plugin's name as a class."""


KINDS = {
    "protocol": Kind("mean rank of the first true match, and the CMC", "gpnet evaluate --protocol $name"),
    "dataset": Kind("people drawn as two coloured squares, seen by two cameras", "gpnet check $name"),
    "feature": Kind("mean colours of horizontal stripes", "gpnet show feature $name"),
    "metric": Kind("squared distance, weighted by the variance within a person", "gpnet show metric $name"),
    "matcher": Kind(
        "least pixel difference over shifts", "gpnet evaluate --method $name --dataset toy --protocol single-shot"
    ),
    "network": Kind("two convolutions and the difference of stripes", "gpnet train toy --set network.name=$name"),
    "baseline": Kind(
        "pixels with KISSME", "gpnet evaluate --baseline $name --dataset toy --protocol single-shot", "make"
    ),
    "command": Kind("greets somebody", "gpnet $name", "command"),
}
"""Every kind that a plugin can add, by the name that ``gpnet new-plugin --kind`` takes."""


def plugin_files(name: str, folder: str, kinds: Sequence[str]) -> Dict[str, str]:
    """The files of a new plugin.

    Parameters
    ----------
    name : str
        kebab-case; of the plugin and of each of its entries.
    folder : str
        Name of the folder that they are for.
    kinds : sequence of str
        Keys of :data:`KINDS`.

    Returns
    -------
    dict of str
        Path below the folder -> text.
    """
    package = f"gpnet_{name.replace('-', '_')}"
    words = {"name": name, "package": package, "folder": folder}
    rows, hooks, classes, files = [], [], [], {}
    for kind in kinds:
        about, entry = KINDS[kind], ENTRY_CLASSES[kind + "s"].__name__
        factory = about.factory or "".join(word.capitalize() for word in name.split("-"))
        own = {**words, "kind": kind, "entry": entry, "factory": factory, "summary": about.summary}
        trial = Template(about.trial).substitute(own)
        rows.append(f"| {kind} | `{name}` | `{package}/{kind}.py` | `{trial}` |")
        hooks.append(_filled("hook.py", own).rstrip("\n"))
        classes.append(entry)
        files[f"{package}/{kind}.py"] = _filled(f"{kind}.py", own)
        files[f"tests/test_{kind}.py"] = _filled(f"test_{kind}.py", own)
    shared = {"rows": "\n".join(rows), "hooks": "\n".join(hooks), "classes": ", ".join(sorted(classes))}
    return {
        "setup.py": _filled("setup.py", words),
        "README.md": _filled("README.md", {**words, **shared}),
        f"{package}/__init__.py": _filled("init.py", {**words, **shared}),
        **files,
    }


def check_name(name: str, kinds: Sequence[str], manager: PluginManager) -> None:
    """Raise PluginError for a name that is ill-formed, or taken by what is installed."""
    if not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise PluginError(f"plugin name {name!r}: right: kebab-case, such as my-rank; give it with --name")
    package = importlib.util.find_spec(f"gpnet_{name.replace('-', '_')}")
    taken = package is not None and package.origin is not None  # an empty folder of that name has no origin
    if taken or any(entry.name == name for kind in kinds for entry in manager.entries(kind + "s")):
        raise PluginError(f"plugin name {name!r}: taken by what is installed; give another one with --name")


def _filled(template: str, words: Dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(words)
