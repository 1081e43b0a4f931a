"""Starting the processes of a training by several workers on this machine, and ending them together.

MXNet leaves everybody waiting for ever when a worker dies. Here all processes are children of the one that the user
started; it watches them, and none outlives it.
"""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import threading
from dataclasses import dataclass

from gluon_personnet.core.errors import TrainingError
from gluon_personnet.training.distributed.roles import LAUNCHER

INTERRUPTED = 130
"""Exit code of a training that was asked to stop."""

FAREWELL_SECONDS = 30
"""How long scheduler and server may take to end after the last worker."""


@dataclass(frozen=True)
class Child:
    """One process of the training."""

    name: str
    process: subprocess.Popen

    @property
    def is_worker(self):
        return self.name.startswith("training worker")

    @property
    def ending(self):
        """How it ended, for a person to read."""
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class LocalWorkers:
    """A scheduler, a server and several workers on the loopback address.

    Parameters
    ----------
    command : list of str
        What every process runs; it learns its role from the environment.
    workers : int
    threads : int
        CPU threads of each process, unless $OMP_NUM_THREADS says otherwise.
    """

    def __init__(self, command, workers, threads):
        self._children, self._stopping = [], False
        self._ended = queue.SimpleQueue()  # a signal handler may put while this thread gets
        base = {
            "DMLC_PS_ROOT_URI": "127.0.0.1",
            "DMLC_PS_ROOT_PORT": str(free_port()),
            "DMLC_NODE_HOST": "127.0.0.1",
            "DMLC_INTERFACE": "lo",
            "DMLC_NUM_SERVER": "1",
            "DMLC_NUM_WORKER": str(workers),
            LAUNCHER: str(os.getpid()),
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)),
        }
        roles = [("scheduler", {"DMLC_ROLE": "scheduler"}), ("parameter server", {"DMLC_ROLE": "server"})]
        roles += [
            (f"training worker {number}", {"DMLC_ROLE": "worker", "DMLC_WORKER_ID": str(number)})
            for number in range(workers)
        ]
        self._roles = [(name, {**os.environ, **base, **role}) for name, role in roles]
        self._command = command

    def run(self):
        """Start everything and wait for the end.

        Returns
        -------
        int
            The exit code of the training: 0, 1 after an error that a worker has reported, 130 if asked to stop.

        Raises
        ------
        TrainingError
            If a process was lost; all others have been ended.
        """
        with self._catching_signals():
            try:
                for name, environment in self._roles:
                    self._start(name, environment)
                for child in self._children:  # only now: no thread may run while processes are started
                    threading.Thread(target=self._wait_for, args=(child,), daemon=True).start()
                return self._watch()
            finally:
                self._kill_all()

    def _start(self, name, environment):
        # a session of its own: Ctrl-C reaches this process alone, which passes it on in order
        process = subprocess.Popen(self._command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        self._children.append(Child(name, process))

    def _wait_for(self, child):
        child.process.wait()
        self._ended.put(child)

    def _watch(self):
        working = {child.name for child in self._children if child.is_worker}
        codes = set()
        while working:
            try:
                # in rounds: a signal that comes just before the wait does not end it, and its handler runs after it
                child = self._ended.get(timeout=1)
            except queue.Empty:
                continue
            if child is None:
                return INTERRUPTED
            code = child.process.returncode
            if not child.is_worker and code == 0:
                continue  # all workers have taken leave of it
            if not child.is_worker or code not in (0, 1, INTERRUPTED):
                if self._stopping:  # before it was ready to stop in good order
                    return INTERRUPTED
                raise TrainingError(f"{child.name} was lost ({child.ending}); the others have been ended")
            if code == 1:
                return 1  # it has said why
            codes.add(code)
            working.discard(child.name)
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(FAREWELL_SECONDS)
        return max(codes)

    def _kill_all(self):
        for child in self._children:
            if child.process.poll() is None:
                child.process.kill()
        for child in self._children:
            child.process.wait()

    @contextlib.contextmanager
    def _catching_signals(self):
        """The first Ctrl-C or SIGTERM goes to worker 0, which ends all after the running step; the second kills."""

        def pass_on(number, frame):
            if self._stopping:
                self._ended.put(None)
                return
            self._stopping = True
            for child in self._children:
                if child.name == "training worker 0":
                    child.process.send_signal(signal.SIGTERM)

        before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def free_port():
    """A TCP port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
