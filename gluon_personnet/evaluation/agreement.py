"""How far approximate distances agree with exact ones: of a reduced precision, of a shortlist."""

from typing import Any, Dict, Mapping, Sequence

import numpy as np

from gluon_personnet.evaluation.distances import Distances


def agreement(exact: np.ndarray, reduced: np.ndarray) -> Dict[str, float]:
    """Compare two distance matrices of the same images.

    Parameters
    ----------
    exact, reduced : float64 (Q, G)

    Returns
    -------
    dict
        JSON types: ``largest_change`` and ``mean_change`` of a distance (a logit margin), ``spread`` of the exact ones
        (largest minus smallest), ``kendall_tau``: mean over the queries of tau-b between the two rankings of their
        gallery, ``smallest_kendall_tau``, and ``same_first``: the share of queries with the same gallery image first.
    """
    from scipy.stats import kendalltau  # half a second to load, for what few evaluations ask for

    change = np.abs(reduced - exact)
    found = [1.0 if np.array_equal(*rows) else kendalltau(*rows).statistic for rows in zip(exact, reduced)]
    taus = np.nan_to_num(found, nan=0.0)  # a row of equal distances ranks nothing
    return {
        "largest_change": float(change.max()),
        "mean_change": float(change.mean()),
        "spread": float(np.ptp(exact)),
        "kendall_tau": float(np.mean(taus)),
        "smallest_kendall_tau": float(np.min(taus)),
        "same_first": float(np.mean(exact.argmin(axis=1) == reduced.argmin(axis=1))),
    }


def cmc_changes(
    exact: Sequence[Mapping[str, Any]], reduced: Sequence[Mapping[str, Any]]
) -> Dict[str, Dict[str, float]]:
    """Protocol -> rank -> change of the CMC (fractions), of two lists of results of the same protocols."""
    return {
        first["protocol"]: {rank: second["cmc"][rank]["mean"] - value["mean"] for rank, value in first["cmc"].items()}
        for first, second in zip(exact, reduced)
        if "cmc" in first
    }


def recall(size: int, distances: Distances) -> Dict[str, float]:
    """How many true matches a shortlist of that size holds, judged by the distances that it led to.

    A true match shows the same person to another camera; where a query has no such one, the same person at all.

    Parameters
    ----------
    size : int
    distances : Distances

    Returns
    -------
    dict
        ``recall``: the share of true matches that were scored; ``queries_with_a_match``: the share of queries of whose
        true matches one at least was.
    """
    columns = np.argsort(distances.distmat, axis=1, kind="stable")[:, :size]
    same = (distances.query_pids[:, None] == distances.gallery_pids) & (distances.gallery_pids >= 0)
    across = same & (distances.query_camids[:, None] != distances.gallery_camids)
    true = np.where(across.any(axis=1, keepdims=True), across, same)
    found = np.take_along_axis(true, columns, axis=1).sum(axis=1)
    total = true.sum(axis=1)
    return {
        "recall": float(found.sum() / max(total.sum(), 1)),
        "queries_with_a_match": float(np.mean(found[total > 0] > 0)) if total.any() else 0.0,
    }
