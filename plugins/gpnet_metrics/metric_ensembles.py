"""Metric Ensembles: a weighted sum of other metrics' distances, the weights learned for the ranking."""

from functools import partial

import numpy as np

from gluon_personnet.core.errors import DataError, RecipeError, did_you_mean
from gluon_personnet.core.seeding import generator
from gpnet_metrics.checks import above, at_least, check_rows, check_training
from gpnet_metrics.mlr import ranked
from gpnet_metrics.structural import cutting_plane, worst_rankings

LOSSES = {"cmc-top": "top", "cmc-triplet": "auc"}
SCALED_ON = 400  # rows that give a distance its unit


class MetricEnsembles:
    """Distance sum over t of w_t d_t, w_t >= 0, each d_t a base metric on one feature.

    Several features are handed in as one, side by side, with their lengths in `parts`: every base metric is fitted to
    every part. Base metrics are first fitted to some of the training identities; their distances among the others
    teach the weights, since those of a metric among what it was fitted to are better than they will ever be. Then they
    are fitted to all identities. A base metric of weight 0 is left out.

    Parameters
    ----------
    find : callable
        ``find(kind, name) -> Entry``, from the host.
    metrics : list of str
        Names of registered metrics.
    metric_options : list of mapping
        Options of each, in that order; empty for their defaults.
    parts : list of int
        Lengths of the features that stand side by side; empty for one.
    learner : {'cmc-triplet', 'cmc-top'}
        Loss: the hinge loss over all triplets of query, true match and other, each query counting the same; or the
        share of queries without a true match among the first `k`.
    k : int
        For 'cmc-top'. Where that few are too strict for most held-out queries the best weights are 0, and all base
        metrics are then weighted alike.
    c : float
        Weight of the loss against |w|^2 / 2, for distances in units of their mean size among the rows they were fitted
        to. 'cmc-triplet' with the margin 1 of its source is this problem with 2 w for w and 4 c for nu.
    held_out : float
        Share of the training identities that teach the weights, above 0 and below 1.
    seed : int
        Of the choice of identities.

    Raises
    ------
    RecipeError

    Source: Paisitkriangkrai, Shen, van den Hengel, Learning to Rank in Person Re-identification with Metric Ensembles,
    CVPR 2015.
    Differs from the source in: the features are whatever is handed in, and its network feature is not part of this
    project; its code was never released, so how weights are held out and distances scaled is a reconstruction.
    Checked against: scikit-learn's LinearSVC, whose weights are the same for 'cmc-triplet' where none is 0, largest
    difference 0.05 of the largest weight.
    """

    name = "metric-ensembles"

    def __init__(
        self,
        find,
        metrics=("kissme", "klfda"),
        metric_options=(),
        parts=(),
        learner="cmc-triplet",
        k=10,
        c=1000.0,
        held_out=0.5,
        seed=0,
    ):
        if learner not in LOSSES:
            raise RecipeError(f"metric {self.name!r}: learner {learner!r} unknown{did_you_mean(learner, LOSSES)}")
        if not 0 < held_out < 1:
            raise RecipeError(f"metric {self.name!r}: held_out: {held_out}; right: above 0 and below 1")
        chosen = self.components({"metrics": metrics, "metric_options": metric_options})
        self._makers = [partial(find(kind, name).make, (), options, find=find) for kind, name, options in chosen]
        for make in self._makers:
            make()  # refuses wrong options now, not after hours of fitting
        self._parts, self._held_out, self._seed = parts, held_out, seed
        self._loss, self._k, self._c = LOSSES[learner], at_least(self.name, "k", k, 1), above(self.name, "c", c, 0)

    @staticmethod
    def components(options):
        """Kind, name and options of each base metric; RecipeError if their numbers differ."""
        metrics, metric_options = options["metrics"], options["metric_options"]
        if not metrics or len(metric_options) not in (0, len(metrics)):
            found = f"{len(metrics)} metrics with {len(metric_options)} metric_options"
            raise RecipeError(f"metric 'metric-ensembles': {found}; right: as many options as metrics, or none")
        return [("metrics", name, given) for name, given in zip(metrics, metric_options or [{}] * len(metrics))]

    def fit(self, features, pids, camids):
        """Learn from float (N, D) training rows with their int (N,) identities and cameras; return self.

        Raises
        ------
        DataError
            If there are fewer than 6 identities seen by two cameras, or D is not the sum of the parts.
        """
        rows, pids, camids = check_training(self.name, features, pids, camids)
        self._dims = rows.shape[1]
        if self._parts and (min(self._parts) < 1 or sum(self._parts) != self._dims):
            found = f"features of {self._dims} numbers for parts of {list(self._parts)}"
            raise DataError(f"metric {self.name!r}: {found}; right: lengths that sum to that")
        held = self._hold_out(pids, camids)
        bases = self._fit_bases(rows[~held], pids[~held], camids[~held])
        distances = np.stack([base(rows[held], rows[held]) for base in bases])
        self.weights, self.bounds = learn_weights(
            distances, *ranked(pids[held], camids[held]), self._loss, self._k, self._c
        )
        self._bases = self._fit_bases(rows, pids, camids, np.flatnonzero(self.weights))
        return self

    def distance(self, query, gallery):
        """float (Q, D), float (G, D) -> float64 (Q, G); smaller is more alike."""
        query, gallery = (check_rows(self.name, rows, self._dims) for rows in (query, gallery))
        used = self.weights[self.weights > 0]
        return sum(weight * base(query, gallery) for weight, base in zip(used, self._bases))

    def _hold_out(self, pids, camids):
        """bool (N,): rows of the held-out identities."""
        known = np.unique(pids)
        paired = np.array([len(set(camids[pids == pid])) > 1 for pid in known])
        pool = known[paired] if paired.any() else known
        if len(pool) < 6:
            found = f"{len(pool)} identities to learn pairs from"
            raise DataError(f"metric {self.name!r}: fit: {found}; right: at least 6, some held out for the weights")
        number = int(np.clip(round(self._held_out * len(pool)), 2, len(pool) - 2))
        chosen = generator(self._seed, "metric-ensembles identities").choice(pool, number, replace=False)
        return np.isin(pids, chosen)

    def _fit_bases(self, rows, pids, camids, numbers=None):
        """Distance functions of the base metrics with those numbers, or of all, part by part."""
        ends = np.cumsum(self._parts or [self._dims])
        slots = [
            (slice(end - size, end), make) for end, size in zip(ends, self._parts or ends) for make in self._makers
        ]
        chosen = range(len(slots)) if numbers is None else numbers
        return [_scaled(slots[number], rows, pids, camids) for number in chosen]


def _scaled(slot, rows, pids, camids):
    """The distance of a base metric fitted to one part, in units of its mean size among these rows."""
    columns, make = slot
    metric = make().fit(rows[:, columns], pids, camids)
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), SCALED_ON)).astype(int)][:, columns]
    unit = np.abs(metric.distance(some, some)).mean()
    return lambda query, gallery: metric.distance(query[:, columns], gallery[:, columns]) / (unit or 1.0)


def learn_weights(distances, same, candidate, loss, k, c):
    """Weights of base distances.

    Parameters
    ----------
    distances : float64 (T, N, N)
    same, candidate : bool (N, N)
        As for :func:`~gpnet_metrics.structural.worst_rankings`; rows without a true match or another are left out.
    loss, k
    c : float

    Returns
    -------
    weights : float64 (T,)
        At least 0, with sum 1; all equal if none of the distances helps.
    bounds : list of (float, float)
        See :func:`~gpnet_metrics.structural.cutting_plane`.
    """
    queries = (same & candidate).any(axis=1) & (~same & candidate).any(axis=1)
    distances, same, candidate = distances[:, queries], same[queries], candidate[queries]

    def violated(weights):
        scores = -np.tensordot(weights, distances, 1)
        coefficient, value = worst_rankings(scores, same, candidate, loss, k)
        return -np.tensordot(distances, coefficient, 2), value

    weights, bounds = cutting_plane(violated, lambda w: np.maximum(w, 0), len(distances), c)
    total = weights.sum()
    return (weights / total if total > 0 else np.full(len(distances), 1 / len(distances))), bounds
