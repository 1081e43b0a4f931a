"""Contract suites of metrics and matchers: both are fitted on training rows and then hand out distances."""

from typing import Any, NamedTuple

import numpy as np

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.testing.base import one_line, require, require_refusal, running, unchanged

TOLERANCE = 1e-4
"""Share of the largest distance by which equal results may differ: float32 arithmetic in another order."""


class Rows(NamedTuple):
    """Training or test data: features (N, D) or a list of N images, with int64 (N,) identities and cameras."""

    items: Any
    pids: np.ndarray
    camids: np.ndarray


def check_metric(make_metric, num_dims=40):
    """Check a metric against :class:`~gluon_personnet.plugin.contracts.Metric`, on non-negative, separated features.

    Among others: it learns nothing from test rows; smaller is more alike, whatever the unit of the features; a second
    fit gives the same distances; what cannot be learned from is refused in one line.

    Parameters
    ----------
    make_metric : callable
        Returns a new, unfitted metric.
    num_dims : int
        Length D of the features; 240 rows are there to learn from.

    Raises
    ------
    AssertionError
    """
    rng = np.random.default_rng(0)
    seen, unseen = (rng.uniform(1, 10, (num_people, num_dims)) for num_people in (60, 12))
    train = _features(rng, seen, cameras=(0, 0, 1, 1))
    query = _features(rng, unseen, cameras=(0,))
    gallery = _features(rng, unseen, cameras=(1, 1))
    metric = _check_distances(make_metric, train, query, gallery, least_ordered=0.9)
    for unit in (1e-3, 1e3):
        _check_unit(make_metric, unit, train, query, gallery)
    _check_refusals(make_metric, metric, train, query.items, gallery.items)
    _check_hard_rows(make_metric, train, query.items, gallery.items)


def check_matcher(make_matcher, image_size=(64, 32)):
    """Check a matcher against :class:`~gluon_personnet.plugin.contracts.Matcher`, on people in clothes of two colours.

    Parameters
    ----------
    make_matcher : callable
        Returns a new, unfitted matcher.
    image_size : (int, int)
        (H, W) in px of the images to try.

    Raises
    ------
    AssertionError
    """
    rng = np.random.default_rng(0)
    seen, unseen = (rng.uniform(30, 220, (num_people, 2, 3)) for num_people in (8, 6))
    train = _images(rng, seen, (0, 1), image_size)
    query = _images(rng, unseen, (0,), image_size)
    gallery = _images(rng, unseen, (1,), image_size)
    _check_distances(make_matcher, train, query, gallery, least_ordered=0.8)


def _features(rng, centres, cameras):
    """One row for each person and camera listed: the person's centre and a little noise."""
    pids, camids = np.repeat(np.arange(len(centres)), len(cameras)), np.tile(cameras, len(centres))
    noise = rng.uniform(-0.5, 0.5, (len(pids), centres.shape[1]))
    return Rows((centres[pids] + noise).astype(np.float32), pids, camids)


def _images(rng, clothes, cameras, size):
    """One image for each person and camera listed: shirt over trousers on grey, a little darker in camera 1."""
    height, width = size
    rows = Rows([], np.repeat(np.arange(len(clothes)), len(cameras)), np.tile(cameras, len(clothes)))
    for pid, camid in zip(rows.pids, rows.camids):
        image = np.full((height, width, 3), 128.0)
        body = image[height // 8 :, width // 5 : -(width // 5)]
        body[: height // 2], body[height // 2 :] = clothes[pid]
        image = image * (1 - 0.05 * camid) + rng.normal(0, 3, image.shape)
        rows.items.append(image.clip(0, 255).astype(np.uint8))
    return rows


def _check_distances(make, train, query, gallery, least_ordered):
    """What holds for anything that is fitted and gives distances. Returns it, fitted."""
    fitted = _fit(make, train)
    distances = _distance(fitted, query.items, gallery.items)
    _check_direction(distances, query.pids, gallery.pids, least_ordered)
    same = "the same distances"
    _check_equal("distance, called twice", _distance(fitted, query.items, gallery.items), distances, same)
    again = _distance(_fit(make, train), query.items, gallery.items)
    _check_equal("distance after a second fit to the same rows", again, distances, same)
    for row in (0, len(query.items) - 1):
        alone = _distance(fitted, query.items[row : row + 1], gallery.items)
        what = f"distance of query {row} without the other queries"
        _check_equal(what, alone, distances[row : row + 1], "its row among all (test data teach nothing)")
    half = len(gallery.items) // 2
    part = _distance(fitted, query.items, gallery.items[:half])
    what = "distance to half of the gallery"
    _check_equal(what, part, distances[:, :half], "its columns among all (test data teach nothing)")
    return fitted


def _fit(make, train):
    with running("building it"):
        unfitted = make()
    with unchanged("fit", **train._asdict()), running("fit"):
        fitted = unfitted.fit(*train)
    require(fitted is unfitted, "fit", f"it returned {type(fitted).__name__}", "self")
    return fitted


def _distance(fitted, query, gallery):
    with unchanged("distance", query=query, gallery=gallery), running("distance"):
        distances = fitted.distance(query, gallery)
    shape = (len(query), len(gallery))
    right = isinstance(distances, np.ndarray) and distances.dtype == np.float64 and distances.shape == shape
    found = f"{getattr(distances, 'dtype', type(distances).__name__)} {getattr(distances, 'shape', '')}"
    require(right, "distance", found, f"float64 {shape}")
    require(np.isfinite(distances).all(), "distance", "NaN or infinity", "finite values")
    return distances.copy()


def _check_equal(what, found, right, expected):
    worst = np.abs(found - right).max()
    require(worst <= TOLERANCE * np.abs(right).max(), what, f"distances that differ by up to {worst:.3g}", expected)


def _check_direction(distances, query_pids, gallery_pids, least_ordered, case=""):
    """Same-person pairs are nearer than the query's other pairs, in at least that share of comparisons."""
    ordered = []
    for row, pid in zip(distances, query_pids):
        same, different = row[gallery_pids == pid], row[gallery_pids != pid]
        ordered.append((same[:, None] < different).mean())
    found = f"same person nearer than another in {np.mean(ordered):.0%} of the comparisons"
    expected = f"at least {least_ordered:.0%}: smaller is more alike"
    require(np.mean(ordered) >= least_ordered, f"distance on well separated people{case}", found, expected)


def _check_unit(make, unit, train, query, gallery):
    """Features in another unit separate people as well."""
    train, query, gallery = (rows._replace(items=rows.items * np.float32(unit)) for rows in (train, query, gallery))
    distances = _distance(_fit(make, train), query.items, gallery.items)
    _check_direction(distances, query.pids, gallery.pids, 0.9, f", all features times {unit:g}")


def _check_refusals(make, fitted, train, query, gallery):
    broken = train.items.copy()
    broken[0, 0] = np.nan
    with running("building it"):
        unfitted = make()
    require_refusal("fit with NaN in the features", unfitted.fit, broken, train.pids, train.camids)
    for name in ("query", "gallery"):
        given = {"query": query.copy(), "gallery": gallery.copy()}
        given[name][0, 0] = np.nan
        require_refusal(f"distance with NaN in {name}", fitted.distance, *given.values())
    what = "distance of features shorter than those of fit"
    require_refusal(what, fitted.distance, query[:, 1:], gallery[:, 1:])


def _check_hard_rows(make, train, query, gallery):
    """Rows there is little or nothing to learn from: one line of refusal, or finite distances."""
    first = train.pids == train.pids[0]
    few = np.isin(train.pids, np.unique(train.pids)[:3])
    cases = {
        "one identity only": Rows(*(values[first] for values in train)),
        f"{few.sum()} rows of {train.items.shape[1]} dimensions": Rows(*(values[few] for values in train)),
        "rows that are all equal": train._replace(items=np.full_like(train.items, 0.5)),
        "one camera only": train._replace(camids=np.zeros_like(train.camids)),
    }
    for case, rows in cases.items():
        with running("building it"):
            unfitted = make()
        try:
            distances = unfitted.fit(*rows).distance(query, gallery)
        except (GpnetError, ValueError) as error:
            require(len(str(error).splitlines()) == 1, f"fit to {case}", f"{one_line(error)} and more", "one line")
            continue
        except Exception as error:  # anything else is a crash, not a refusal
            expected = "one line of GpnetError or ValueError, or finite distances"
            raise AssertionError(f"fit to {case}: found {one_line(error)}; expected {expected}") from error
        require(
            np.isfinite(distances).all(), f"fit to {case}", "NaN or infinity in distances", "finite ones, or refusal"
        )
