"""Installing on a Python that MXNet does not run on is refused before anything is fetched or compiled."""

import subprocess
import sys
from pathlib import Path

import pytest

from gluon_personnet import __version__

ROOT = Path(__file__).parents[2]


def setup_version(before="pass"):
    """``setup.py --version`` in a process that does something before."""
    code = f"import runpy, sys; sys.argv = ['setup.py', '--version']; {before}; runpy.run_path('setup.py')"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("found", ["3.8", "3.13"])
def test_another_python_is_one_line(found):
    done = setup_version(f"sys.version_info = ({found.replace('.', ', ')}, 0, 'final', 0)")
    line = f"gluon-personnet: found Python {found}; right: 3.9 to 3.12, which MXNet and its NumPy run on\n"
    assert (done.returncode, done.stderr) == (1, line)


def test_this_python_is_not_refused():
    done = setup_version()
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, __version__), done.stderr
