"""The plugin manager: what it loads, what it leaves out, what it refuses."""

import itertools
import types
import warnings

import pytest

from gluon_personnet import DatasetEntry, ProtocolEntry, hookimpl
from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin.manager import PluginManager, PluginWarning


class Point:
    """What the manager needs of an importlib.metadata.EntryPoint."""

    def __init__(self, name, plugin, distribution="good-plugins"):
        self.name, self.value, self._plugin = name, f"{name}_package", plugin
        self.dist = types.SimpleNamespace(metadata={"Name": distribution}, version="1.2")

    def load(self):
        if isinstance(self._plugin, BaseException):
            raise self._plugin
        return self._plugin


def plugin(**hooks):
    """A plugin module. A hook is given as what it returns, or as the function itself."""
    module = types.ModuleType("plugin")
    for name, given in hooks.items():
        function = given if callable(given) else _returning(given)
        setattr(module, name, hookimpl(function))
    return module


def _returning(value):
    return lambda: value


def protocols(*names):
    return [ProtocolEntry(name=name, factory=dict, summary=name) for name in names]


GOOD = Point("good", plugin(gpnet_protocols=protocols("zebra", "ant")))


def left_out(point):
    """The recorded error of a plugin that must be left out, after checking that everything else works."""
    with pytest.warns(PluginWarning, match=f"plugin '{point.name}' of .+ is left out: ") as caught:
        manager = PluginManager([point, GOOD])
    rows = {row.name: row for row in manager.plugins()}
    assert rows["good"].error == "" and rows["good"].provider == "good-plugins 1.2"
    assert [entry.name for entry in manager.entries("protocols")] == ["ant", "zebra"]
    assert str(caught[0].message).endswith(rows[point.name].error)
    return rows[point.name].error


def test_working_plugins():
    manager = PluginManager([GOOD])
    entry = manager.find("protocols", "ant")
    assert entry.name == "ant" and manager.entries("datasets") == []
    assert manager.provider_of(entry) == "'good' of good-plugins 1.2"
    with pytest.raises(PluginError, match="protocol 'foreign' comes from no loaded plugin"):
        manager.provider_of(protocols("foreign")[0])


@pytest.mark.parametrize("error", [ImportError("no module named x"), RuntimeError("boom"), SystemExit(3)])
def test_plugin_that_breaks_at_import(error):
    assert left_out(Point("bad", error, "bad-plugins")) == f"{type(error).__name__}: {error}"


def test_error_of_several_lines_is_one_line():
    assert left_out(Point("bad", ValueError("first\nsecond"))) == "ValueError: first"


def test_misspelt_hook():
    error = left_out(Point("bad", plugin(gpnet_protocol=protocols("bee"))))
    assert error == "PluginError: unknown hook 'gpnet_protocol'; did you mean 'gpnet_protocols'?"


def test_hook_without_its_decorator():
    module = types.ModuleType("plugin")
    module.gpnet_protocols = lambda: protocols("bee")
    assert (
        left_out(Point("bad", module))
        == "PluginError: hook 'gpnet_protocols' lacks the decorator gluon_personnet.hookimpl"
    )


def test_hook_with_an_argument():
    assert left_out(Point("bad", plugin(gpnet_protocols=lambda config: []))).startswith("PluginValidationError: ")


@pytest.mark.parametrize(
    "returned, found",
    [
        (None, "TypeError: 'NoneType' object is not iterable"),
        (["bee"], "found str 'bee'"),
        ([DatasetEntry(name="bee", factory=dict, summary="")], "found DatasetEntry DatasetEntry(name='bee',"),
    ],
)
def test_hook_that_returns_something_else(returned, found):
    error = left_out(Point("bad", plugin(gpnet_protocols=returned)))
    assert error.startswith(f"PluginError: gpnet_protocols: {found}") and error.endswith(
        "right: a list of ProtocolEntry"
    )


@pytest.mark.parametrize(
    "hook, found", [(lambda: 1 / 0, "ZeroDivisionError"), (lambda: protocols("Bad Name"), "kebab-case")]
)
def test_hook_that_raises(hook, found):
    error = left_out(Point("bad", plugin(gpnet_protocols=hook)))
    assert error.startswith("PluginError: gpnet_protocols: ") and found in error


def test_all_hooks_of_a_broken_plugin_are_left_out():
    point = Point("bad", plugin(gpnet_protocols=protocols("bee"), gpnet_datasets=None))
    assert "gpnet_datasets" in left_out(point)


def test_generator_hook():
    manager = PluginManager([Point("lazy", plugin(gpnet_protocols=lambda: iter(protocols("bee"))))])
    assert [entry.name for entry in manager.entries("protocols")] == ["bee"]


def test_two_entries_of_one_name():
    points = [GOOD, Point("other", plugin(gpnet_protocols=protocols("ant")), "other-plugins")]
    message = (
        "the protocol 'ant' is provided twice: by 'good' of good-plugins 1.2 and by 'other' of other-plugins 1.2; "
    )
    for order in itertools.permutations(points):
        with pytest.raises(PluginError) as caught:
            PluginManager(order).find("protocols", "zebra")
        assert str(caught.value) == message + "uninstall or rename one"


def test_two_plugins_of_one_name():
    points = [GOOD, Point("good", plugin(), "another")]
    message = "two plugins are named 'good': one from another 1.2, one from good-plugins 1.2; uninstall one of them"
    for order in itertools.permutations(points):
        manager = PluginManager(order)
        assert [row.error for row in manager.plugins()] == ["", message]
        with pytest.raises(PluginError) as caught:
            manager.entries("datasets")
        assert str(caught.value) == message


def test_one_plugin_found_twice_is_one():
    assert [row.error for row in PluginManager([GOOD, GOOD]).plugins()] == [""]


def test_order_never_matters():
    points = [
        GOOD,
        Point("a", plugin(gpnet_protocols=protocols("mole"))),
        Point("z", plugin(gpnet_protocols=protocols("bee"))),
        Point("bad", RuntimeError("boom")),
    ]
    seen = set()
    for order in itertools.permutations(points):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PluginWarning)
            manager = PluginManager(order)
        seen.add((tuple(entry.name for entry in manager.entries("protocols")), tuple(manager.plugins())))
    assert [names for names, _ in seen] == [("ant", "bee", "mole", "zebra")]


@pytest.mark.parametrize(
    "kind, name, message",
    [
        ("protocols", "zebre", "no protocol is named 'zebre'; did you mean 'zebra'?"),
        ("protocols", "xyz", "no protocol is named 'xyz'; known: ant, zebra"),
        ("datasets", "xyz", "no dataset is named 'xyz'; there are none"),
    ],
)
def test_unknown_name(kind, name, message):
    with pytest.raises(PluginError) as caught:
        PluginManager([GOOD]).find(kind, name)
    assert str(caught.value) == message


def test_unknown_name_while_a_plugin_is_left_out():
    with pytest.warns(PluginWarning):
        manager = PluginManager([GOOD, Point("bad", RuntimeError("boom"))])
    with pytest.raises(PluginError, match=r"known: ant, zebra \(left out: bad\)$"):
        manager.find("protocols", "xyz")


def test_installed_plugins_are_loaded_without_being_named():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        assert isinstance(PluginManager().plugins(), list)
