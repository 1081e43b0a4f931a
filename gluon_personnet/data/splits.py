"""Dividing data sets by identity, and checking what is in them."""

from collections import Counter, defaultdict
from typing import Dict, Iterable, Sequence, Set, Tuple

import numpy as np

from gluon_personnet.core.digests import rows_hash
from gluon_personnet.core.errors import DataError
from gluon_personnet.core.seeding import generator
from gluon_personnet.plugin.contracts import Sample, Split

SPLIT_SEED = 0  # never changes: splits are the same in every release
VALIDATED = 2
"""Images of one identity by one camera that validation uses, at most: five of each cost six times as many pairs."""


def cameras_by_pid(samples: Sequence[Sample], rows: Iterable[int]) -> Dict[int, Set[int]]:
    """Identity -> set of its cameras among `rows`, by ascending pid; junk (pid -1) is left out."""
    cameras = defaultdict(set)
    for row in rows:
        if samples[row].pid >= 0:
            cameras[samples[row].pid].add(samples[row].camid)
    return dict(sorted(cameras.items()))


def labels(samples: Sequence[Sample], rows: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Identities and cameras of some rows: int64 (N,), int64 (N,)."""
    found = np.array([samples[row][1:] for row in rows], np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def cross_view(samples: Sequence[Sample], rows: Sequence[int]) -> Tuple[tuple, tuple]:
    """Divide test rows into queries and gallery.

    Parameters
    ----------
    samples : sequence of Sample
    rows : sequence of int
        Rows of `samples`; junk (pid -1) is left out.

    Returns
    -------
    query, gallery : tuple of int
        Of every identity the images of its lowest camera, and those of its other cameras.

    Raises
    ------
    DataError
        If identities are seen by one camera only.
    """
    cameras = cameras_by_pid(samples, rows)
    single = [pid for pid, seen in cameras.items() if len(seen) < 2]
    if single:
        raise DataError(
            f"{len(single)} of {len(cameras)} test identities are seen by one camera only "
            f"(pid {', '.join(map(str, single[:3]))}{', ...' if len(single) > 3 else ''}); "
            "right: images from two cameras of every test identity"
        )
    rows = [row for row in rows if samples[row].pid >= 0]
    first = {pid: min(seen) for pid, seen in cameras.items()}
    query = tuple(row for row in rows if samples[row].camid == first[samples[row].pid])
    return query, tuple(row for row in rows if samples[row].camid != first[samples[row].pid])


def identity_split(samples: Sequence[Sample], test_identities: int, num: int, label: str) -> Split:
    """A seeded split by identity.

    Parameters
    ----------
    samples : sequence of Sample
    test_identities : int
        How many identities to test on, chosen among those seen by two cameras or more.
    num : int
        Number of the split.
    label : str
        Names the data set and its protocol: other labels choose otherwise.

    Returns
    -------
    Split
        Training on all identities not chosen; query and gallery by :func:`cross_view`.

    Raises
    ------
    DataError
        If there are not enough identities.
    """
    cameras = cameras_by_pid(samples, range(len(samples)))
    if test_identities == 0:
        raise DataError(
            f"{label}: none of {len(cameras)} identities to test on; right: people seen by two cameras, who are both "
            "query and gallery"
        )
    tested = _choose(cameras, test_identities, generator(SPLIT_SEED, label, num), f"{label}: test identities")
    train = tuple(row for row, sample in enumerate(samples) if sample.pid >= 0 and sample.pid not in tested)
    query, gallery = cross_view(samples, [row for row, sample in enumerate(samples) if sample.pid in tested])
    return Split(train, query, gallery)


def hold_out(samples: Sequence[Sample], split: Split, identities: int) -> Tuple[tuple, Split]:
    """Take identities for validation from the training identities of a split.

    They depend on the split and on their number alone, so that runs of other seeds validate on the same ones.

    Parameters
    ----------
    samples : sequence of Sample
    split : Split
    identities : int
        How many, chosen among those seen by two cameras or more.

    Returns
    -------
    train : tuple of int
        What remains for training.
    validation : Split
        Query and gallery of the chosen identities, of each and each camera at most :data:`VALIDATED` images; its
        `train` is empty.

    Raises
    ------
    DataError
        If there are not enough identities.
    """
    cameras = cameras_by_pid(samples, split.train)
    seen_twice = sum(len(seen) > 1 for seen in cameras.values())
    fitting = max(0, min(seen_twice, len(cameras) - 1) // 5)
    hint = f"dataset.validation_identities={fitting} would do"
    held = _choose(cameras, identities, generator(SPLIT_SEED, "validation"), "validation identities", hint)
    query, gallery = cross_view(samples, [row for row in split.train if samples[row].pid in held])
    train = tuple(row for row in split.train if samples[row].pid not in held)
    return train, Split((), *(_first_of_each(samples, rows) for rows in (query, gallery)))


def _first_of_each(samples, rows):
    """The first :data:`VALIDATED` rows of every identity and camera."""
    count = Counter()
    kept = []
    for row in rows:
        sample = samples[row]
        count[sample.pid, sample.camid] += 1
        if count[sample.pid, sample.camid] <= VALIDATED:
            kept.append(row)
    return tuple(kept)


def _choose(cameras, count, rng, what, hint=""):
    seen_twice = [pid for pid, seen in cameras.items() if len(seen) > 1]
    if count < 0 or count > len(seen_twice) or count >= len(cameras):
        raise DataError(
            f"{what}: {count} asked for, of {len(cameras)} identities {len(seen_twice)} are seen by two cameras; "
            "right: as many as these at most, with at least one identity left for training"
            + (f"; {hint}" if hint else "")
        )
    # Raw bits, because numpy keeps them for ever but may change what permutation() makes of them.
    keys = rng.bit_generator.random_raw(len(seen_twice))
    return {seen_twice[index] for index in np.argsort(keys, kind="stable")[:count]}


def check_number(number: int, num_splits: int, where: str) -> None:
    """Raise DataError, naming `where`, unless split `number` is one of 0..num_splits - 1."""
    if not 0 <= number < num_splits:
        raise DataError(f"{where}: no split {number}; right: 0 to {num_splits - 1}")


def split_hash(samples: Sequence[Sample], split: Split) -> str:
    """16 hexadecimal digits that change with any name, identity, camera, role or order of the rows."""
    roles = (("train", split.train), ("query", split.query), ("gallery", split.gallery))
    return rows_hash((role, *samples[row]) for role, rows in roles for row in rows)
