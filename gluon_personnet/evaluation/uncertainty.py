"""How sure a rank-1 is: bootstrap over identities, and two results compared query by query."""

from typing import Any, Dict, Mapping, Tuple

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError

RESAMPLES = 2000
LEVEL = 95
_NO_DEFINITION = ("max_rank", "memory_mib")  # options of protocols that no rank-1 depends on


def bootstrap_interval(values: np.ndarray, pids: Any, seed: int = 0) -> Tuple[float, float]:
    """Interval of a mean over queries when identities are drawn anew with replacement.

    Queries of one identity are alike, so identities are drawn, not queries.

    Parameters
    ----------
    values : float (N,)
        One value a query, NaN where a query is left out.
    pids : int (N,)
    seed : int

    Returns
    -------
    low, high : float
        Percentiles 2.5 and 97.5 of the mean over 2,000 resamples; both NaN when no value is left.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
    """
    values, pids = np.asarray(values, np.float64), np.asarray(pids)
    kept = ~np.isnan(values)
    if not kept.any():
        return float("nan"), float("nan")
    _, identity = np.unique(pids[kept], return_inverse=True)
    sums, counts = np.bincount(identity, values[kept]), np.bincount(identity)
    rng = seeding.generator(seed, "bootstrap")
    drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), RESAMPLES)  # (resamples, identities)
    edge = (100 - LEVEL) / 2
    low, high = np.percentile((drawn @ sums) / (drawn @ counts), [edge, 100 - edge])
    return float(low), float(high)


def compare_paired(first: Mapping[str, Any], second: Mapping[str, Any], seed: int = 0) -> Dict[str, Any]:
    """Compare the rank-1 of two results on the same queries.

    Two results are comparable when query and gallery rows, protocol and definition are the same, and, where the
    protocol draws galleries, the seed. The method, its training rows and its validation identities may differ.

    Parameters
    ----------
    first, second : mapping
        Results of a report: ``protocol``; ``options``, all options of the protocol; ``test_hash``, the hash of the
        query and gallery rows; ``repeats``, random repeats as in
        :class:`~gluon_personnet.plugin.contracts.Measures`; ``seed``; and ``per_query``, with ``rank1`` and ``pid``.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        ``queries``, ``rank1`` (of either), ``difference`` (second - first) and its 95 % ``interval`` by bootstrap over
        identities. Where every query is right or wrong, also ``only_first``, ``only_second`` (queries that only one
        gets right) and ``mcnemar_p``, the exact two-sided p-value; None where values are means over trials.

    Raises
    ------
    DataError
        If a protocol keeps no values of single queries, the results are not comparable, or no query is used in both.

    Source: McNemar, Psychometrika 12, 1947 (exact binomial form).
    """
    _check_comparable(first, second)
    pids = first["per_query"]["pid"]
    one, other = (np.array(result["per_query"]["rank1"], np.float64) for result in (first, second))  # None -> NaN
    both = ~(np.isnan(one) | np.isnan(other))
    if not both.any():
        raise DataError("paired comparison: no query is used in both results; right: one at least")
    difference = np.where(both, other - one, np.nan)
    from scipy.stats import binomtest  # half a second to load, for what few evaluations ask for

    binary = np.isin(one[both], (0, 1)).all() and np.isin(other[both], (0, 1)).all()
    only_first, only_second = int((difference == -1).sum()), int((difference == 1).sum())
    discordant = only_first + only_second
    p_value = binomtest(only_second, discordant).pvalue if discordant else 1.0
    return {
        "queries": int(both.sum()),
        "rank1": [float(one[both].mean()), float(other[both].mean())],
        "difference": float(np.nanmean(difference)),
        "interval": list(bootstrap_interval(difference, pids, seed)),
        "only_first": only_first if binary else None,
        "only_second": only_second if binary else None,
        "mcnemar_p": float(p_value) if binary else None,
    }


def _check_comparable(first, second):
    results = (first, second)
    for result in results:
        if "per_query" not in result:
            raise DataError(
                f"paired comparison: protocol {result['protocol']!r} keeps no values of single queries; "
                "right: one that does, such as market1501 or single-shot"
            )
        if not result.get("test_hash"):
            raise DataError("paired comparison: test_hash: found none; right: results that name their test rows")
    _check_equal("protocol", [result["protocol"] for result in results], "the same protocol")
    _check_equal("test_hash", [result["test_hash"] for result in results], "the same query and gallery rows")
    options = [result.get("options", {}) for result in results]
    for name in sorted({*options[0], *options[1]} - set(_NO_DEFINITION)):
        found = [given.get(name, "not set") for given in options]
        _check_equal(f"option {name} of {first['protocol']}", found, "the same definition")
    if any(result.get("repeats", 0) for result in results):
        _check_equal("seed", [result.get("seed") for result in results], "the same drawn galleries")
    if first["per_query"]["pid"] != second["per_query"]["pid"]:
        raise DataError("paired comparison: the queries differ; right: the same queries in the same order")


def _check_equal(name, found, right):
    if found[0] != found[1]:
        raise DataError(f"paired comparison: {name}: found {found[0]!r} and {found[1]!r}; right: {right}")
