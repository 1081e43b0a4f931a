"""Which part this process plays in a training by several, as MXNet's environment variables say it."""

import ctypes
import os
import signal
import sys
from dataclasses import dataclass

from gluon_personnet.core.errors import TrainingError

VARIABLES = {
    "DMLC_PS_ROOT_URI": "the scheduler's address",
    "DMLC_PS_ROOT_PORT": "a free port there",
    "DMLC_NUM_WORKER": "the number of workers",
    "DMLC_NUM_SERVER": "the number of parameter servers",
}
"""What every process must be told beside its role."""
LAUNCHER = "GPNET_LAUNCHER"
"""Set to its process id by a launcher that no process it starts may outlive."""


@dataclass(frozen=True)
class Role:
    """``kind`` is 'scheduler', 'server' or 'worker'; a worker has its number, from 0, of so many ``workers``."""

    kind: str
    worker: int
    workers: int

    def serve(self):
        """As scheduler or server: serve until the training ends. Does not return."""
        from gluon_personnet.network import backend  # noqa: F401  MXNet serves, and then exits, during its import

        raise TrainingError(f"DMLC_ROLE={self.kind}: this MXNet was built without its parameter server")


def role_from_environment():
    """The :class:`Role` of this process, or None where ``DMLC_ROLE`` is not set.

    Raises
    ------
    TrainingError
        If a variable is missing or has a wrong value.
    """
    kind = os.environ.get("DMLC_ROLE")
    if kind is None:
        return None
    _end_with_launcher()
    if kind not in ("scheduler", "server", "worker"):
        raise TrainingError(f"DMLC_ROLE: found {kind!r}; right: scheduler, server or worker")
    for name, meaning in VARIABLES.items():
        if not os.environ.get(name):
            raise TrainingError(f"DMLC_ROLE is {kind}, but {name} is not set; right: {meaning}")
    workers, _ = _number("DMLC_NUM_WORKER", 1), _number("DMLC_NUM_SERVER", 1)
    return Role(kind, _number("DMLC_WORKER_ID", 0, workers - 1) if kind == "worker" else 0, workers)


def _end_with_launcher():
    """Let the system kill this process when its launcher ends, however that ends (Linux)."""
    launcher = os.environ.get(LAUNCHER)
    if launcher is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != int(launcher):  # it has ended already
        os._exit(1)


def _number(name, low, high=None):
    text = os.environ.get(name, "")
    if not text.isdecimal() or int(text) < low or (high is not None and int(text) > high):
        right = f"a whole number from {low}" + ("" if high is None else f" to {high}, another one for each worker")
        raise TrainingError(f"{name}: found {text!r}; right: {right}")
    return int(text)
