"""A portfolio that only holds bitcoin reports what the source file says, to 1e-9."""

import math
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import demo, desk, frames, metrics
from ys_analytics.demo import BUY_AND_HOLD
from ys_analytics.metrics import drawdown, performance
from ys_analytics.stores import Stores

from .conftest import Frames

YEAR = 2025


def _plain(real_prices: Path) -> dict[str, float]:
    """Total return, volatility, Sharpe ratio and deepest fall of bitcoin in a calendar year, on Python lists."""
    prices = (
        pl.read_parquet(real_prices)
        .filter(pl.col("asset_id") == "BTC", pl.col("timestamp").is_between(date(YEAR - 1, 12, 31), date(YEAR, 12, 31)))
        .sort("timestamp")["price"]
        .to_list()
    )
    returns = [after / before - 1 for before, after in pairwise(prices)]
    mean = sum(returns) / len(returns)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in returns) / (len(returns) - 1))
    peak, depth = prices[0], 0.0
    for price in prices[1:]:
        peak = max(peak, price)
        depth = min(depth, price / peak - 1)
    return {
        "returns": len(returns),
        "total": prices[-1] / prices[0] - 1,
        "volatility": deviation * math.sqrt(365),
        "sharpe": mean / deviation * math.sqrt(365),
        "depth": depth,
    }


def test_a_year_of_bitcoin_is_a_year_of_bitcoin(real_frames: Frames, real_prices: Path) -> None:
    """The kit's metrics on the demo's tables equal a plain computation on the file."""
    holder = real_frames["portfolios"].filter(pl.col("name") == BUY_AND_HOLD)["id"].item()
    values = (
        real_frames["portfolio_snapshots"]
        .filter(pl.col("portfolio_id") == holder)
        .select("portfolio_id", day=pl.col("timestamp").dt.date(), value="total_value")
    )
    flows = metrics.external_flows(metrics.classify_flows(real_frames["transactions"]), real_frames["market_data"])
    year = metrics.daily_returns(values, flows.filter(pl.col("portfolio_id") == holder)).filter(
        pl.col("day").dt.year() == YEAR
    )
    ret = pl.col("ret")
    ours = year.select(
        returns=ret.count(),
        total=performance.total_return(ret),
        volatility=performance.volatility(ret, periods_per_year=365),
        sharpe=performance.sharpe_ratio(ret, periods_per_year=365),
        depth=drawdown.max_drawdown(ret),
    ).row(0, named=True)
    assert ours == pytest.approx(_plain(real_prices), rel=1e-9, abs=1e-9)


def test_a_year_of_bitcoin_is_reported_as_such(borrowed: Stores, real_prices: Path, tmp_path: Path) -> None:
    """The whole way: the demo in four real stores, frozen, and what the report's table of performance says.

    The demo ends with the file's last whole day, so a year and a day of it is the calendar year's returns.
    """
    demo.fill(borrowed, portfolios=9, days=366, seed=7, prices=real_prices, replace=True)
    run = frames.freeze(borrowed, week=f"{YEAR + 1}-W01", out=tmp_path, as_of=datetime(YEAR + 1, 1, 5, tzinfo=UTC))
    opened_desk = desk.open_desk(run.folder, portfolio_id=BUY_AND_HOLD)
    metrics_by_name = {row["metric"]: row for row in opened_desk.performance().iter_rows(named=True)}
    plain = _plain(real_prices)
    assert opened_desk.daily_returns["ret"].count() == plain["returns"]
    assert (metrics_by_name["total_return"]["since_start"], metrics_by_name["total_return"]["since_end"]) == (
        date(YEAR, 1, 1),
        date(YEAR, 12, 31),
    )
    names = {"total_return": "total", "volatility": "volatility", "sharpe_ratio": "sharpe", "max_drawdown": "depth"}
    ours = {short: metrics_by_name[name]["since"] for name, short in names.items()}
    assert ours == pytest.approx({short: plain[short] for short in ours}, rel=1e-9, abs=1e-9)


def test_quotes_are_the_files_own(real_frames: Frames, real_prices: Path) -> None:
    """Every close of every quoted symbol is the file's price of that day, to the file's eight decimals."""
    symbols = real_frames["assets"].filter(pl.col("chain_id").is_null()).select("id", "symbol")
    ours = (
        real_frames["market_data"]
        .join(symbols, left_on="asset_id", right_on="id")
        .select("symbol", day=pl.col("timestamp").dt.date(), price=pl.col("price").cast(pl.Float64))
    )
    theirs = pl.read_parquet(real_prices).select(
        symbol="asset_id", day=pl.col("timestamp").dt.date(), real=pl.col("price")
    )
    both = ours.join(theirs, on=["symbol", "day"])
    assert both.height == ours.height
    assert (both["price"] - both["real"]).abs().max() <= 5e-9
