"""Several processes that train one network: what they tell each other, over MXNet's parameter server.

Gradients are summed by the server and applied by every worker itself. The server is not asked to update: there
``set_learning_rate`` would have no effect (apache/mxnet issue 15919). Nothing is read from the server that was not
pushed by all workers before, so that no worker can take one's first gradient for a starting value.
"""

import contextlib
import hashlib
import os
import struct
import sys
import threading
import time
import traceback

import numpy as np

from gluon_personnet.core.errors import GpnetError, TrainingError
from gluon_personnet.network.backend import mx
from gluon_personnet.training.distributed.share import ALONE


class WorkerGroup:
    """One worker of several. Every method must be called by all workers, in the same order.

    Parameters
    ----------
    worker : int
        This one's number, from 0; worker 0 validates and writes.
    workers : int
    timeout_seconds : float
        How long to wait for the others; after that the process ends with a line on standard error.
    ctx : mxnet.Context
        Where the arrays to be summed are.
    """

    def __init__(self, worker, workers, timeout_seconds, ctx):
        self.worker, self.workers, self._ctx = worker, workers, ctx
        self._keys = set()
        self._timeout, self._waiting_since = timeout_seconds, None
        threading.Thread(target=self._watch, daemon=True).start()
        with self._waiting():
            self._store = mx.kv.create("dist_sync")

    # --- arrays ---

    def sum(self, arrays):
        """Replace each array by its sum over all workers, without waiting for it.

        Parameters
        ----------
        arrays : sequence of NDArray
            The same ones in every call. MXNet orders a push after the pull before it by their array; with another one
            it may overtake the pull, which then reads the next sum.
        """
        self._sum([f"array {place}" for place in range(len(arrays))], arrays)

    def broadcast(self, arrays, name):
        """Replace arrays by worker 0's, and wait for them. To be called once for a name."""
        plain = [array.asnumpy() * (self.worker == 0) for array in arrays]
        # in new arrays: weights that have been through oneDNN may lie in its own layout, which MXNet does not send
        sent = [mx.nd.array(array, ctx=self._ctx) for array in plain]
        self._sum([f"{name} {place}" for place in range(len(sent))], sent)
        with self._waiting():
            mx.nd.waitall()
        if self.worker:
            for array, received in zip(arrays, sent):
                array[:] = received

    def _sum(self, keys, arrays):
        new = [place for place, key in enumerate(keys) if key not in self._keys]
        if new:
            with self._waiting():
                self._store.init([keys[place] for place in new], [mx.nd.zeros_like(arrays[place]) for place in new])
            self._keys.update(keys)
        for place, (key, array) in enumerate(zip(keys, arrays)):
            self._store.push(key, array, priority=-place)
        for place, (key, array) in enumerate(zip(keys, arrays)):
            self._store.pull(key, out=array, priority=-place)

    # --- values, waited for ---

    def first(self, value):
        """Worker 0's value, float, to the last bit: the server knows float32 only, so its bytes are sent."""
        data = np.frombuffer(struct.pack("<d", 0.0 if self.worker else value), np.uint8)
        return struct.unpack("<d", self._sum_values("first", data).astype(np.uint8).tobytes())[0]

    def first_array(self, values, shape):
        """Worker 0's int32 array of that shape, numbers below 2**24; others give None."""
        sent = np.zeros(shape) if values is None else values
        return self._sum_values(f"array of {shape}", sent).astype(np.int32)

    def any(self, flag):
        """Whether the flag is set at any worker."""
        return bool(self._sum_values("any", [flag])[0])

    @contextlib.contextmanager
    def in_turn(self):
        """Worker 0 goes first, the others follow: what is wrong for all is then said once."""
        if self.worker:
            self._barrier()
        yield
        if not self.worker:
            self._barrier()

    def _barrier(self):
        with self._waiting():
            self._store._barrier()

    def check_same(self, **texts):
        """Compare what must not differ.

        Raises
        ------
        TrainingError
            If two workers have one number, or differ in one of the texts.
        """
        table = np.zeros((len(texts), self.workers, 9))  # one row a worker: that it is there, and its digest
        for place, text in enumerate(texts.values()):
            digest = np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], np.uint8)
            table[place, self.worker] = [1, *digest]
        table = self._sum_values("same", table.ravel()).reshape(table.shape)
        if (table[:, :, 0] != 1).any():
            raise TrainingError("two training workers have one number; right: DMLC_WORKER_ID of its own for each")
        for name, rows in zip(texts, table):
            other = np.flatnonzero((rows != rows[0]).any(axis=1))
            if len(other):
                raise TrainingError(f"training worker {other[0]} was started with another {name} than worker 0")

    def close(self):
        """Part from the others once all have come here; scheduler and servers then end."""
        with self._waiting():
            self._store = None

    def _sum_values(self, key, values):
        array = mx.nd.array(values, ctx=self._ctx, dtype="float32")
        self._sum([key], [array])
        with self._waiting():
            return array.asnumpy()

    # --- nobody waits for ever ---

    @contextlib.contextmanager
    def _waiting(self):
        self._waiting_since = time.monotonic()
        yield
        self._waiting_since = None

    def _watch(self):
        """A thread of its own, since the main one may be waiting inside MXNet, where no Python code can end it."""
        while True:
            time.sleep(min(1.0, self._timeout / 10))
            since = self._waiting_since
            if since is not None and time.monotonic() - since > self._timeout:
                print(
                    f"gpnet: training worker {self.worker}: waited {self._timeout:g} s for the other workers and "
                    "servers in vain; one of them is lost, or was never started",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(1)


@contextlib.contextmanager
def joined(role, timeout_seconds, ctx):
    """The :class:`WorkerGroup` of a role, left in good order at the end; :data:`ALONE` where the role is None.

    An error ends the process on the spot: MXNet's farewell would wait for ever for the other workers.
    """
    if role is None:
        yield ALONE
        return
    try:
        group = WorkerGroup(role.worker, role.workers, timeout_seconds, ctx)
        yield group
        group.close()
    except BaseException as error:
        if isinstance(error, (GpnetError, OSError)):
            print(f"gpnet: training worker {role.worker}: {error}", file=sys.stderr)
        else:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
