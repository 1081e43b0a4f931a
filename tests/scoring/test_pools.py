"""Scoring by several processes: the bytes of one, whatever is lost. A dask cluster is in end_to_end/test_shards.py."""

import os
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

from gluon_personnet.core.errors import BackendError, ScoringError
from gluon_personnet.network.backend import mx, versions
from gluon_personnet.network.build import build_network
from gluon_personnet.network.weights import initialise
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.recipe.parsing import parse_recipe
from gluon_personnet.scoring.pool import ATTEMPTS, Pool
from gluon_personnet.scoring.pools import open_pool
from gluon_personnet.scoring.scorer import Scorer
from gluon_personnet.scoring.shard import score
from gluon_personnet.scoring.sharded import ShardedScorer

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


@pytest.fixture(scope="module")
def loky():
    with open_pool("loky", workers=2, threads=1) as pool:
        yield pool


def killing_after(pool, results, kill):
    """A pool's `run` that calls `kill` between two results."""
    run = pool.run

    def killing(work):
        for number, result in enumerate(run(work)):
            if number == results:
                kill()
            yield result

    return killing


def test_two_processes_give_the_bytes_of_one(network, expected, loky):
    assert sharded(network, loky).distmat(QUERY, GALLERY).tobytes() == expected.tobytes()


def test_killed_processes_change_nothing(network, expected, loky, monkeypatch):
    before = loky._executor

    def kill():
        for process in list(before._processes):
            os.kill(process, signal.SIGKILL)

    monkeypatch.setattr(loky, "run", killing_after(loky, 2, kill))
    assert sharded(network, loky).distmat(QUERY, GALLERY).tobytes() == expected.tobytes()
    assert loky._executor is not before  # it was noticed


def test_tiles_of_a_run_that_was_killed_are_not_scored_again(network, expected, loky, tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(loky, "run", killing_after(loky, 3, stop))
        with pytest.raises(Stop):
            sharded(network, loky).distmat(QUERY, GALLERY, work=tmp_path)
    seen = []
    monkeypatch.setattr(loky, "_submit", lambda shard, submit=loky._submit: seen.append(shard) or submit(shard))
    assert sharded(network, loky).distmat(QUERY, GALLERY, work=tmp_path).tobytes() == expected.tobytes()
    assert 0 < sum(len(shard.numbers) for shard in seen) <= len(seen[0].tiling) - 3


class Breaking(Pool):
    """Answers in this process; loses its workers at the submissions of these numbers."""

    workers, threads, lost = 2, 1, (BrokenProcessPool,)

    def __init__(self, losses):
        self.losses, self.count, self.restarts = losses, 0, 0

    def _submit(self, shard):
        future = Future()
        error = BrokenProcessPool() if self.count in self.losses else None
        self.count += 1
        if error and self.count % 2:
            raise error
        if error or shard == "bad":
            future.set_exception(error or ZeroDivisionError("none"))
        else:
            future.set_result(shard)
        return future

    def _restart(self):
        self.restarts += 1


@pytest.mark.parametrize("losses", [[], [0], [0, 1], [5], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
def test_every_shard_is_answered_once_whatever_is_lost(losses):
    pool = Breaking(losses)
    assert sorted(pool.run(range(20))) == list(range(20))
    assert bool(pool.restarts) == bool(losses)


def test_workers_that_always_die_and_workers_that_fail_end_the_run():
    with pytest.raises(ScoringError, match=f"lost {ATTEMPTS + 1} times before they finished anything"):
        list(Breaking(range(1000)).run(range(20)))
    with pytest.raises(ScoringError, match="a scoring worker failed: ZeroDivisionError: none"):
        list(Breaking([]).run(["good", "bad"]))


FIXED = ("weights", "folder", "device", "precision", "threads", "versions", "tiling")


def test_shards_hold_every_tile_once_with_the_maps_it_needs(network):
    scorer = sharded(network, Breaking([]))
    maps = scorer.maps(QUERY, GALLERY)
    tiling = scorer.tiling(maps)
    numbers = [number for number in range(len(tiling)) if number % 5]
    found = list(scorer._shards(maps, tiling, numbers, dict.fromkeys(FIXED)))
    assert sorted(number for shard in found for number in shard.numbers) == numbers
    assert len(found) >= 8  # at least four for each worker
    for shard in found:
        assert (len(shard.query), len(shard.gallery)) == (13, 29)
        for number in shard.numbers:
            tile = tiling[number]
            assert (shard.query[tile.rows] == maps.query[tile.rows]).all()
            ends = np.array([tile.left, tile.left + tile.width - 1])
            assert (shard.gallery[ends] == maps.gallery[ends]).all()


def test_a_worker_refuses_what_would_give_other_bytes(network):
    scorer = sharded(network, Breaking([]))
    maps = scorer.maps(QUERY, GALLERY)
    tiling = scorer.tiling(maps)
    fixed = {**dict.fromkeys(FIXED), "weights": "w", "threads": 1, "versions": versions(), "tiling": tiling}
    old = {**versions(), "mxnet": "1.5.0"}
    for change, text in (({"threads": 3}, "with 1 threads already; right: 3"), ({"versions": old}, "right: 1.5.0")):
        shard = next(scorer._shards(maps, tiling, [0], {**fixed, **change}))
        with pytest.raises(BackendError, match=text):
            score(shard)


def test_a_cluster_that_is_not_there_is_named():
    pytest.importorskip("distributed", reason="dask is not installed: pip install '.[dask]'")
    from gluon_personnet.scoring.dask_pool import DaskPool

    with pytest.raises(ScoringError, match="dask scheduler tcp://127.0.0.1:1: cannot be reached"):
        DaskPool("tcp://127.0.0.1:1", 1, 1, connect_seconds=0.5)
