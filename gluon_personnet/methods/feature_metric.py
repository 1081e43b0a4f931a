"""Baselines: a feature of every image, a metric fitted on the training identities, distances of the test images."""

import contextlib
import json
import resource
import sys
import time

import numpy as np

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.core.files import write_text
from gluon_personnet.data.splits import labels, split_hash
from gluon_personnet.evaluation.distances import check_distmat
from gluon_personnet.evaluation.uncertainty import bootstrap_interval
from gluon_personnet.methods.features import FeatureStore


def expand_queries(query, gallery, distmat, neighbours):
    """Average query expansion.

    Parameters
    ----------
    query, gallery : float (Q, D), float (G, D)
        Features.
    distmat : float (Q, G)
        Their distances.
    neighbours : int
        How many gallery features to average a query's own with; of equally near ones those that come first.

    Returns
    -------
    float (Q, D)

    Source: Chum et al., Total Recall: Automatic Query Expansion with a Generative Feature Model, ICCV 2007 (average
    query expansion), here without its spatial verification of the neighbours.
    """
    nearest = np.argsort(distmat, axis=1, kind="stable")[:, :neighbours]  # (Q, neighbours)
    return (query + gallery[nearest].sum(axis=1)) / (1 + nearest.shape[1])


def split_problem(dataset, split, store, metric, neighbours=0, with_among=False):
    """Fit `metric` on the training rows of `split` and measure its test rows.

    The metric is handed training images only, before it is asked for distances.

    Parameters
    ----------
    dataset : Dataset
    split : Split
    store : FeatureStore
    metric : Metric
    neighbours : int
        For :func:`expand_queries`; 0 leaves queries as they are.
    with_among : bool
        Whether to measure the distances among queries and among gallery images too.

    Returns
    -------
    problem : Distances
    among : tuple of float64 (Q, Q), (G, G), or empty
    seconds : dict
        How long it took to ``extract`` or read features, to ``fit``, and to measure the ``distance``.
    """
    samples, seconds = dataset.samples, {}
    with _timed(seconds, "extract"):
        train = store.rows(split.train)
    with _timed(seconds, "fit"):
        fitted = metric.fit(train, *labels(samples, split.train))
    del train  # what the metric does not keep need not stay in memory
    with _timed(seconds, "extract"):
        query, gallery = store.rows(split.query), store.rows(split.gallery)
    with _timed(seconds, "distance"):
        distmat = fitted.distance(query, gallery)
        if neighbours:
            query = expand_queries(query, gallery, distmat, neighbours)
            distmat = fitted.distance(query, gallery)
        among = tuple(fitted.distance(rows, rows) for rows in (query, gallery)) if with_among else ()
    problem = check_distmat(distmat, *labels(samples, split.query), *labels(samples, split.gallery))
    return problem, among, seconds


@contextlib.contextmanager
def _timed(seconds, what):
    start = time.perf_counter()
    yield
    seconds[what] = seconds.get(what, 0.0) + time.perf_counter() - start


def peak_memory_mib():
    """The most memory this process has had in use."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def parse_splits(text, dataset):
    """Numbers of splits from ``'all'`` or from ``'0,3,4'``.

    Raises
    ------
    RecipeError
        If a number is not one of the data set's.
    """
    if text == "all":
        return list(range(dataset.num_splits))
    numbers = [int(word) if word.strip().isdecimal() else -1 for word in text.split(",")]
    if not all(0 <= number < dataset.num_splits for number in numbers):
        raise RecipeError(f"--splits {text}: right: all, or numbers from 0 to {dataset.num_splits - 1} such as 0,1")
    return sorted(set(numbers))


class BaselineEvaluation:
    """Evaluates one baseline on splits of one data set; what is done is kept in a folder and not done again.

    Parameters
    ----------
    manager : PluginManager
    entry : BaselineEntry
    dataset : str
        Name of its entry.
    dataset_options : mapping
    locate : Locator
    evaluation : Evaluation
        The protocols.
    neighbours : int
        Gallery features averaged into each query's (:func:`expand_queries`).
    progress : bool
    """

    def __init__(self, manager, entry, dataset, dataset_options, locate, evaluation, neighbours=0, progress=True):
        combination = entry.build()
        self._published = entry.published.get(dataset, ())
        self._evaluation, self._combination = evaluation, combination
        self._neighbours = neighbours
        self._metric = manager.find("metrics", combination.metric)
        self._metric.check_options(combination.metric_options)
        feature = manager.find("features", combination.feature)
        options = combination.options_on(dataset)
        feature.check_options(options)
        self.dataset = manager.find("datasets", dataset).build(locate, where="--set", **dataset_options)
        self._store = FeatureStore(self.dataset, feature, options, progress)
        self._settings = {
            "baseline": entry.name,
            "feature": [combination.feature, options, feature.version],
            "metric": [combination.metric, dict(combination.metric_options)],
            "versions": [manager.provider_of(feature), manager.provider_of(self._metric)],
            "dataset": [dataset, dict(dataset_options)],
            "protocols": evaluation.names,
            "query expansion": neighbours,
            "re-ranking": evaluation.rerank.card if evaluation.rerank else "",
        }

    def report(self, numbers, seed, folder):
        """Evaluate these splits.

        Parameters
        ----------
        numbers : sequence of int
        seed : int
            For the random choices of the protocols.
        folder : path
            Keeps ``split-N.json`` of every split done; one made with other settings is replaced.

        Returns
        -------
        dict
            JSON types, figures as fractions: ``results`` over all splits, each with its ``splits`` one by one; and in
            ``cost`` the seconds a split took on average and the most memory it took in MiB, as measured when it ran.
        """
        folder.mkdir(parents=True, exist_ok=True)
        reports = [self._split_report(number, seed, folder / f"split-{number}.json") for number in numbers]
        results = [_over_splits(numbers, parts) for parts in zip(*(report["results"] for report in reports))]
        for result in results:
            if self._published:
                result["card"]["published"] = "; ".join(map(str, self._published))
        left_out = {"not_applicable": reports[0]["not_applicable"]} if "not_applicable" in reports[0] else {}
        cost = {key: float(np.mean([report["cost"][key] for report in reports])) for key in reports[0]["cost"]}
        cost["memory_mib"] = max(report["cost"]["memory_mib"] for report in reports)
        return {"results": results, "seed": seed, "settings": self._settings, "cost": cost, **left_out}

    def _split_report(self, number, seed, path):
        split = self.dataset.split(number)
        key = {**self._settings, "split": split_hash(self.dataset.samples, split), "seed": seed}
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["key"] == key:
                return known["report"]
        section = self._combination
        metric = self._metric.build(**section.metric_options)
        problem, among, seconds = split_problem(
            self.dataset, split, self._store, metric, self._neighbours, self._evaluation.rerank is not None
        )
        pids = {self.dataset.samples[row].pid for row in split.train}
        card = {
            "method": f"{self._settings['baseline']}: {section.feature} + {section.metric}",
            "data set": self._settings["dataset"][0],
            "split": f"{number}, hash {key['split']}",
            "identities": f"{len(pids)} train, {len(np.unique(problem.query_pids))} test",
        }
        if self._neighbours:
            card["query expansion"] = f"each query averaged with its {self._neighbours} nearest gallery features"
        report = self._evaluation.report(problem, among, seed, card)
        report["cost"] = {
            **{f"{what}_seconds": value for what, value in seconds.items()},
            "memory_mib": peak_memory_mib(),
        }
        write_text(path, json.dumps({"key": key, "report": report}) + "\n")
        return report


def _over_splits(numbers, parts):
    """One result from those of several splits: means, and their standard deviation over the splits."""
    first = parts[0]
    result = {**first, "card": dict(first["card"]), "splits": [dict(part, number=n) for n, part in zip(numbers, parts)]}
    if len(parts) == 1:
        return result
    result["card"]["split"] = ", ".join(f"{n} ({part['card']['split'].split()[-1]})" for n, part in zip(numbers, parts))
    result["card"]["statistics"] = f"mean and standard deviation (ddof 0) over {len(parts)} splits"
    for key in first:
        if key not in ("protocol", "card", "queries", "cmc", "per_query", "rank1_interval"):
            result[key] = _mean([part[key] for part in parts])
    if "per_query" in first:
        pooled = {key: [value for part in parts for value in part["per_query"][key]] for key in first["per_query"]}
        rates = np.array(pooled["rank1"], np.float64)
        result.update(per_query=pooled, rank1_interval=list(bootstrap_interval(rates, pooled["pid"])))
    if "cmc" in first:
        means = {rank: [part["cmc"][rank]["mean"] for part in parts] for rank in first["cmc"]}
        result["cmc"] = {rank: {"mean": float(np.mean(v)), "std": float(np.std(v))} for rank, v in means.items()}
    result["queries"] = {kind: sum(part["queries"][kind] for part in parts) for kind in first["queries"]}
    return result


def _mean(values):
    """Mean of numbers, element by element in lists and dictionaries; what is no number is taken from the first."""
    first = values[0]
    if isinstance(first, dict):
        return {key: _mean([value[key] for value in values]) for key in first}
    if isinstance(first, list):
        return [_mean(list(column)) for column in zip(*values)]
    return float(np.mean(values)) if isinstance(first, (int, float)) and not isinstance(first, bool) else first
