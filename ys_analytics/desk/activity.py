"""Transactions, gas, flow classification, alerts and sentiment of a portfolio: the desk's frames of events.

Frames in, frames out; opens nothing. Money stays exact.
"""

from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.gas import with_gas
from ys_analytics.desk.holdings import chain_name
from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.schemas import MONEY, QUARTER, Span
from ys_analytics.schemas.outcomes import moves, why_not

_WEEK = timedelta(weeks=1)

_BAD_DAY_QUANTILE = 0.05
_ALERT_RECORD: dict[str, pl.DataType | type[pl.DataType]] = {
    "kind": pl.String,
    **dict.fromkeys(("raised", "open", "acknowledged", "counted"), pl.Int64),
    **dict.fromkeys(("seen", "resolved", "followed", "usual"), pl.Float64),
    "reason": pl.String,
}

__all__ = [
    "alert_record",
    "alerts",
    "alerts_as_of",
    "flow_audit",
    "gas",
    "in_order",
    "recent_alerts",
    "sentiment",
    "sentiment_drift",
    "transactions",
    "with_gas",
]

# Metadata fields that order transactions of one block.
_PLACES_IN_BLOCK = ("transaction_index", "log_index")


def in_order(transactions: pl.DataFrame) -> pl.DataFrame:
    """Sort transactions into the order in which they happened.

    By timestamp; of one timestamp by block_number, then by `metadata.transaction_index` and `metadata.log_index`
    (a row that states none before those that do), and where these are equal in the order given. The id decides
    nothing: it is random.

    Args:
        transactions: timestamp, and block_number and metadata where there are any.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 17, tzinfo=UTC)
    >>> rows = {"timestamp": [at, at], "metadata": ['{"log_index": 7}', '{"log_index": 3}'], "id": ["a", "b"]}
    >>> in_order(pl.DataFrame(rows))["id"].to_list()
    ['b', 'a']
    """
    keys = [pl.col("timestamp"), *([pl.col("block_number")] if "block_number" in transactions.columns else [])]
    if "metadata" in transactions.columns:
        keys += [
            pl.col("metadata").str.json_path_match(f"$.{name}").cast(pl.Int64, strict=False)
            for name in _PLACES_IN_BLOCK
        ]
    return transactions.sort(keys, maintain_order=True)


_NOT_MOVED_REASON = pl.when(~moves()).then(
    pl.format("{}; nothing moved", why_not().fill_null("its status is not known"))
)


def transactions(transactions: pl.DataFrame, assets: pl.DataFrame, *, span: Span | None) -> pl.DataFrame:
    """Transactions with symbols in place of ids, in the order of `in_order`.

    Args:
        transactions: Classified, with gas.
        assets: `assets`.
        span: The week to take them of; None takes all.

    Returns:
        timestamp, kind, from_amount, from_symbol, to_amount, to_symbol, protocol, chain_id, flow, rule, status, moved
        Boolean, moved_reason (why nothing moved: then the amounts are null), attempted_from and attempted_to (what
        would have moved then, else null), gas in USD with gas_reason, transaction_hash.
    """
    symbols = assets.select("id", "symbol")
    listed = in_order(transactions if span is None else transactions.filter(span.contains("timestamp")))
    for leg in ("from", "to"):
        leg_symbols = symbols.rename({"id": f"{leg}_asset_id", "symbol": f"{leg}_symbol"})
        listed = listed.join(leg_symbols, on=f"{leg}_asset_id", how="left", maintain_order="left")
    return listed.with_columns(moved=moves(), moved_reason=_NOT_MOVED_REASON).select(
        "timestamp",
        pl.col("transaction_type").cast(pl.String).alias("kind"),
        pl.when("moved").then("from_amount").alias("from_amount"),
        "from_symbol",
        pl.when("moved").then("to_amount").alias("to_amount"),
        "to_symbol",
        pl.col("protocol_name").alias("protocol"),
        "chain_id",
        "flow",
        "rule",
        pl.col("status").cast(pl.String),
        "moved",
        "moved_reason",
        attempted_from=pl.when(~pl.col("moved")).then("from_amount"),
        attempted_to=pl.when(~pl.col("moved")).then("to_amount"),
        gas="gas",
        gas_reason="gas_reason",
        transaction_hash="transaction_hash",
    )


# What gas is added up by, and what stands for it in a transaction.
GasBy = Literal["status", "month", "protocol", "chain"]
_GAS_BY: dict[GasBy, pl.Expr] = {
    "status": pl.col("status").cast(pl.String),
    "month": pl.col("timestamp").dt.strftime("%Y-%m"),
    "protocol": pl.col("protocol_name").fill_null("wallet"),
    "chain": chain_name("chain_id"),
}


def gas(transactions: pl.DataFrame, *, span: Span, by: GasBy = "status") -> pl.DataFrame:
    """Gas cost in the week and since inception, of transactions whose gas the portfolio paid.

    Args:
        transactions: What `with_gas` gave.
        span: The week.
        by: A row for each status, month, protocol or chain.

    Returns:
        what String (of status: confirmed, failed; of month: 2026-11), and for week_ and since_: transactions Int64,
        cost Decimal in USD (null where the cost of one of them is not known, for a sum without it would be too
        small), unpriced Int64 (how many), reason String (why the cost is null). Sorted by `what`.
    """
    paid = transactions.filter("gas_due")
    of_week = paid.filter(span.contains("timestamp"))
    what = _GAS_BY[by]
    listed = paid.select(what=what).unique().sort("what")
    for name, rows in (("week", of_week), ("since", paid)):
        counts = _gas_by(what, rows).select("what", pl.exclude("what").name.prefix(f"{name}_"))
        listed = listed.join(counts, on="what", how="left", maintain_order="left")
    return listed.with_columns(
        pl.col("week_transactions", "week_unpriced").fill_null(0),
        week_cost=pl.when(pl.col("week_transactions").is_null()).then(pl.lit(0, MONEY)).otherwise("week_cost"),
    )


def _gas_by(what: pl.Expr, paid: pl.DataFrame) -> pl.DataFrame:
    unknown, cost = pl.col("gas").is_null(), pl.col("gas")
    first = pl.col("gas_reason").filter(unknown).first()
    return (
        paid.group_by(what=what, maintain_order=True)
        .agg(transactions=pl.len().cast(pl.Int64), cost=cost.sum(), unpriced=unknown.sum().cast(pl.Int64), reason=first)
        .with_columns(
            cost=pl.when(pl.col("unpriced") == 0).then("cost"),
            reason=pl.when(pl.col("unpriced") > 0).then(
                pl.format("the cost of {} of {} is not known: {}", "unpriced", "transactions", "reason")
            ),
        )
    )


def flow_audit(transactions: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """Number of transactions that each flow rule classified, in the week and since inception."""
    of_week = transactions.filter(span.contains("timestamp"))
    since_inception, this_week = metrics.flow_audit(transactions, by=None), metrics.flow_audit(of_week, by=None)
    return (
        since_inception.rename({"transactions": "since"})
        .join(this_week.select("rule", week="transactions"), on="rule", how="left", maintain_order="left")
        .with_columns(pl.col("week").fill_null(0))
        .select("rule", "flow", "week", "since", "share")
        .sort("since", "rule", descending=[True, False])
    )


def alerts(alerts: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """Alerts of the week, and older ones that were open at its end, newest first, as they stood then."""
    of_week = span.contains("created_at")
    return (
        alerts_as_of(alerts, end=span.end)
        .filter(of_week | pl.col("resolved_at").is_null())
        .sort("created_at", "id", descending=[True, False])
        .with_columns(about="alert_type", in_week=of_week)
    )


def recent_alerts(alerts: pl.DataFrame, *, span: Span) -> pl.DataFrame:
    """Alerts of the last quarter, oldest first, as they stood at the end of the week."""
    return (
        alerts_as_of(alerts, end=span.end).filter(pl.col("created_at") >= span.end - QUARTER).sort("created_at", "id")
    )


def alerts_as_of(alerts: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Alerts created before a moment, in the state they had then: later acknowledgements and resolutions removed."""
    acknowledged, resolved = pl.col("acknowledged_at") < end, pl.col("resolved_at") < end
    return alerts.filter(pl.col("created_at") < end).with_columns(
        is_acknowledged=pl.col("is_acknowledged") & acknowledged.fill_null(value=True),
        acknowledged_at=pl.when(acknowledged).then("acknowledged_at"),
        acknowledged_by=pl.when(acknowledged.fill_null(value=True)).then("acknowledged_by"),
        resolved_at=pl.when(resolved).then("resolved_at"),
    )


def alert_record(alerts: pl.DataFrame, returns: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Alerts by type since inception: reaction times, and how often a bad day followed, next to how often one does.

    A bad day is one whose return is among the worst twentieth of all days of one day's return.

    Args:
        alerts: What `alerts_as_of` gave.
        returns: What `metrics.daily_returns` gave.
        end: Of the week, exclusive.

    Returns:
        kind String; raised, open, acknowledged, counted Int64 (alerts raised more than a week before the end); seen and
        resolved Float64: median hours until then; followed Float64: the share of those counted that a bad day followed
        within seven days; usual Float64: the share of all days that one follows so; reason String where these are null.
        The type with most alerts first.
    """
    days = returns.filter(pl.col("ret").is_not_null() & (pl.col("days").fill_null(1) <= 1)).select("day", "ret")
    enough_days = days.height >= MINIMUM_DAYS
    bad_day_return = days["ret"].quantile(_BAD_DAY_QUANTILE, interpolation="linear") if enough_days else None
    bad_days = set() if bad_day_return is None else set(days.filter(pl.col("ret") <= bad_day_return)["day"])
    last = end.date() - timedelta(days=1)

    def follows(day: date) -> bool:
        return any(day + timedelta(days=step) in bad_days for step in range(1, 8))

    testable_days = [day for day in days["day"] if day + timedelta(days=7) <= last]
    usual = sum(map(follows, testable_days)) / len(testable_days) if testable_days and enough_days else None
    hours = {name: (pl.col(column) - pl.col("created_at")).dt.total_seconds().median() / 3600
             for name, column in (("seen", "acknowledged_at"), ("resolved", "resolved_at"))}  # fmt: skip
    rows = []
    for (kind,), group in alerts.group_by(pl.col("alert_type").cast(pl.String), maintain_order=True):
        counted = [day for day in group["created_at"].dt.date() if day + timedelta(days=7) <= last]
        times = group.select(**hours).row(0, named=True)
        rows.append(
            {
                "kind": str(kind),
                "raised": group.height,
                "open": group["resolved_at"].null_count(),
                "acknowledged": group["acknowledged_at"].count(),
                "counted": len(counted),
                **times,
                "followed": sum(map(follows, counted)) / len(counted) if counted and enough_days else None,
                "usual": usual,
                "reason": None
                if enough_days and counted
                else "needs 30 days of returns"
                if not enough_days
                else "raised less than a week ago",
            }
        )
    return pl.DataFrame(rows, schema=_ALERT_RECORD).sort("raised", "kind", descending=[True, False])


def sentiment(points: pl.DataFrame, symbols: list[str], *, end: datetime) -> pl.DataFrame:
    """Mentions and mean sentiment of each asset in the week before `end`, and in the week before that.

    Args:
        points: `market_sentiment`, without need of its vectors.
        symbols: The assets to report on.
        end: The end of the week.
    """
    mentions = (
        points.select("timestamp", "sentiment_score", symbol="asset_mentioned")
        .explode("symbol")
        .filter(pl.col("symbol").is_in(symbols))
    )
    age = pl.lit(end) - pl.col("timestamp")
    score = pl.col("sentiment_score")
    this_week, last_week = (age > timedelta(0)) & (age <= _WEEK), (age > _WEEK) & (age <= 2 * _WEEK)
    scores = mentions.group_by("symbol", maintain_order=True).agg(
        mentions=this_week.sum().cast(pl.Int64),
        score=score.filter(this_week).mean(),
        before=score.filter(last_week).mean(),
        mentions_before=last_week.sum().cast(pl.Int64),
    )
    # Assets without a mention are listed too.
    return (
        pl.DataFrame({"symbol": list(dict.fromkeys(symbols))}, schema={"symbol": pl.String})
        .join(scores, on="symbol", how="left", maintain_order="left")
        .with_columns(pl.col("mentions", "mentions_before").fill_null(0))
        .sort("score", "symbol", descending=[True, False], nulls_last=True)
    )


def sentiment_drift(points: pl.DataFrame, held: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """Change of sentiment of the assets held: the last week against the quarter before it, and the whole by size.

    Args:
        points: `market_sentiment`, without need of its vectors.
        held: What `holdings.positions` gave.
        end: The end of the week.

    Returns:
        symbol String, row String (part, whole), size Float64 (share of the size of all positions), mentions Int64 and
        score Float64 of the week, mentions_before Int64 and before Float64 of the quarter before the week, change
        Float64, reason String where either score is null. The largest first; last the mean by size of those mentioned
        in both, whose size is their part of all.
    """
    sizes = held.group_by("symbol", maintain_order=True).agg(size=pl.col("value").cast(pl.Float64).abs().sum())
    sizes = sizes.with_columns(pl.col("size") / pl.col("size").sum())
    mentions = points.select("timestamp", "sentiment_score", symbol="asset_mentioned").explode("symbol")
    age, score = pl.lit(end) - pl.col("timestamp"), pl.col("sentiment_score")
    this_week, quarter_before = (age > timedelta(0)) & (age <= _WEEK), (age > _WEEK) & (age <= _WEEK + QUARTER)
    counted = mentions.group_by("symbol", maintain_order=True).agg(
        mentions=this_week.sum().cast(pl.Int64), score=score.filter(this_week).mean(),
        mentions_before=quarter_before.sum().cast(pl.Int64), before=score.filter(quarter_before).mean(),
    )  # fmt: skip
    parts = (
        sizes.join(counted, on="symbol", how="left", maintain_order="left")
        .with_columns(pl.col("mentions", "mentions_before").fill_null(0), row=pl.lit("part"))
        .with_columns(change=pl.col("score") - pl.col("before"))
        .sort("size", "symbol", descending=[True, False])
    )
    is_complete = parts.filter(pl.col("change").is_not_null())
    weight = pl.col("size") / pl.col("size").sum()
    whole = is_complete.select(
        symbol=pl.lit("Mean by size"), row=pl.lit("whole"), size=pl.col("size").sum(),
        mentions=pl.col("mentions").sum(), score=(pl.col("score") * weight).sum(),
        mentions_before=pl.col("mentions_before").sum(), before=(pl.col("before") * weight).sum(),
        change=(pl.col("change") * weight).sum(),
    )  # fmt: skip
    rows = pl.concat([parts.select(*whole.columns), *([whole] if is_complete.height else [])], how="vertical_relaxed")
    missing = pl.col("score").is_null() | pl.col("before").is_null()
    return rows.with_columns(reason=pl.when(missing).then(pl.lit("not mentioned"))).select(
        pl.col(name).cast(dtype) for name, dtype in _SENTIMENT_DRIFT.items()
    )


_SENTIMENT_DRIFT: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("symbol", "row"), pl.String),
    "size": pl.Float64,
    "mentions": pl.Int64,
    "score": pl.Float64,
    "mentions_before": pl.Int64,
    "before": pl.Float64,
    "change": pl.Float64,
    "reason": pl.String,
}
