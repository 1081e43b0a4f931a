"""Scoring by several processes: the bytes of one, whatever is lost."""

import contextlib
import os
import signal
import threading

import numpy as np
import pytest

from gluon_personnet import shards
from gluon_personnet.backend import mx, versions
from gluon_personnet.errors import BackendError, ScoringError
from gluon_personnet.network.pairs import initialise
from gluon_personnet.pools import ATTEMPTS, Pool, open_pool
from gluon_personnet.recipe import parse_recipe
from gluon_personnet.scoring import Scorer
from gluon_personnet.sharding import ShardedScorer
from gluon_personnet.shards import Window
from gluon_personnet.task import build_network
from gluon_personnet.plugins import PluginManager

RECIPE = parse_recipe(
    """
dataset: {name: toy}
training: {pairs: 12, batch_pairs: 12}
network: {options: {channels: 4, units: [16, 16, 8]}}
""",
    "test",
)
QUERY, GALLERY = (np.random.default_rng(0).integers(0, 256, (count, 160, 60, 3), dtype=np.uint8) for count in (13, 29))


@pytest.fixture(scope="module")
def network():
    mx.random.seed(0)
    network = build_network(RECIPE, PluginManager())
    initialise(network, mx.cpu())
    return network


@pytest.fixture(scope="module")
def expected(network):
    return Scorer(network, mx.cpu(), tile_pairs=16).distmat(QUERY, GALLERY)


def sharded(network, pool):
    return ShardedScorer(network, mx.cpu(), pool, RECIPE, tile_pairs=16)


def kill_after(pool, results, pids):
    """Let a pool kill its workers, that is the processes `pids()`, after so many results."""
    run = pool.run

    def killing(shards):
        for number, result in enumerate(run(shards)):
            if number == results:
                os.kill(next(iter(pids())), signal.SIGKILL)
            yield result

    pool.run = killing


@pytest.fixture(scope="module")
def loky():
    with open_pool("loky", workers=2, threads=1) as pool:
        yield pool


def test_two_processes_give_the_bytes_of_one(network, expected, loky):
    assert sharded(network, loky).distmat(QUERY, GALLERY).tobytes() == expected.tobytes()


def test_a_killed_process_changes_nothing(network, expected, loky, monkeypatch):
    monkeypatch.setattr(loky, "run", loky.run)
    kill_after(loky, 2, lambda: loky._executor._processes)
    assert sharded(network, loky).distmat(QUERY, GALLERY).tobytes() == expected.tobytes()
