"""Positions, allocation, cached prices and distance to liquidation as frames.

Frames in, frames out; opens nothing. Money stays exact.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from ys_analytics.schemas import CHAINS, MONEY, TIME

WALLET = "wallet"

_EXPIRED = "the cache holds no price: it expires after 60 seconds"
_CACHE_OF_ANOTHER_DAY = "the cache is of the day it was read, not of this week"

_LIQUIDATION: dict[str, pl.DataType | type[pl.DataType]] = {
    "title": pl.String,
    "source": pl.String,
    "unit": pl.String,
    "value": pl.Float64,
    "as_of": TIME,
    "reason": pl.String,
}


def chain_name(column: str) -> pl.Expr:
    """A chain's number as its name; a number without a name stays a number."""
    number = pl.col(column).fill_null(0).cast(pl.Int64)
    return number.replace_strict(CHAINS, default=pl.format("chain {}", number), return_dtype=pl.String)


def last_prices(quotes: pl.DataFrame) -> pl.DataFrame:
    """The last quote of each asset: asset_id, price, quoted."""
    return (
        quotes.sort("timestamp", maintain_order=True)
        .group_by("asset_id", maintain_order=True)
        .agg(price=pl.col("price").last(), quoted=pl.col("timestamp").last())
    )


def positions(
    holdings: pl.DataFrame, assets: pl.DataFrame, prices: pl.DataFrame, protocols: pl.DataFrame
) -> pl.DataFrame:
    """Every position with its asset's symbol, place, last price, share of net value and gain against cost.

    Args:
        holdings: `Holdings.rows` of `week_end.holdings`.
        assets: `assets`.
        prices: What `last_prices` gave.
        protocols: protocol_address, protocol: names of contracts where known.
    """
    registered = assets.select(asset_id="id", symbol="symbol", about="metadata")
    net = holdings["current_value"].sum() if holdings.height else None
    cost = pl.col("average_cost").cast(MONEY)
    in_wallet = pl.col("protocol_address").is_null() & pl.col("protocol_name").is_null()
    debt = pl.col("position_type").cast(pl.String) == "borrowing"
    gain = (pl.col("price") - cost) * pl.col("quantity")
    return (
        holdings.join(registered, on="asset_id", how="left", maintain_order="left")
        .join(prices, on="asset_id", how="left", maintain_order="left")
        .join(protocols, on="protocol_address", how="left", maintain_order="left")
        .with_columns(
            symbol=pl.col("symbol").fill_null(pl.col("asset_id")),
            kind=pl.col("position_type").cast(pl.String),
            chain=pl.coalesce("chain_name", chain_name("chain_id")),
            protocol=pl.when(in_wallet)
            .then(pl.lit(WALLET))
            .otherwise(
                pl.coalesce(
                    "protocol_name",
                    "protocol",
                    pl.col("about").str.json_path_match("$.protocol"),
                    pl.format("{}…{}", pl.col("protocol_address").str.head(6), pl.col("protocol_address").str.tail(4)),
                )
            ),
            value=pl.col("current_value"),
            share=pl.col("current_value").cast(pl.Float64) / float(net)
            if net is not None and net > 0
            else pl.lit(None, pl.Float64),
            unrealised=pl.when(debt).then(-gain).otherwise(gain).cast(MONEY),
            price_reason=pl.when(pl.col("price").is_null()).then(pl.lit("no price is stored for it")),
        )
        .with_columns(
            place=pl.when(in_wallet | (pl.col("protocol") == ""))
            .then(pl.format("wallet, {}", "chain"))
            .otherwise(pl.format("{}, {}", "protocol", "chain"))
        )
        .sort(pl.col("value").abs(), "symbol", "id", descending=[True, False, False])
    )


def allocation(positions: pl.DataFrame) -> pl.DataFrame:
    """Share of net value by asset, kind of position, protocol and chain, largest first; as held, not looked through.

    Assets of one symbol on several chains are one; two of one symbol on one chain are two, each with the end of its id.

    Args:
        positions: What `positions` gave.
    """
    ambiguous = pl.col("asset_id").n_unique().over("symbol", "chain") > 1
    kind = pl.col("kind").str.replace_all("_", " ")
    views: Mapping[str, pl.Expr] = {
        "asset": pl.when(ambiguous)
        .then(pl.format("{} (…{})", "symbol", pl.col("asset_id").str.tail(6)))
        .otherwise("symbol"),
        "type": kind,
        "protocol": pl.col("protocol"),
        "chain": pl.col("chain"),
    }
    parts = [
        positions.group_by(name=column, maintain_order=True)
        .agg(value=pl.col("value").sum(), share=pl.col("share").sum(), known=pl.col("share").count())
        .with_columns(view=pl.lit(view), share=pl.when(pl.col("known") > 0).then("share"))
        .sort(pl.col("value").abs(), "name", descending=[True, False])
        for view, column in views.items()
    ]
    return pl.concat(parts).select("view", "name", "value", "share")


def cached_prices(positions: pl.DataFrame, cache: pl.DataFrame, *, end: datetime, current: bool) -> pl.DataFrame:
    """The cached price of each asset held, with the last one stored before the end of the week.

    Args:
        positions: What `positions` gave.
        cache: `redis_price_current`.
        end: Of the week, exclusive; a price quoted later is not of it.
        current: Whether the stores were read as the week left them.
    """
    asset_prices = positions.unique("asset_id", maintain_order=True).select(
        "asset_id",
        # A symbol on several chains is shown with its chain.
        symbol=pl.when(pl.col("symbol").is_duplicated())
        .then(pl.format("{}, {}", "symbol", "chain"))
        .otherwise("symbol"),
        stored="price",
        stored_at="quoted",
    )
    newest = cache.filter(pl.col("timestamp") < end).sort("timestamp").group_by("asset_id", maintain_order=True).last()
    cached = newest.select("asset_id", cached="price", quoted="timestamp", source="source")
    difference = pl.col("cached").cast(pl.Float64) / pl.col("stored").cast(pl.Float64) - 1
    return asset_prices.join(cached, on="asset_id", how="left", maintain_order="left").with_columns(
        difference=difference,
        reason=pl.when(pl.col("cached").is_null())
        .then(pl.lit(_EXPIRED if current else _CACHE_OF_ANOTHER_DAY))
        .when(pl.col("stored").is_null())
        .then(pl.lit("no price is stored for it")),
    )


def liquidation(
    risks: pl.DataFrame, cached: pl.DataFrame, *, debts: bool | None, current: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Distance to liquidation over days, and what each store says of it at the end of the week.

    Args:
        risks: `risk_metrics` of one portfolio.
        cached: `redis_risk_liquidation` of one portfolio.
        debts: Whether anything was borrowed; None where that is not known.
        current: Whether the cache still speaks of the week; it keeps no time of its own.
    """
    history = (
        risks.sort("timestamp")
        .group_by(day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(pl.col("liquidation_distance").last())
    )
    last = risks.sort("timestamp").row(-1, named=True) if risks.height else {}
    no_debt_reason = "nothing is borrowed" if debts is False else None
    score = cached["risk"][0] if cached.height and current else None
    no_time_reason = "the set does not list it" if cached.is_empty() else "the set keeps no time"
    distance = last.get("liquidation_distance")
    rows = [
        {
            "title": "Fall of collateral that liquidates",
            "source": "ClickHouse",
            "unit": "rate",
            "value": float(distance) if distance is not None and debts is not False else None,
            "as_of": last.get("timestamp"),
            "reason": no_debt_reason or "no risk was measured",
        },
        {
            "title": "Liquidation risk, 0 none to 1 now",
            "source": "Redis",
            "unit": "score",
            "value": score,
            "as_of": None,
            "reason": _CACHE_OF_ANOTHER_DAY
            if not current
            else (no_debt_reason or no_time_reason)
            if cached.is_empty()
            else no_time_reason,
        },
        {
            "title": "Risk of the protocols used",
            "source": "ClickHouse",
            "unit": "score",
            "value": float(last["protocol_risk_score"]) if last else None,
            "as_of": last.get("timestamp"),
            "reason": "no risk was measured",
        },
    ]
    return history, pl.DataFrame(rows, schema=_LIQUIDATION)


def protocol_names(yields: pl.DataFrame, trades: pl.DataFrame | None = None) -> pl.DataFrame:
    """The protocol of each contract that is known: protocol_address, protocol."""
    pools = yields.select(protocol_address="pool_address", protocol="protocol_name")
    pairs = trades.select(protocol_address="pair_address", protocol="dex_name") if trades is not None else pools.clear()
    return pl.concat([pools, pairs]).unique("protocol_address", keep="first", maintain_order=True)
