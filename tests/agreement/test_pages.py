"""Every number on every page of the demo's twelve portfolios is found again by a second, plain implementation."""

import pytest

from . import pages_holdings, pages_lending, pages_performance, pages_risk, pages_yields
from .conftest import WEEKS
from .pages import Tally, named
from .plain_run import Report

# Whose bootstraps are drawn again; of the others' intervals only the order is looked at, for time's sake.
DRAWN = {"2026-W47": ("Alder Reserve", "Buys high, sells low")}

__all__ = ["pages_holdings", "pages_lending", "pages_performance", "pages_risk", "pages_yields"]


@pytest.mark.parametrize("week", WEEKS)
def test_every_number_on_every_page_is_computed_again(week, pages, record_property):
    """From the frozen Parquet files, by plain Python: no number differs, and none is left out."""
    tally = Tally()
    for portfolio in pages[week].portfolios:
        report = Report(pages[week].run, portfolio, draws=portfolio["name"] in DRAWN.get(week, ()))
        for seen in pages[week].of(portfolio["id"]):
            tally.compare(report, seen.twin, ticks=seen.ticks)
    counted = ", ".join(f"{number:,} {how}" for how, number in tally.counts.most_common())
    record_property("said", f"pages of {len(pages[week].portfolios)} portfolios, {week}: {counted}; "
                            f"{len(tally.wrong)} differ")  # fmt: skip
    assert tally.wrong == []
    assert tally.counts["computed again"] > 1_000


def test_no_view_is_left_out(pages):
    """Each expected view is shown on some page, so an expectation cannot outlive its view unnoticed."""
    shown = {seen.twin["title"] for week in pages.values() for one in week.portfolios for seen in week.of(one["id"])}
    assert named() - shown - {"masthead", "The satellite agents in the week"} == set()


def test_a_number_that_nobody_computes_is_an_error(pages):
    """The net itself: a wrong number, a new column and a number in the words are each found."""
    week = pages[WEEKS[0]]
    portfolio = next(one for one in week.portfolios if one["name"] == "Alder Reserve")
    report = Report(week.run, portfolio)
    seen = next(one for one in week.of(portfolio["id"]) if one.twin["title"] == "Concentration")
    twin = seen.twin

    def wrong(**changed):
        tally = Tally()
        tally.compare(report, {**twin, **changed})
        return tally.wrong

    first = list(twin["rows"][0])
    place = next(place for place, value in enumerate(first) if isinstance(value, float))
    altered = [*first[:place], first[place] * (1 + 1e-7), *first[place + 1 :]]
    assert wrong() == []
    assert "expected" in wrong(rows=[altered, *twin["rows"][1:]])[0]
    new = {"name": "new", "title": "New", "unit": "ratio"}
    more = wrong(columns=[*twin["columns"], new], rows=[[*row, 0.5] for row in twin["rows"]],
                 written=[[*row, "0.50"] for row in twin["written"]])  # fmt: skip
    assert "nobody computes it again" in more[0]
    assert "none of its numbers" in wrong(alt="Concentration: 77 rows.")[0]
    assert "is printed as" in wrong(written=[[cell.replace("1", "2") for cell in row] for row in twin["written"]])[0]
