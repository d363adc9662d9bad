"""What was done in the week: transactions, gas, flows and alerts, as tables."""

from typing import Any

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View


def transactions(frame: pl.DataFrame) -> View:
    """Everything done on chain in the week.

    Args:
        frame: timestamp; kind, protocol, flow, status String; from_amount, to_amount Decimal with from_symbol,
            to_symbol, null with moved_reason where nothing moved, and then attempted_from, attempted_to Decimal; gas
            Decimal in USD with gas_reason.
    """
    return table(
        frame.with_columns(
            pl.col("kind", "status").map_elements(formats.name, return_dtype=pl.String),
            pl.struct("moved_reason", "attempted_from", "from_symbol", "attempted_to", "to_symbol")
            .map_elements(_failed_attempt, return_dtype=pl.String)
            .alias("moved_reason"),
        ),
        title="Transactions of the week",
        subtitle="oldest first; gas in USD at the day's price of the chain's own token",
        fields=(
            Field(name="timestamp", title="When, UTC", unit="UTC"),
            Field(name="kind", title="Type"),
            Field(name="from_amount", title="Sent", unit="asset units", suffix="from_symbol", reason="moved_reason"),
            Field(name="to_amount", title="Received", unit="asset units", suffix="to_symbol", reason="moved_reason"),
            Field(name="protocol", title="Protocol"),
            Field(name="flow", title="Flow"),
            Field(name="status", title="Status"),
            Field(name="gas", title="Gas", unit="USD", reason="gas_reason"),
        ),
        empty="No transaction was made in the week.",
    )


def _failed_attempt(row: dict[str, Any]) -> str | None:
    """Why nothing moved, and what would have: "failed: it was reverted; nothing moved of 5 USDC for 2 ETH"."""
    sides = [
        f"{formats.text(row[f'attempted_{side}'], 'asset units')} {row[f'{side}_symbol']}"
        for side in ("from", "to")
        if row[f"attempted_{side}"] is not None
    ]
    return f"{row['moved_reason']} of {' for '.join(sides)}" if sides else row["moved_reason"]


def gas(frame: pl.DataFrame) -> View:
    """What gas cost, the week and since inception.

    Args:
        frame: what String; for week_ and since_: transactions Int64, cost Decimal in USD, reason String (why it is
            null).
    """
    return table(
        frame,
        title="Cost of gas",
        subtitle="USD; failed transactions pay too",
        fields=(
            Field(name="what", title=""),
            Field(name="week_transactions", title="Week", unit="count"),
            Field(name="week_cost", title="Cost", unit="USD", reason="week_reason"),
            Field(name="since_transactions", title="Since inception", unit="count"),
            Field(name="since_cost", title="Cost", unit="USD", reason="since_reason"),
        ),
        totals=("week_transactions", "week_cost", "since_transactions", "since_cost"),
        empty="No gas has been paid since inception.",
        size="half",
    )


def flows(frame: pl.DataFrame) -> View:
    """What crossed the portfolio's edge in the week.

    Args:
        frame: timestamp, amount Decimal in USD with reason, rule String.
    """
    return table(
        frame,
        title="External flows of the week",
        subtitle="valued at the last price before each",
        fields=(
            Field(name="timestamp", title="When, UTC", unit="UTC"),
            Field(name="amount", title="Amount", unit="USD signed", reason="reason", tone=True),
            Field(name="rule", title="Classified by"),
        ),
        totals=("amount",),
        empty="There was no external flow in the week.",
    )


def flow_audit(frame: pl.DataFrame) -> View:
    """How many transactions each rule classified.

    Args:
        frame: flow, rule String; week, since Int64; share Float64 of all since inception.
    """
    return table(
        frame,
        title="Flow classification",
        subtitle="transactions classified by each rule",
        fields=(
            Field(name="rule", title="Rule"),
            Field(name="flow", title="Flow"),
            Field(name="week", title="Week", unit="count"),
            Field(name="since", title="Since inception", unit="count"),
            Field(name="share", title="Of all", unit="share"),
        ),
        totals=("week", "since", "share"),
        empty="There has been no transaction since inception.",
        size="half",
    )


def alert_record(frame: pl.DataFrame) -> View:
    """Alerts by type since inception: how soon they were seen and resolved, and whether a bad day followed.

    Args:
        frame: kind, reason String; raised, open, acknowledged Int64; seen, resolved Float64 hours; followed, usual
            Float64.
    """
    return table(
        frame.with_columns(
            pl.col("kind").map_elements(formats.name, return_dtype=pl.String),
            unacknowledged=pl.when(pl.col("seen").is_null()).then(pl.lit("none was acknowledged")),
            standing=pl.when(pl.col("resolved").is_null()).then(pl.lit("none was resolved")),
        ),
        title="Alerts by type, since inception",
        subtitle="median hours; followed: by one of the worst 5 % of days within 7 days; usual: of all days",
        fields=(
            Field(name="kind", title="Type"),
            Field(name="raised", title="Raised", unit="count"),
            Field(name="open", title="Open", unit="count"),
            Field(name="acknowledged", title="Acknowledged", unit="count"),
            Field(name="seen", title="To acknowledge", unit="hours", reason="unseen"),
            Field(name="resolved", title="To resolve", unit="hours", reason="standing"),
            Field(name="followed", title="Followed", unit="share", reason="reason"),
            Field(name="usual", title="Usual", unit="share", reason="reason"),
        ),
        totals=("raised", "open", "acknowledged"),
        empty="No alert has been raised since inception.",
    )


def alerts(frame: pl.DataFrame) -> View:
    """Alerts of the week and those still open.

    Args:
        frame: created_at, severity, about, message, acknowledged_at, resolved_at.
    """
    return table(
        frame.with_columns(
            pl.col("severity", "about").cast(pl.String).map_elements(formats.name, return_dtype=pl.String),
            unseen=pl.when(pl.col("acknowledged_at").is_null()).then(pl.lit("not acknowledged")),
            open=pl.when(pl.col("resolved_at").is_null()).then(pl.lit("still open")),
        ),
        title="Alerts of the week, and older ones still open",
        fields=(
            Field(name="created_at", title="Raised, UTC", unit="UTC"),
            Field(name="severity", title="Severity"),
            Field(name="about", title="Type"),
            Field(name="message", title="Message"),
            Field(name="acknowledged_at", title="Acknowledged, UTC", unit="UTC", reason="unseen"),
            Field(name="resolved_at", title="Resolved, UTC", unit="UTC", reason="open"),
        ),
        empty="No alert was raised in the week and none is open.",
    )
