"""Work shared among the cores."""

import os
from concurrent.futures import ThreadPoolExecutor
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
