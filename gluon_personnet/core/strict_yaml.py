"""YAML as recipes use it: safe, and with its traps refused instead of silently misread."""

import re
from typing import Any

import yaml

from gluon_personnet.core.errors import RecipeError


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys, aliases, octal and base-60 numbers and booleans that look like words."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            self._refuse(self.peek_event().start_mark, "aliases are not allowed in a recipe")
        return super().compose_node(parent, index)

    def _refuse(self, mark, message):
        raise yaml.constructor.ConstructorError(None, None, message, mark)


def _mapping(loader, node):
    seen = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, str):
            loader._refuse(key_node.start_mark, f"found key {key_node.value!r}; right: a word")
        if key in seen:
            loader._refuse(key_node.start_mark, f"duplicate key {key!r}, first on line {seen[key]}")
        seen[key] = key_node.start_mark.line + 1
    return {
        loader.construct_object(key, deep=True): loader.construct_object(value, deep=True) for key, value in node.value
    }


def _boolean(loader, node):
    if node.value.lower() not in ("true", "false"):
        loader._refuse(node.start_mark, f"{node.value!r} is a boolean in YAML; write true or false, or quote the text")
    return node.value.lower() == "true"


def _integer(loader, node):
    if not re.fullmatch(r"[-+]?(0|[1-9][0-9_]*)", node.value):
        loader._refuse(
            node.start_mark, f"{node.value!r} is an octal, hexadecimal or base-60 number in YAML; write it in decimal"
        )
    return int(node.value.replace("_", ""))


def _number(loader, node):
    if ":" in node.value:
        loader._refuse(node.start_mark, f"{node.value!r} is a base-60 number in YAML; write it in decimal")
    return yaml.SafeLoader.construct_yaml_float(loader, node)


def _text(loader, node):
    """A date stays the text that it is: ``path=2024-01-15`` names a folder."""
    return node.value


# YAML 1.2 reads 1e5 as a number, 1.1 as a text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:bool", _boolean)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load_yaml(text: str, where: str) -> Any:
    """Parse one document.

    Raises
    ------
    RecipeError
        Naming `where` and the line: bad syntax, duplicate keys, aliases, tags, octal and base-60 numbers, ``on``.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise RecipeError(f"{where}{line}: {problem}") from error
    except RecursionError as error:
        raise RecipeError(f"{where}: nested too deeply; right: sections of plain keys") from error
