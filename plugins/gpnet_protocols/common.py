"""What the protocols share: choices among images, distances to identities, and the errors of options and labels."""

import numpy as np

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXCLUSIONS, JUNK_PID


class CameraRule:
    """What all protocols have: a name, a rule of exclusion, and whether it can be told to ignore cameras."""

    name = exclude = ""
    can_ignore_cameras = True


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


def identity_distances(distances, exclude, pool, memory_mib):
    """Distance of each query to each gallery identity, over the candidates among its images.

    Parameters
    ----------
    distances : ~gluon_personnet.evaluation.distances.Distances
    exclude : str
        A key of :data:`~gluon_personnet.evaluation.distances.EXCLUSIONS`.
    pool : str
        A key of :data:`POOLS`.

    Returns
    -------
    to_people : float64 (Q, N)
        Infinite where an identity has no candidate.
    identities : int64 (N,)
    """
    columns, identities, starts = by_identity(distances.gallery_pids)
    to_people = np.full((len(distances.query_pids), len(identities)), np.inf)
    for rows in distances.tiles(memory_mib) if len(columns) else ():
        candidate = ~distances.masks(rows, exclude)[1][:, columns]
        tile = np.where(candidate, distances.distmat[np.ix_(rows, columns)], 0.0 if pool == "mean" else np.inf)
        pooled = POOLS[pool].reduceat(tile, starts, axis=1)
        if pool == "mean":
            count = np.add.reduceat(candidate, starts, axis=1, dtype=np.int64)
            pooled = np.where(count > 0, pooled / np.maximum(count, 1), np.inf)
        to_people[rows] = pooled
    return to_people, identities


def own_column(query_pids, identities):
    """Position of each query's pid in the sorted `identities`, -1 where it is missing: int64 (Q,)."""
    at = np.searchsorted(identities, query_pids)
    found = np.append(identities, JUNK_PID)[at] == query_pids
    return np.where(found & (query_pids != JUNK_PID), at, -1)


def mean_and_std(values):
    """Mean over the first axis, and the standard deviation (ddof 0), None of a single repeat."""
    return np.mean(values, axis=0), np.std(values, axis=0) if len(values) > 1 else None


def people(distances):
    """The distances of the queries that are people, and how many queries are junk (pid -1), which nobody asks."""
    asked = np.flatnonzero(distances.query_pids != JUNK_PID)
    junk = len(distances.query_pids) - len(asked)
    return (distances.queries(asked) if junk else distances), junk


def rank1_hits(ranks, num_query):
    """Of every query whether its first is a true match: float64 (num_query,), 1 or 0, NaN for one without a match."""
    hits = np.full(num_query, np.nan)
    hits[ranks.query[ranks.starts]] = ranks.rank[ranks.starts] == 1
    return hits


def no_query_left(protocol, distances):
    """The DataError for a set of queries of which none has a true match: how many, which, why."""
    advice = "; for images without a camera: --protocol-set use_cameras=false" if protocol.can_ignore_cameras else ""
    absent = ~np.isin(distances.query_pids, distances.gallery_pids[distances.gallery_pids != JUNK_PID])
    reasons = []
    for rows, reason in ((absent, "not in the gallery"), (~absent, "there, but excluded or not drawn")):
        pids = np.unique(distances.query_pids[rows])
        if len(pids):
            named = ", ".join(map(str, pids[:5])) + (", ..." if len(pids) > 5 else "")
            reasons.append(f"{rows.sum()} of pid {named} {reason}")
    return DataError(
        f"protocol {protocol.name!r}: none of {len(distances.query_pids)} queries has a true match: "
        f"{'; '.join(reasons)}; excluded are {EXCLUSIONS[protocol.exclude]}{advice}"
    )


def together(distances, distance, memory_mib):
    """The distances with one query for each (pid, camid) among its queries, in that order.

    Its distances are the minimum, or the mean up to a factor, of those of its images.
    """
    order = np.lexsort((distances.query_camids, distances.query_pids))
    pids, camids = distances.query_pids[order], distances.query_camids[order]
    new = (np.diff(pids, prepend=pids[0] - 1) != 0) | (np.diff(camids, prepend=camids[0]) != 0)
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(order))
    pooled = np.empty((len(starts), distances.distmat.shape[1]))
    for groups in distances.tiles(memory_mib / sizes.max(), np.arange(len(starts))):
        first = starts[groups[0]]
        rows = order[first : first + sizes[groups].sum()]
        # The sum stands for the mean: it orders the gallery of a query alike.
        pooled[groups] = POOLS[distance].reduceat(distances.distmat[rows], starts[groups] - first, axis=0)
    return distances._replace(distmat=pooled, query_pids=pids[starts], query_camids=camids[starts])
