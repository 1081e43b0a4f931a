"""Pools of scoring workers: processes on this machine (loky), or a dask cluster."""

import contextlib
import os
import tempfile
from concurrent import futures
from itertools import chain, islice
from pathlib import Path

from gluon_personnet.errors import GpnetError, ScoringError
from gluon_personnet.parallel import usable_cores
from gluon_personnet.shards import score

ATTEMPTS = 3
"""How often in succession workers may be lost before anything is finished."""


class Pool:
    """Runs shards in other processes.

    Attributes
    ----------
    workers : int
        How many.
    threads : int
        CPU threads of MXNet in each.
    """

    patience = None
    """Seconds without any result after which to see whether there is anybody left; None if that is known anyway."""

    lost = ()
    """Exceptions that mean that a worker was lost, and its shards with it."""

    def run(self, shards):
        """Yield the result of :func:`~gluon_personnet.shards.score` for each shard, in the order they are finished.

        Raises
        ------
        ScoringError
            If workers are lost again and again, or one fails.
        """
        waiting, failures = {}, 0
        shards = iter(shards)
        while True:
            ahead = islice(shards, max(0, 2 * self.workers - len(waiting)))
            waiting.update((self._begin(shard), shard) for shard in ahead)
            if not waiting:
                return
            again = []
            done = futures.wait(waiting, self.patience, futures.FIRST_COMPLETED).done
            if not done:
                self._check()
            for future in done:
                shard = waiting.pop(future)
                error = future.exception() if not future.cancelled() else futures.CancelledError("cancelled")
                if error is None:
                    failures = 0
                    yield future.result()
                elif isinstance(error, self.lost):
                    again.append(shard)
                elif isinstance(error, GpnetError):
                    raise error
                else:
                    raise ScoringError(f"a scoring worker failed: {type(error).__name__}: {error}") from error
            if again:
                failures += 1
                if failures > ATTEMPTS:
                    raise ScoringError(f"scoring workers were lost {failures} times before they finished anything")
                again += waiting.values()  # with one process, loky gives up all
                waiting.clear()
                self._restart()
                shards = chain(again, shards)

    def _begin(self, shard):
        try:
            return self._submit(shard)
        except self.lost as error:  # before the loss was seen in a result
            future = futures.Future()
            future.set_exception(error)
            return future


class LokyPool(Pool):
    """Processes on this machine; a lost one is replaced, and its shards are computed again.

    Parameters
    ----------
    workers, threads : int
    """

    def __init__(self, workers, threads):
        from joblib.externals import loky

        self.workers, self.threads = workers, threads
        self.lost = (loky.process_executor.BrokenProcessPool,)
        self._make = loky.ProcessPoolExecutor
        self._folder = tempfile.TemporaryDirectory(prefix="gpnet-weights-")
        self._executor = self._start()

    def _start(self):
        return self._make(self.workers, env={"OMP_NUM_THREADS": str(self.threads)})

    def _restart(self):
        self._executor.shutdown(wait=True, kill_workers=True)
        self._executor = self._start()

    def _submit(self, shard):
        return self._executor.submit(score, shard)

    def share(self, digest, checkpoint):
        """Keep the weights where every worker can read them; returns the folder."""
        path = Path(self._folder.name, f"{digest}.npz")
        if not path.exists():
            checkpoint.save(path)
        return self._folder.name

    def close(self):
        """End the workers."""
        self._executor.shutdown(wait=True, kill_workers=True)
        self._folder.cleanup()


def open_pool(backend, workers=None, scheduler=None, threads=None):
    """A pool, closed at the end of the ``with`` block.

    Parameters
    ----------
    backend : {'loky', 'dask'}
    workers : int, optional
        loky: processes to start, by default one for each `threads` cores. dask: how many to wait for, by default 1.
    scheduler : str, optional
        Address of dask's scheduler.
    threads : int, optional
        CPU threads of each worker; by default $OMP_NUM_THREADS, else its share of the cores (loky) or 1 (dask).

    Raises
    ------
    ScoringError
        If the cluster cannot be reached or dask is not installed.
    """
    given = threads or int(os.environ.get("OMP_NUM_THREADS", 0))
    if backend == "loky":
        workers = workers or max(1, usable_cores() // (given or 1))
        return contextlib.closing(LokyPool(workers, given or max(1, usable_cores() // workers)))
    try:
        from gluon_personnet.dask_pool import DaskPool
    except ImportError as error:
        raise ScoringError(
            f"dask is not installed ({error}); install the extra [dask], in the project's folder: pip install '.[dask]'"
        ) from error
    return contextlib.closing(DaskPool(scheduler, workers or 1, given or 1))
