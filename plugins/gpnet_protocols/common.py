"""What the protocols share: choices among images, distances to identities, and the errors of options and labels."""

import numpy as np

from gluon_personnet.core.errors import DataError, RecipeError
from gluon_personnet.evaluation.distances import EXCLUSIONS, JUNK_PID

POOLS = {"minimum": np.minimum, "mean": np.add}
"""How the distances to several images of one person become one: name -> the reduction."""


def one_per_identity(pids, rng):
    """One random row of each identity, junk left out, in the order of the identities: int64 (N,)."""
    shuffled = rng.permutation(len(pids))
    shuffled = shuffled[pids[shuffled] != JUNK_PID]
    return shuffled[np.unique(pids[shuffled], return_index=True)[1]]


def by_identity(pids):
    """Gallery columns sorted by identity, junk left out.

    Parameters
    ----------
    pids : int64 (G,)

    Returns
    -------
    columns : int64 (M,)
    identities : int64 (N,)
        Ascending.
    starts : int64 (N,)
        Where each identity begins in `columns`.
    """
    columns = np.argsort(pids, kind="stable")
    columns = columns[pids[columns] != JUNK_PID]
    identities, starts = np.unique(pids[columns], return_index=True)
    return columns, identities, starts


def identity_distances(problem, exclude, pool, memory_mib):
    """Distance of each query to each gallery identity, over the candidates among its images.

    Parameters
    ----------
    problem : ~gluon_personnet.evaluation.distances.Distances
    exclude : str
        A key of :data:`~gluon_personnet.evaluation.distances.EXCLUSIONS`.
    pool : str
        A key of :data:`POOLS`.

    Returns
    -------
    distances : float64 (Q, N)
        Infinite where an identity has no candidate.
    identities : int64 (N,)
    """
    columns, identities, starts = by_identity(problem.gallery_pids)
    distances = np.full((len(problem.query_pids), len(identities)), np.inf)
    for rows in problem.tiles(memory_mib) if len(columns) else ():
        candidate = ~problem.masks(rows, exclude)[1][:, columns]
        tile = np.where(candidate, problem.distmat[np.ix_(rows, columns)], 0.0 if pool == "mean" else np.inf)
        pooled = POOLS[pool].reduceat(tile, starts, axis=1)
        if pool == "mean":
            count = np.add.reduceat(candidate, starts, axis=1, dtype=np.int64)
            pooled = np.where(count > 0, pooled / np.maximum(count, 1), np.inf)
        distances[rows] = pooled
    return distances, identities


def own_column(query_pids, identities):
    """Position of each query's pid in the sorted `identities`, -1 where it is missing: int64 (Q,)."""
    at = np.searchsorted(identities, query_pids)
    found = np.append(identities, JUNK_PID)[at] == query_pids
    return np.where(found & (query_pids != JUNK_PID), at, -1)


def rank1_hits(ranks, num_query):
    """Of every query whether its first is a true match: float64 (num_query,), 1 or 0, NaN for one without a match."""
    hits = np.full(num_query, np.nan)
    hits[ranks.query[ranks.starts]] = ranks.rank[ranks.starts] == 1
    return hits


def no_query_left(protocol, problem, exclude):
    """The DataError for a set of queries of which none has a true match: how many, which, why."""
    absent = ~np.isin(problem.query_pids, problem.gallery_pids[problem.gallery_pids != JUNK_PID])
    reasons = []
    for rows, reason in ((absent, "not in the gallery"), (~absent, "there, but excluded or not drawn")):
        pids = np.unique(problem.query_pids[rows])
        if len(pids):
            named = ", ".join(map(str, pids[:5])) + (", ..." if len(pids) > 5 else "")
            reasons.append(f"{rows.sum()} of pid {named} {reason}")
    return DataError(
        f"protocol {protocol!r}: none of {len(problem.query_pids)} queries has a true match: {'; '.join(reasons)}; "
        f"excluded are {EXCLUSIONS[exclude]}; for images without a camera: use_cameras: false"
    )


def check_choice(protocol, option, value, right):
    """Raise RecipeError for an option's value that is not in `right`."""
    if value not in right:
        raise RecipeError(f"protocol {protocol!r}: {option}: {value!r}; right: one of {', '.join(map(str, right))}")


def check_count(protocol, option, value):
    """Raise RecipeError for an option's value that is no whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise RecipeError(f"protocol {protocol!r}: {option}: {value!r}; right: a whole number, 1 or more")


def check_share(protocol, option, value):
    """Raise RecipeError for an option's value that is not between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise RecipeError(f"protocol {protocol!r}: {option}: {value!r}; right: a number between 0 and 1")


def together(problem, distance, memory_mib):
    """The problem with one query for each (pid, camid) among its queries, in that order.

    Its distances are the minimum, or the mean up to a factor, of those of its images.
    """
    order = np.lexsort((problem.query_camids, problem.query_pids))
    pids, camids = problem.query_pids[order], problem.query_camids[order]
    new = (np.diff(pids, prepend=pids[0] - 1) != 0) | (np.diff(camids, prepend=camids[0]) != 0)
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(order))
    pooled = np.empty((len(starts), problem.distmat.shape[1]))
    for groups in problem.tiles(memory_mib / sizes.max(), np.arange(len(starts))):
        first = starts[groups[0]]
        rows = order[first : first + sizes[groups].sum()]
        # The sum stands for the mean: it orders the gallery of a query alike.
        pooled[groups] = POOLS[distance].reduceat(problem.distmat[rows], starts[groups] - first, axis=0)
    return problem._replace(distmat=pooled, query_pids=pids[starts], query_camids=camids[starts])
