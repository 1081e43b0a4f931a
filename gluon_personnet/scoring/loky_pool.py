"""Scoring workers that are processes of this machine (loky)."""

import contextlib

from gluon_personnet.core.files import scratch_folder
from gluon_personnet.scoring.pool import Pool
from gluon_personnet.scoring.shard import score


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
        self._open = contextlib.ExitStack()
        self._folder = self._open.enter_context(scratch_folder("gpnet-weights-"))
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
        path = self._folder / f"{digest}.npz"
        if not path.exists():
            checkpoint.save(path)
        return str(self._folder)

    def close(self):
        """End the workers."""
        self._executor.shutdown(wait=True, kill_workers=True)
        self._open.close()
