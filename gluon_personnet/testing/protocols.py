"""Contract suite of evaluation protocols.

All data have two views (queries by camera 0, their matches by camera 1) and several gallery images per person, where
the definitions in use all apply. Most checks place a person's images at one distance, so that it makes no difference
which of them a protocol draws, and results must agree exactly.
"""

import json
from collections.abc import Mapping
from numbers import Integral
from typing import NamedTuple

import numpy as np

from gluon_personnet.plugin.contracts import Measures
from gluon_personnet.testing.base import require, require_refusal, running, unchanged

CARD_KEYS = ("gallery", "query", "exclusion", "repeats", "ties")
NUM_PEOPLE = 10
NUM_SEEDS = 12
NEAREST, NEAR, FAR = -9.0, -3.0, 3.0
"""Distances below and above those of different people, which are within (-1, 1)."""


class Ranking(NamedTuple):
    """What a protocol is handed, without the generator."""

    distmat: np.ndarray
    query_pids: np.ndarray
    query_camids: np.ndarray
    gallery_pids: np.ndarray
    gallery_camids: np.ndarray

    def take(self, query_rows, gallery_rows):
        """The same with these queries and gallery images in this order."""
        return Ranking(
            self.distmat[query_rows][:, gallery_rows],
            self.query_pids[query_rows],
            self.query_camids[query_rows],
            self.gallery_pids[gallery_rows],
            self.gallery_camids[gallery_rows],
        )

    def with_nearest(self, pids, camid):
        """The same with images of these pids by camera `camid` in front of the gallery, nearest to every query."""
        distances = np.full((len(self.query_pids), len(pids)), NEAREST)
        return self._replace(
            distmat=np.hstack([distances, self.distmat]),
            gallery_pids=np.concatenate([pids, self.gallery_pids]),
            gallery_camids=np.concatenate([np.full(len(pids), camid), self.gallery_camids]),
        )


def check_protocol(protocol):
    """Check a protocol against :class:`~gluon_personnet.plugin.contracts.Protocol`.

    A protocol without a CMC is checked for its card, its types, the same result from the same seed, and arguments
    left alone; the rest of the suite is about the CMC.

    Parameters
    ----------
    protocol : Protocol

    Raises
    ------
    AssertionError
    """
    measures = _check_repeatable(protocol)
    _check_card(measures.card)
    if measures.cmc is None:
        _check_junk_queries(protocol)
        return
    _check_extremes(protocol)
    _check_two_queries(protocol)
    _check_constant(protocol)
    _check_exact_laws(protocol)
    _check_order_on_average(protocol)
    _check_skipped(protocol)
    _check_junk_queries(protocol)


def _by_person(diagonal=None, per_query=2, per_gallery=3):
    """Every image of a person at one distance from every image of another; `diagonal` is that of the same person."""
    distances = np.random.default_rng(0).uniform(-1, 1, (NUM_PEOPLE, NUM_PEOPLE))
    if diagonal is not None:
        np.fill_diagonal(distances, diagonal)
    query_pids, gallery_pids = (np.repeat(np.arange(NUM_PEOPLE), count) for count in (per_query, per_gallery))
    cameras = np.zeros_like(query_pids), np.ones_like(gallery_pids)
    return Ranking(distances[query_pids][:, gallery_pids], query_pids, cameras[0], gallery_pids, cameras[1])


def _by_image():
    """Every image at its own distance, rounded to eighths: there are ties, and sums do not depend on their order."""
    ranking = _by_person(diagonal=-0.5)
    noise = np.random.default_rng(1).normal(0, 0.5, ranking.distmat.shape)
    return ranking._replace(distmat=np.round(8 * (ranking.distmat + noise)) / 8)


def _evaluate(protocol, ranking, case, seed=0):
    """What the protocol measures on `ranking`, with everything checked that holds for any input."""
    what = f"evaluate, {case}"
    with unchanged(what, **ranking._asdict()), running(what):
        measures = protocol.evaluate(*ranking, np.random.default_rng(seed))
    require(isinstance(measures, Measures), what, type(measures).__name__, "gluon_personnet.plugin.contracts.Measures")
    for name in ("queries_used", "queries_skipped"):
        found = getattr(measures, name)
        require(isinstance(found, Integral) and found >= 0, f"{what}: {name}", repr(found), "a count")
    with running(f"{what}: others as JSON"):
        json.dumps(dict(measures.others), allow_nan=False)
    if measures.cmc is not None:
        _check_cmc(f"{what}: cmc", measures)
    return measures


def _check_cmc(what, measures):
    cmc, std = measures.cmc, measures.cmc_std
    right = isinstance(cmc, np.ndarray) and cmc.dtype == np.float64 and cmc.ndim == 1 and len(cmc) > 0
    found = f"{getattr(cmc, 'dtype', type(cmc).__name__)} {getattr(cmc, 'shape', '')}"
    require(right, what, found, "float64 (max_rank,), a value for every rank")
    inside = np.isfinite(cmc).all() and cmc.min() >= 0 and cmc.max() <= 1 + 1e-12
    require(inside, what, f"values from {cmc.min():.4g} to {cmc.max():.4g}", "fractions in [0, 1]")
    require((np.diff(cmc) >= -1e-12).all(), what, "a value below that of the rank before", "values that never fall")
    same = std is None or np.shape(std) == cmc.shape
    require(same, f"{what}_std", f"shape {np.shape(std)}", f"None or {cmc.shape} as cmc")


def _check_repeatable(protocol):
    ranking, case = _without_matches_of(_by_image(), pid=2), "one person missing from the gallery"
    first, second = (_evaluate(protocol, ranking, case) for _ in range(2))
    for name in ("cmc", "cmc_std", "others", "queries_used", "queries_skipped"):
        before, after = getattr(first, name), getattr(second, name)
        same = np.array_equal(before, after)
        require(same, f"evaluate, twice with the same seed: {name}", "other values", "the same")
    return first


def _check_card(card):
    require(isinstance(card, Mapping), "card", type(card).__name__, "a mapping")
    for key in CARD_KEYS:
        text = card.get(key)
        require(isinstance(text, str) and text.strip(), f"card[{key!r}]", repr(text), "a definition in words")


def _check_junk_queries(protocol):
    """Queries of pid -1 are nobody: with them every rate is what it is without them."""
    ranking = _by_person(NEAR)
    rows = np.r_[np.arange(len(ranking.query_pids)), 0, 0, 0]  # as near to the first person as that person's own
    junk = ranking.take(rows, np.arange(len(ranking.gallery_pids)))
    junk.query_pids[-3:] = -1
    without, found = (_evaluate(protocol, one, "queries of pid -1") for one in (ranking, junk))
    what, used = "evaluate, queries of pid -1", f"{found.queries_used} used"
    require(found.queries_used == without.queries_used, what, used, f"{without.queries_used} as without them")
    pairs = list(zip(_rates(without.others), _rates(found.others)))
    if without.cmc is not None:
        pairs += list(zip(without.cmc, found.cmc))
    worst = max((abs(one - other) for one, other in pairs), default=0.0)
    require(
        worst < 1e-9, "evaluate, queries of pid -1", f"a rate that differs by {worst:.4g}", "the rates without them"
    )


def _rates(others):
    """The floats of nested mappings; whole numbers are counts."""
    for value in others.values() if isinstance(others, Mapping) else others if isinstance(others, list) else ():
        if isinstance(value, float):
            yield value
        else:
            yield from _rates(value)


def _check_extremes(protocol):
    """Rank-1 of perfect and of hopeless rankings, plain and with nearer images that must not count."""
    additions = {
        "": lambda ranking: ranking,
        ", with nearer images of the query's person by the query's camera": _with_same_camera,
        ", with nearer junk images (pid -1)": _with_junk,
    }
    for addition, add in additions.items():
        for distance, place, right in ((NEAR, "nearest", 1.0), (FAR, "farthest", 0.0)):
            case = f"true matches {place}{addition}"
            rank1 = _evaluate(protocol, add(_by_person(distance)), case).cmc[0]
            excluded = " (those images are neither match nor negative)" if addition else " (smaller is more alike)"
            require(abs(rank1 - right) < 1e-9, f"evaluate, {case}", f"rank-1 {rank1:.4g}", f"{right:.4g}{excluded}")


def _with_same_camera(ranking):
    """The queries of one person, and two more images of that person by the same camera."""
    ranking = ranking.take(np.flatnonzero(ranking.query_pids == 0), np.arange(len(ranking.gallery_pids)))
    return ranking.with_nearest(np.array([0, 0]), camid=0)


def _with_junk(ranking):
    return ranking.with_nearest(np.array([-1, -1, -1]), camid=1)


def _check_two_queries(protocol):
    """Two queries with galleries of different lengths, once their own camera is excluded; all matches come first."""
    distmat = np.array([[0.0, 1, 2, 3], [3, 2, 1, 0]])
    pids, camids = np.array([0, 0, 0, 5]), np.array([1, 0, 0, 1])
    ranking = Ranking(distmat, np.array([0, 5]), np.array([0, 0]), pids, camids)
    for rows in ([0, 1], [1, 0]):
        case = "two queries with galleries of different lengths"
        cmc = _evaluate(protocol, ranking.take(rows, range(4)), case).cmc
        require(np.allclose(cmc, 1), f"evaluate, {case}, every match first", f"CMC {cmc}", "1 at every rank")


def _check_constant(protocol):
    """Equal distances know nothing: the first place goes to everybody alike."""
    ranking = _by_person()._replace(distmat=np.zeros_like(_by_person().distmat))
    mean, error = _average(protocol, ranking, "all distances equal")
    chance = 1 / NUM_PEOPLE
    right = abs(mean[0] - chance) <= 6 * error[0] + 1e-9
    require(
        right, "evaluate, all distances equal", f"rank-1 {mean[0]:.4g}", f"chance, {chance:.4g}: break ties at random"
    )


def _average(protocol, ranking, case):
    """Mean CMC over seeds and its standard error, which is 0 for a protocol that draws nothing."""
    cmcs = np.array([_evaluate(protocol, ranking, case, seed).cmc for seed in range(NUM_SEEDS)])
    return cmcs.mean(axis=0), cmcs.std(axis=0, ddof=1) / np.sqrt(NUM_SEEDS)


def _orders(ranking):
    """The ranking with its queries, and with its gallery, in other orders."""
    queries, gallery = (np.arange(count) for count in ranking.distmat.shape)
    rng = np.random.default_rng(3)
    yield "another order of queries", ranking.take(rng.permutation(queries), gallery)
    yield "another order of the gallery", ranking.take(queries, rng.permutation(gallery))
    yield "the gallery reversed", ranking.take(queries, gallery[::-1])


def _check_exact_laws(protocol):
    ranking = _by_person()
    cmc = _evaluate(protocol, ranking, "several images per person").cmc
    changed = [*_orders(ranking), ("distances mapped by exp", ranking._replace(distmat=np.exp(ranking.distmat)))]
    for case, other in changed:
        found = _evaluate(protocol, other, case).cmc
        require(found.shape == cmc.shape, f"evaluate, {case}", f"{len(found)} ranks", f"{len(cmc)} as before")
        worst = np.abs(found - cmc).max()
        require(worst < 1e-9, f"evaluate, {case}", f"a CMC that differs by up to {worst:.4g}", "the same CMC")


def _check_order_on_average(protocol):
    """Which image is drawn may depend on the order, what is expected of it may not; nor may the order decide ties."""
    ranking = _by_image()
    mean, error = _average(protocol, ranking, "distances with ties")
    for case, other in _orders(ranking):
        found, its_error = _average(protocol, other, case)
        excess = np.abs(found - mean) - 6 * np.hypot(error, its_error)
        what = f"evaluate, {case}, mean over {NUM_SEEDS} seeds"
        differ = f"a CMC that differs by up to {np.abs(found - mean).max():.4g}"
        require(excess.max() < 1e-9, what, differ, "the same CMC within 6 standard errors")


def _without_matches_of(ranking, pid):
    return ranking.take(np.arange(len(ranking.query_pids)), np.flatnonzero(ranking.gallery_pids != pid))


def _check_skipped(protocol):
    case = "one person missing from the gallery"
    ranking = _without_matches_of(_by_person(per_query=1), pid=2)
    measures = _evaluate(protocol, ranking, case)
    found = (measures.queries_used, measures.queries_skipped)
    right = (NUM_PEOPLE - 1, 1)
    require(found == right, f"evaluate, {case}", f"queries used and skipped {found}", f"{right}")
    others = ranking.take(np.flatnonzero(ranking.query_pids != 2), np.arange(len(ranking.gallery_pids)))
    without = _evaluate(protocol, others, "all people in the gallery")
    worst = np.abs(measures.cmc - without.cmc).max()
    require(worst < 1e-9, f"evaluate, {case}", f"a CMC that differs by up to {worst:.4g}", "that without the query")
    nobody = ranking.take(np.flatnonzero(ranking.query_pids == 2), np.arange(len(ranking.gallery_pids)))
    require_refusal("evaluate, no query with a match", protocol.evaluate, *nobody, np.random.default_rng(0))
