"""Who imports whom, and what is not imported until it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOST = Path(__file__).parents[1] / "gluon_personnet"
MODULES = sorted(HOST.rglob("*.py"))


def imported(path):
    """First names of everything that a module imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOST)))
def test_imports(path):
    names = set(imported(path))
    plugins = {name for name in names if name.startswith("gpnet_")} - {"gpnet_recipes"}
    assert not plugins, "the host knows no plugin by name"
    assert "mxnet" not in names or path == HOST / "network/backend.py", "only network/backend.py imports mxnet"


@pytest.mark.parametrize("module", ["gluon_personnet", "gluon_personnet.cli"])
def test_light_import(module):
    code = f"import sys, {module}; print(sorted({{'mxnet', 'numpy', 'matplotlib'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=HOST.parent)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
