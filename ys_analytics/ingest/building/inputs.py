"""The transactions, assets and prices that one portfolio is built from.

Depends on the stores; computes nothing but prices at a moment.
"""

import json
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics.metrics import chains
from ys_analytics.schemas import MONEY, TIME

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# An asset and the position it is held in.
Holding = tuple[str, str]
SPOT, DEBT = "spot", "borrowing"

# The moment of a day's close: no quote of the day is later.
_CLOSE = time(23, 59, 59, 999_000, tzinfo=UTC)
_MAX_QUOTE_AGE = timedelta(days=1)


def close_of(day: date) -> datetime:
    """The last millisecond of a UTC day."""
    return datetime.combine(day, _CLOSE)


@dataclass(frozen=True)
class Inputs:
    """The transactions and prices of one portfolio.

    Attributes:
        id: The portfolio's id.
        transactions: Its `transactions`, in the order in which they happened.
        assets: `assets`.
        quotes: asset_id, timestamp, price of each asset that moved and of native coins, oldest first.
    """

    id: str
    transactions: pl.DataFrame
    assets: pl.DataFrame
    quotes: pl.DataFrame

    @classmethod
    def load(cls, stores: "Stores", id_: str, transactions: pl.DataFrame, assets: pl.DataFrame) -> "Inputs":
        """Read the prices of what the transactions name and of the native coins."""
        moved = {*transactions["from_asset_id"].drop_nulls(), *transactions["to_asset_id"].drop_nulls()}
        ids = sorted({*moved, *chains.native_assets(assets)["asset_id"]})
        quotes = stores.clickhouse.read(
            "SELECT asset_id, timestamp, price FROM market_data WHERE asset_id IN {ids:Array(String)}"
            " ORDER BY asset_id, timestamp, source",
            {"ids": ids},
            schema={"asset_id": pl.String(), "timestamp": TIME, "price": MONEY},
        )
        return cls(id_, transactions.sort("timestamp", "block_number", "id", maintain_order=True), assets, quotes)

    @cached_property
    def symbols(self) -> dict[str, str]:
        """Symbol by asset id."""
        return dict(self.assets.select("id", "symbol").iter_rows())

    @cached_property
    def chains(self) -> dict[str, int | None]:
        """Chain by asset id."""
        return dict(self.assets.select("id", "chain_id").iter_rows())

    @cached_property
    def dollars(self) -> set[str]:
        """Ids of the assets that are US dollars: their price is 1 by definition."""
        metadata = {row["id"]: json.loads(row["metadata"] or "{}") for row in self.assets.iter_rows(named=True)}
        return {asset for asset, note in metadata.items() if note.get("fiat") and note.get("peg") == "USD"}

    @cached_property
    def _native_coins(self) -> list[dict[str, Any]]:
        return list(chains.native_assets(self.assets).iter_rows(named=True))

    @cached_property
    def _quotes_by_asset(self) -> dict[str, tuple[list[datetime], list[Decimal]]]:
        return {
            str(asset): (group["timestamp"].to_list(), group["price"].to_list())
            for (asset,), group in self.quotes.group_by("asset_id", maintain_order=True)
        }

    def native_coin(self, chain: int, at: datetime) -> str | None:
        """The id of a chain's native coin at a moment; None where it is not registered."""
        for row in self._native_coins:
            after, before = row["since"] is None or at >= row["since"], row["until"] is None or at < row["until"]
            if row["chain_id"] == chain and after and before:
                return str(row["asset_id"])
        return None

    def price(self, asset: str, at: datetime) -> Decimal | None:
        """The last price within a day before a moment."""
        if asset in self.dollars:
            return Decimal(1)
        times, prices = self._quotes_by_asset.get(asset, ([], []))
        index = bisect_right(times, at) - 1
        return prices[index] if index >= 0 and at - times[index] <= _MAX_QUOTE_AGE else None
