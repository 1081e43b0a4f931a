"""Scoring workers of a dask cluster."""

import contextlib
import uuid

import distributed

from gluon_personnet.core.errors import ScoringError
from gluon_personnet.scoring import shard as shards
from gluon_personnet.scoring.pool import Pool

CONNECT_SECONDS, WORKERS_SECONDS = 10, 60
"""How long to wait for the scheduler, and for a worker where there is none."""


class Weights(distributed.WorkerPlugin):
    """Gives a network to every worker of the cluster once, and to those that join or are restarted later."""

    def __init__(self, digest, checkpoint):
        self.digest, self.checkpoint = digest, checkpoint

    def setup(self, worker):
        """Called by dask in the worker."""
        shards.CHECKPOINTS[self.digest] = self.checkpoint


class DaskPool(Pool):
    """The workers of a dask cluster. Dask gives the shards of a lost worker to the others.

    Everything goes in the tasks themselves and nothing through dask's scattered data, which is lost with the worker
    that holds it. joblib's backend for dask scatters, and waits for ever for a task that dask has given up; so dask's
    own executor is used.

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://10.0.0.1:8786``.
    workers : int
        How many to wait for.
    threads : int
        CPU threads of MXNet in each worker process.
    connect_seconds : float
        How long to try.

    Raises
    ------
    ScoringError
        If the scheduler cannot be reached, or has too few workers.
    """

    patience = WORKERS_SECONDS

    def __init__(self, scheduler, workers, threads, connect_seconds=CONNECT_SECONDS):
        self._scheduler, self.threads, self._shared = scheduler, threads, {}
        try:
            self._client = distributed.Client(scheduler, timeout=connect_seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ScoringError(f"dask scheduler {scheduler}: cannot be reached: {error}") from error
        try:
            self._client.wait_for_workers(workers, timeout=WORKERS_SECONDS)
        except TimeoutError as error:
            found = len(self._client.ncores())
            self._client.close()
            raise ScoringError(
                f"dask scheduler {scheduler}: found {found} worker(s) in {WORKERS_SECONDS} s; right: at least {workers}"
            ) from error
        self._executor = self._client.get_executor(pure=False)

    @property
    def workers(self):
        """Worker processes that the cluster has now."""
        return max(1, len(self._client.ncores()))

    def _submit(self, shard):
        return self._executor.submit(shards.score, shard)

    def _check(self):
        try:
            found = self._client.ncores()
        except (OSError, TimeoutError) as error:
            raise ScoringError(f"dask scheduler {self._scheduler}: lost: {error}") from error
        if not found:
            raise ScoringError(f"dask scheduler {self._scheduler}: no worker for {self.patience:g} s")

    def share(self, digest, checkpoint):
        """Send the weights to every worker, once; returns no folder."""
        if digest not in self._shared:
            self._shared[digest] = f"gpnet-weights-{uuid.uuid4().hex}"
            self._client.register_plugin(Weights(digest, checkpoint), name=self._shared[digest])
        return ""

    def close(self):
        """Leave the cluster, which goes on."""
        self._executor.shutdown(wait=False)
        with contextlib.suppress(OSError, TimeoutError):  # a scheduler that is lost
            for name in self._shared.values():
                self._client.unregister_worker_plugin(name)
        self._client.close()
