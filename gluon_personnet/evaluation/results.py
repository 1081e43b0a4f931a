"""One protocol's measures on one split as JSON types, and what several splits have in common."""

from typing import Any, Dict, Sequence

import numpy as np

from gluon_personnet.core.errors import PluginError
from gluon_personnet.evaluation.measured import Measured
from gluon_personnet.evaluation.uncertainty import bootstrap_interval
from gluon_personnet.plugin.contracts import Measures

SCHEMA = 1
"""Number of the layout of results in JSON; it is raised when a key changes its meaning."""

RANKS = (1, 5, 10, 20)
"""Ranks of the table, where the curve reaches so far."""


def split_result(name: str, measures: Measures) -> Dict[str, Any]:
    """What a protocol measured on one split, in JSON types.

    Parameters
    ----------
    name : str
        Of the protocol.
    measures : Measures

    Returns
    -------
    dict
        ``card`` and ``queries``; where the protocol defines a CMC ``cmc`` (rank -> mean and, over repeats, std; ranks
        behind the end of the curve are left out) and ``curve``; where it keeps single queries ``rank1_interval`` and
        ``per_query``; and its own measures.

    Raises
    ------
    PluginError
        If a measure of the protocol's own has a name that the results use.
    """
    result = {"card": {"query images": str(measures.queries_used), **measures.card}, "repeats": measures.repeats}
    if measures.cmc is not None:
        result["cmc"] = {str(rank): _rate(measures, rank) for rank in RANKS if rank <= len(measures.cmc)}
        result["curve"] = [float(value) for value in measures.cmc]
    result["queries"] = {"used": int(measures.queries_used), "skipped": int(measures.queries_skipped)}
    if measures.hits is not None and measures.hit_pids is not None:
        rates = [None if np.isnan(rate) else float(rate) for rate in measures.hits]
        result["rank1_interval"] = list(bootstrap_interval(measures.hits, measures.hit_pids))
        result["per_query"] = {"rank1": rates, "pid": [int(pid) for pid in measures.hit_pids]}
    reserved = {*result, "chance", "protocol", "options", "seed", "test_hash", "cmc", "curve", "splits"}
    clash = set(measures.others) & reserved
    if clash:
        raise PluginError(f"protocol {name!r}: measure {min(clash)!r} is a word of the results; rename it")
    return {**result, **measures.others}


def _rate(measures, rank) -> Dict[str, Any]:
    std = None if measures.cmc_std is None else float(measures.cmc_std[rank - 1])
    return {"mean": float(measures.cmc[rank - 1]), "std": std}


def common_origin(parts: Sequence[Measured]) -> Dict[str, Any]:
    """Method and data set in words: what all splits have in common, and in ``splits`` what each has of its own."""
    first = parts[0].origin
    shared = {key: value for key, value in first.items() if all(part.origin.get(key) == value for part in parts)}
    own = [{key: value for key, value in part.origin.items() if key not in shared} for part in parts]
    return {**shared, "splits": own} if len(parts) > 1 else dict(shared)
