"""Entries: what they refuse, how they load and how they build."""

import pytest

from gluon_personnet import ProtocolEntry
from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin import hooks as hookspecs
from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.plugin.manager import PluginManager


def by_hand(*given, trials=10, query="all"):
    return {**dict(*given), "trials": trials, "query": query}


def entry(**changes):
    given = {"name": "by-hand", "factory": by_hand, "summary": "by hand"}
    return ProtocolEntry(**{**given, **changes})


@pytest.mark.parametrize("name", ["", "Single-Shot", "single_shot", "single shot"])
def test_name_is_kebab_case(name):
    with pytest.raises(PluginError, match=f"protocol '{name}': a name is kebab-case, such as 'single-shot'"):
        entry(name=name)


def test_fidelity_is_one_of_four():
    with pytest.raises(PluginError, match="'by-hand': fidelity 'good' unknown; right: one of exact, faithful, app"):
        entry(fidelity="good")


def test_build_overlays_options_on_their_defaults():
    assert entry().build() == {"trials": 10, "query": "all"}
    assert entry().build([("seed", 1)], trials=3) == {"seed": 1, "trials": 3, "query": "all"}
    assert entry().options == {"trials": 10, "query": "all"}


def test_factory_is_imported_on_first_use():
    named = entry(factory="fractions:Fraction")
    assert named.load().__name__ == "Fraction"
    assert named.build() == 0


@pytest.mark.parametrize("factory", ["no_such_module_here:A", "collections:NoSuchThing", "collections"])
def test_factory_that_cannot_be_loaded(factory):
    with pytest.raises(PluginError, match=f"protocol 'by-hand': cannot load {factory}: "):
        entry(factory=factory).load()


@pytest.mark.parametrize(
    "options, where, message",
    [
        ({"trails": 1}, None, "protocol 'by-hand': unknown option 'trails'; did you mean 'trials'?"),
        ({"xyz": 1}, None, "protocol 'by-hand': unknown option 'xyz'; known: query, trials"),
        ({"xyz": 1}, "evaluation.options", "evaluation.options: unknown option 'xyz'; known: query, trials"),
    ],
)
def test_unknown_option(options, where, message):
    with pytest.raises(PluginError) as caught:
        entry().make((), options, where)
    assert str(caught.value) == message


def test_option_of_an_entry_without_options():
    with pytest.raises(PluginError, match="protocol 'by-hand': unknown option 'trials'; it has no options"):
        entry(factory=lambda: None).build(trials=1)


def test_every_hook_has_its_entry_class():
    assert {f"gpnet_{kind}" for kind in ENTRY_CLASSES} == {
        name for name in vars(hookspecs) if name.startswith("gpnet_")
    }


@pytest.mark.parametrize("value, default, right", [
    (3, 10, True), (True, 10, False), (3.0, 10, False), ("3", 10, False),
    (3, 1.5, True), (True, 1.5, False), ([1], (2, 3), True), (1, [2], False),
    ("x", None, True), (False, True, True), (0, True, False),
])  # fmt: skip
def test_an_option_has_the_type_of_its_default(value, default, right):
    def factory(size=default):
        return size

    entry = ProtocolEntry(name="mine", factory=factory, summary="")
    if right:
        assert entry.check_options({"size": value}) == {"size": value}
    else:
        with pytest.raises(PluginError, match="protocol 'mine': size: found"):
            entry.check_options({"size": value})


def test_what_is_not_stated_is_not_exact():
    assert entry().fidelity == ""


def test_everything_bundled_that_has_a_source_says_how_close_it_is():
    manager = PluginManager()
    silent = [
        f"{kind} {each.name}"
        for kind in ENTRY_CLASSES
        for each in manager.entries(kind)
        if "gluon-personnet" in manager.provider_of(each) and each.source and not each.fidelity
    ]
    assert silent == []
