"""Pools of scoring workers: processes on this machine (loky), or a dask cluster."""

import contextlib
import os

from gluon_personnet.core.errors import ScoringError
from gluon_personnet.core.parallel import usable_cores
from gluon_personnet.scoring.loky_pool import LokyPool


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
        from gluon_personnet.scoring.dask_pool import DaskPool
    except ImportError as error:
        raise ScoringError(
            f"dask is not installed ({error}); install the extra [dask], in the project's folder: pip install '.[dask]'"
        ) from error
    return contextlib.closing(DaskPool(scheduler, workers or 1, given or 1))
