"""In a real kernel: an error is one line with what to do, the first Tab is quick, a frame is made for people."""

import time
from decimal import Decimal

import polars as pl
import pytest
from jupyter_client.manager import start_new_kernel

from ys_analytics.views.frame_display import frame_html

OPENING = """
import polars as pl, ys_analytics as ys
from ys_analytics.desk import Desk
ys.open
desk = Desk.__new__(Desk)  # one for which nothing was looked up: no store is up here
frame = pl.DataFrame({"ret": [0.1, 0.2], "portfolio_id": "a"})
"""


class Notebook:
    """A kernel as JupyterLab speaks to it."""

    def __init__(self):
        """Start it and run the first cell."""
        self.manager, self.client = start_new_kernel(kernel_name="python3")
        assert self.run(OPENING) == []

    def run(self, code):
        """Run a cell: the lines of its traceback, none when it went well."""
        lines = []
        keep = lambda said: lines.extend(said["content"]["traceback"]) if said["msg_type"] == "error" else None  # noqa: E731
        self.client.execute_interactive(code, timeout=60, output_hook=keep)
        return lines

    def tab(self, code):
        """Press Tab at the end: the names offered, as JupyterLab inserts them, and the seconds it took."""
        began = time.monotonic()
        answer = self.client.complete(code, reply=True, timeout=60)["content"]
        names = {match.lstrip(".") for match in answer["matches"]}
        return names, time.monotonic() - began


@pytest.fixture(scope="module")
def notebook():
    """One kernel for the module."""
    opened = Notebook()
    yield opened
    opened.client.stop_channels()
    opened.manager.shutdown_kernel(now=True)


def test_the_first_tab_is_quick_and_offers_what_one_calls(notebook):
    """After `desk.`, and after a frame's dot, within a second from the first time on; rooms offer no modules."""
    for code, some in (
        ("desk.", {"performance", "daily_returns", "positions"}),
        ("frame.", {"select", "filter", "group_by"}),
        ("frame['", {"ret", "portfolio_id"}),
    ):
        names, seconds = notebook.tab(code)
        assert some <= {name.strip("'") for name in names}
        assert seconds < 1
    for room in ("tables", "figures"):
        names, _ = notebook.tab(f"ys.{room}.")
        assert (
            notebook.run(
                f"import types; assert not [n for n in {names} if type(getattr(ys.{room}, n)) is types.ModuleType]"
            )
            == []
        )


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("desk.performnce()", "AttributeError: a Desk has no 'performnce'; did you mean performance or provenance?"),
        ("ys.lod", "AttributeError: ys has no 'lod'; did you mean load?"),
        ("ys.tables.perfomance", "AttributeError: ys.tables has no 'perfomance'; did you mean performance"),
        ("frame.selct('ret')", "AttributeError: a DataFrame has no 'selct'; did you mean select"),
        ("frame.select('rett')", "ColumnNotFoundError: no column is called 'rett'; did you mean ret?"),
        ("frame['rett']", "ColumnNotFoundError: no column is called 'rett'"),
        ("frame.select(pl.col('portfolio_id').cast(pl.Int64))", "InvalidOperationError: conversion from `str`"),
        ("ys.open(weak='2026-W47')", "TypeError: open takes no 'weak'; did you mean week?"),
        ("ys.catalog(1, 2)", "TypeError: catalog takes search"),
        ("ys.figures.growth(frame)", "TypeError: growth takes "),
        ("ys.tables.positions(frame)", "ColumnNotFoundError: no column is called 'kind'; there is ret, portfolio_id;"),
        ("ys.tables.fleet_outliers(frame)", "KeyError: no column is called 'name'; it is called as ys.tables."),
        ("frame()", "TypeError: a frame takes no parentheses"),
        ("ys.weeks.height", "AttributeError: weeks is called before it has a 'height': write weeks().height"),
        ("ys.open(week='2026-47')", "UsageError: "),
        ("ys.load('transactoins', run='nowhere')", "RunError: nowhere: "),
        ("ys.metrics.summarise(frame, ['sharp_ratio'])", "UsageError: no metric is called 'sharp_ratio'; did"),
        ("ys.metrics.risk.gini_mean_difference(frame['ret'])", "UsageError: a metric takes an expression"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(notebook, code, line):
    """What happened and the nearest name; nothing of the program's own source."""
    (said,) = notebook.run(code)
    assert said.startswith(line)
    assert "\n" not in said


def test_the_trace_is_there_on_request(notebook):
    """`%tb` shows where it happened, as for any other error."""
    assert len(notebook.run("frame.select('rett')")) == 1
    trace = "\n".join(notebook.run("%tb"))
    assert "frame.py" in trace
    assert "ColumnNotFoundError" in trace


def test_a_fault_of_the_analysts_own_keeps_its_traceback(notebook):
    """An error of code that is neither ours nor about a frame says where it is."""
    for code in ("1 + 'a'", "[].appendd(1)", "int('x')", "{}['k']"):
        assert "line 1" in "\n".join(notebook.run(code))


def test_a_frame_shows_sixty_rows():
    """All of sixty; of more, thirty from each end and how many there are."""
    all_of_it, more = (frame_html(pl.DataFrame({"n": range(rows)})) for rows in (60, 1000))
    assert all_of_it.count("<tr>") == 61
    assert "…" not in all_of_it
    assert more.count("<tr>") == 62
    assert all(f">{n}</td>" in more for n in (0, 29, 970, 999))
    assert ">30</td>" not in more
    assert "1,000 rows" in more
    with pl.Config(tbl_rows=4):
        assert frame_html(pl.DataFrame({"n": range(1000)})).count("<tr>") == 6


@pytest.mark.parametrize(
    ("name", "value", "shown", "whole"),
    [
        ("tvl", Decimal("1234567.891234567890123456"), "1,234,567.89", "1234567.891234567890123456"),
        ("apy", 0.03125, "0.031250", ""),
        ("quantity", Decimal("6.048200000000000000"), "6.0482", ""),
        ("anything", 1e-9, "1.00e-09", ""),
        ("anything", float("nan"), "nan", ""),
        ("id", "0192f0c1-7a2b-7c3d-8e4f-001122334455", "0192f0c1…", "0192f0c1-7a2b-7c3d-8e4f-001122334455"),
        ("note", "<b>$1</b> to $2", "&lt;b&gt;$1&lt;/b&gt; to $2", ""),
        ("note", None, "null", ""),
        ("paid", [1, 2, None], "1, 2, null", ""),
    ],
)
def test_a_cell_is_short_and_loses_nothing(name, value, shown, whole):
    """Decimals by unit, ids by their beginning, markup as text; what is left out is the cell's tooltip."""
    html = frame_html(pl.DataFrame({name: [value]}))
    assert f">{shown}</td>" in html
    assert (f' title="{whole}"' in html) if whole else (" title=" not in html)


def test_text_stands_left_and_numbers_right():
    """As in any printed table; JupyterLab alone would set all to the right."""
    html = frame_html(pl.DataFrame({"name": ["a"], "ret": [0.5], "n": [1]}))
    assert '<td style="text-align:left">a</td>' in html
    assert html.count('<td style="text-align:right;white-space:nowrap">') == 2
