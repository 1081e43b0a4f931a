"""What pools of scoring workers have in common."""

from concurrent import futures
from itertools import chain, islice

from gluon_personnet.core.errors import GpnetError, ScoringError

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
        """Yield what :func:`~gluon_personnet.scoring.shard.score` gives for each shard, in the order they are finished.

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
