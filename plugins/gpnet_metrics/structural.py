"""Structural ranking: the most violated ranking of a query found by sorting, and a cutting plane that learns from it.

A query's true matches p and other candidates j have scores s. A ranking y is compared with the perfect one y* by

    H(y) = loss(y) - <w, psi(y*) - psi(y)>,   psi(y) = 1 / (P N) * sum over p, j of +-(phi(p) - phi(j))

(+ where p stands before j), with <w, phi(x)> = s(x). Every loss here depends only on how true matches and others
alternate, so the worst ranking keeps either group in the order of its scores, and is described by ``before``: how many
others stand before each true match.

Source: Tsochantaridis et al., Large Margin Methods for Structured and Interdependent Output Variables, JMLR 2005;
Joachims, Finley, Yu, Cutting-Plane Training of Structural SVMs, Machine Learning 2009 (one slack for all queries);
Yue et al., A Support Vector Method for Optimizing Average Precision, SIGIR 2007 (loss "map"); McFee and Lanckriet,
Metric Learning to Rank, ICML 2010 (the other losses).
"""

import numpy as np

MOST_STEPS = 2000  # of the dual's ascent, in one round
LOSSES = ("auc", "map", "mrr", "precision", "top")
"""Losses of a ranking, all 0 to 1: 1 - AUC, 1 - average precision, 1 - reciprocal rank of the first true match,
1 - precision among the first k, and whether no true match is among the first k."""


def worst_ranking(matches, others, loss="auc", k=1):
    """The ranking of one query that maximises H(y).

    Parameters
    ----------
    matches, others : float (P,), float (N,)
        Scores in descending order, greater is more alike; P and N are at least 1.
    loss : {'auc', 'map', 'mrr', 'precision', 'top'}
    k : int
        For 'precision' and 'top', 1 to N.

    Returns
    -------
    before : int (P,)
        Others in front of each true match, ascending.
    loss : float
    """
    num_matches, num_others = len(matches), len(others)
    place = np.arange(num_matches)
    if loss == "auc":
        before = np.searchsorted(-others, 0.5 - matches)
        return before, before.mean() / num_others
    gains = _gains(matches, others)  # (P, N + 1)
    if loss == "map":
        precision = (place + 1)[:, None] / (place[:, None] + 1 + np.arange(num_others + 1))
        before = (gains + (1 - precision) / num_matches).argmax(axis=1)
        return before, 1 - precision[place, before].mean()
    free = gains.argmax(axis=1)
    if loss == "mrr":
        first = np.arange(num_others + 1)  # places that the first true match can take; the others follow it
        reached = np.take_along_axis(gains[1:], np.maximum(free[1:, None], first), axis=1)
        first = int((1 - 1 / (1 + first) + gains[0] + reached.sum(axis=0)).argmax())
        return np.append(first, np.maximum(free[1:], first)), 1 - 1 / (1 + first)
    found = []
    for before, value in _candidates(free, num_others, loss, k):
        found.append((gains[place, before].sum() + value, before, value))
    _, before, value = max(found, key=lambda one: one[0])
    return before, float(value)


def _gains(matches, others):
    """float (P, N + 1): -<w, psi(y*) - psi(y)> that a true match adds with the first b others before it."""
    summed = np.concatenate([[0], others.cumsum()])
    pairs = len(matches) * len(others)
    return 2 / pairs * (summed - matches[:, None] * np.arange(len(others) + 1))


def _candidates(free, num_others, loss, k):
    """The best ranking for each value that the loss can take, given the best one without a loss."""
    place = np.arange(len(free))
    if loss == "precision":
        for hits in range(max(0, k - num_others), min(k, len(free)) + 1):
            yield np.where(place < hits, np.minimum(free, k - hits), np.maximum(free, k - hits)), 1 - hits / k
    else:
        yield np.maximum(free, min(k, num_others)), 1.0
        yield np.concatenate([np.minimum(free[:1], k - 1), free[1:]]), 0.0


def coefficients(before, num_others):
    """What psi(y*) - psi(y) holds of each phi.

    Parameters
    ----------
    before : int (P,)
        A ranking, as :func:`worst_ranking` returns it.
    num_others : int

    Returns
    -------
    float (P,), float (N,)
        Of true matches and others in descending order of their scores; together they sum to 0.
    """
    share = 2 / (len(before) * num_others)
    after = len(before) - np.searchsorted(before, np.arange(num_others), side="right")  # true matches behind other j
    return share * before, -share * after


def worst_rankings(scores, same, candidate, loss="auc", k=1):
    """The most violated rankings of all queries, as one constraint <w, sum of coefficient * phi> >= loss - slack.

    Parameters
    ----------
    scores : float (Q, N)
        Greater is more alike.
    same, candidate : bool (Q, N)
        Whether they are one person; whether that image is ranked for that query at all. Each query has a true match
        and another candidate.
    loss, k
        As for :func:`worst_ranking`; k is cut to the number of others.

    Returns
    -------
    coefficient : float64 (Q, N)
        Of each phi, already divided by Q.
    loss : float
        Mean over the queries.
    """
    coefficient, losses = np.zeros(scores.shape), np.zeros(len(scores))
    for query, row in enumerate(scores):
        columns = np.flatnonzero(candidate[query])
        order = columns[np.argsort(-row[columns], kind="stable")]
        matches, others = order[same[query, order]], order[~same[query, order]]
        before, losses[query] = worst_ranking(row[matches], row[others], loss, min(k, len(others)))
        coefficient[query, matches], coefficient[query, others] = coefficients(before, len(others))
    return coefficient / len(scores), losses.mean()


def cutting_plane(violated, project, shape, c, tolerance=1e-3, max_rounds=100):
    """Minimise 1/2 |w|^2 + c * slack over a convex cone, subject to every constraint <w, g> >= loss - slack.

    The dual over the constraints found so far, max of sum a_r loss_r - 1/2 |project(sum a_r g_r)|^2 over a >= 0 with
    sum a <= c, needs the cone through its projection only: nothing, clipping at 0, or clipping of eigenvalues.

    Parameters
    ----------
    violated : callable
        ``w -> (g, loss)``: the constraint that w violates most.
    project : callable
        Nearest point of the cone.
    shape : int or tuple
        Of w.
    c : float
    tolerance : float
        End when the duality gap is at most this share of c.
    max_rounds : int

    Returns
    -------
    w : float64
        The best one seen.
    bounds : list of (float, float)
        Of each round: the best objective so far, and the dual's, which is below every w's objective.
    """
    planes, losses = [], []
    share, w, dual, best, bounds = np.zeros(0), np.zeros(shape), 0.0, np.inf, []
    for _ in range(max_rounds):
        plane, loss = violated(w)
        objective = 0.5 * np.sum(np.square(w)) + c * max(0.0, loss - np.sum(w * plane))
        if objective < best:
            best, best_w = objective, w
        bounds.append((best, dual))
        if best - dual <= tolerance * c:
            break
        planes.append(plane)
        losses.append(loss)
        share = _solve_dual(np.array(planes), np.array(losses), project, c, np.append(share, 0.0), tolerance / 4)
        w = project(c * np.tensordot(share, np.array(planes), 1))
        dual = max(dual, c * share @ losses - 0.5 * np.sum(np.square(w)))
    return best_w, bounds


def _solve_dual(planes, losses, project, c, start, tolerance):
    """Shares a / c of the constraints, at least 0 and at most 1 in all, that maximise the dual up to c * `tolerance`.

    Accelerated projected gradient ascent with restarts; what is missing to the maximum is bounded by linearising it.
    """
    rows = planes.reshape(len(planes), -1)
    step = 1 / max(np.linalg.eigvalsh(c * rows @ rows.T)[-1], 1e-12)
    share = ahead = start
    momentum = 1.0
    for _ in range(MOST_STEPS):
        w = project(c * np.tensordot(ahead, planes, 1))
        gradient = losses - np.tensordot(planes, w, w.ndim)
        if max(0.0, gradient.max()) - gradient @ ahead <= tolerance:
            return ahead
        previous, share = share, _at_most_one(ahead + step * gradient)
        if gradient @ (share - previous) < 0:
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = _at_most_one(share + (momentum - 1) / following * (share - previous))
        momentum = following
    return share


def _at_most_one(share):
    """The nearest vector of entries at least 0 whose sum is at most 1."""
    clipped = np.maximum(share, 0)
    if clipped.sum() <= 1:
        return clipped
    falling = -np.sort(-share)
    excess = (falling.cumsum() - 1) / np.arange(1, len(share) + 1)
    return np.maximum(share - excess[np.flatnonzero(falling > excess)[-1]], 0)
