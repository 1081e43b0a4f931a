"""What plugins/README.md says is so."""

import inspect
import re
import typing
from pathlib import Path

import pytest

from gluon_personnet import testing
from gluon_personnet.plugin import hooks as hookspecs
from gluon_personnet.plugin import ranges
from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.plugin.scaffold import plugin_files
from gluon_personnet.recipe.baselines import load_baseline

TEXT = (Path(__file__).parents[1] / "plugins/README.md").read_text(encoding="utf-8")
HOOKS = {name for name in vars(hookspecs) if name.startswith("gpnet_")}


def test_every_hook_is_in_the_table_and_nothing_else():
    rows = dict(re.findall(r"^\| `(gpnet_\w+)` \| `(\w+)` \|", TEXT, re.MULTILINE))
    assert rows == {name: ENTRY_CLASSES[name[len("gpnet_") :]].__name__ for name in HOOKS}


def test_every_suite_is_in_the_table_as_it_is_called():
    written = set(re.findall(r"`(check_\w+)\((\w+)\)` \|$", TEXT, re.MULTILINE))
    assert written == {
        (name, next(iter(inspect.signature(getattr(testing, name)).parameters))) for name in testing.__all__
    }


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_is_documented(name):
    assert ENTRY_CLASSES[name[len("gpnet_") :]].__name__ in getattr(hookspecs, name).__doc__


def test_the_code_is_what_the_command_writes():
    written = plugin_files("colour", "gpnet-colour", ["feature"])
    shown = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
    assert shown == {name: text for name, text in written.items() if name != "README.md"}


def test_the_annotations_in_the_table_mean_what_it_says():
    names = {name: getattr(ranges, name) for name in ("AtLeast", "Between", "OneOf", "ListOf")}
    rows = re.findall(r"^\| `(\w+): (.+) = (.+)` \| (.+) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 5
    for _, annotation, default, _ in rows:
        declared = ranges.option(eval(default), eval(annotation, {**vars(typing), **names}))
        assert declared.holds(eval(default)) and not declared.holds(float("nan"))


def test_the_baseline_works(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1], encoding="utf-8")
    combination, manager = load_baseline(path).build(), PluginManager()
    manager.build("features", combination.feature, **combination.options_on("cuhk01"))
    manager.build("metrics", combination.metric, **combination.metric_options)


def test_everything_bundled_is_named_in_the_readme():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    manager = PluginManager()
    for kind in ENTRY_CLASSES:
        for entry in manager.entries(kind):
            if "gluon-personnet" in manager.provider_of(entry):
                assert f"`{entry.name}`" in readme, f"{entry.kind} {entry.name}"


def test_commands_in_the_readme_exist():
    from gluon_personnet.cli import COMMANDS

    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"gpnet ([a-z-]+)", readme)) == set(COMMANDS)
