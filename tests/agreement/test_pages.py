"""Every number on every page of the demo's twelve portfolios is found again by a second, plain implementation."""

import json
import os
from datetime import datetime

import pytest

from ys_analytics.reporting import book, execute, page
from ys_analytics.reporting.task import Task
from ys_analytics.reporting.weekly import read_weekly

from . import every_page
from .comparing import Sized, close
from .conftest import QUICK, WEEKS
from .meanings import MEANINGS, Sheets, unequal
from .pages import Tally, ViewData, named
from .plain_run import Report, monday_of

# Whose bootstraps are drawn again, the first of them in `make test` as well; of the others' intervals only the order is
# looked at, for time's sake.
DRAWN = {"2026-W47": ("Alder Reserve", "Buys high, sells low")}

__all__ = ["every_page"]  # imported for the views it names


# In `make test` the pages of every fourth portfolio; in `make test-servers` of all.
SOME = 4
STEPS = [pytest.param(SOME, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]


def every(pages, week, step):
    """Portfolios whose pages are looked at: every so many-th, the first with a bootstrap, and the one of nothing."""
    always = {*DRAWN.get(week, ())[:1], "Never funded"}
    return [one for place, one in enumerate(pages[week].portfolios) if place % step == 0 or one["name"] in always]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("week", WEEKS)
def test_every_number_on_every_page_is_computed_again(week, step, pages, record_property):
    """From the frozen Parquet files, by plain Python: no number differs, and none is left out."""
    tally, portfolios = Tally(), every(pages, week, step)
    drawn = DRAWN.get(week, ())[: 1 if step > 1 else None]
    for portfolio in portfolios:
        report = Report(pages[week].run, portfolio, draws=portfolio["name"] in drawn)
        for seen in pages[week].of(portfolio["id"]):
            tally.compare(report, seen.view_data, ticks=seen.ticks)
    counted = ", ".join(f"{number:,} {how}" for how, number in tally.counts.most_common())
    record_property("said", f"pages of {len(portfolios)} portfolios, {week}: {counted}; "
                            f"{len(tally.wrong)} differ")  # fmt: skip
    assert tally.wrong == []
    assert tally.counts["computed again"] > 1_000


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("week", WEEKS)
def test_numbers_that_mean_the_same_are_equal_on_every_page(week, step, pages, record_property):
    """What the front page says is what tables and charts say: worth, returns, flows, gas, falls, alerts, counts."""
    looked, wrong = 0, []
    for portfolio in every(pages, week, step):
        views_data = {seen.view_data["title"]: ViewData(seen.view_data) for seen in pages[week].of(portfolio["id"])}
        number, unlike = unequal(Sheets(views_data, monday_of(week).date()))
        looked += number
        wrong += [f"{portfolio['name']}: {line}" for line in unlike]
    record_property("said", f"the same meaning on several pages, {week}: {looked:,} pairs, {len(wrong)} unequal")
    assert wrong == []
    assert looked > 150 // step


def test_pages_are_the_printed_ones(pages, tmp_path):
    """What is looked at here is what the executed notebooks hold: the data JSON of a printed report, view by view."""
    week = pages[QUICK[0]]
    portfolio = next(one for one in week.portfolios if one["name"] == "Alder Reserve")
    weekly = read_weekly()
    given = {"run": str(week.run.folder), "portfolio_id": portfolio["id"], "week": week.run.week}
    info = page.PageInfo(
        portfolio_id=portfolio["id"], portfolio=portfolio["name"], week=week.run.week,
        as_of=datetime.fromisoformat(week.run.manifest["as_of"]), title=weekly.title, publisher=weekly.publisher,
    )  # fmt: skip
    environment = {**os.environ, "YS_HOME": str(tmp_path)}
    bound = book.join_notebooks(weekly.notebooks)
    task = Task(notebook=bound, parameters=given, info=info, facts={}, folder=tmp_path, environment=environment)
    with execute.open_executor(120) as executor:
        sections = json.loads(executor.make(task).data.read_bytes())["sections"]
    printed = [view for section in sections for view in section["views"]]
    own = {seen.view_data["title"]: seen.view_data for seen in week.of(portfolio["id"])}
    assert len(printed) > 30
    assert [view["title"] for view in printed if not alike(json.loads(json.dumps(own[view["title"]])), view)] == []


def alike(own, printed):
    """Whether two pieces of JSON are the same, floats to their last digits: a kernel sums in an order of its own."""
    if isinstance(own, dict) and isinstance(printed, dict):
        return own.keys() == printed.keys() and all(alike(own[key], printed[key]) for key in own)
    if isinstance(own, list) and isinstance(printed, list):
        return len(own) == len(printed) and all(map(alike, own, printed))
    if isinstance(own, float) and isinstance(printed, float):
        return close(own, Sized(printed, 1.0))
    return own == printed


def test_no_view_is_left_out(pages):
    """Each expected view is shown on some page, so an expectation cannot outlive its view unnoticed."""
    shown = {
        seen.view_data["title"]
        for week in QUICK
        for one in every(pages, week, SOME)
        for seen in pages[week].of(one["id"])
    }
    assert named() - shown - {"masthead"} == set()


def test_a_number_without_a_second_computation_is_an_error(pages):
    """The net itself: a wrong number, a new column and a number in the words are each found."""
    week = pages[QUICK[0]]
    portfolio = next(one for one in week.portfolios if one["name"] == "Alder Reserve")
    report = Report(week.run, portfolio)
    seen = next(one for one in week.of(portfolio["id"]) if one.view_data["title"] == "Concentration")
    view_data = seen.view_data

    def wrong(**changed):
        tally = Tally()
        tally.compare(report, {**view_data, **changed})
        return tally.wrong

    first = list(view_data["rows"][0])
    place = next(place for place, value in enumerate(first) if isinstance(value, float))
    altered = [*first[:place], first[place] * (1 + 1e-7), *first[place + 1 :]]
    assert wrong() == []
    assert "expected" in wrong(rows=[altered, *view_data["rows"][1:]])[0]
    new = {"name": "new", "title": "New", "unit": "ratio"}
    more = wrong(columns=[*view_data["columns"], new], rows=[[*row, 0.5] for row in view_data["rows"]],
                 written=[[*row, "0.50"] for row in view_data["written"]])  # fmt: skip
    assert "nobody computes it again" in more[0]
    assert "none of its numbers" in wrong(alt="Concentration: 77 rows.")[0]
    assert (
        "is printed as" in wrong(written=[[cell.replace("1", "2") for cell in row] for row in view_data["written"]])[0]
    )


def test_an_unequal_number_is_found(pages):
    """The net itself: each meaning is looked for on pages that have it, and one number changed is seen."""
    week = pages[QUICK[0]]
    portfolio = next(one for one in week.portfolios if one["name"] == "Alder Reserve")
    views_data = {seen.view_data["title"]: ViewData(seen.view_data) for seen in week.of(portfolio["id"])}
    monday = monday_of(QUICK[0]).date()
    whole = Sheets(views_data, monday)
    assert [meaning.__name__ for meaning in MEANINGS if len(list(meaning(whole))) < 2] == []
    front = views_data["The week in numbers"]
    for name in ("value", "week_return", "gain", "flow", "since_return", "underwater", "week_deepest", "alerts"):
        row = list(front.raw["rows"][0])
        # Money stands as text in JSON.
        row[front.names.index(name)] = "0.5" if name in {"value", "gain", "flow"} else 0.5
        changed = {**views_data, front.title: ViewData({**front.raw, "rows": [row]})}
        assert unequal(Sheets(changed, monday))[1] != [], name
