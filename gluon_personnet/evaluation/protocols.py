"""From distances to results: protocols by name, and what they measure over the splits. Nothing here is kept on disk."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError, GpnetError, RecipeError
from gluon_personnet.evaluation.measured import Measured
from gluon_personnet.evaluation.pooling import pool
from gluon_personnet.evaluation.results import RANKS, SCHEMA, common_origin, split_result
from gluon_personnet.plugin.checks import check_measures
from gluon_personnet.plugin.contracts import Protocol
from gluon_personnet.plugin.manager import PluginManager

CHANCE_ENTRIES = 2**22
"""Of larger matrices the rate by chance is not measured, because it takes as long as the protocol itself."""


@dataclass(frozen=True)
class NamedProtocol:
    """A protocol that was built: its name, and all its options with their values."""

    name: str
    protocol: Protocol
    options: Mapping[str, Any]
    changed: Mapping[str, Any]
    """Those of the options that are not as they are by default."""
    who: str = ""
    """Protocol and plugin in words, for errors."""


@dataclass(frozen=True)
class Protocols:
    """What to measure.

    Parameters
    ----------
    chosen : sequence of NamedProtocol
    compare : bool
        Whether these are all protocols, to be put side by side: those without a CMC and those that do not apply to the
        data are then left out with a reason, where otherwise they are an error.
    rerank : KReciprocal, optional
    left_out : sequence of (str, str)
        Names of protocols that could not be built, with the reason; only with `compare`.
    """

    chosen: Sequence[NamedProtocol]
    compare: bool = False
    rerank: Any = None
    left_out: Sequence[tuple] = ()


def build_protocols(
    manager: PluginManager,
    names: Optional[Sequence[str]],
    options: Optional[Mapping[str, Mapping[str, Any]]] = None,
    given: Optional[Mapping[str, Any]] = None,
    rerank: Any = None,
) -> Protocols:
    """Build protocols before anything is scored, so that a mistake shows at once.

    Parameters
    ----------
    manager : PluginManager
    names : sequence of str or None
        Names of protocols; None for every registered one.
    options : mapping, optional
        Name -> options of that protocol, such as those of a recipe.
    given : mapping, optional
        Options for all protocols that know them, or under a protocol's name a mapping for that one alone. They win
        over `options`.
    rerank : KReciprocal, optional

    Raises
    ------
    PluginError, RecipeError
        An unknown protocol, wrong options of it, or an option in `given` that none of the protocols knows.
    """
    compare = names is None
    entries = manager.entries("protocols") if names is None else [manager.find("protocols", name) for name in names]
    entries = list({entry.name: entry for entry in entries}.values())
    chosen, left_out = [], []
    for entry in entries:
        own = {**(options or {}).get(entry.name, {}), **_given(given or {}, entry)}
        try:
            options_of_all = entry.check_options(own)
            changed = {key: value for key, value in options_of_all.items() if value != entry.options[key]}
            who = manager.described("protocols", entry.name)
            chosen.append(NamedProtocol(entry.name, entry.build(**own), options_of_all, changed, who))
        except GpnetError as error:
            if not compare:
                raise
            left_out.append((entry.name, str(error)))
    _check_given(given or {}, entries)
    return Protocols(chosen, compare, rerank, left_out)


def _given(given, entry) -> Dict[str, Any]:
    """Those of the given options that are for this protocol."""
    own = given.get(entry.name)
    shared = {key: value for key, value in given.items() if key in entry.options and key != entry.name}
    return {**shared, **(own if isinstance(own, dict) else {})}


def _check_given(given, entries) -> None:
    names = {entry.name for entry in entries}
    known = {key for entry in entries for key in entry.options}
    for key, value in given.items():
        if key in names and isinstance(value, dict):
            continue
        if key not in known:
            listed = ", ".join(sorted(known)) or "they have none"
            raise RecipeError(f"--protocol-set {key}: no option of {', '.join(sorted(names))}; right: {listed}")


def evaluate(parts: Sequence[Measured], protocols: Protocols, seed: int = 0) -> Dict[str, Any]:
    """Measure the distances of one or several splits.

    Parameters
    ----------
    parts : sequence of Measured
        One for each split.
    protocols : Protocols
    seed : int
        For the random choices of the protocols.

    Returns
    -------
    dict
        Results in JSON types, figures as fractions: ``schema``, ``seed``, ``origin``, ``results`` (one for each
        protocol, over the splits, each with its ``splits`` one by one) and, where definitions are compared,
        ``not_applicable``.

    Raises
    ------
    DataError
        If a named protocol does not apply to the data, or none of all does.
    """
    distances = [_distances(part, protocols.rerank, seed) for part in parts]
    results, reasons = [], dict(protocols.left_out)
    for named in protocols.chosen:
        try:
            found = [_measure(named, *pair, protocols, seed) for pair in zip(parts, distances)]
        except GpnetError as error:
            if not protocols.compare:
                raise
            reasons[named.name] = str(error)
            continue
        splits = [{**result, "number": part.number} for part, result in zip(parts, found)]
        results.append({**pool(found), "splits": splits} if len(parts) > 1 else found[0])
    if not results:
        name, reason = next(iter(reasons.items()), ("none", "none is registered"))
        raise DataError(f"no protocol applies to the data; {name}: {reason}")
    report = {
        "schema": SCHEMA,
        "seed": seed,
        "settings": _settings(protocols, seed),
        "origin": common_origin(parts),
        "results": results,
    }
    if protocols.compare:
        report["not_applicable"] = [{"protocol": name, "reason": reason} for name, reason in sorted(reasons.items())]
    return report


def _settings(protocols, seed) -> Dict[str, Any]:
    """Everything that is not as it is by default."""
    changed = {named.name: dict(named.changed) for named in protocols.chosen if named.changed}
    return {
        **({"seed": seed} if seed else {}),
        **({"re-ranking": protocols.rerank.card} if protocols.rerank else {}),
        **({"protocol_options": changed} if changed else {}),
    }


def _distances(part, rerank, seed):
    return part.reranked(rerank, seeding.generator(seed, "re-ranking")) if rerank else part.distances


def _measure(named, part, distances, protocols, seed) -> Mapping[str, Any]:
    """The result of one protocol on one split."""
    rng = seeding.generator(seed, "protocol " + named.name)
    measures = named.protocol.evaluate(*distances, rng)
    check_measures(measures, named.who)
    if protocols.compare and measures.cmc is None:
        raise DataError("defines no CMC")
    result = split_result(named.name, measures)
    if "cmc" in result and distances.distmat.size <= CHANCE_ENTRIES:
        result["chance"] = _chance(named, distances, seed)
    if protocols.rerank:
        result["card"]["re-ranking"] = protocols.rerank.card
    return {
        "protocol": named.name,
        "options": dict(named.options),
        "seed": seed,
        "test_hash": part.test_hash,
        **result,
    }


def _chance(named, distances, seed) -> Dict[str, float]:
    """Rank -> what equal distances reach, of which every order is as likely."""
    equal = distances._replace(distmat=np.zeros(distances.distmat.shape, np.float32))
    cmc = named.protocol.evaluate(*equal, seeding.generator(seed, "chance " + named.name)).cmc
    return {str(rank): float(cmc[rank - 1]) for rank in RANKS if rank <= len(cmc)}


def rank_names(results: Sequence[Mapping[str, Any]]) -> List[str]:
    """The ranks that any of the results has a rate at, ascending: texts such as ``'1'``."""
    return [str(rank) for rank in sorted({int(rank) for result in results for rank in result.get("cmc", {})})]
