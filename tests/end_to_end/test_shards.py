"""gpnet evaluate by several processes on the loopback address: the bytes of one process."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tiny import settings

PATIENCE_SECONDS = 120


class Cluster:
    """A dask scheduler and two workers without nannies, each in a process of its own."""

    def __init__(self, folder):
        self.folder, self._file, self.processes = folder, folder / "scheduler.json", []

    def __enter__(self):
        self._start("scheduler", "--port", "0")
        self.workers = [self._start("worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]
        self.address = self._wait_for_address()
        return self

    def __exit__(self, *error):
        self.kill(self.processes)

    def _wait_for_address(self):
        """The scheduler creates its file first and fills it afterwards: an empty one is waited for as well."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.processes[0].poll() is None:
            try:
                return json.loads(self._file.read_text())["address"]
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.01)
        self.kill(self.processes)
        pytest.fail("the scheduler did not start")

    def _start(self, what, *arguments):
        common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", self._file]
        command = [sys.executable, "-m", "dask", what, *map(str, [*common, *arguments])]
        own = {"cwd": self.folder, "start_new_session": True, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen(command, **own))
        return self.processes[-1]

    def kill(self, processes):
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    pytest.importorskip("distributed", reason="dask is not installed: pip install '.[dask]'")
    with Cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained run, and its distances by one process; tested is another network than was trained: normalisation."""
    from click.testing import CliRunner

    from gluon_personnet.cli import main

    folder = tmp_path_factory.mktemp("run")
    options = "{channels: 4, units: [16, 16, 8], normalise: 0.5}"
    for arguments in (
        ["train", "toy", "--out", folder / "run", "--quiet", *settings(network__options=options)],
        ["evaluate", "--run", folder / "run", "--quiet", "--save-distmat", folder / "local.npz", *RERANK],
    ):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="gpnet")
        assert result.exit_code == 0, result.output
    return folder


RERANK = ["--rerank", "k-reciprocal", "--rerank-k1", "5", "--rerank-k2", "3", "--mirrored"]


def assert_same_bytes(path, other):
    with np.load(path) as first, np.load(other) as second:
        assert sorted(first.files) == sorted(second.files)
        for name in first.files:
            assert first[name].tobytes() == second[name].tobytes(), name


def test_processes_on_this_machine(gpnet, run):
    gpnet("evaluate", "--run", run / "run", *RERANK, "--save-distmat", "loky.npz", "--backend", "loky", "--workers", 2)
    assert_same_bytes("loky.npz", run / "local.npz")


def test_workers_of_a_cluster(gpnet, run, cluster):
    where = ["--backend", "dask", "--scheduler", cluster.address, "--workers", 2]
    gpnet("evaluate", "--run", run / "run", *RERANK, "--save-distmat", "dask.npz", *where)
    assert_same_bytes("dask.npz", run / "local.npz")


def test_killed_workers_of_a_cluster(cluster, monkeypatch):
    """One of two: the same bytes. Both: an end with a clear line."""
    from gluon_personnet.core.errors import ScoringError
    from gluon_personnet.network.backend import mx
    from gluon_personnet.network.build import build_network
    from gluon_personnet.network.weights import initialise
    from gluon_personnet.plugin.manager import PluginManager
    from gluon_personnet.recipe.parsing import parse_recipe
    from gluon_personnet.scoring import shard as shards
    from gluon_personnet.scoring.pools import open_pool
    from gluon_personnet.scoring.scorer import Scorer
    from gluon_personnet.scoring.sharded import ShardedScorer

    text = "{dataset: {name: toy}, training: {pairs: 12}, network: {options: {channels: 4, units: [16, 16, 8]}}}"
    recipe = parse_recipe(text, "test")
    network = build_network(recipe, PluginManager())
    initialise(network, mx.cpu())
    rng = np.random.default_rng(0)
    query, gallery = (rng.integers(0, 256, (count, 160, 60, 3), dtype=np.uint8) for count in (40, 50))
    expected = Scorer(network, mx.cpu(), tile_pairs=16).distmat(query, gallery)
    with open_pool("dask", 2, cluster.address, 1) as pool:
        scorer = ShardedScorer(network, mx.cpu(), pool, recipe, tile_pairs=16)
        run, seen = pool.run, []

        def killing(work):
            for result in run(work):
                seen.append(result)
                if len(seen) == 3:
                    os.kill(cluster.workers[0].pid, signal.SIGKILL)
                yield result

        monkeypatch.setattr(pool, "run", killing)
        assert scorer.distmat(query, gallery).tobytes() == expected.tobytes()
        assert len(seen) > 6 and cluster.workers[0].wait(PATIENCE_SECONDS) == -signal.SIGKILL
        cluster.kill(cluster.workers)
        monkeypatch.setattr(pool, "patience", 0.5)
        with pytest.raises(ScoringError, match="no worker for 0.5 s"):
            scorer.distmat(query, gallery)
    assert shards.CHECKPOINTS == {}  # all that was done here was done elsewhere


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--workers", "2"], "--workers needs --backend"),
        (["--backend", "dask"], "--backend dask and --scheduler ADDRESS go together"),
        (["--backend", "loky", "--scheduler", "tcp://127.0.0.1:1"], "--backend dask and --scheduler ADDRESS go"),
        (
            ["--distmat", "x.npz", "--protocol", "single-shot", "--backend", "loky"],
            "--backend does not go with distances",
        ),
    ],
)
def test_options_that_do_not_go_together(gpnet, arguments, text):
    assert text in gpnet("evaluate", *arguments, code=2).output
