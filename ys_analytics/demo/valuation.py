"""What every portfolio holds at each moment it is valued, and what that is worth, to the last decimal.

Knows quantities, prices and when snapshots are taken; claims nothing about returns or risk. A snapshot is
taken at each close, and four times a day where the market is quoted each hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ys_analytics.demo.fixed_point import PRICE_SCALE, QUANTITY, QUANTITY_SCALE, Flags, Floats, Ints, decimals
from ys_analytics.demo.ledger import NOWHERE, Entries
from ys_analytics.demo.market import CLOSE, HOURS, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.world import ASSETS, PLACES, SYMBOLS
from ys_analytics.schemas import MONEY

_INTRADAY = (5, 11, 17)
_GAP_DAYS = 9
_GAP_AT = 0.6

# Portfolios valued at once: what bounds memory.
_CHUNK = 50

_SHARE = pl.Decimal(18, 8)
_WHOLE = 10**8


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """When snapshots are taken: day and hour, in time order; a snapshot is of the end of its hour."""

    day: Ints
    hour: Ints

    @property
    def close(self) -> Flags:
        """Whether it is the last of its day."""
        last: Flags = self.hour == CLOSE
        return last

    @property
    def order(self) -> Ints:
        """Hours since the market's first."""
        return self.day * HOURS + self.hour

    def after(self, entries: Entries) -> Ints:
        """The first instant at or after each entry."""
        return np.searchsorted(self.order, entries.day * HOURS + entries.second // 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What portfolios hold and are worth at each instant.

    Attributes:
        instants: When.
        quantities: Units, debts negative, shape (portfolios, instants, places).
        shown: Whether there is a snapshot, shape (portfolios, instants).
        total: USD for statistics, shape (portfolios, instants).
        snapshots: portfolio, instant, total_value (exact) and asset_allocation of every snapshot, in order.
    """

    instants: Instants
    quantities: Ints
    shown: Flags
    total: Floats
    snapshots: pl.DataFrame


def instants(market: Market) -> Instants:
    """Every close, and three more a day where the market is quoted each hour."""
    days = market.days.size
    closes = np.arange(days) * HOURS + CLOSE
    hourly = np.arange(days - market.hourly, days)
    order = np.sort(np.concatenate([closes, *(hourly * HOURS + hour for hour in _INTRADAY)]))
    return Instants(day=order // HOURS, hour=order % HOURS)


def value(cast: Portfolios, market: Market, entries: Entries) -> Worth:
    """All portfolios at all instants."""
    moments = instants(market)
    quantities = _quantities(cast, entries, moments)
    shown = _shown(cast, market, moments)
    total = np.zeros(shown.shape)
    parts = []
    for chunk in _chunks(cast.size):
        held = _held(cast, market, quantities[chunk], shown[chunk], moments, first=chunk.start)
        part = _totals(held, shown[chunk], first=chunk.start)
        total[part["portfolio"], part["instant"]] = part["total_value"].cast(pl.Float64).to_numpy()
        parts.append(part)
    return Worth(
        instants=moments, quantities=quantities, shown=shown, total=total, snapshots=pl.concat(parts, rechunk=False)
    )


def assets_of(cast: Portfolios) -> Ints:
    """Which asset each portfolio has in each place, as a number in `ASSETS`."""
    at = {(asset.symbol, asset.chain): number for number, asset in enumerate(ASSETS)}

    def number(symbol: str, chain: int) -> int:
        return at.get((symbol, chain), at.get((symbol, None), -1))

    rows = [
        [number(SYMBOLS[symbol], int(chain)) for symbol, chain in zip(*row, strict=True)]
        for row in zip(cast.symbols, cast.chains, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(cast.size, len(PLACES))


def values_at(worth: Worth, cast: Portfolios, market: Market, chosen: Flags) -> Iterator[tuple[slice, Floats]]:
    """USD by portfolio, chosen instant and place, for statistics; some portfolios at a time."""
    day, hour = worth.instants.day[chosen], worth.instants.hour[chosen]
    symbols = cast.symbols
    for chunk in _chunks(cast.size):
        prices = market.prices[:, day, hour][symbols[chunk]] / 10.0**PRICE_SCALE
        yield chunk, worth.quantities[chunk][:, chosen] / QUANTITY * prices.transpose(0, 2, 1)


def _chunks(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))


def _quantities(cast: Portfolios, entries: Entries, moments: Instants) -> Ints:
    """Entries summed up to each instant: what is held is what was moved."""
    changes = np.zeros((cast.size, moments.day.size, len(PLACES)), dtype=np.int64)
    when = moments.after(entries)
    for place, change in ((entries.source, -entries.given), (entries.target, entries.received)):
        real = (place != NOWHERE) & (entries.moved == 1)
        np.add.at(changes, (entries.who[real], when[real], place[real]), change[real])
    np.add.at(changes, (entries.who, when, entries.gas_place), -entries.gas_cost)
    return changes.cumsum(axis=1, out=changes)


def _shown(cast: Portfolios, market: Market, moments: Instants) -> Flags:
    """A snapshot at each instant since a portfolio began, but for the empty one and the one with a gap."""
    shown = moments.day[None, :] >= cast.opened[:, None]
    shown[cast.playing("empty")] = False
    start = int(market.days.size * _GAP_AT)
    gap = (moments.day >= start) & (moments.day < start + _GAP_DAYS)
    shown[np.ix_(cast.playing("gap"), np.flatnonzero(gap))] = False
    return shown


def _held(
    cast: Portfolios,
    market: Market,
    quantities: Ints,
    shown: Flags,
    moments: Instants,
    *,
    first: int,
) -> pl.DataFrame:
    """One row for each portfolio, instant and asset: portfolio, instant, asset, value exact."""
    who, when, place = np.nonzero(np.where(shown[:, :, None], quantities, 0))
    symbol = cast.symbols[first + who, place]
    price = market.prices[symbol, moments.day[when], moments.hour[when]]
    worth = pl.DataFrame(
        {
            "portfolio": who + first,
            "instant": when,
            "asset": assets_of(cast)[first + who, place],
            "quantity": decimals(quantities[who, when, place], scale=QUANTITY_SCALE),
            "price": decimals(price, scale=PRICE_SCALE),
        }
    )
    return (
        worth.group_by("portfolio", "instant", "asset", maintain_order=True)
        .agg(value=(pl.col("quantity") * pl.col("price")).sum().cast(MONEY))
        .sort("portfolio", "instant", "asset")
    )


def _totals(held: pl.DataFrame, shown: Flags, *, first: int) -> pl.DataFrame:
    """Total value and allocation of every snapshot; zero and none where nothing is held."""
    who, when = np.nonzero(shown)
    every = pl.DataFrame({"portfolio": who + first, "instant": when})
    ids = pl.Series("key", [asset.id for asset in ASSETS])
    totals = (
        _shares(held)
        .group_by("portfolio", "instant", maintain_order=True)
        .agg(
            total_value=pl.col("value").sum().cast(MONEY),
            asset_allocation=pl.struct(
                pl.col("asset").replace_strict(dict(enumerate(ids)), return_dtype=pl.String).alias("key"),
                pl.col("share").alias("value"),
            ).sort_by(pl.col("asset").replace_strict(dict(enumerate(ids)), return_dtype=pl.String)),
        )
    )
    nothing = pl.lit([], dtype=pl.List(pl.Struct({"key": pl.String(), "value": _SHARE})))
    return every.join(totals, on=["portfolio", "instant"], how="left", maintain_order="left").with_columns(
        total_value=pl.col("total_value").fill_null(pl.lit(0, dtype=MONEY)),
        # Shares of nothing, or of less than nothing, mean nothing.
        asset_allocation=pl.when(pl.col("total_value") > 0).then(pl.col("asset_allocation")).otherwise(nothing),
    )


def _shares(held: pl.DataFrame) -> pl.DataFrame:
    """Share of the net value in units of 1e-8; the largest takes what rounding leaves, so they sum to 1."""
    snapshot = ["portfolio", "instant"]
    net = pl.col("value").sum().over(snapshot).cast(pl.Float64)
    part = held.with_columns(units=pl.when(net > 0).then(pl.col("value").cast(pl.Float64) / net * _WHOLE).round())
    part = part.with_columns(units=pl.col("units").fill_null(0.0).cast(pl.Int64))
    rest = _WHOLE - pl.col("units").sum().over(snapshot)
    largest = pl.int_range(pl.len()).over(snapshot) == pl.col("units").abs().arg_max().over(snapshot)
    part = part.with_columns(units=pl.when(largest).then(pl.col("units") + rest).otherwise(pl.col("units")))
    return part.with_columns(share=decimals(part["units"].to_numpy(), scale=8, dtype=_SHARE))
