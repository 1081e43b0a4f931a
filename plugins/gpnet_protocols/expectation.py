"""The CMC that randomly drawn single-shot galleries have on average, in closed form.

Let a query's drawn true image lie at distance d. Every other identity g is ahead of it with the probability p_g that
its own drawn image is closer than d, independently of the others. So the number of identities ahead is
Poisson-binomial, and the CMC at rank k is the probability of fewer than k.

Equal distances: a random order of the gallery gives every image an independent place u in [0, 1], so given the place u
of the true image p_g is (share closer) + u (share equal). The CMC is then a polynomial in u of a degree up to the
number of identities with equal distances, and Gauss-Legendre quadrature integrates it over u exactly.
"""

import numpy as np

from gpnet_protocols.common import by_identity, own_column


def expected_cmc(distances, exclude, drawn_from, max_rank, weights=None, memory_mib=256.0):
    """Expected CMC over all galleries of one image per identity.

    Parameters
    ----------
    distances : ~gluon_personnet.evaluation.distances.Distances
    exclude : str
        A key of :data:`~gluon_personnet.evaluation.distances.EXCLUSIONS`.
    drawn_from : {'all', 'candidates'}
        Whether the image of an identity is drawn from all its gallery images, a ranking being dropped when the true
        match that was drawn is no candidate; or from the candidates for this query only.
    weights : float (Q,), optional
        How often each query is asked; equally often by default.

    Returns
    -------
    cmc : float64 (max_rank,), NaN when no query has a true match
    used : bool (Q,), queries that have one
    """
    columns, identities, starts = by_identity(distances.gallery_pids)
    own = own_column(distances.query_pids, identities)
    weights = np.ones(len(own)) if weights is None else weights
    total, weight, used = np.zeros(max_rank), 0.0, np.zeros(len(own), bool)
    for rows in distances.tiles(memory_mib / 2, np.flatnonzero(own >= 0)):
        match, excluded = (mask[:, columns] for mask in distances.masks(rows, exclude))
        candidates = np.where(excluded, np.inf, distances.distmat[np.ix_(rows, columns)])
        used[rows] = match.any(axis=1)
        sizes = np.add.reduceat(np.ones_like(match) if drawn_from == "all" else ~excluded, starts, 1, np.float64)
        sizes = np.maximum(sizes, 1)  # where there is no candidate the share is 0 / 1
        # A query counts as often as its true match is drawn: each of its true images 1 / size of the own identity.
        share = weights[rows] / sizes[np.arange(len(rows)), own[rows]]
        for at, limit in _one_match_each(match, candidates):
            others = np.arange(len(identities)) != own[rows[at], None]
            ahead, equal = (
                np.add.reduceat(compare(candidates[at], limit), starts, 1, np.float64) * others / sizes[at]
                for compare in (np.less, np.equal)
            )
            total += share[at] @ _cmc_of_shares(ahead, equal, max_rank)
            weight += share[at].sum()
    return total / weight if weight else np.full(max_rank, np.nan), used


def _one_match_each(match, distances):
    """The first true match of each row that has one, then the second, ...: rows (R,) and distances (R, 1)."""
    row, column = np.nonzero(match)
    slot = np.arange(len(row)) - np.searchsorted(row, row)
    for k in range(slot.max(initial=-1) + 1):
        yield row[slot == k], distances[row[slot == k], column[slot == k], None]


def _cmc_of_shares(ahead, equal, max_rank):
    """CMC (R, max_rank) from the shares of each identity's images that are ahead and equal, both (R, N)."""
    cmc = np.empty((len(ahead), max_rank))
    degree = np.count_nonzero(equal, axis=1)
    for rows in (np.flatnonzero(degree == 0), np.flatnonzero(degree)):
        if not len(rows):
            continue
        nodes, weights = np.polynomial.legendre.leggauss(degree[rows].max() // 2 + 1)
        cmc[rows] = sum(
            weight / 2 * _cmc_of_probabilities(ahead[rows] + (node + 1) / 2 * equal[rows], max_rank)
            for node, weight in zip(nodes, weights)
        )
    return cmc


def _cmc_of_probabilities(ahead, max_rank):
    """Distribution function (R, max_rank) of a sum of independent 0/1 variables with probabilities (R, N)."""
    number = np.zeros((max_rank, len(ahead)))  # [k, r]: probability that k identities are ahead in row r
    number[0] = 1
    for chance in ahead.T:
        if chance.any():
            moved = number[:-1] * chance
            number *= 1 - chance
            number[1:] += moved
    return np.cumsum(number, axis=0).T
