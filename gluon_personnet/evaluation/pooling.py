"""One result from the results of several splits: means, and deviations over the splits."""

from numbers import Real
from typing import Any, Dict, Mapping, Sequence

import numpy as np

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.uncertainty import bootstrap_interval

_SAME = ("protocol", "options", "seed", "repeats")
_REPEATED = {"mean", "std", "splits"}


def pool(parts: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Pool the results of one protocol on several splits.

    The deviation of a figure is that of its splits' values (ddof 0). It never contains the deviation over repeats
    within a split, which stays in the results of the splits.

    Parameters
    ----------
    parts : sequence of mapping
        Results of one protocol, one per split, as a report holds them: JSON types, figures as fractions.

    Returns
    -------
    dict
        JSON types; a single part as it is, because nothing is pooled then. Otherwise:

        * ``cmc``: rank -> ``{"mean", "std"}``, and ``curve``, the mean curve, at the ranks that every split has;
        * ``queries``: sums; ``per_query``: the splits one after the other; ``rank1_interval``: the bootstrap interval
          of all of them. The last two only where every split has them;
        * ``card``: lines that are equal in all splits; of the others all values; and a line ``statistics``;
        * every other figure by the rules of :class:`~gluon_personnet.plugin.contracts.Measures`: a number x becomes
          ``{"mean", "std"}`` over the splits, and ``{"mean", "std"}`` becomes the same of the splits' means. Where
          splits lack the figure (None, missing or not finite), the others are pooled and ``splits`` says how many
          they are; of one of them ``std`` is None; where all lack it, it is None. Mappings and lists are pooled
          element by element. Texts that differ are listed, and so are truth values.

    Raises
    ------
    DataError
        If there is no part, or the parts differ in protocol, options, seed or repeats.

    Examples
    --------
    >>> one = {"protocol": "verification", "card": {}, "auc": 0.75, "limit": 3.0}
    >>> pooled = pool([one, {**one, "auc": 0.25, "limit": None}])
    >>> pooled["auc"], pooled["limit"]
    ({'mean': 0.5, 'std': 0.25}, {'mean': 3.0, 'std': None, 'splits': 1})
    """
    if not parts:
        raise DataError("results over splits: found no split; right: one at least")
    first = parts[0]
    if len(parts) == 1:
        return dict(first)
    _check_same(parts)
    pooled = {"protocol": first["protocol"], "card": _card(parts)}
    if all("cmc" in part for part in parts):
        pooled.update(_cmc(parts))
    if all("queries" in part for part in parts):
        pooled["queries"] = _sums([part["queries"] for part in parts])
    if all("per_query" in part for part in parts):
        rank1, pids = ([value for part in parts for value in part["per_query"][key]] for key in ("rank1", "pid"))
        interval = bootstrap_interval(np.array(rank1, np.float64), pids)  # None -> NaN
        pooled["rank1_interval"] = [None if np.isnan(edge) else edge for edge in interval]
        pooled["per_query"] = {"rank1": rank1, "pid": pids}
    own = ("card", "cmc", "curve", "queries", "per_query", "rank1_interval")
    for key in _keys(parts):
        if key in _SAME:
            pooled.setdefault(key, first[key])
        elif key not in own:
            pooled[key] = _pool([part.get(key) for part in parts])
    return pooled


def _check_same(parts):
    for number, part in enumerate(parts[1:], start=1):
        for key in _SAME:
            found = parts[0].get(key), part.get(key)
            if found[0] != found[1]:
                raise DataError(
                    f"results over splits: {key}: found {found[0]!r} in the first and {found[1]!r} in that at place "
                    f"{number}; right: the same in all"
                )


def _keys(mappings):
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _card(parts):
    cards = [part["card"] for part in parts]
    pooled = {key: _texts([card[key] for card in cards if key in card]) for key in _keys(cards)}
    counts = [card.get("query images", "") for card in cards]
    if all(count.isdecimal() for count in counts):
        pooled["query images"] = str(sum(map(int, counts)))
    pooled["statistics"] = f"mean and standard deviation (ddof 0) over {len(parts)} splits"
    return pooled


def _texts(values):
    return "; ".join(dict.fromkeys(map(str, values)))


def _cmc(parts):
    ranks = [rank for rank in parts[0]["cmc"] if all(rank in part["cmc"] for part in parts)]
    found = {"cmc": {rank: _pool([part["cmc"][rank] for part in parts]) for rank in ranks}}
    if all("curve" in part for part in parts):
        found["curve"] = [float(np.mean(column)) for column in zip(*(part["curve"] for part in parts))]
    return found


def _sums(counts):
    return {key: sum(count.get(key, 0) for count in counts) for key in _keys(counts)}


def _pool(values):
    """Pool the values of one figure, one per split, None where a split lacks it."""
    values = [None if isinstance(value, float) and not np.isfinite(value) else value for value in values]
    measured = [value for value in values if value is not None]
    if not measured:
        return None
    if all(_is_repeated(value) for value in measured):
        return _pool([None if value is None else value["mean"] for value in values])
    if all(isinstance(value, dict) for value in measured):
        return {key: _pool([(value or {}).get(key) for value in values]) for key in _keys(measured)}
    if all(isinstance(value, list) for value in measured):
        size = max(map(len, measured))
        rows = [[*(value or []), *[None] * size][:size] for value in values]
        return [_pool(list(column)) for column in zip(*rows)]
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in measured):
        return _number(measured, len(values))
    if all(value == measured[0] for value in measured):
        return measured[0]
    return _texts(measured) if all(isinstance(value, str) for value in measured) else values


def _is_repeated(value):
    return isinstance(value, dict) and "mean" in value and set(value) <= _REPEATED


def _number(measured, splits):
    equal = min(measured) == max(measured)  # then their mean is that value, without rounding
    mean, std = (measured[0], 0.0) if equal else (np.mean(measured), np.std(measured))
    found = {"mean": float(mean), "std": float(std) if len(measured) > 1 else None}
    return found if len(measured) == splits else {**found, "splits": len(measured)}
