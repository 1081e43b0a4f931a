"""Installing on a Python that MXNet does not run on is refused before anything is fetched or compiled."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import runpy, sys
sys.version_info, sys.argv = ({version}, 0, "final", 0), ["setup.py", "--version"]
runpy.run_path("setup.py", run_name="__main__")
"""


@pytest.mark.parametrize("version, supported", [((3, 8), False), ((3, 9), True), ((3, 12), True), ((3, 13), False)])
def test_python_versions(version, supported):
    code = CODE.format(version=", ".join(map(str, version)))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    refused = "found Python {}.{}; right: 3.9 to 3.12, which MXNet and its NumPy run on".format(*version)
    assert (done.returncode == 0, refused in done.stderr) == (supported, not supported), done.stderr
    assert supported or done.stderr.count("\n") == 1
