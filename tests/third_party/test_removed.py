"""After pip uninstall nothing of plugins/example is left."""

import subprocess
import sys


def test_no_longer_listed(tmp_path):
    for kind in ("plugins", "protocols", "datasets"):
        command = [sys.executable, "-m", "gluon_personnet", "list", kind]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "example" not in done.stdout
