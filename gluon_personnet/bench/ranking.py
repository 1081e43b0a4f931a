"""``gpnet bench ranking``: the ranking core against a loop over queries that sorts, on a problem like Market-1501."""

import sys
import time

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError
from gluon_personnet.core.parallel import peak_memory_mib
from gluon_personnet.evaluation.distances import JUNK_PID, check_distmat
from gluon_personnet.evaluation.ranking import average_precision, cmc_from_ranks, inverse_negative_penalty, rank_matches

QUERIES, GALLERY = 3368, 19732
IDENTITIES, CAMERAS = 750, 6
JUNK, DISTRACTORS = 3819 / GALLERY, 2798 / GALLERY
MAX_RANK = 50


def market_problem(queries=QUERIES, gallery=GALLERY):
    """Random distances with labels of about the structure of Market-1501's test set.

    750 identities of uneven size by six cameras, besides 19 % junk (pid -1) and 14 % distractors (pid 0).
    """
    rng = seeding.generator(0, "bench")
    share = rng.gamma(3, size=IDENTITIES)
    pids = rng.choice(IDENTITIES, gallery, p=share / share.sum()) + 1
    kind = rng.random(gallery)
    pids[kind < JUNK + DISTRACTORS] = 0
    pids[kind < JUNK] = JUNK_PID
    query_pids = np.arange(queries) % IDENTITIES + 1
    query_camids, camids = rng.integers(0, CAMERAS, queries), rng.integers(0, CAMERAS, gallery)
    return check_distmat(rng.random((queries, gallery)), query_pids, query_camids, pids, camids)


def measure(problem):
    """CMC, and for each query that has a true match both average precisions and the inverse negative penalty."""
    ranks = rank_matches(problem, "same-person-and-camera", seeding.generator(0, "ties"))
    if not len(ranks.rank):
        found = "none of {} queries has a true match among {} gallery images".format(*problem.distmat.shape)
        raise DataError(f"bench ranking: {found}; right: a larger --gallery or --queries")
    return {
        "cmc": cmc_from_ranks(ranks.rank[ranks.starts], MAX_RANK),
        **average_precision(ranks),
        "inp": inverse_negative_penalty(ranks),
    }


def measure_by_loop(problem, measure_list):
    """The same query by query: sort the gallery, leave out what does not count, measure the list of matches.

    Parameters
    ----------
    problem : Distances
    measure_list : callable
        bool (N,), candidates in their order, at least one True -> first rank, both average precisions, penalty.
    """
    found = []
    for distances, pid, camid in zip(*problem[:3]):
        order = np.argsort(distances)
        pids = problem.gallery_pids[order]
        left_out = ((pids == pid) & (problem.gallery_camids[order] == camid)) | (pids == JUNK_PID)
        matches = (pids == pid)[~left_out]
        if matches.any():
            found.append(measure_list(matches))
    first, exact, market1501, inp = map(np.array, zip(*found))
    cmc = np.array([np.mean(first <= rank) for rank in range(1, MAX_RANK + 1)])
    return {"cmc": cmc, "exact": exact, "market1501": market1501, "inp": inp}


def walked(matches):
    """One list in plain Python, place by place, as the definitions are written and public code computes them."""
    places, before, exact, market1501 = [], 1.0, 0.0, 0.0
    for place, match in enumerate(matches.tolist(), 1):
        if match:
            places.append(place)
        precision = len(places) / place
        if match:
            exact += precision
            market1501 += (before + precision) / 2
        before = precision
    hits = len(places)
    return places[0], exact / hits, market1501 / hits, hits / places[-1]


def vectorised(matches):
    """One list with numpy."""
    precision = np.cumsum(matches) / np.arange(1, len(matches) + 1)
    before = np.append(1.0, precision[:-1])
    places = np.flatnonzero(matches)
    mean = precision[places].mean()
    return places[0] + 1, mean, (mean + before[places].mean()) / 2, len(places) / (places[-1] + 1)


def run(queries=QUERIES, gallery=GALLERY):
    """Time the ranking core and two loops over queries, once each.

    Returns
    -------
    dict
        JSON types: seconds, ratios of the loops to the core, the process's peak memory before the loops (distances and
        imports included), and the largest difference of any figure of any query. ``loop`` walks each sorted list in
        Python, ``numpy_loop`` measures it with numpy.

    Raises
    ------
    DataError
        If no query has a true match.
    """
    problem = market_problem(queries, gallery)
    fast, fast_seconds = _timed(measure, problem)
    peak_mib = peak_memory_mib()
    walk, loop_seconds = _timed(measure_by_loop, problem, walked)
    sort, numpy_seconds = _timed(measure_by_loop, problem, vectorised)
    difference = max(np.abs(fast[name] - other[name]).max() for other in (walk, sort) for name in fast)
    return {
        "bench": "ranking",
        "queries": queries,
        "gallery": gallery,
        "fast_seconds": fast_seconds,
        "loop_seconds": loop_seconds,
        "numpy_loop_seconds": numpy_seconds,
        "ratio_to_loop": loop_seconds / fast_seconds,
        "ratio_to_numpy_loop": numpy_seconds / fast_seconds,
        "peak_mib": peak_mib,
        "largest_difference": float(difference),
        "equal_to_1e-12": bool(difference <= 1e-12),
        "versions": {"numpy": np.__version__, "python": sys.version.split()[0]},
    }


def _timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start
