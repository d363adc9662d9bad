"""What was done, what it cost, what was warned of and what was said: the desk's frames of events.

Frames in, frames out; opens nothing. Money stays exact.
"""

from datetime import datetime, timedelta

import polars as pl

from ys_analytics import metrics
from ys_analytics.metrics.chains import native_assets
from ys_analytics.schemas import MONEY, QUARTER, Span

_WEEK = timedelta(weeks=1)
_NO_GAS_PRICE = "the chain's own token has no price that day"


def with_gas(done: pl.DataFrame, assets: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Transactions with the cost of their gas in USD at that day's last price of the chain's own token.

    Args:
        done: `transactions` of one portfolio.
        assets: `assets`.
        quotes: `market_data` of the native tokens.
    """
    closes = (
        quotes.sort("timestamp")
        .group_by("asset_id", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(native=pl.col("price").last())
    )
    spent = pl.col("gas_used") * pl.col("gas_price")
    paid = pl.col("gas_used").is_not_null() & pl.col("gas_price").is_not_null()
    return (
        done.with_columns(day=pl.col("timestamp").dt.date())
        .join(native_assets(assets).rename({"asset_id": "native_id"}), on="chain_id", how="left", maintain_order="left")
        .join(closes, left_on=["native_id", "day"], right_on=["asset_id", "day"], how="left", maintain_order="left")
        .with_columns(
            gas=(spent * pl.col("native")).cast(MONEY),
            gas_reason=pl.when(~paid)
            .then(pl.lit("no gas was paid from the portfolio"))
            .when(pl.col("native").is_null())
            .then(pl.lit(_NO_GAS_PRICE)),
        )
        .drop("native", "native_id", "day")
    )


def transactions(done: pl.DataFrame, assets: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """The week's transactions with symbols in place of ids, oldest first.

    Args:
        done: Classified, with gas.
        assets: `assets`.
        span: The week.
    """
    symbols = assets.select("id", "symbol")
    week = done.filter(pl.col("timestamp").is_between(span.start, span.end, closed="left"))
    for leg in ("from", "to"):
        named = symbols.rename({"id": f"{leg}_asset_id", "symbol": f"{leg}_symbol"})
        week = week.join(named, on=f"{leg}_asset_id", how="left", maintain_order="left")
    return week.sort("timestamp", "id").select(
        "timestamp",
        pl.col("transaction_type").cast(pl.String).alias("kind"),
        "from_amount",
        "from_symbol",
        "to_amount",
        "to_symbol",
        pl.col("protocol_name").alias("protocol"),
        "chain_id",
        "flow",
        "rule",
        pl.col("status").cast(pl.String),
        "gas",
        "gas_reason",
        "transaction_hash",
    )


def gas(done: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """What gas cost by status, the week and ever: counts and exact USD."""
    paid = done.filter(pl.col("gas_used").is_not_null())
    week = paid.filter(pl.col("timestamp").is_between(span.start, span.end, closed="left"))
    status = pl.col("status").cast(pl.String)
    sums = {}
    for name, rows in (("week", week), ("since", paid)):
        sums[name] = rows.group_by(what=status, maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias(f"{name}_transactions"),
            pl.col("gas").sum().alias(f"{name}_cost"),
            pl.col("gas").is_null().sum().cast(pl.Int64).alias(f"{name}_unpriced"),
        )
    return (
        sums["since"]
        .join(sums["week"], on="what", how="left")
        .sort("what")
        .with_columns(
            pl.col("week_transactions", "week_unpriced").fill_null(0), pl.col("week_cost").fill_null(pl.lit(0, MONEY))
        )
    )


def flow_audit(done: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """How many transactions each rule classified, the week and ever."""
    week = done.filter(pl.col("timestamp").is_between(span.start, span.end, closed="left"))
    ever, lately = metrics.flow_audit(done, by=None), metrics.flow_audit(week, by=None)
    return (
        ever.rename({"transactions": "since"})
        .join(lately.select("rule", week="transactions"), on="rule", how="left", maintain_order="left")
        .with_columns(pl.col("week").fill_null(0))
        .select("rule", "flow", "week", "since", "share")
        .sort("since", "rule", descending=[True, False])
    )


def alerts(raised: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """Alerts of the week, and older ones that nobody has resolved, newest first."""
    fresh = pl.col("created_at").is_between(span.start, span.end, closed="left")
    open_still = pl.col("resolved_at").is_null() | (pl.col("resolved_at") >= span.end)
    return (
        raised.filter(fresh | open_still)
        .sort("created_at", "id", descending=[True, False])
        .with_columns(about="alert_type", in_week=fresh)
    )


def recent_alerts(raised: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """Alerts of the last quarter, oldest first."""
    return raised.filter(pl.col("created_at").is_between(span.end - QUARTER, span.end, closed="left")).sort(
        "created_at", "id"
    )


def sentiment(points: pl.DataFrame, symbols: list[str], *, end: datetime) -> pl.DataFrame:
    """How each asset was spoken of in the week before `end`, and in the week before that.

    Args:
        points: `market_sentiment`, without need of its vectors.
        symbols: The assets to report on.
        end: The end of the week.
    """
    said = (
        points.select("timestamp", "sentiment_score", symbol="asset_mentioned")
        .explode("symbol")
        .filter(pl.col("symbol").is_in(symbols))
    )
    age = pl.lit(end) - pl.col("timestamp")
    score = pl.col("sentiment_score")
    this, before = (age > timedelta(0)) & (age <= _WEEK), (age > _WEEK) & (age <= 2 * _WEEK)
    return (
        said.group_by("symbol")
        .agg(
            mentions=this.sum().cast(pl.Int64),
            score=score.filter(this).mean(),
            before=score.filter(before).mean(),
            mentions_before=before.sum().cast(pl.Int64),
        )
        .sort("score", "symbol", descending=[True, False], nulls_last=True)
    )
