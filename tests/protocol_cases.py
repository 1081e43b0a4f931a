"""Distances for tests of protocols, and the protocols by name."""

import gpnet_protocols
import numpy as np
import pytest

ENTRIES = {entry.name: entry for entry in gpnet_protocols.gpnet_protocols()}
DRAWN = [("single-shot", {}), ("single-shot", {"query": "one"}), ("open-reid-cuhk03", {}), ("torchreid-cuhk03", {})]
CLOSED_FORM = [
    ("single-shot-exact", {}),
    ("single-shot-exact", {"query": "one"}),
    ("multi-shot", {}),
    ("multi-shot-sets", {"distance": "minimum"}),
    ("market1501", {}),
    ("market1501-multi-query", {}),
    ("cuhk03-np", {}),
    ("open-reid-cuhk03", {"repeats": 0}),
    ("torchreid-cuhk03", {"repeats": 0}),
]
MEANS = [(name, {"distance": "mean"}) for name in ("multi-shot", "multi-shot-sets", "market1501-multi-query")]
MARKET = ["market1501", "market1501-multi-query", "cuhk03-np"]


def named(cases):
    return [pytest.param(*case, id="-".join([case[0], *map(str, case[1].values())])) for case in cases]


def measure(name, problem, seed=0, **options):
    return ENTRIES[name].build(**options).evaluate(*problem, np.random.default_rng(seed))


def two_views(seed, num_pids=12):
    """One query image of each identity in camera 0, one gallery image of each in camera 1."""
    rng = np.random.default_rng(seed)
    pids, view = np.arange(num_pids), np.zeros(num_pids, int)
    order = rng.permutation(num_pids)
    return rng.random((num_pids, num_pids)), pids, view, order, view + 1


def many_images(seed, num_query=40, num_gallery=90, num_pids=9):
    """Several images and cameras for each identity on either side, with junk; every distance is different."""
    rng = np.random.default_rng(seed)
    distmat = rng.permutation(num_query * num_gallery).reshape(num_query, num_gallery) / 1000
    query = np.unravel_index(
        rng.choice(num_pids * 5, num_query, replace=False), (num_pids, 5)
    )  # one per pid and camera
    return distmat, *query, rng.integers(-1, num_pids, num_gallery), rng.integers(0, 5, num_gallery)


def take(problem, rows=slice(None), columns=slice(None)):
    distmat, query_pids, query_camids, gallery_pids, gallery_camids = problem
    return distmat[rows][:, columns], *(a[rows] for a in problem[1:3]), *(a[columns] for a in problem[3:])


def data_of(name, options, seed=1):
    """Galleries are drawn by place, so the laws about order hold for a drawn gallery when there is nothing to draw."""
    return two_views(seed) if (name, options) in DRAWN else many_images(seed)


def flat(others):
    return {f"{k}.{n}": v for k, d in others.items() for n, v in (d.items() if isinstance(d, dict) else [("", d)])}


def leaves(value):
    """All values of nested mappings."""
    return [leaf for inner in value.values() for leaf in leaves(inner)] if isinstance(value, dict) else [value]
