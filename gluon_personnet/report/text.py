"""An evaluation's report as text."""

import json

from gluon_personnet.evaluation.agreement import as_text as agreement_text


def as_text(report):
    """CMC table in per cent and protocol card of every result; one table of all if definitions are compared. Behind
    them how far a reduced precision agrees with float32, if that was asked for.
    """
    if "not_applicable" in report:
        parts = [_comparison_text(report)]
    else:
        parts = [_result_text(result) for result in report["results"]]
    if "agreement" in report:
        parts.append(agreement_text(report["agreement"], report["precision"]))
    return "\n\n".join(parts)


SHOWN_OTHERWISE = ("protocol", "cmc", "curve", "card", "queries", "splits", "rank1_interval", "per_query")


def _result_text(result):
    lines = [f"protocol {result['protocol']}"]
    if "cmc" in result:
        cmc = result["cmc"]
        lines.append("  rank     " + "".join(f"{rank:>16}" for rank in cmc))
        figures = (f"{100 * value['mean']:.2f} +- {100 * value['std']:.2f}" for value in cmc.values())
        lines.append("  CMC (%)  " + "".join(f"{figure:>16}" for figure in figures))
    for key, value in result.items():
        if key not in SHOWN_OTHERWISE:
            lines.append(f"  {key}: {json.dumps(value)}")
    if "rank1_interval" in result:
        low, high = result["rank1_interval"]
        lines.append(f"  rank-1, 95 % interval over identities: {100 * low:.2f} to {100 * high:.2f}")
    if "cmc" in result and len(result.get("splits", ())) > 1:
        rank1 = " ".join(f"{100 * part['cmc']['1']['mean']:.2f}" for part in result["splits"])
        lines.append(f"  rank-1 by split: {rank1}")
    queries = "{used} used, {skipped} skipped".format(**result["queries"])
    return "\n".join([*lines, *_aligned({**result["card"], "queries": queries})])


def _comparison_text(report):
    """All results side by side, what makes them differ, what they have in common, and what does not apply."""
    results = report["results"]
    variants = list(dict.fromkeys(name for result in results for name in _mean_ap(result)))
    rows = [["protocol", *(f"rank-{rank}" for rank in results[0]["cmc"]), *variants]]
    for result in results:
        figures = [value["mean"] for value in result["cmc"].values()]
        figures += [_mean_ap(result).get(name) for name in variants]
        rows.append([result["protocol"], *("-" if value is None else f"{100 * value:.2f}" for value in figures)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["CMC and mean average precision (%)"]
    lines += [
        "  " + "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]
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
    lines += ["", "the same for all", *_aligned(common)]
    if report["not_applicable"]:
        lines += ["", "not applicable"]
        lines += [f"  {left_out['protocol']}: {left_out['reason']}" for left_out in report["not_applicable"]]
    return "\n".join(lines)


def _mean_ap(result):
    """Column -> mean average precision: a variant each where a protocol gives several."""
    found = result.get("mean_ap", {})
    return {f"mAP {name}": value for name, value in found.items()} if isinstance(found, dict) else {"mAP": found}


def _aligned(card):
    width = max(map(len, card))
    return [f"  {key:<{width}}  {value}" for key, value in card.items()]
