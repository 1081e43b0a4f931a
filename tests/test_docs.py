"""What plugins/README.md says is so."""

import importlib
import importlib.metadata
import inspect
import re
from pathlib import Path

import pytest

from gluon_personnet import testing
from gluon_personnet.plugin import hooks as hookspecs
from gluon_personnet.plugin.entries import ENTRY_CLASSES
from gluon_personnet.plugin.manager import PluginManager
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


def test_the_example_works(tmp_path, monkeypatch):
    for name, code in re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
    entry_point = re.search(r'"(\w+) = (\w+)"', (tmp_path / "setup.py").read_text(encoding="utf-8"))
    monkeypatch.syspath_prepend(tmp_path)
    point = importlib.metadata.EntryPoint(entry_point[1], entry_point[2], "gluon_personnet")
    entry = PluginManager([point]).find("features", "mean-colour")
    assert entry.build(scale=2.0).scale == 2.0
    monkeypatch.syspath_prepend(tmp_path / "tests")
    importlib.import_module("test_colour").test_contract()


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
