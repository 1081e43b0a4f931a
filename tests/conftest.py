"""What tests share: one thread, a small network and small recipes, the command line in this process and in another."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before MXNet loads: results are then the same bit for bit

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Features and kernels of the tests go into a folder of their own."""
    before = os.environ.get("GPNET_CACHE")
    os.environ["GPNET_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["GPNET_CACHE"]
    else:
        os.environ["GPNET_CACHE"] = before


@pytest.fixture
def recipe_file(tmp_path):
    """Write recipe text into a file and return its path."""

    def write(text, name="mine.yml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def gpnet(tmp_path, monkeypatch):
    """Run the command line in this process, in an empty folder; returns click's result."""
    from gluon_personnet.cli import main

    monkeypatch.chdir(tmp_path)
    for name in ("GPNET_CACHE", "OMP_NUM_THREADS"):  # --cache and --threads change them for the rest of the process
        monkeypatch.setenv(name, os.environ[name])

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="gpnet")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def start_gpnet(tmp_path):
    """Start the command line as a process of its own, in the same folder; it is killed at the end of the test."""
    started = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "gluon_personnet", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def real_data():
    """The folder of the real archives; tests that need it are skipped where GPNET_DATA is unset."""
    folder = os.environ.get("GPNET_DATA")
    if not folder:
        pytest.skip("GPNET_DATA is unset: the real data sets are not here")
    missing = [name for name in ("CUHK01.zip", "VIPeR.zip") if not Path(folder, name).exists()]
    if missing:
        pytest.skip(f"the folder that GPNET_DATA names has no {' and no '.join(missing)}")
    return Path(folder)


@pytest.fixture(scope="session")
def needs_precision():
    """Function that skips the test where this processor does not compute in a precision."""
    from gluon_personnet.core.errors import BackendError
    from gluon_personnet.network.backend import mx
    from gluon_personnet.network.personnet import PersonNet
    from gluon_personnet.scoring.heads import check_precision

    def check(precision):
        try:
            check_precision(PersonNet(channels=1, units=[1, 1, 1]), mx.cpu(), precision)
        except BackendError as error:
            pytest.skip(str(error))

    return check


@pytest.fixture
def interrupted(monkeypatch):
    """A context in which Ctrl-C is pressed during the training step of that number, counted over all runs from 1."""
    from gluon_personnet.training.averaging import Average

    @contextlib.contextmanager
    def during(number):
        steps, follow = itertools.count(1), Average.follow

        def stopping(average, step):
            follow(average, step)
            if next(steps) == number:
                signal.raise_signal(signal.SIGINT)

        with monkeypatch.context() as patch:
            patch.setattr(Average, "follow", stopping)
            yield

    return during


@pytest.fixture(scope="session")
def mat_folder(tmp_path_factory):
    """A folder with a small cuhk-03.mat."""
    from cuhk03_files import write_mat

    folder = tmp_path_factory.mktemp("mat")
    write_mat(folder / "cuhk-03.mat")
    return folder


class EntryPoint:
    """An installed plugin that is not installed."""

    def __init__(self, name, module, distribution):
        self.name, self.value = name, module.__name__
        self._module = module
        self.dist = types.SimpleNamespace(metadata={"Name": distribution}, version="1.0")

    def load(self):
        if isinstance(self._module, BaseException):
            raise self._module
        return self._module


@pytest.fixture
def install(monkeypatch):
    """Add entry points to those that are installed."""
    from gluon_personnet.plugin import manager as plugin_manager

    real = list(plugin_manager._installed())
    added = []
    monkeypatch.setattr(plugin_manager, "_installed", lambda: real + added)

    def add(name, source, distribution="third-party"):
        module = types.ModuleType(f"plugin_{len(added)}")
        if source is None:
            point = EntryPoint(name, module, distribution)
            point.load = lambda: (_ for _ in ()).throw(ImportError("no module named 'cuda_everywhere'"))
        else:
            exec(source, module.__dict__)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            point = EntryPoint(name, module, distribution)
        added.append(point)

    return add
