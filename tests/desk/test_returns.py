"""How a week stands to the owner's limit, and what a gap in it does to its days and its return."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import figures, tables
from ys_analytics.desk import returns as desk_returns
from ys_analytics.metrics import daily_returns, money_weighted
from ys_analytics.metrics.flows import MONEY

WEEK = (date(2026, 11, 16), date(2026, 11, 23))
LIMIT = Decimal("0.15")


def path(*falls, first=date(2026, 11, 16)):
    """Distances from the peak at closes of consecutive days; None is a day without one."""
    days = [first + timedelta(days=place) for place in range(len(falls))]
    return pl.DataFrame({"day": days, "underwater": falls}, schema={"day": pl.Date, "underwater": pl.Float64})


def said(falls, limit=LIMIT, **more):
    """The sentence and the tile of a week with these falls."""
    found = desk_returns.against_limit(falls, limit, week=WEEK)
    row = {
        **dict.fromkeys(("week_reason", "since_reason", "since_day")),
        "value": Decimal(100), "value_day": WEEK[0], "week_return": 0.0, "gain": Decimal(0), "flow": None,
        "since_return": 0.0, "since_day": WEEK[0], "max_drawdown": limit, "alerts": 0, "open_alerts": 0,
        **found, **more,
    }  # fmt: skip
    view = tables.headline(pl.DataFrame([row]))
    return view.alt, view.tiles[-1]


def test_days_beyond_the_limit_are_said_although_the_last_close_is_within():
    """Three days at 17 % and a close at 12 % are not 'within the limit of 15 %'."""
    text, tile = said(path(-0.1, -0.17, -0.16, -0.1701, -0.14, -0.13, -0.12))
    assert "within the limit" not in text
    assert "It stands 12.00" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "17.01" in text
    assert "beyond the limit" in text
    assert "3 days of this week; 3 days in all since 17" in text
    assert "beyond it on 3 days of the week" in tile.context
    assert tile.negative


def test_a_stretch_beyond_the_limit_says_since_when():
    """The stretch that leads to the last close began before the week; the one before it counts too."""
    text, tile = said(path(-0.2, -0.1, -0.16, -0.18, -0.19, -0.2, first=date(2026, 11, 13)))
    assert "beyond the limit of" in text
    assert "since 15" in text
    assert "3 days of this week, 5 days in all since 13" in text
    assert tile.negative


def test_earlier_days_beyond_it_are_not_forgotten():
    """Within it all week, and beyond it in the spring."""
    text, tile = said(pl.concat([path(-0.3, -0.2, first=date(2026, 3, 2)), path(-0.1, -0.12, -0.11)]))
    assert "within the limit of" in text
    assert "on 2 days in all since 2" in text
    assert "last on 3" in text
    assert "beyond it on 2 days before" in tile.context
    assert not tile.negative


@pytest.mark.parametrize("fall", [-0.15, -0.15 - 1e-15])
def test_at_the_limit_is_not_beyond_it(fall):
    """A fall of exactly the limit keeps it, in spite of a product's rounding."""
    text, _ = said(path(-0.1, fall))
    assert "which has not been passed" in text


def test_without_a_limit_only_the_fall_is_said():
    """And a portfolio without a close says neither."""
    text, tile = said(path(-0.1, -0.2), limit=None)
    assert "no limit is set" in text
    assert tile.context == "no limit set"
    found = desk_returns.against_limit(path(), LIMIT, week=WEEK)
    assert found["underwater"] is None
    assert found["beyond_week"] is None


def test_nothing_after_the_week_counts():
    """Days beyond it in a later week are another week's news."""
    found = desk_returns.against_limit(path(*[-0.1] * 7, -0.5), LIMIT, week=WEEK)
    assert (found["underwater"], found["beyond_ever"]) == (-0.1, 0)


def test_the_drawdown_figure_counts_the_same_days():
    """Its text and note say how often, how many of them in the week, first and last."""
    falls = pl.concat([path(-0.3, -0.2, first=date(2026, 3, 2)), path(-0.1, -0.17, -0.11)])
    view = figures.underwater(falls, week=WEEK, limit=LIMIT)
    assert "was passed on 3 days, 1 of them in the week, first on 2" in view.alt
    assert view.notes
    kept = figures.underwater(path(-0.1, -0.12), week=WEEK, limit=LIMIT)
    assert "has not been passed" in kept.alt


def closes(*values, first=date(2026, 11, 10)):
    rows = [("p", first + timedelta(days=i), Decimal(str(v))) for i, v in enumerate(values) if v is not None]
    return pl.DataFrame(rows, schema={"portfolio_id": pl.String, "day": pl.Date, "value": MONEY}, orient="row")


TORN = closes(100, 101, 102, None, None, None, None, None, 75, 76, 77, 78, 79)


def test_a_week_whose_first_return_begins_before_it_has_no_return():
    """The fall of the gap belongs to no week alone: refused with the reason; days of their own are stated."""
    daily = daily_returns(TORN)
    rows = {
        row["metric"]: row
        for row in desk_returns.compared(daily, portfolio="p", week=WEEK, risk_free=0.0).iter_rows(named=True)
    }
    assert rows["total_return"]["week"] is None
    assert rows["total_return"]["week_reason"] == "no close at its start: its first return begins on 2026-11-13"
    assert rows["total_return"]["since"] == pytest.approx(-0.21)
    assert rows["max_drawdown"]["since"] == pytest.approx(75 / 102 - 1)
    assert rows["worst_day"]["week"] > 0
    assert rows["worst_day"]["since"] > 0
    assert (rows["total_return"]["since_n"], rows["total_return"]["since_alone"]) == (7, 6)


def test_the_bars_of_a_week_mark_what_is_of_several_days():
    """A note says how many days a bar is of; best and worst are of days."""
    daily = desk_returns.with_growth(daily_returns(TORN))
    view = figures.week_returns(desk_returns.week_days(TORN, daily, start=WEEK[0]))
    (note,) = view.notes
    assert note.replace("\N{NO-BREAK SPACE}", " ") == (
        "Grey: the return of 18 Nov 2026 is of 6 days, since the close before the gap."
    )
    assert "\N{MINUS SIGN}2" not in view.alt


def test_money_weighted_prints_the_period_where_a_year_is_refused():
    """Seven days at 3 %: the table shows 3 % and why no rate a year."""
    values = closes(1000, *[None] * 6, 1030)
    flows = pl.DataFrame(schema={"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY})
    view = tables.money_weighted(money_weighted(values, flows))
    text = " ".join(" ".join(row) for row in view.printed_rows())
    assert "3.00" in text
    assert "367" not in text
    assert any("too short to state per year: needs 30 days, has 7" in note for note in view.notes)
