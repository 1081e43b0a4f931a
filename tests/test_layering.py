"""The structure of the code: who imports whom, how large modules and signatures are, what is imported only when needed.

The host is ``gluon_personnet``. Its packages stand in layers, and a package imports packages of lower layers only.
"""

import ast
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
HOST = ROOT / "gluon_personnet"
LAYERS = [
    {"core"},
    {"plugin"},
    {"recipe", "data", "evaluation"},
    {"network"},
    {"scoring", "report", "testing"},
    {"training", "methods"},
    {"workflows", "bench"},
    {"serve", "cli"},
]
LEVEL = {package: level for level, packages in enumerate(LAYERS) for package in packages}
KNOWS_ONLY = {"scoring": {"core", "plugin", "recipe", "network"}, "report": {"core", "plugin", "evaluation"}}
"""Packages that may import less than everything below them."""

FOR_PLUGINS = {"core", "plugin", "data", "evaluation"}
ALSO_FOR = {"gpnet_networks": {"network"}, "gpnet_baselines": {"recipe"}}
"""Baselines are recipes: YAML files."""
WITHOUT_MXNET = ("core", "plugin", "recipe", "data", "evaluation", "report")
MOST_LINES, MEDIAN_LINES, MOST_MODULES, MOST_PARAMETERS = 300, 110, 20, 7

MODULES = sorted(HOST.rglob("*.py"))
PLUGIN_MODULES = sorted(path for path in (ROOT / "plugins").rglob("*.py") if path.parent.name.startswith("gpnet_"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in (*MODULES, *PLUGIN_MODULES)}


def imports(path):
    """Every module that a module imports, at any depth of its code; of ``from a import b`` both a and a.b."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_host(names):
    """Packages of the host among imported names."""
    return {name.split(".")[1] for name in names if name.startswith("gluon_personnet.")} & set(LEVEL)


def package(path):
    return path.relative_to(HOST).parts[0]


def short(path):
    return str(path.relative_to(ROOT))


IN_PACKAGES = [path for path in MODULES if path.parent != HOST]


def test_every_package_has_a_layer_and_the_root_holds_no_other_module():
    assert {path.name for path in HOST.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert {package(path) for path in IN_PACKAGES} <= set(LEVEL)


@pytest.mark.parametrize("path", IN_PACKAGES, ids=short)
def test_a_package_imports_lower_layers_only(path):
    own = package(path)
    used = of_host(imports(path)) - {own}
    assert {other for other in used if LEVEL[other] >= LEVEL[own]} == set()
    assert used <= KNOWS_ONLY.get(own, used)


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_what_the_host_imports_of_others(path):
    names = {name.split(".")[0] for name in imports(path)}
    assert {name for name in names if name.startswith("gpnet_")} <= {"gpnet_recipes"}, "the host knows no plugin"
    assert "mxnet" not in names or path == HOST / "network/backend.py", "only network/backend.py imports mxnet"
    assert "click" not in names or package(path) == "cli", "only cli imports click"


@pytest.mark.parametrize("path", PLUGIN_MODULES, ids=short)
def test_what_plugins_import_of_the_host(path):
    names = set(imports(path))
    own = path.parent.name
    assert of_host(names) <= FOR_PLUGINS | ALSO_FOR.get(own, set())
    assert "gluon_personnet.plugin.manager" not in names, "what a plugin needs of others is handed in"


@pytest.mark.parametrize("path", TREES, ids=short)
def test_no_private_name_crosses_a_module(path):
    names = [name.rsplit(".", 1)[-1] for name in imports(path)]
    assert [name for name in names if name.startswith("_") and not name.startswith("__")] == []


def test_no_circle_of_imports():
    """Not even one that is hidden inside functions."""
    names = {".".join(path.with_suffix("").relative_to(ROOT).parts).removesuffix(".__init__"): path for path in MODULES}
    graph = {name: {other for other in imports(path) if other in names} - {name} for name, path in names.items()}
    while True:
        leaves = {name for name, others in graph.items() if not others}
        if not leaves:
            break
        graph = {name: others - leaves for name, others in graph.items() if name not in leaves}
    assert graph == {}


def test_sizes():
    lines = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in TREES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
    assert median(lines[short(path)] for path in MODULES if path.name != "__init__.py") <= MEDIAN_LINES
    tests = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "tests").rglob("*.py")}
    assert {short(path): count for path, count in tests.items() if count > MOST_LINES} == {}
    folders = {path.parent for path in MODULES}
    assert {short(folder) for folder in folders if len(list(folder.glob("*.py"))) - 1 > MOST_MODULES} == set()


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_no_function_has_many_parameters(path):
    for node in ast.walk(TREES[path]):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            of = node.args
            names = [each.arg for each in (*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg) if each]
            assert len(set(names) - {"self", "cls"}) <= MOST_PARAMETERS, getattr(node, "name", "lambda")


TYPED = ("core", "plugin", "recipe", "data", "evaluation", "report", "workflows")


@pytest.mark.parametrize("path", [path for path in IN_PACKAGES if package(path) in TYPED], ids=short)
def test_public_functions_are_typed(path):
    def public(body, inside=False):
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from public(node.body, True)
            elif isinstance(node, ast.FunctionDef) and (node.name[0] != "_" or (inside and node.name == "__init__")):
                yield node

    for function in public(TREES[path].body):
        of = function.args
        arguments = [each for each in (*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg) if each]
        untyped = [each.arg for each in arguments if each.annotation is None and each.arg not in ("self", "cls")]
        assert not untyped and (function.returns or function.name == "__init__"), function.name


def without(hidden, code):
    """Run code in a process in which the hidden modules cannot be imported."""
    block = f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); "
    return subprocess.run([sys.executable, "-c", block + code], capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("name", WITHOUT_MXNET)
def test_a_package_loads_without_mxnet(name):
    modules = [path for path in IN_PACKAGES if package(path) == name and path.name != "__init__.py"]
    names = [".".join(path.with_suffix("").relative_to(ROOT).parts) for path in modules]
    done = without(["mxnet"], f"import {', '.join(names)}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["gluon_personnet", "gluon_personnet.cli"])
def test_light_import(module):
    code = f"import {module}; print(sorted({{'mxnet', 'numpy', 'matplotlib'}} & set(sys.modules)))"
    done = without([], code)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
