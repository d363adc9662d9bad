"""The stored moves of past episodes are those of the market's own closing prices."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from ys_analytics.metrics.risk import EPISODES
from ys_analytics.metrics.risk.episode_moves import MOVES

SHARED = Path(__file__).parents[3] / "shared" / "data" / "market"
_RENAMED = {"POL": "MATIC"}


def closes():
    """Closing price in USD by symbol and UTC day."""
    coins = pl.read_parquet(SHARED / "binance_daily_ohlcv.parquet").filter(pl.col("quote") == "USDT")
    stable = pl.read_parquet(SHARED / "cmc_stablecoins_daily.parquet").unique(["symbol", "date"])
    rows = [*coins.select("base", "date", "close").rows(), *stable.select("symbol", "date", "close").rows()]
    return {(symbol, day): price for symbol, day, price in rows}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the market's prices are not next to the checkout")
def test_every_stored_move_is_that_of_the_closes():
    """From the close before the first day to that of the last one, to a tenth of a per cent."""
    prices = closes()
    for episode in EPISODES:
        for symbol, move in MOVES[episode.name].items():
            named = _RENAMED.get(symbol, symbol)
            before, after = (prices[named, day] for day in (episode.start - timedelta(days=1), episode.end))
            assert move == pytest.approx(after / before - 1, abs=0.0005 + 1e-9), (episode.name, symbol)


def test_every_episode_has_the_largest_coins():
    """Bitcoin and ether have a move in each; nothing lost more than all of it."""
    for episode in EPISODES:
        assert {"BTC", "ETH", "USDC"} <= set(MOVES[episode.name])
        assert min(MOVES[episode.name].values()) > -1
    assert next(one for one in EPISODES if one.name == "Black Thursday").start == date(2020, 3, 12)
