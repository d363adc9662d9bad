"""Prices of every symbol on every day and hour: correlated, with jumps, calm and panic.

Knows how prices move and how a receipt token's price follows from its underlying; knows no portfolio
and no table. Prices are whole units of 1e-8 US dollars, one at the end of each hour; the last hour's
is the close of the day.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from ys_analytics.demo.fixed_point import PRICE_SCALE, UNITS_PER_DOLLAR, Floats, Ints, rounded_units
from ys_analytics.demo.identity import random_generator
from ys_analytics.demo.world import QUOTED, SYMBOLS

HOURS = 24
CLOSE = HOURS - 1
_YEAR_HOURS = 365 * HOURS
_WEEK = 7

# The dollar coin that loses its peg for three days, the one that half follows it, and how deep it falls.
_DEPEG = {"USDC": 0.10, "DAI": 0.05}
_DEPEG_START = 0.62
_DEPEG_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Prices by symbol, day and hour.

    Attributes:
        days: The calendar days that have prices, oldest first; real ones may have gaps.
        prices: Units of 1e-8 USD, shape (symbols, days, 24), in the order of `world.SYMBOLS`; 0 where a symbol
            has no price.
        volume: USD traded a day, shape (symbols, days).
        hourly_days: How many of the last days are quoted each hour; 0 where only closes are known.
        source: The source of the quotes.
    """

    days: npt.NDArray[np.datetime64]
    prices: Ints
    volume: Floats
    hourly_days: int
    source: str

    @property
    def closes(self) -> Floats:
        """Closing prices in USD, shape (symbols, days)."""
        closes: Floats = self.prices[:, :, CLOSE] / UNITS_PER_DOLLAR
        return closes

    @property
    def priced_symbols(self) -> frozenset[str]:
        """The symbols that have a price."""
        return frozenset(symbol for symbol, row in zip(SYMBOLS, self.prices, strict=True) if row.all())

    @property
    def fear(self) -> Floats:
        """Fear of each day from 0 (calm) to 1 (panic): a week's moves of BTC against its usual week."""
        moves = np.abs(np.diff(np.log(self.closes[0]), prepend=np.log(self.closes[0, 0])))
        week = np.convolve(moves, np.ones(_WEEK) / _WEEK)[: moves.size]
        usual = float(np.median(week)) or 1.0
        return np.clip((week / usual - 1.0) / 1.5, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CoinWalk:
    """Parameters of one coin's random walk: beta to the market and own volatility, both per year."""

    start: float
    beta: float
    own_volatility: float
    volume: float


_WALKS = {
    "BTC": _CoinWalk(start=61_800.0, beta=1.00, own_volatility=0.10, volume=28e9),
    "ETH": _CoinWalk(start=2_950.0, beta=1.22, own_volatility=0.30, volume=14e9),
    "LINK": _CoinWalk(start=14.20, beta=1.30, own_volatility=0.55, volume=420e6),
    "AAVE": _CoinWalk(start=148.0, beta=1.35, own_volatility=0.60, volume=260e6),
    "UNI": _CoinWalk(start=8.40, beta=1.30, own_volatility=0.62, volume=210e6),
    "POL": _CoinWalk(start=0.52, beta=1.38, own_volatility=0.66, volume=180e6),
}
_STABLE_VOLUME = {"USDC": 7.5e9, "USDT": 55e9, "DAI": 310e6}


def synthetic_market(*, days: int, seed: int, until: datetime, hourly_days: int = 21) -> Market:
    """A synthetic market: `days` days up to `until`, exclusive.

    Calm and panic alternate; in panic everything moves twice as much, falls more often and jumps. All
    coins share one factor, so they fall together. USDC loses its peg once, for three days, and DAI half of it.
    """
    rng = random_generator(seed, "market")
    panic = _panic_days(rng, days)
    market_moves = _market_moves(rng, panic)
    prices = np.ones((len(SYMBOLS), days, HOURS))
    for row, symbol in enumerate(QUOTED):
        if symbol in _WALKS:
            prices[row] = _walk(rng, _WALKS[symbol], market_moves, panic)
        else:
            prices[row] = _pegged_price(rng, days) - _depeg(days, _DEPEG.get(symbol, 0.0))
    end = np.datetime64(until.date(), "D")
    usual_volume = np.array([_volume(symbol) for symbol in SYMBOLS])[:, None]
    activity = 1.0 + 2.5 * panic + rng.lognormal(0.0, 0.25, (len(SYMBOLS), days))
    return Market(
        days=np.arange(end - days, end),
        prices=rounded_units(prices, PRICE_SCALE),
        volume=usual_volume * activity / 2.0,
        hourly_days=min(hourly_days, days),
        source="demo",
    )


def with_receipt_tokens(market: Market, *, fees: Floats, seed: int) -> Market:
    """The market with prices of receipt tokens derived from those of their underlying.

    Args:
        market: Prices of the quoted symbols.
        fees: What the liquidity pool earned on each day, per year, shape (days,).
        seed: Of the small discount at which stETH trades.

    A share of a constant-product pool is worth twice the root of the product of its two prices, which is
    where impermanent loss comes from, times what its fees have added. Aave's tokens are worth their
    underlying, a Treasury bill at par one dollar.
    """
    row_of = {symbol: row for row, symbol in enumerate(SYMBOLS)}
    prices = market.prices.copy()
    ether_price, dollar_price = prices[row_of["ETH"]] / UNITS_PER_DOLLAR, prices[row_of["USDC"]] / UNITS_PER_DOLLAR
    discount = (
        0.0012 + 0.0006 * np.abs(random_generator(seed, "discount").standard_normal(ether_price.shape[0]))[:, None]
    )
    fee_growth = np.exp(np.cumsum(np.log1p(fees / 365)))[:, None]
    prices[row_of["stETH"]] = rounded_units(ether_price * (1.0 - discount), PRICE_SCALE)
    prices[row_of["aUSDC"]] = prices[row_of["USDC"]]
    prices[row_of["aWETH"]] = prices[row_of["ETH"]]
    prices[row_of["ETH-USDC-LP"]] = rounded_units(2.0 * np.sqrt(ether_price * dollar_price) * fee_growth, PRICE_SCALE)
    prices[row_of["TBILL"]] = UNITS_PER_DOLLAR
    return replace(market, prices=prices)


def _panic_days(rng: np.random.Generator, days: int) -> Floats:
    """Calm (0) and panic (1) by day; panic comes seldom and lasts a week or so."""
    draws = rng.random(days)
    panic = np.zeros(days)
    for day in range(1, days):
        probability = 0.86 if panic[day - 1] else 0.022
        panic[day] = float(draws[day] < probability)
    return panic


def _market_moves(rng: np.random.Generator, panic: Floats) -> Floats:
    """Hourly log moves that all coins share, shape (days, 24)."""
    volatility = np.where(panic > 0, 0.95, 0.40)[:, None]
    drift = np.where(panic > 0, -0.70, 0.72)[:, None]
    moves: Floats = drift / _YEAR_HOURS + volatility / np.sqrt(_YEAR_HOURS) * rng.standard_normal((panic.size, HOURS))
    jumps = rng.random(panic.size) < np.where(panic > 0, 0.08, 0.008)
    hour = rng.integers(0, HOURS, panic.size)
    jump_size = rng.normal(-0.035, 0.045, panic.size)
    moves[np.arange(panic.size), hour] += np.where(jumps, jump_size, 0.0)
    return moves


def _walk(rng: np.random.Generator, walk: _CoinWalk, market_moves: Floats, panic: Floats) -> Floats:
    own_volatility = walk.own_volatility * np.where(panic > 0, 1.4, 1.0)[:, None] / np.sqrt(_YEAR_HOURS)
    moves = walk.beta * market_moves + own_volatility * rng.standard_normal(market_moves.shape)
    path: Floats = walk.start * np.exp(np.cumsum(moves.ravel()).reshape(market_moves.shape))
    return path


def _pegged_price(rng: np.random.Generator, days: int) -> Floats:
    """A price near one dollar that returns to it within hours."""
    shocks = rng.normal(0.0, 0.00012, days * HOURS)
    deviation = np.empty(days * HOURS)
    level = 0.0
    for hour, shock in enumerate(shocks):
        level = 0.93 * level + float(shock)
        deviation[hour] = level
    return 1.0 + deviation.reshape(days, HOURS)


def _depeg(days: int, depth: float) -> Floats:
    """How far a dollar coin is below its peg: down within ten hours, back within three days."""
    hours = np.arange(days * HOURS, dtype=np.float64) - int(days * _DEPEG_START) * HOURS
    falling = np.clip(hours / 10.0, 0.0, 1.0)
    rising = np.clip((_DEPEG_DAYS * HOURS - hours) / (_DEPEG_DAYS * HOURS - 10.0), 0.0, 1.0)
    depth_by_hour: Floats = (depth * falling * rising**2).reshape(days, HOURS)
    return depth_by_hour


def _volume(symbol: str) -> float:
    if symbol in _WALKS:
        return _WALKS[symbol].volume
    return _STABLE_VOLUME.get(symbol, 5e6)
