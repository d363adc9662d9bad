"""Pools that a portfolio uses and the yields they quote.

Frames in, frames out; opens nothing.
"""

from datetime import datetime

import polars as pl

from ys_analytics.desk.holdings import WALLET, chain_name
from ys_analytics.schemas import QUARTER, Span

_NO_OWN_QUOTE = "its contract quotes no yield: the pools of its protocol on its chain are listed"


def pools_in_use(positions: pl.DataFrame, yields: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Pools a position sits in, with the last quote of each, and what the portfolio has in them.

    A pool is the contract a position sits in. Where no pool quotes under that address, every pool of the same
    protocol on the same chain is listed, and what is in each is unknown.

    Args:
        positions: What `holdings.positions` gave.
        yields: `yield_metrics`.
        end: Quotes at or after it do not count.
    """
    last = _recent(yields, end).sort("timestamp").group_by("pool_address", maintain_order=True).last()
    by_contract = (
        positions.filter(pl.col("protocol") != WALLET)
        .with_columns(pl.col("chain_id").cast(pl.UInt32))
        .group_by("protocol", "chain_id", "protocol_address", maintain_order=True)
        .agg(symbol=pl.col("symbol").unique(maintain_order=True).str.join(", "), value=pl.col("value").sum())
    )
    exact = last.join(
        by_contract.select("protocol_address", "symbol", "value"),
        left_on="pool_address",
        right_on="protocol_address",
        how="inner",
    )
    unquoted = by_contract.join(exact, left_on="protocol_address", right_on="pool_address", how="anti")
    unquoted_places = unquoted.select(protocol_name="protocol", chain_id="chain_id").unique(maintain_order=True)
    same_protocol = last.join(unquoted_places, on=["protocol_name", "chain_id"], how="semi").join(
        exact, on="pool_address", how="anti"
    )
    pools = pl.concat([exact, same_protocol], how="diagonal_relaxed")
    return pools.select(
        "pool_address",
        "protocol_name",
        "symbol",
        "value",
        "apy",
        "tvl",
        "timestamp",
        chain=chain_name("chain_id"),
        fees="trading_fees_apr",
        rewards="rewards_apr",
        il="impermanent_loss_risk",
        pool=pl.format("{} {}", "protocol_name", pl.col("pool_address").str.head(6)),
        reason=pl.when(pl.col("value").is_null()).then(pl.lit(_NO_OWN_QUOTE)),
    ).sort(pl.col("value").abs(), "pool", descending=[True, False], nulls_last=True)


def yield_history(used: pl.DataFrame, yields: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Mean yield of each day of the last quarter, for each pool in use.

    Args:
        used: What `pools_in_use` gave.
        yields: `yield_metrics`.
        end: Quotes at or after it do not count.
    """
    return (
        used.select("pool_address", "pool")
        .join(_recent(yields, end), on="pool_address", how="inner", maintain_order="left_right")
        .group_by("pool", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(apy=pl.col("apy").cast(pl.Float64).mean())
        .select("day", "pool", "apy")
    )


def _recent(yields: pl.DataFrame, end: datetime) -> pl.DataFrame:
    return yields.filter(Span(end - QUARTER, end).contains("timestamp"))
