"""Results of several evaluations, read back from JSON and put side by side."""

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.protocols import rank_names
from gluon_personnet.evaluation.results import SCHEMA
from gluon_personnet.evaluation.uncertainty import compare_paired
from gluon_personnet.report.text import columns, percent

RIGHT = "right: a file that gpnet evaluate has written"


def read_result(path: Any, protocol: str) -> Dict[str, Any]:
    """The result of a protocol in a JSON file, or in the folder ``evaluation`` of a run or a baseline.

    Returns
    -------
    dict
        The result, with ``label`` (the path), ``origin`` and ``file``.

    Raises
    ------
    DataError
        If there is none, or several in the folder that were made with other settings.
    """
    given = Path(path)
    if given.is_dir():
        given = _only_file(given, protocol)
    report = _report(given)
    chosen = [result for result in report["results"] if result["protocol"] == protocol]
    if not chosen:
        names = ", ".join(str(result["protocol"]) for result in report["results"])
        raise DataError(f"{given}: no result of protocol {protocol!r}; found {names or 'none'}")
    if "cmc" not in chosen[0]:
        raise DataError(f"{given}: protocol {protocol!r} defines no CMC; right: one that does, such as single-shot")
    return {**chosen[0], "label": str(path), "origin": report.get("origin", {}), "file": str(given)}


def _only_file(folder, protocol):
    """The file of the protocol with default settings, else the only one with others."""
    places = [folder / "evaluation", folder]
    for place in places:
        plain, others = place / f"{protocol}.json", sorted(place.glob(f"{protocol}-*.json"))
        if plain.is_file():
            return plain
        others = [path for path in others if _is_result(path, protocol)]
        if len(others) > 1:
            names = ", ".join(path.name for path in others[:3])
            raise DataError(f"{place}: {len(others)} results of {protocol} with other settings ({names}); name one")
        if others:
            return others[0]
    raise DataError(
        f"{folder}: no result of protocol {protocol!r}; write it with gpnet evaluate --protocol {protocol}, and --run "
        f"{folder} for a run or --baseline and --dataset for a baseline"
    )


def _is_result(path, protocol):
    try:
        return any(result["protocol"] == protocol for result in _report(path)["results"])
    except DataError:
        return False


def _report(path) -> Dict[str, Any]:
    """The report in a file, its shape checked as far as it is read."""
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: not found; {RIGHT}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({str(error).splitlines()[0]}); {RIGHT}") from error
    found = report.get("schema") if isinstance(report, dict) else type(report).__name__
    if found != SCHEMA:
        raise DataError(f"{path}: schema {found!r}; right: {SCHEMA}, {RIGHT[len('right: ') :]}")
    results = report.get("results")
    if not isinstance(results, list) or not all(
        isinstance(result, dict) and "protocol" in result for result in results
    ):
        raise DataError(f"{path}: results: not a list of results; {RIGHT}")
    for result in results:
        _check_cmc(path, result)
    return report


def _check_cmc(path, result):
    cmc = result.get("cmc", {})
    right = isinstance(cmc, dict) and all(
        isinstance(rate, dict) and isinstance(rate.get("mean"), (int, float)) and "std" in rate for rate in cmc.values()
    )
    right = right and isinstance(result.get("curve", []), list) and ("cmc" not in result or "1" in cmc)
    if not right:
        raise DataError(f"{path}: {result['protocol']}: cmc: found {str(cmc)[:40]}; right: rank -> mean and std")


def compare(results: Sequence[Mapping[str, Any]], paired: bool = False) -> Dict[str, Any]:
    """Several results of one protocol in JSON types.

    Parameters
    ----------
    results : sequence of mapping
        As :func:`read_result` returns them.
    paired : bool
        Also compare the first two query by query.

    Returns
    -------
    dict
        ``results``; ``warnings``, a line for everything that makes them not comparable; ``paired`` if asked for.
    """
    keys = ("label", "protocol", "options", "seed", "test_hash", "cmc", "curve", "rank1_interval", "origin")
    rows = [{key: result[key] for key in keys if key in result} for result in results]
    report = {"schema": SCHEMA, "results": rows, "warnings": _differences(results)}
    if paired:
        report["paired"] = compare_paired(results[0], results[1])
    return report


def _differences(results) -> List[str]:
    lines = []
    for name, values in (
        ("data sets", [result["origin"].get("data set", result["origin"].get("distances", "")) for result in results]),
        ("test images", [result.get("test_hash") for result in results]),
        ("protocol options", [json.dumps(result.get("options"), sort_keys=True) for result in results]),
        ("seeds", [result.get("seed") for result in results]),
    ):
        different = list(dict.fromkeys(map(str, values)))
        if len(different) > 1:
            lines.append(f"the results are of different {name}: {'; '.join(different)}")
    return lines


def as_text(report: Mapping[str, Any]) -> str:
    """The rates side by side in per cent, warnings, and the paired comparison if there is one."""
    results = report["results"]
    ranks = rank_names(results)
    rows = [["", *(f"rank-{rank}" for rank in ranks), "rank-1, 95 % interval"]]
    for result in results:
        low, high = result.get("rank1_interval") or (None, None)
        between = "-" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f}"
        rows.append([result["label"], *(percent(result["cmc"].get(rank)) for rank in ranks), between])
    lines = columns(rows) + [f"  warning: {line}" for line in report["warnings"]]
    if "paired" in report:
        lines += ["", *_paired_lines(report["paired"], [result["label"] for result in results])]
    return "\n".join(lines)


def _paired_lines(paired, labels) -> List[str]:
    low, high = paired["interval"]
    lines = [
        f"paired over {paired['queries']} queries: {labels[1]} minus {labels[0]} is "
        f"{100 * paired['difference']:+.2f} points of rank-1, 95 % interval {100 * low:+.2f} to {100 * high:+.2f}"
    ]
    if paired["mcnemar_p"] is not None:
        lines.append(
            f"{paired['only_first']} queries are right with {labels[0]} alone, {paired['only_second']} with "
            f"{labels[1]} alone; McNemar's exact p is {paired['mcnemar_p']:.3g}"
        )
    return lines
