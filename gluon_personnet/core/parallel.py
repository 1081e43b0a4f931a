"""Work shared among the cores."""

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

from threadpoolctl import threadpool_limits


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Yield ``function(item)`` for every item, in order, computed in one thread for each usable core.

    numpy and OpenCV let other threads run while they compute; their own threads are switched off meanwhile. After an
    error or Ctrl-C nobody waits for the items that are left.
    """
    pool = ThreadPoolExecutor(usable_cores())
    try:
        with threadpool_limits(1, "blas"):
            yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def peak_memory_mib() -> float:
    """The most memory that this process has had in use, in MiB.

    On Linux the kernel's own count: that of ``getrusage`` begins with the memory of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[1]) / 2**10  # type: ignore[index]
    except (OSError, TypeError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)
