"""Where a training computes, and with whom."""

from dataclasses import dataclass
from typing import Any

from gluon_personnet.training.distributed.share import ALONE


@dataclass(frozen=True)
class Execution:
    """Device, processes and progress of a training.

    Parameters
    ----------
    ctx : mxnet.Context
    progress : bool
        Show progress bars on standard error; only one of several workers does.
    group : Alone or WorkerGroup
        The processes that share every step; worker 0 validates and writes.
    """

    ctx: Any
    progress: bool = True
    group: Any = ALONE
