"""A day on which a flow has no price has a return that no one knows: what links returns is refused over it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.desk import returns as desk_returns
from ys_analytics.metrics.performance import aggregate_returns, monthly_table, trailing_returns

MONEY = pl.Decimal(38, 18)
START = date(2026, 10, 1)
# A fall from 200 to 120 on the day on which a token without a price came in.
VALUES = [100, 110, 200, 120, 130, 125, 140, 150]
LOST = START + timedelta(days=3)


@pytest.fixture
def returns() -> pl.DataFrame:
    """Daily returns with one that is not known."""
    days = [START + timedelta(days=step) for step in range(len(VALUES))]
    values = pl.DataFrame(
        {"portfolio_id": "p", "day": days, "value": [Decimal(value) for value in VALUES]},
        schema_overrides={"value": MONEY},
    )
    flows = pl.DataFrame(
        {"portfolio_id": ["p"], "timestamp": [datetime(2026, 10, 4, 12, tzinfo=UTC)], "amount": [None]},
        schema_overrides={"amount": MONEY, "timestamp": pl.Datetime("us", "UTC")},
    )
    return metrics.daily_returns(values, flows)


def test_what_links_is_refused_and_what_describes_days_is_not(returns: pl.DataFrame) -> None:
    """The total would leave out a fall of 40 %; the best day is a day all the same."""
    found = {row["metric"]: row for row in metrics.summarise(returns).iter_rows(named=True)}
    for name in ("total_return", "max_drawdown"):
        assert found[name]["value"] is None
        assert found[name]["reason"] == "the return of one day is not known: a flow has no price"
    assert found["best_day"]["value"] == pytest.approx(200 / 110 - 1)
    fleet = metrics.fleet(returns).row(0, named=True)
    assert fleet["total_return"] is None
    assert fleet["unknown"] == 1


def test_a_window_after_it_is_stated(returns: pl.DataFrame) -> None:
    """The week after the day links what is known."""
    after = metrics.fleet(returns, since=LOST + timedelta(days=1)).row(0, named=True)
    assert after["total_return"] == pytest.approx(150 / 120 - 1)
    assert after["unknown"] == 0


def test_periods_windows_and_paths_that_hold_it_are_refused(returns: pl.DataFrame) -> None:
    """Its month, every window that reaches back to it, and growth and depth from it on."""
    month = aggregate_returns(returns, every="month").row(0, named=True)
    assert month["ret"] is None
    assert str(LOST) in month["reason"]
    assert monthly_table(returns)["oct"].to_list() == [None]
    windows = trailing_returns(returns, until=START + timedelta(days=7))
    since = windows.filter(window="since start").row(0, named=True)
    assert since["value"] is None
    assert str(LOST) in since["reason"]
    path = desk_returns.with_growth(returns)
    assert path.filter(pl.col("day") < LOST)["underwater"].drop_nulls().len() == 2
    assert path.filter(pl.col("day") >= LOST)["growth"].null_count() == len(VALUES) - 3
    week = (START, START + timedelta(days=8))
    assert desk_returns.against_limit(path, Decimal("0.1"), week=week)["beyond_now"] is None
