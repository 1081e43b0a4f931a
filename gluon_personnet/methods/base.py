"""What a method is, and how its distances are measured: computed once, then kept under all that they depend on."""

import contextlib
import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import DataError, PluginError
from gluon_personnet.core.parallel import peak_memory_mib
from gluon_personnet.core.store import entry
from gluon_personnet.data.task import Task
from gluon_personnet.evaluation.distances import check_distmat
from gluon_personnet.evaluation.measured import AMONG, Measured

DISTMAT = "distmat"
"""The matrix (Q, G) between queries and gallery."""

PARTS = {DISTMAT: ("query", "gallery"), AMONG[0]: ("query", "query"), AMONG[1]: ("gallery", "gallery")}
"""Matrices of a task: name -> whose images its rows and its columns are; attributes of a Split."""


@dataclass
class Cost:
    """What computing distances has cost.

    Parameters
    ----------
    seconds : dict of str to float
        Wall time of each step, such as ``extract``, ``fit`` and ``distance``.
    pairs : int
        Pairs that were scored one by one; 0 for features, whose distances are products of matrices.
    """

    seconds: Dict[str, float] = field(default_factory=dict)
    pairs: int = 0

    @contextlib.contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the wall time of a block to a step."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start

    def to_dict(self) -> Dict[str, Any]:
        """JSON types: seconds by step, pairs, and the most memory in MiB that this process has had in use."""
        return {"seconds": dict(self.seconds), "pairs": self.pairs, "memory_mib": peak_memory_mib()}


class Method:
    """Everything that can rank a gallery. A new kind of method is a subclass; see ``docs/examples/new_method.py``.

    Attributes
    ----------
    name : str
        As it is printed, and as its folder of results is named.
    fidelity : str
        How close it is to its source; empty where there is none.
    published : mapping of str
        Data set -> sequence of :class:`~gluon_personnet.Published`.
    file : str
        The file that describes it; empty where it is registered or is a run.
    """

    name = ""
    fidelity = ""
    published: Mapping[str, Sequence[Any]] = {}
    file = ""

    def fit(self, task: Task, cost: Cost) -> None:
        """Learn from the training rows of a task and from nothing else. A method that learns nothing does nothing."""

    def distmat(self, task: Task, part: str, work: Optional[Path], cost: Cost) -> np.ndarray:
        """Distances of the test images of a task.

        Parameters
        ----------
        task : Task
            That of the last call of :meth:`fit`.
        part : str
            ``distmat``: queries and gallery images. ``query_distmat``, ``gallery_distmat``: among the former and among
            the latter.
        work : path or None
            A folder for what is to survive a kill; whatever is found there was left by an earlier call with the same
            :meth:`key`.
        cost : Cost
            Is told what the computation takes.

        Returns
        -------
        float64 (Q, G), (Q, Q) or (G, G)
            Finite; smaller is more alike.
        """
        raise PluginError(f"method {self.name!r}: has no method distmat(task, part, work, cost)")

    def card(self, task: Task) -> Mapping[str, str]:
        """What the method is, in words: printed with every figure."""
        return {"method": self.name}

    def key(self, task: Task) -> Mapping[str, Any]:
        """Everything that the distances depend on besides their part, in JSON types.

        That is options, versions, digests of source files and weights, and :meth:`Task.digest` of the rows that the
        method reads. Distances are kept on disk under it.
        """
        raise PluginError(f"method {self.name!r}: has no method key(task)")


def measure(method: Method, task: Task) -> Measured:
    """The distances of a method on a task: from the store where it holds them, computed and kept otherwise.

    A computation that was killed goes on where it stopped, if the method keeps its work.

    Raises
    ------
    DataError
        If the distances are not finite; nothing is kept then.
    """
    key = method.key(task)
    fitted = _Fitted(method, task)
    matrix, cost = _kept(fitted, key, DISTMAT)
    query, gallery = task.split.query, task.split.gallery
    try:
        distances = check_distmat(matrix, *task.labels(query), *task.labels(gallery))
    except DataError as error:
        raise DataError(f"method {method.name!r}: {error}") from error
    names = task.names(query), task.names(gallery)

    def among() -> Tuple[np.ndarray, np.ndarray]:
        query_distmat, gallery_distmat = (_kept(fitted, key, part)[0] for part in AMONG)
        return query_distmat, gallery_distmat

    return Measured(distances, *names, {**method.card(task), **task.card()}, cost, among, task.number)


class _Fitted:
    """A method that is fitted when its first matrix is asked for."""

    def __init__(self, method: Method, task: Task):
        self._method, self._task, self._fitted = method, task, False
        self._cost = Cost()

    def distmat(self, part: str, work: Optional[Path]) -> Tuple[np.ndarray, Dict[str, Any]]:
        cost = Cost() if self._fitted else self._cost
        if not self._fitted:
            self._method.fit(self._task, cost)
            self._fitted = True
        matrix = np.asarray(self._method.distmat(self._task, part, work, cost))
        sides = {"query": len(self._task.split.query), "gallery": len(self._task.split.gallery)}
        rows, columns = PARTS[part]
        if matrix.dtype.kind not in "fiu" or matrix.shape != (sides[rows], sides[columns]):
            right = f"right: numbers {(sides[rows], sides[columns])}"
            raise PluginError(f"method {self._method.name!r}: {part}: {matrix.dtype} of shape {matrix.shape}; {right}")
        return matrix, cost.to_dict()


def _kept(fitted: _Fitted, key: Mapping[str, Any], part: str) -> Tuple[np.ndarray, Dict[str, Any]]:
    """A matrix and its cost, from the store or computed."""
    text = json.dumps([key, part], sort_keys=True)
    kept = entry("distances", digest(text))
    if not kept.complete:
        with kept.working() as work:
            if not kept.complete:
                matrix, cost = fitted.distmat(part, work)
                if np.isfinite(matrix).all():
                    kept.write({"matrix": matrix}, {"key": key, "part": part, "cost": cost})
                elif work is not None:
                    shutil.rmtree(work, ignore_errors=True)
                return matrix, cost
    found, head = kept.read("matrix"), kept.head
    if found is None or head is None:  # damaged since
        return fitted.distmat(part, None)
    return found, head["cost"]
