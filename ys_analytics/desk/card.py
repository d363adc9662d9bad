"""The card of a desk: its portfolio, week, value, freshness and failed checks, as a frame.

Frames in, a frame out; opens nothing.
"""

from datetime import datetime
from typing import Any

import polars as pl


def card(
    portfolio: pl.DataFrame, headline: pl.DataFrame, findings: pl.DataFrame, latest: datetime, *, unknown: str
) -> pl.DataFrame:
    """Portfolio, week, value, as of, freshness and failed checks, one a row: name, value String.

    Args:
        portfolio: What `desk.portfolio` gave.
        headline: What `desk.headline` gave.
        findings: What `desk.findings` gave.
        latest: When its last value was stored.
        unknown: Why its holdings are not known; empty where they are.
    """
    identity, summary = portfolio.row(0, named=True), headline.row(0, named=True)
    failed = findings.filter(pl.col("outcome") != "passed")
    counts = failed.group_by("severity", maintain_order=True).len().sort("severity").rows()
    checks = ", ".join(f"{number} {severity}" for severity, number in counts)
    rows = [
        ("Portfolio", f"{identity['name']} ({identity['id'][:8]}…)"),
        ("Week", f"{identity['week']}, {identity['start']} to {identity['end']} (exclusive)"),
        (
            "Net value",
            "no value stored" if summary["value"] is None else f"{summary['value']:,.2f} USD, {summary['value_day']}",
        ),
        ("Return of the week", _rate(summary["week_return"], summary["week_reason"])),
        ("Since inception", _rate(summary["since_return"], summary["since_reason"])),
        ("As of", f"{identity['as_of']:%Y-%m-%d %H:%M} UTC, {identity['source']}"),
        ("Freshness", _age(identity["as_of"], latest)),
        ("Failed checks", checks or ("none" if findings.height > 1 else "not checked")),
    ]
    if unknown:
        rows.append(("Holdings", f"not known: {unknown}"))
    return pl.DataFrame(rows, schema={"name": pl.String, "value": pl.String}, orient="row")


def _rate(value: Any, reason: str | None) -> str:
    return f"{value:+.2%}" if value is not None else f"not shown: {reason}"


def _age(now: datetime, latest: datetime) -> str:
    hours = (now - latest).total_seconds() / 3600
    if hours < 0:
        return f"last value {latest:%Y-%m-%d %H:%M} UTC"
    age = f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - two days
    return f"last value {latest:%Y-%m-%d %H:%M} UTC, {age} before that"
