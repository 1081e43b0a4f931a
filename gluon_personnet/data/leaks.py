"""Whether a test shows somebody whom a training has seen, told by the pixels, whatever file they are in."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Collection, List, Sequence

from gluon_personnet.core.digests import digest
from gluon_personnet.core.errors import DataError
from gluon_personnet.core.parallel import usable_cores

NAMED = 3
"""Images that a refusal names."""


def fingerprints(dataset: Any, rows: Sequence[int]) -> List[str]:
    """16 hexadecimal digits of the pixels of each row of a data set."""
    with ThreadPoolExecutor(usable_cores()) as pool:
        return [found[:16] for found in pool.map(lambda row: digest(dataset.read(row)), rows)]


def refuse_leak(task: Any, seen: Collection[str], who: str) -> None:
    """Raise DataError if any image of an identity that a task tests has been seen.

    Parameters
    ----------
    task : Task
    seen : collection of str
        :func:`fingerprints` of what was trained on.
    who : str
        What was trained, for the error.
    """
    samples = task.dataset.samples
    tested = {samples[row].pid for row in (*task.split.query, *task.split.gallery)} - {-1}
    rows = [row for row, sample in enumerate(samples) if sample.pid in tested]
    known = set(seen)
    leaks = [row for row, found in zip(rows, fingerprints(task.dataset, rows)) if found in known]
    if leaks:
        people = len({samples[row].pid for row in leaks})
        names = ", ".join(samples[row].name for row in leaks[:NAMED]) + (", ..." if len(leaks) > NAMED else "")
        raise DataError(
            f"{who}: trained on {people} of the {len(tested)} identities that {task.name} split {task.number} "
            f"tests, with images such as {names}; right: a run whose training has none of them"
        )
