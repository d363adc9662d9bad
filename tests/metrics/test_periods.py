"""Weeks, months and windows: compounded within, refused beyond the history."""

import math
import random
import statistics
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ys_analytics.errors import ContractError
from ys_analytics.metrics import aggregate_returns, drawdown, monthly_table, performance, rolling, trailing_returns

R = pl.col("ret")
START = date(2025, 1, 1)


def frame(ret, portfolio="p"):
    days = [START + timedelta(days=i) for i in range(len(ret))]
    return pl.DataFrame({"portfolio_id": portfolio, "day": days, "ret": ret}, schema_overrides={"ret": pl.Float64})


def chance_returns(n, seed=2):
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    return [chance.gauss(0.001, 0.03) for _ in range(n)]


@pytest.mark.parametrize("every", ["week", "month", "quarter", "year"])
def test_periods_link_to_the_whole(every):
    """No matter what the calendar cuts, the parts compound to the total."""
    data = frame(chance_returns(400))
    parts = aggregate_returns(data, every=every)
    assert math.prod(1 + x for x in parts["ret"]) == pytest.approx(1 + data.select(performance.total_return(R)).item())
    assert parts["n"].sum() == 400
    best = data.select(performance.best_period(R, day=pl.col("day"), every=every)).item()
    assert best == pytest.approx(parts["ret"].max())


def test_the_month_table_links_to_its_year():
    """Twelve cells and their total."""
    table = monthly_table(frame(chance_returns(400)))
    first = table.row(0, named=True)
    months = [
        first[name] for name in ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    ]
    assert math.prod(1 + x for x in months) == pytest.approx(1 + first["total"])
    assert table["year"].to_list() == [2025, 2026]
    assert table["dec"].to_list()[1] is None


def test_trailing_windows_end_on_their_day():
    """Later returns are not looked at, and to-date windows begin with their calendar."""
    data = frame([0.01] * 100)
    table = trailing_returns(data, until=date(2025, 3, 5))
    value = dict(table.select("window", "value").iter_rows())
    assert value["7 days"] == pytest.approx(1.01**7 - 1)
    assert value["week to date"] == pytest.approx(1.01**3 - 1)
    assert value["month to date"] == pytest.approx(1.01**5 - 1)
    assert value["year to date"] == value["since start"] == pytest.approx(1.01**64 - 1)


def test_rolling_is_the_plain_number_of_each_window():
    """Volatility, Sharpe, beta, return, Sortino and drawdown of thirty days, against plain Python."""
    ret, benchmark = chance_returns(80, 1), chance_returns(80, 2)
    ret[20] = 100.0
    data = pl.DataFrame({"ret": ret, "b": benchmark})
    rolled = data.select(
        volatility=performance.rolling_volatility(R, periods_per_year=365),
        sharpe=performance.rolling_sharpe(R, periods_per_year=365),
        sortino=performance.rolling_sortino(R, periods_per_year=365),
        beta=performance.rolling_beta(R, pl.col("b")),
        total=performance.rolling_return(R),
        fall=performance.rolling_max_drawdown(R),
    )
    assert rolled.head(29).null_count().row(0) == (29,) * 6
    for i in range(29, 80):
        window, market = ret[i - 29 : i + 1], benchmark[i - 29 : i + 1]
        alone = pl.DataFrame({"ret": window})
        row = rolled.row(i, named=True)
        assert row["volatility"] == pytest.approx(statistics.stdev(window) * math.sqrt(365), rel=1e-9)
        assert row["sharpe"] == pytest.approx(
            statistics.fmean(window) / statistics.stdev(window) * math.sqrt(365), rel=1e-9
        )
        assert row["beta"] == pytest.approx(
            statistics.covariance(window, market) / statistics.variance(market), rel=1e-7
        )
        assert row["total"] == pytest.approx(math.prod(1 + x for x in window) - 1, rel=1e-9)
        assert row["fall"] == pytest.approx(alone.select(drawdown.max_drawdown(R)).item(), abs=1e-12)
        downside = math.sqrt(statistics.fmean([min(x, 0) ** 2 for x in window]))
        assert row["sortino"] == pytest.approx(statistics.fmean(window) / downside * math.sqrt(365), rel=1e-7)


def test_the_rolling_table_stops_at_each_border():
    """No window reaches from one portfolio into the next."""
    both = pl.concat([frame(chance_returns(40, seed), name) for seed, name in ((1, "a"), (2, "b"))])
    both = both.with_columns(benchmark=pl.Series(chance_returns(80, 3)))
    table = rolling(both)
    for name in ("a", "b"):
        alone = rolling(both.filter(portfolio_id=name))
        assert table.filter(portfolio_id=name).select("volatility", "beta").null_count().row(0) == (29, 29)
        assert_frame_equal(table.filter(portfolio_id=name), alone)


def test_the_rolling_table_refuses_disorder():
    """A window over shuffled days means nothing."""
    with pytest.raises(ContractError, match="not sorted"):
        rolling(frame(chance_returns(40)).reverse())


@pytest.mark.parametrize(("every", "stated"), [("never", 0.5 * 1.1 * 1.1 + 0.5 - 1), ("always", 1.05 * 1.05 - 1)])
def test_a_mix_drifts_or_is_brought_back(every, stated):
    """Held, the winner grows in weight; rebalanced, it does not."""
    days = [START, START + timedelta(days=1)]
    long = pl.DataFrame({"asset": ["a", "a", "b", "b"], "day": days * 2, "ret": [0.1, 0.1, 0.0, 0.0]})
    mix = performance.rebalanced_return(long, weights={"a": 0.5, "b": 0.5}, every=every)
    assert mix.select(performance.total_return(R)).item() == pytest.approx(stated)
