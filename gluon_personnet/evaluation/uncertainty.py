"""How sure a rank-1 is: bootstrap over identities, and two results compared query by query."""

import numpy as np
from scipy.stats import binomtest

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError

RESAMPLES = 2000
LEVEL = 95


def bootstrap_interval(values, pids, seed=0):
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


def compare_paired(first, second, seed=0):
    """Compare the rank-1 of two results on the same queries.

    Parameters
    ----------
    first, second : dict
        Results of a report, with ``per_query``.
    seed : int

    Returns
    -------
    dict
        ``queries``, ``rank1`` (of either), ``difference`` (second - first) and its 95 % ``interval`` by bootstrap over
        identities. Where every query is right or wrong, also ``only_first``, ``only_second`` (queries that only one
        gets right) and ``mcnemar_p``, the exact two-sided p-value; None where values are means over trials.

    Raises
    ------
    DataError
        If a protocol keeps no values of single queries, or the queries or definitions are not the same.

    Source: McNemar, Psychometrika 12, 1947 (exact binomial form).
    """
    for result in (first, second):
        if "per_query" not in result:
            raise DataError(
                f"protocol {result['protocol']!r} keeps no values of single queries; right: single-shot, ..."
            )
    for key in ("protocol", "split", "query", "gallery", "exclusion"):
        found = [result["protocol"] if key == "protocol" else result["card"].get(key) for result in (first, second)]
        if found[0] != found[1]:
            raise DataError(f"paired comparison: {key}: {found[0]!r} and {found[1]!r}; right: the same in both")
    pids = first["per_query"]["pid"]
    if pids != second["per_query"]["pid"]:
        raise DataError("paired comparison: the queries differ; right: the same queries in the same order")
    one, other = (np.array(result["per_query"]["rank1"], np.float64) for result in (first, second))  # None -> NaN
    both = ~(np.isnan(one) | np.isnan(other))
    difference = np.where(both, other - one, np.nan)
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
