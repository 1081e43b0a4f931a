"""The table's text, and a process that dies."""

import os

from gluon_personnet import Published
from gluon_personnet.report.tables import Row, as_markdown
from gluon_personnet.workflows.table import measure_row


class Kills:
    """A job that ends the process which receives it."""

    method = "kills"

    def __reduce__(self):
        return os._exit, (9,)


def test_a_process_that_dies_is_a_row():
    row = measure_row(Kills())
    assert (row.name, row.report) == ("kills", None)
    assert row.error == "its process ended with code 9; out of memory?"


def test_markdown_by_hand():
    cmc = {rank: {"mean": 0.25, "std": 0.015} for rank in ("1", "5", "10", "20")}
    seconds = {"extract": 1.26, "fit": 20, "distance": 0.04}
    origin = {"cost": [{"seconds": seconds, "pairs": 0, "memory_mib": 123.4}]}
    report = {"results": [{"cmc": cmc, "mean_ap": {"exact": {"mean": 0.5, "std": None}}}], "origin": origin}
    figures = [
        Published("871/100", "single-shot", {1: 10.52, 5: 28.07}, "Table III"),
        Published("485/486", "multi-shot", {1: 9.84}, "Fig. 8"),
    ]
    rows = [
        Row("first", "exact", figures, report),
        Row("other", "faithful", figures[1:], error="it broke"),
        Row("bare", "exact", report={"results": [{}], "origin": origin}),
    ]
    title, blank, head, rule, *lines = as_markdown(rows, "A title").splitlines()
    assert (title, blank) == ("A title", "")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (head, *lines[:3])]
    assert cells[0][-4:] == ["extract s", "fit s", "distance s", "MiB"]
    rates, first = [*["25.00 +- 1.50"] * 4, "50.00"], "rank-1/5: 10.52/28.07 (871/100, single-shot) [1]"
    second = "rank-1: 9.84 (485/486, multi-shot) [2]"
    assert cells[1] == ["first", "exact", *rates, f"{first}; {second}", "1.3", "20.0", "0.0", "123"]
    assert cells[2] == ["other", "faithful", *["failed"] * 5, second, *["-"] * 4]
    assert cells[3] == ["bare", "exact", *["-"] * 6, "1.3", "20.0", "0.0", "123"]
    assert {len(line) for line in (rule, *lines[:3])} == {len(head)}
    assert lines[-3:] == ["* other: it broke", "* [1] Table III", "* [2] Fig. 8"]
