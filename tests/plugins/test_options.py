"""Every option of everything that is registered: whatever is given, it is built or refused in one line."""

import math

import pytest

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.data.archives import Locator
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.plugin.ranges import NotFinite, option
from gluon_personnet.plugin.signatures import annotations

MANAGER = PluginManager()
KINDS = ("datasets", "protocols", "features", "metrics", "networks", "baselines")
OPTIONS = [(kind, entry.name, key) for kind in KINDS for entry in MANAGER.entries(kind) for key in entry.options]
NUMBERS = (math.nan, math.inf, -math.inf, -1, -1.5, 0, 0.0, 10**30, 2**63, 1e300, True)
OTHERS = ("", "x", None, [], [math.nan], {}, {"a": 1}, object)


def build(kind, name, **options):
    arguments = (Locator(["nowhere"]),) if kind == "datasets" else ()
    return MANAGER.build(kind, name, *arguments, **options)


@pytest.mark.parametrize(("kind", "name", "key"), OPTIONS, ids=lambda value: str(value))
def test_whatever_is_given_is_built_or_refused_in_one_line(kind, name, key):
    for value in (*NUMBERS, *OTHERS):
        try:
            build(kind, name, **{key: value})
        except GpnetError as error:
            message = str(error)
            assert len(message.splitlines()) == 1
            assert "cannot be built with" not in message, f"{key}={value!r}: a range should say so: {message}"


@pytest.mark.parametrize(("kind", "name", "key"), OPTIONS, ids=lambda value: str(value))
def test_nan_infinity_and_other_types_are_refused_by_the_declaration(kind, name, key):
    entry = MANAGER.find(kind, name)
    declared = option(entry.options[key], annotations(entry.load()).get(key))
    assert declared.type is not None or declared.ranges, "declare a type or a range"
    if not any(isinstance(one, NotFinite) for one in declared.ranges):
        assert not declared.holds(math.nan) and not declared.holds(math.inf)
    assert declared.holds(entry.options[key])
    assert not declared.holds(object())
