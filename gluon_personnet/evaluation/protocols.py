"""From a distance matrix to results: protocols by name, what each measures, and its protocol card. No MXNet here."""

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError, GpnetError, PluginError
from gluon_personnet.evaluation.uncertainty import bootstrap_interval

RANKS = (1, 5, 10, 20)


class Evaluation:
    """Protocols, built before anything is scored so that a mistake shows at once.

    Parameters
    ----------
    manager : PluginManager
    names : sequence of str or None
        Names of protocols; None for every registered one that defines a CMC and applies to the data.
    options : mapping, optional
        Name -> options of that protocol.
    rerank : KReciprocal, optional

    Raises
    ------
    PluginError, RecipeError
        An unknown protocol, or wrong options of it. With `names` None such a protocol is left out instead.
    """

    def __init__(self, manager, names, options=None, rerank=None):
        self.rerank = rerank
        self._compare = names is None
        self._built, self._left_out = [], []
        for name in [entry.name for entry in manager.entries("protocols")] if self._compare else names:
            try:
                protocol = manager.find("protocols", name).build(**(options or {}).get(name, {}))
                self._built.append((name, protocol))
            except GpnetError as error:
                self._leave_out(name, error)

    @property
    def names(self):
        """Names of the protocols that were built."""
        return [name for name, _ in self._built]

    def report(self, problem, among, seed, card):
        """Evaluate.

        Parameters
        ----------
        problem : ~gluon_personnet.evaluation.distances.Distances
        among : sequence of float (Q, Q), (G, G)
            Distances among queries and among gallery images; needed for re-ranking only.
        seed : int
        card : mapping of str
            The data, in words.

        Returns
        -------
        dict
            JSON types: ``results`` and ``seed``; without `names` also ``not_applicable``, protocols with a reason.

        Raises
        ------
        DataError
            If a named protocol does not apply to the data, or none of all does.
        """
        if self.rerank:
            rng = seeding.generator(seed, "re-ranking")
            problem = problem._replace(distmat=self.rerank.distmat(problem.distmat, *among, rng))
            card = {**card, "re-ranking": self.rerank.card}
        results = []
        for name, protocol in self._built:
            try:
                measures = protocol.evaluate(*problem, seeding.generator(seed, "protocol " + name))
                if self._compare and measures.cmc is None:
                    raise DataError("defines no CMC")
                results.append(_result(name, measures, card))
            except GpnetError as error:
                self._leave_out(name, error)
        if not results:
            first = self._left_out[0] if self._left_out else {"protocol": "none", "reason": "none is registered"}
            raise DataError(f"no protocol applies to the data; {first['protocol']}: {first['reason']}")
        report = {"results": results, "seed": seed}
        return {**report, "not_applicable": self._left_out} if self._compare else report

    def _leave_out(self, name, error):
        if not self._compare:
            raise error
        self._left_out.append({"protocol": name, "reason": str(error)})


def _result(name, measures, data_card):
    card = {**data_card, "query images": str(measures.queries_used), **measures.card}
    result = {"protocol": name, "card": card}
    if measures.cmc is not None:
        last = len(measures.cmc)
        result["cmc"] = {
            str(rank): {
                "mean": float(measures.cmc[min(rank, last) - 1]),
                "std": float(measures.cmc_std[min(rank, last) - 1]) if measures.cmc_std is not None else 0.0,
            }
            for rank in RANKS
        }
        result["curve"] = [float(value) for value in measures.cmc]
    result["queries"] = {"used": measures.queries_used, "skipped": measures.queries_skipped}
    if measures.hits is not None:
        rates = [None if np.isnan(rate) else float(rate) for rate in measures.hits]
        result["rank1_interval"] = list(bootstrap_interval(measures.hits, measures.hit_pids))
        result["per_query"] = {"rank1": rates, "pid": [int(pid) for pid in measures.hit_pids]}
    clash = set(measures.others) & {*result, "cmc", "curve"}
    if clash:
        raise PluginError(f"protocol {name!r}: measure {min(clash)!r} is a word of the report; rename it")
    return {**result, **measures.others}
