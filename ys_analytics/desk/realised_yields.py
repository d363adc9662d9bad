"""Realised yield of each position in a protocol, compared with the yield its pool quoted.

Frames and metrics in, frames out; opens nothing.
"""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import bridge
from ys_analytics.desk.holdings import WALLET
from ys_analytics.metrics.closes import daily_closes
from ys_analytics.schemas import QUARTER, TIME, Span

# A gap below a quarter of a per cent a year may come from the day on which interest is credited.
_NEGLIGIBLE_GAP = 0.0025

_DEBT, _SHARE = "borrowing", "lp_token"
_REALISED_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "symbol": pl.String,
    "kind": pl.String,
    "place": pl.String,
    "quoted_apy": pl.Float64,
    "period_return": pl.Float64,
    "realised_apy": pl.Float64,
    "haircut": pl.Float64,
    "gain": pl.Float64,
    "impermanent_loss": pl.Float64,
    "capital": pl.Float64,
    "days": pl.Int64,
    "why": pl.String,
    "reason": pl.String,
    "quote_reason": pl.String,
    "haircut_reason": pl.String,
}


def realised(
    positions: pl.DataFrame,
    legs: pl.DataFrame,
    quotes: pl.DataFrame,
    pool_quotes: pl.DataFrame,
    assets: pl.DataFrame,
    *,
    end: datetime,
) -> pl.DataFrame:
    """Realised and quoted yield of each position in a protocol over the quarter before `end`, largest gap first.

    A rebasing asset earns in a wallet too, and counts. Realised is what was credited, claimed, earned in fees or grew
    by itself, over the average value of the position on the days it was held; impermanent loss is stated apart,
    not in it. Quoted is the mean of the pool's quotes on those days.

    Args:
        positions: What `holdings.positions` gave.
        legs: What `ledger.legs` gave.
        quotes: `market_data`, as for `bridge.attributed`.
        pool_quotes: `yield_metrics`.
        assets: `assets`.
        end: Of the week, exclusive.

    Returns:
        symbol, kind, place String; quoted_apy, period_return (of the days held, not annualised), realised_apy (null
        below the catalogue's minimum history), haircut (quoted less realised), gain and impermanent_loss and capital
        in USD Float64; days Int64; why String (what may explain the gap); reason, quote_reason and haircut_reason
        String: why the realised, the quoted yield or the gap is null.
    """
    # A balance that grows by itself works in a wallet too.
    rebasing = legs.filter(pl.col("cause") == "rebase")["asset_id"].unique().to_list()
    earning = positions.filter((pl.col("protocol") != WALLET) | pl.col("asset_id").is_in(rebasing))
    if earning.is_empty():
        return pl.DataFrame(schema=_REALISED_SCHEMA)
    legs_before = legs.filter(pl.col("timestamp") < end)
    first: Any = legs_before["timestamp"].min() or end
    since = max(end - QUARTER, first) - timedelta(microseconds=1)
    pieces = bridge.attributed(legs_before, quotes, assets, start=since, end=end - timedelta(microseconds=1))
    days = _daily_values(earning, legs_before, quotes, since=since, end=end)
    joined = (
        earning.select("asset_id", "kind", "symbol", "place", "protocol", "protocol_address")
        .join(_gains(pieces, earning), on=["asset_id", "kind"], how="left", maintain_order="left")
        .join(_capital(days), on=["asset_id", "kind"], how="left", maintain_order="left")
        .join(_quoted(days, pool_quotes), on=["asset_id", "kind"], how="left", maintain_order="left")
        .with_columns(pool=pl.format("{} {} {}", "symbol", "kind", "place"))
    )
    return _explained(metrics.yields.quoted_against_realised(joined))


def _gains(pieces: pl.DataFrame, earning: pl.DataFrame) -> pl.DataFrame:
    """Yield, rewards, fees and impermanent loss of each position; a reward belongs to where its protocol pays it."""
    by_position = (
        pieces.filter(pl.col("cause") != "rewards")
        .group_by("asset_id", kind="position", maintain_order=True)
        .agg(
            pl.col("yield", "lp_fees").sum(),
            impermanent_loss=pl.when(~pl.any_horizontal(pl.col("merged", "unpriced").any())).then(
                pl.col("impermanent_loss").sum()
            ),
            unpriced=pl.col("unpriced").any(),
            merged=pl.col("merged").any(),
        )
    )
    # A protocol that pays for two positions pays for each by what is in it.
    weights = earning.with_columns(
        part=pl.col("value").abs().cast(pl.Float64) / pl.col("value").abs().sum().over("protocol").cast(pl.Float64)
    ).filter(pl.col("kind") != _DEBT)
    rewards_paid = (
        pieces.filter(pl.col("cause") == "rewards")
        .group_by("protocol", maintain_order=True)
        .agg(pl.col("rewards").sum())
    )
    rewards = weights.join(rewards_paid, on="protocol", how="inner").select(
        "asset_id", "kind", rewards=pl.col("rewards").cast(pl.Float64) * pl.col("part")
    )
    earned = (pl.col(name).cast(pl.Float64).fill_null(0.0) for name in ("yield", "rewards", "lp_fees"))
    return (
        by_position.join(rewards, on=["asset_id", "kind"], how="left")
        .with_columns(gain=pl.when(~pl.col("unpriced") & ~pl.col("merged")).then(pl.sum_horizontal(*earned)))
        .select(
            "asset_id", "kind", "gain", "unpriced", "merged", pl.col("rewards", "impermanent_loss").cast(pl.Float64)
        )
    )


def _daily_values(
    earning: pl.DataFrame, legs: pl.DataFrame, quotes: pl.DataFrame, *, since: datetime, end: datetime
) -> pl.DataFrame:
    """Value of each position at the close of each day it was held: asset_id, kind, protocol_address, day, value."""
    recent = quotes.filter(Span(since, end).contains("timestamp"))
    closes = (
        daily_closes(recent.select("asset_id", "timestamp", "price"), "price", by=["asset_id"])
        .select("asset_id", "day", pl.col("price").cast(pl.Float64))
        .with_columns(close=pl.col("day").dt.offset_by("1d").cast(TIME))
    )
    position_days = (
        earning.select("asset_id", "kind", "protocol_address")
        .unique(["asset_id", "kind"], keep="first", maintain_order=True)
        .join(closes, on="asset_id", how="inner")
    )
    quantities = (
        legs.rename({"position": "kind"})
        .sort("timestamp")
        .with_columns(quantity=pl.col("change").cum_sum().over("asset_id", "kind").cast(pl.Float64))
        .select("asset_id", "kind", "timestamp", "quantity")
    )
    return (
        position_days.sort("close")
        .join_asof(quantities, left_on="close", right_on="timestamp", by=["asset_id", "kind"], check_sortedness=False)
        .with_columns(value=(pl.col("quantity") * pl.col("price")).abs())
        .filter(pl.col("value") > 0)
    )


def _capital(days: pl.DataFrame) -> pl.DataFrame:
    return days.group_by("asset_id", "kind", maintain_order=True).agg(
        capital=pl.col("value").mean(), days=pl.len().cast(pl.Int64)
    )


def _quoted(days: pl.DataFrame, pool_quotes: pl.DataFrame) -> pl.DataFrame:
    """Mean yield, and mean rewards, that the pool of each position quoted on the days it was held."""
    daily = pool_quotes.group_by(
        protocol_address="pool_address", day=pl.col("timestamp").dt.date(), maintain_order=True
    ).agg(
        quoted_apy=pl.col("apy").cast(pl.Float64).mean(), quoted_rewards=pl.col("rewards_apr").cast(pl.Float64).mean()
    )
    on_days = days.filter(pl.col("kind") != _DEBT).join(daily, on=["protocol_address", "day"], how="inner")
    return on_days.group_by("asset_id", "kind", maintain_order=True).agg(pl.col("quoted_apy", "quoted_rewards").mean())


def _explained(compared: pl.DataFrame) -> pl.DataFrame:
    """The gap with what may explain it, and a reason for each null."""
    debt = pl.col("kind") == _DEBT
    cause = (
        pl.when(debt)
        .then(pl.lit("what the debt costs"))
        .when(pl.col("gain").is_null())
        .then(pl.lit("not known"))
        .when((pl.col("quoted_rewards") > 0) & (pl.col("rewards").fill_null(0.0) == 0))
        .then(pl.lit("rewards are quoted and none were claimed"))
        .when(pl.col("gain") == 0)
        .then(pl.lit("nothing was credited or claimed"))
        .when(pl.col("rewards").fill_null(0.0) > 0)
        .then(pl.lit("rewards, claimed at the price of the day"))
        .when(pl.col("haircut").abs() <= _NEGLIGIBLE_GAP)
        .then(pl.lit("as quoted"))
        .when(pl.col("kind") == _SHARE)
        .then(pl.lit("fees, as the share's price shows them"))
        .when(pl.col("haircut") > 0)
        .then(pl.lit("less credited than quoted, or not yet"))
        .when(pl.col("haircut") < 0)
        .then(pl.lit("more credited than quoted"))
    )
    no_quote = pl.when(debt).then(pl.lit("quotes are what lenders earn, not what borrowers pay")).otherwise(
        pl.lit("its contract quoted no yield on the days it was held")
    )  # fmt: skip
    reason = (
        pl.when(pl.col("unpriced").fill_null(value=False))
        .then(pl.lit("a price is missing"))
        .when(pl.col("merged").fill_null(value=False))
        .then(pl.lit("its pool's curve or prices are not known: fees cannot be told from the price"))
        .when(pl.col("days").is_null())
        .then(pl.lit("its transactions do not say how it came about"))
        .otherwise("reason")
    )
    quote_reason = pl.when(pl.col("quoted_apy").is_null()).then(no_quote)
    return (
        compared.with_columns(why=cause, reason=reason, quote_reason=quote_reason)
        .with_columns(haircut_reason=pl.coalesce("quote_reason", "reason"))
        .sort(pl.col("haircut").abs(), "pool", descending=[True, False], nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in _REALISED_SCHEMA.items())
    )
