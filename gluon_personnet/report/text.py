"""Results as text for people."""

from typing import Any, Dict, List, Mapping, Sequence

from gluon_personnet.evaluation.protocols import rank_names

SHOWN_OTHERWISE = (
    "protocol",
    "options",
    "seed",
    "test_hash",
    "repeats",
    "cmc",
    "chance",
    "curve",
    "card",
    "queries",
    "splits",
    "rank1_interval",
    "per_query",
    "mean_ap",
)


def as_text(report: Mapping[str, Any]) -> str:
    """What was measured, then the CMC in per cent and the definition of every protocol; one table of all where
    definitions are compared. Behind them how far a reduced precision agrees with float32, if that was asked for.
    """
    parts = ["\n".join(_origin_lines(report))]
    if "not_applicable" in report:
        parts.append(_comparison_text(report))
    else:
        parts += [_result_text(result) for result in report["results"]]
    if "agreement" in report:
        parts.append(agreement_text(report["agreement"], report["settings"].get("precision", "float32")))
    parts += _cost_lines(report)
    return "\n\n".join(part for part in parts if part)


def _origin_lines(report) -> List[str]:
    origin = report["origin"]
    splits = origin.get("splits", [])
    card = {key: value for key, value in origin.items() if isinstance(value, str)}
    for key in dict.fromkeys(key for split in splits for key in split):
        values = [split[key] for split in splits if key in split]
        card[key] = "; ".join(dict.fromkeys(values))
    if "published" in origin:
        card["published"] = "; ".join(origin["published"])
    return _aligned(card) if card else []


def _cost_lines(report) -> List[str]:
    """How long the distances took when they were computed, on average over the splits."""
    costs = [cost for cost in report["origin"].get("cost", ()) if cost.get("seconds")]
    if not costs:
        return []
    steps = dict.fromkeys(step for cost in costs for step in cost["seconds"])
    words = [f"{step} {sum(cost['seconds'].get(step, 0.0) for cost in costs) / len(costs):.1f} s" for step in steps]
    pairs = sum(cost["pairs"] for cost in costs)
    if pairs:
        seconds = sum(cost["seconds"].get("distance", 0.0) for cost in costs)
        words.append(f"{pairs:,} pairs scored, {pairs / max(seconds, 1e-9):,.0f} pairs/s")
    words.append(f"{max(cost['memory_mib'] for cost in costs):.0f} MiB of memory at most")
    return [f"distances took, when they were computed: {', '.join(words)}"]


def percent(value: Any, digits: int = 2) -> str:
    """A fraction, or a mean with its standard deviation, in per cent; ``-`` for what does not exist."""
    if value is None:
        return "-"
    if not isinstance(value, Mapping):
        return f"{100 * value:.{digits}f}"
    text = percent(value["mean"], digits)
    return f"{text} +- {100 * value['std']:.{digits}f}" if value.get("std") is not None else text


def _result_text(result) -> str:
    lines = [f"protocol {result['protocol']}"]
    if "cmc" in result:
        cells = [percent(value) for value in result["cmc"].values()]
        lines.append("  rank     " + "".join(f"{rank:>16}" for rank in result["cmc"]))
        lines.append("  CMC (%)  " + "".join(f"{cell:>16}" for cell in cells))
        if "chance" in result:
            chance = [percent(_mean(result["chance"].get(rank))) for rank in result["cmc"]]
            lines.append("  chance   " + "".join(f"{cell:>16}" for cell in chance))
    lines += [f"  {name} (%)  {percent(value)}" for name, value in mean_ap(result).items()]
    for key, value in result.items():
        if key not in SHOWN_OTHERWISE:
            lines.append(f"  {key.replace('_', ' ')}: {_figure(value)}")
    if result.get("rank1_interval") and None not in result["rank1_interval"]:
        low, high = result["rank1_interval"]
        lines.append(f"  rank-1, 95 % interval over identities: {100 * low:.2f} to {100 * high:.2f}")
    if "cmc" in result and result.get("splits"):
        rank1 = " ".join(percent(part["cmc"]["1"]["mean"]) for part in result["splits"])
        lines.append(f"  rank-1 by split: {rank1}")
    queries = "{used} used, {skipped} skipped".format(**result["queries"])
    return "\n".join([*lines, *_aligned({**result["card"], "queries": queries})])


def _figure(value) -> str:
    """A measure of a protocol's own, as short as it can be said."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        if "mean" in value and set(value) <= {"mean", "std", "splits"}:
            std = f" +- {value['std']:.4g}" if value.get("std") is not None else ""
            count = f" (in {value['splits']} splits)" if "splits" in value else ""
            return f"{_figure(value['mean'])}{std}{count}"
        return ", ".join(f"{key} {_figure(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_figure, value))}]"
    return "-" if value is None else str(value)


def _comparison_text(report) -> str:
    """All results side by side, what makes them differ, what they have in common, and what does not apply."""
    results = report["results"]
    variants = list(dict.fromkeys(name for result in results for name in mean_ap(result)))
    ranks = rank_names(results)
    rows = [["protocol", *(f"rank-{rank}" for rank in ranks), *variants]]
    for result in results:
        figures = [result["cmc"].get(rank, {"mean": None})["mean"] for rank in ranks]
        figures += [_mean(mean_ap(result).get(name)) for name in variants]
        rows.append([result["protocol"], *map(percent, figures)])
    lines = ["CMC and mean average precision (%)", *columns(rows)]
    lines += ["", "what makes them differ"]
    for result in results:
        card = result["card"]
        lines.append(
            f"  {result['protocol']}: the query is {card['query']}; the gallery is {card['gallery']}; "
            f"left out are {card['exclusion']}."
        )
    common = {
        key: value
        for key, value in results[0]["card"].items()
        if all(result["card"].get(key) == value for result in results)
    }
    if common:
        lines += ["", "the same for all", *_aligned(common)]
    if report["not_applicable"]:
        lines += ["", "not applicable"]
        lines += [f"  {left_out['protocol']}: {left_out['reason']}" for left_out in report["not_applicable"]]
    return "\n".join(lines)


def columns(rows: Sequence[Sequence[str]]) -> List[str]:
    """Lines of a table, the first column aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]


def mean_ap(result: Mapping[str, Any]) -> Dict[str, Any]:
    """Column -> mean average precision of a result: a variant each where a protocol gives several; empty without."""
    found = result.get("mean_ap")
    if found is None:
        return {}
    if isinstance(found, Mapping) and "mean" not in found:
        return {f"mAP {name}": value for name, value in found.items()}
    return {"mAP": found}


def _mean(value):
    return value["mean"] if isinstance(value, Mapping) else value


def _aligned(card) -> List[str]:
    width = max(map(len, card))
    return [f"  {key:<{width}}  {value}" for key, value in card.items()]


def agreement_text(found: Mapping[str, Any], precision: str) -> str:
    """A paragraph for people.

    `found` is what :func:`~gluon_personnet.evaluation.agreement.agreement` gives, with ``speed`` and ``cmc``.
    """
    lines = [
        f"{precision} against float32",
        f"  change of distances      largest {found['largest_change']:.3g}, mean {found['mean_change']:.2g} "
        f"(they span {found['spread']:.3g})",
        f"  Kendall tau of rankings  mean {found['kendall_tau']:.4f}, smallest {found['smallest_kendall_tau']:.4f}; "
        f"same first image for {100 * found['same_first']:.1f} % of the queries",
        f"  speed                    {found['speed']:.2f} times, from images to distances",
    ]
    for protocol, changes in found["cmc"].items():
        figures = ", ".join(f"rank-{rank} {100 * value:+.2f}" for rank, value in changes.items())
        lines.append(f"  change of CMC (points)   {figures} ({protocol})")
    return "\n".join(lines)
