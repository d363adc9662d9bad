"""Holdings and exact values of every portfolio at each snapshot.

Knows quantities, prices and when snapshots are taken; claims nothing about returns or risk. A snapshot is
taken at each close, and four times a day where the market is quoted each hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ys_analytics.demo.fixed_point import (
    PRICE_SCALE,
    QUANTITY_SCALE,
    UNITS_PER_TOKEN,
    Flags,
    Floats,
    Ints,
    decimal_series,
)
from ys_analytics.demo.ledger import NO_PLACE, Entries
from ys_analytics.demo.market import CLOSE, HOURS, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.world import ASSETS, PLACES, SYMBOLS
from ys_analytics.schemas import MONEY

_INTRADAY = (5, 11, 17)
_GAP_DAYS = 9
_GAP_START = 0.6

# Portfolios valued at once: what bounds memory.
_CHUNK = 50

_SHARE = pl.Decimal(18, 8)
_SHARE_UNITS = 10**8


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
class Valuation:
    """Holdings and values of portfolios at each instant.

    Attributes:
        instants: When.
        quantities: Units, debts negative, shape (portfolios, instants, places).
        has_snapshot: Whether there is a snapshot, shape (portfolios, instants).
        total: USD for statistics, shape (portfolios, instants).
        snapshots: portfolio, instant, total_value (exact) and asset_allocation of every snapshot, in order.
    """

    instants: Instants
    quantities: Ints
    has_snapshot: Flags
    total: Floats
    snapshots: pl.DataFrame


def instants(market: Market) -> Instants:
    """Every close, and three more a day where the market is quoted each hour."""
    days = market.days.size
    closes = np.arange(days) * HOURS + CLOSE
    hourly = np.arange(days - market.hourly_days, days)
    order = np.sort(np.concatenate([closes, *(hourly * HOURS + hour for hour in _INTRADAY)]))
    return Instants(day=order // HOURS, hour=order % HOURS)


def value_portfolios(portfolios: Portfolios, market: Market, entries: Entries) -> Valuation:
    """All portfolios at all instants."""
    instants_ = instants(market)
    quantities = _quantities(portfolios, entries, instants_)
    has_snapshot = _has_snapshot(portfolios, market, instants_)
    total = np.zeros(has_snapshot.shape)
    parts = []
    for chunk in _chunks(portfolios.size):
        held = _asset_values(portfolios, market, quantities[chunk], has_snapshot[chunk], instants_, first=chunk.start)
        part = _totals(held, has_snapshot[chunk], first=chunk.start)
        total[part["portfolio"], part["instant"]] = part["total_value"].cast(pl.Float64).to_numpy()
        parts.append(part)
    return Valuation(
        instants=instants_,
        quantities=quantities,
        has_snapshot=has_snapshot,
        total=total,
        snapshots=pl.concat(parts, rechunk=False),
    )


def assets_of(portfolios: Portfolios) -> Ints:
    """Which asset each portfolio has in each place, as a number in `ASSETS`."""
    number_of_asset = {(asset.symbol, asset.chain): number for number, asset in enumerate(ASSETS)}

    def number(symbol: str, chain: int) -> int:
        return number_of_asset.get((symbol, chain), number_of_asset.get((symbol, None), -1))

    rows = [
        [number(SYMBOLS[symbol], int(chain)) for symbol, chain in zip(*row, strict=True)]
        for row in zip(portfolios.symbols, portfolios.chains, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(portfolios.size, len(PLACES))


def values_at(
    valuation: Valuation, portfolios: Portfolios, market: Market, chosen: Flags
) -> Iterator[tuple[slice, Floats]]:
    """USD by portfolio, chosen instant and place, for statistics; some portfolios at a time."""
    day, hour = valuation.instants.day[chosen], valuation.instants.hour[chosen]
    symbols = portfolios.symbols
    for chunk in _chunks(portfolios.size):
        prices = market.prices[:, day, hour][symbols[chunk]] / 10.0**PRICE_SCALE
        yield chunk, valuation.quantities[chunk][:, chosen] / UNITS_PER_TOKEN * prices.transpose(0, 2, 1)


def _chunks(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))


def _quantities(portfolios: Portfolios, entries: Entries, instants_: Instants) -> Ints:
    """Entries summed up to each instant: what is held is what was moved."""
    changes = np.zeros((portfolios.size, instants_.day.size, len(PLACES)), dtype=np.int64)
    instant = instants_.after(entries)
    for place, change in ((entries.source, -entries.given), (entries.target, entries.received)):
        moved = (place != NO_PLACE) & (entries.moved == 1)
        np.add.at(changes, (entries.portfolio[moved], instant[moved], place[moved]), change[moved])
    np.add.at(changes, (entries.portfolio, instant, entries.gas_place), -entries.gas_cost)
    return changes.cumsum(axis=1, out=changes)


def _has_snapshot(portfolios: Portfolios, market: Market, instants_: Instants) -> Flags:
    """A snapshot at each instant since a portfolio began, but for the empty one and the one with a gap."""
    has_snapshot = instants_.day[None, :] >= portfolios.opened[:, None]
    has_snapshot[portfolios.with_role("empty")] = False
    start = int(market.days.size * _GAP_START)
    gap = (instants_.day >= start) & (instants_.day < start + _GAP_DAYS)
    has_snapshot[np.ix_(portfolios.with_role("gap"), np.flatnonzero(gap))] = False
    return has_snapshot


def _asset_values(
    portfolios: Portfolios,
    market: Market,
    quantities: Ints,
    has_snapshot: Flags,
    instants_: Instants,
    *,
    first: int,
) -> pl.DataFrame:
    """One row for each portfolio, instant and asset: portfolio, instant, asset, value exact."""
    portfolio, instant, place = np.nonzero(np.where(has_snapshot[:, :, None], quantities, 0))
    symbol = portfolios.symbols[first + portfolio, place]
    price = market.prices[symbol, instants_.day[instant], instants_.hour[instant]]
    rows = pl.DataFrame(
        {
            "portfolio": portfolio + first,
            "instant": instant,
            "asset": assets_of(portfolios)[first + portfolio, place],
            "quantity": decimal_series(quantities[portfolio, instant, place], scale=QUANTITY_SCALE),
            "price": decimal_series(price, scale=PRICE_SCALE),
        }
    )
    return (
        rows.group_by("portfolio", "instant", "asset", maintain_order=True)
        .agg(value=(pl.col("quantity") * pl.col("price")).sum().cast(MONEY))
        .sort("portfolio", "instant", "asset")
    )


def _totals(held: pl.DataFrame, has_snapshot: Flags, *, first: int) -> pl.DataFrame:
    """Total value and allocation of every snapshot; zero and none where nothing is held."""
    portfolio, instant = np.nonzero(has_snapshot)
    all_snapshots = pl.DataFrame({"portfolio": portfolio + first, "instant": instant})
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
    empty = pl.lit([], dtype=pl.List(pl.Struct({"key": pl.String(), "value": _SHARE})))
    return all_snapshots.join(totals, on=["portfolio", "instant"], how="left", maintain_order="left").with_columns(
        total_value=pl.col("total_value").fill_null(pl.lit(0, dtype=MONEY)),
        # Shares of a value that is not above zero have no meaning.
        asset_allocation=pl.when(pl.col("total_value") > 0).then(pl.col("asset_allocation")).otherwise(empty),
    )


def _shares(held: pl.DataFrame) -> pl.DataFrame:
    """Share of the net value in units of 1e-8; the largest takes what rounding leaves, so they sum to 1."""
    snapshot = ["portfolio", "instant"]
    net = pl.col("value").sum().over(snapshot).cast(pl.Float64)
    part = held.with_columns(units=pl.when(net > 0).then(pl.col("value").cast(pl.Float64) / net * _SHARE_UNITS).round())
    part = part.with_columns(units=pl.col("units").fill_null(0.0).cast(pl.Int64))
    rest = _SHARE_UNITS - pl.col("units").sum().over(snapshot)
    largest = pl.int_range(pl.len()).over(snapshot) == pl.col("units").abs().arg_max().over(snapshot)
    part = part.with_columns(units=pl.when(largest).then(pl.col("units") + rest).otherwise(pl.col("units")))
    return part.with_columns(share=decimal_series(part["units"].to_numpy(), scale=8, dtype=_SHARE))
