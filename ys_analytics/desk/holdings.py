"""What a portfolio holds, where, at which price and how near to liquidation: the desk's frames of now.

Frames in, frames out; opens nothing. Money stays exact.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import polars as pl

from ys_analytics.schemas import MONEY

CHAINS = {
    0: "own chain", 1: "Ethereum", 10: "Optimism", 56: "BNB Chain", 100: "Gnosis", 137: "Polygon", 250: "Fantom", 324: "zkSync",
    8453: "Base", 42161: "Arbitrum", 43114: "Avalanche", 59144: "Linea",
}  # fmt: skip
WALLET = "wallet"
_QUARTER = timedelta(weeks=13)
_MOST = pl.Decimal(38, 18)


def chain_name(column: str) -> pl.Expr:
    """A chain's number as its name; a number nobody knows stays one."""
    number = pl.col(column).fill_null(0).cast(pl.Int64)
    return number.replace_strict(CHAINS, default=pl.format("chain {}", number), return_dtype=pl.String)


def last_prices(quotes: pl.DataFrame) -> pl.DataFrame:
    """The last quote of each asset: asset_id, price, quoted."""
    return (
        quotes.sort("timestamp")
        .group_by("asset_id", maintain_order=True)
        .agg(price=pl.col("price").last(), quoted=pl.col("timestamp").last())
    )


def positions(held: pl.DataFrame, assets: pl.DataFrame, prices: pl.DataFrame, protocols: pl.DataFrame) -> pl.DataFrame:
    """Every position with its asset's symbol, place, last price, share of net value and gain against cost.

    Args:
        held: `portfolio_positions` of one portfolio.
        assets: `assets`.
        prices: What `last_prices` gave.
        protocols: protocol_address, protocol: names of contracts where known.
    """
    known = assets.select(asset_id="id", symbol="symbol", about="metadata")
    net = held["current_value"].sum() if held.height else None
    cost = pl.col("average_cost").cast(MONEY)
    in_wallet = pl.col("protocol_address").is_null()
    debt = pl.col("position_type").cast(pl.String) == "borrowing"
    gain = (pl.col("price") - cost) * pl.col("quantity")
    return (
        held.join(known, on="asset_id", how="left", maintain_order="left")
        .join(prices, on="asset_id", how="left", maintain_order="left")
        .join(protocols, on="protocol_address", how="left", maintain_order="left")
        .with_columns(
            symbol=pl.col("symbol").fill_null(pl.col("asset_id")),
            kind=pl.col("position_type").cast(pl.String),
            chain=chain_name("chain_id"),
            protocol=pl.when(in_wallet)
            .then(pl.lit(WALLET))
            .otherwise(
                pl.coalesce(
                    "protocol",
                    pl.col("about").str.json_path_match("$.protocol"),
                    pl.format("{}…{}", pl.col("protocol_address").str.head(6), pl.col("protocol_address").str.tail(4)),
                )
            ),
            value=pl.col("current_value"),
            share=pl.col("current_value").cast(pl.Float64) / float(net) if net is not None and net > 0 else pl.lit(None, pl.Float64),
            unrealised=pl.when(debt).then(-gain).otherwise(gain).cast(_MOST),
            price_reason=pl.when(pl.col("price").is_null()).then(pl.lit("no price is stored for it")),
        )
        .with_columns(
            place=pl.when(in_wallet | (pl.col("protocol") == ""))
            .then(pl.format("wallet, {}", "chain"))
            .otherwise(pl.format("{}, {}", "protocol", "chain"))
        )
        .sort(pl.col("value").abs(), "symbol", "id", descending=[True, False, False])
    )  # fmt: skip


def allocation(held: pl.DataFrame) -> pl.DataFrame:
    """Share of net value by asset, kind of position, protocol and chain, largest first.

    Args:
        held: What `positions` gave.
    """
    kind = pl.col("kind").str.replace_all("_", " ")
    views: Mapping[str, pl.Expr] = {
        "asset": pl.col("symbol"),
        "type": kind,
        "protocol": pl.col("protocol"),
        "chain": pl.col("chain"),
    }
    parts = [
        held.group_by(name=column, maintain_order=True)
        .agg(value=pl.col("value").sum(), share=pl.col("share").sum(), known=pl.col("share").count())
        .with_columns(view=pl.lit(view), share=pl.when(pl.col("known") > 0).then("share"))
        .sort(pl.col("value").abs(), "name", descending=[True, False])
        for view, column in views.items()
    ]
    return pl.concat(parts).select("view", "name", "value", "share")


def pools_in_use(held: pl.DataFrame, yields: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Pools a position sits in, with the last quote of each, and what the portfolio has in them.

    A pool is a position's own contract; where no pool quotes under that address, every pool of the same protocol on
    the same chain stands for it.

    Args:
        held: What `positions` gave.
        yields: `yield_metrics`.
        end: Quotes at or after it do not count.
    """
    away = held.filter(pl.col("protocol") != WALLET)
    recent = yields.filter(pl.col("timestamp").is_between(end - _QUARTER, end, closed="left"))
    last = recent.sort("timestamp").group_by("pool_address", maintain_order=True).last()
    mine = away.group_by("protocol", "chain_id", "protocol_address", maintain_order=True).agg(
        symbol=pl.col("symbol").unique(maintain_order=True).str.join(", "), value=pl.col("value").sum()
    )
    exact = mine.join(
        last, left_on="protocol_address", right_on="pool_address", how="inner", maintain_order="left"
    ).with_columns(pool_address=pl.col("protocol_address"))
    rest = mine.join(exact, on="protocol_address", how="anti", maintain_order="left")
    rest = (
        rest.with_columns(pl.col("chain_id").cast(pl.UInt32))
        .group_by("protocol", "chain_id", maintain_order=True)
        .agg(symbol=pl.col("symbol").str.join(", "), value=pl.col("value").sum())
    )
    near = last.join(
        rest,
        left_on=["protocol_name", "chain_id"],
        right_on=["protocol", "chain_id"],
        how="inner",
        maintain_order="left",
    )
    columns = (
        "pool_address",
        "protocol_name",
        "chain_id",
        "symbol",
        "value",
        "apy",
        "trading_fees_apr",
        "rewards_apr",
        "impermanent_loss_risk",
        "tvl",
    )
    found = pl.concat(
        [
            part.select(pl.col(columns[:1]), *columns[1:]).with_columns(pl.col("chain_id").cast(pl.UInt32))
            for part in (exact, near)
        ]
    )
    address = pl.col("pool_address")
    return found.with_columns(
        chain=chain_name("chain_id"), reason=pl.lit(None, pl.String), fees="trading_fees_apr", rewards="rewards_apr", il="impermanent_loss_risk",
    ).with_columns(
        pool=pl.format("{} {}…{}", "protocol_name", address.str.head(6), address.str.tail(4))
    ).sort(pl.col("value").abs(), "pool", descending=[True, False])  # fmt: skip


def yield_history(used: pl.DataFrame, yields: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Mean yield of each day of the last quarter, for each pool in use.

    Args:
        used: What `pools_in_use` gave.
        yields: `yield_metrics`.
        end: Quotes at or after it do not count.
    """
    names = used.select("pool_address", "pool")
    return (
        names.join(yields, on="pool_address", how="inner", maintain_order="left_right")
        .filter(pl.col("timestamp").is_between(end - _QUARTER, end, closed="left"))
        .group_by("pool", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(apy=pl.col("apy").cast(pl.Float64).mean())
        .select("day", "pool", "apy")
    )


def cached_prices(held: pl.DataFrame, cache: pl.DataFrame) -> pl.DataFrame:
    """The cache's price of each asset held, beside the last one stored.

    Args:
        held: What `positions` gave.
        cache: `redis_price_current`.
    """
    mine = held.unique("asset_id", maintain_order=True).select("asset_id", "symbol", stored="price", stored_at="quoted")
    newest = cache.sort("timestamp").group_by("asset_id", maintain_order=True).last()
    cached = newest.select("asset_id", cached="price", quoted="timestamp", source="source")
    apart = pl.col("cached").cast(pl.Float64) / pl.col("stored").cast(pl.Float64) - 1
    return mine.join(cached, on="asset_id", how="left", maintain_order="left").with_columns(
        difference=apart,
        reason=pl.when(pl.col("cached").is_null())
        .then(pl.lit("the cache holds no price: it expires after 60 seconds"))
        .when(pl.col("stored").is_null())
        .then(pl.lit("no price is stored for it")),
    )


def liquidation(risks: pl.DataFrame, cached: pl.DataFrame, *, debts: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Distance to liquidation over days, and what each store says of it now.

    Args:
        risks: `risk_metrics` of one portfolio.
        cached: `redis_risk_liquidation` of one portfolio.
        debts: Whether anything is borrowed now.
    """
    history = (
        risks.sort("timestamp")
        .group_by(day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(pl.col("liquidation_distance").last())
    )
    last = risks.sort("timestamp").row(-1, named=True) if risks.height else {}
    none = "nothing is borrowed" if not debts else None
    distance = last.get("liquidation_distance")
    rows = [
        {
            "title": "Fall of collateral that liquidates", "source": "ClickHouse risk_metrics", "unit": "rate",
            "value": float(distance) if distance is not None and debts else None, "as_of": last.get("timestamp"),
            "reason": none or "no risk was measured",
        },
        {
            "title": "Liquidation risk, 0 none to 1 now", "source": "Redis risk:liquidation", "unit": "score",
            "value": cached["risk"][0] if cached.height else None, "as_of": None,
            "reason": none or "the set does not list it" if cached.is_empty() else "the set keeps no time",
        },
        {
            "title": "Risk of the protocols used", "source": "ClickHouse risk_metrics", "unit": "score",
            "value": float(last["protocol_risk_score"]) if last else None, "as_of": last.get("timestamp"), "reason": "no risk was measured",
        },
    ]  # fmt: skip
    text = dict.fromkeys(("title", "source", "unit", "reason"), pl.String)
    schema = {
        "title": pl.String,
        "source": pl.String,
        "unit": pl.String,
        "value": pl.Float64,
        "as_of": pl.Datetime("us", "UTC"),
        "reason": pl.String,
    }
    return history, pl.DataFrame(rows, schema=schema, schema_overrides=text)


def protocol_names(yields: pl.DataFrame, trades: pl.DataFrame | None = None) -> pl.DataFrame:
    """The protocol of each contract that is known: protocol_address, protocol."""
    pools = yields.select(protocol_address="pool_address", protocol="protocol_name")
    pairs = trades.select(protocol_address="pair_address", protocol="dex_name") if trades is not None else pools.clear()
    return pl.concat([pools, pairs]).unique("protocol_address", keep="first", maintain_order=True)
