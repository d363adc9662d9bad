"""What is at risk, what needs a decision and whether the numbers can be trusted: the frame of the first page.

Frames in, frames out; opens nothing and sets no limit of its own.
"""

from datetime import datetime
from typing import Any

import polars as pl

_ATTENTION: dict[str, pl.DataType | type[pl.DataType]] = {
    "group": pl.String,
    "title": pl.String,
    "unit": pl.String,
    "now": pl.Float64,
    "limit": pl.Float64,
    "worst": pl.Float64,
    "state": pl.String,
    "note": pl.String,
    "reason": pl.String,
}
RISK, DECISION, TRUST = "At risk", "To decide", "Can it be trusted"


def attention(
    *,
    value_at_risk: dict[str, Any],
    limits: pl.DataFrame,
    loans: pl.DataFrame,
    drift: pl.DataFrame,
    turnover: float | None,
    alerts: pl.DataFrame,
    findings: pl.DataFrame,
    coverage: float | None,
    unknown: str,
    end: datetime,
) -> pl.DataFrame:
    """One row per question: its current figure, its limit, the week's worst, and a note.

    Args:
        value_at_risk: value, reason: of one day at 95 %, since inception.
        limits: What `limits.limits` gave.
        loans: What `loans.loans` gave.
        drift: What `target.drift` gave.
        turnover: What `target.turnover_to_target` gave.
        alerts: What `activity.alerts` gave.
        findings: What `findings.listed` gave.
        coverage: Share of the days since inception that have a return.
        unknown: Why holdings are not known; empty where they are.
        end: Of the week.

    Returns:
        group (at risk, to decide, can it be trusted), title, unit String; now, limit, worst Float64; state, note,
        reason String.
    """
    drawdown = limits.row(0, named=True)
    rows = [
        {"group": RISK, "title": "Value at risk 95 %, one day", "unit": "rate", "now": value_at_risk["value"],
         "reason": value_at_risk["reason"]},
        {"group": RISK, "title": "Drawdown", "unit": "rate", "now": drawdown["now"], "limit": drawdown["limit"],
         "worst": drawdown["worst"], "state": drawdown["state"], "note": _days_beyond_text(drawdown),
         "reason": drawdown["reason"]},
        {"group": RISK, "title": "Nearest liquidation, move of the market", "unit": "fraction",
         **_nearest_liquidation(loans, unknown)},
        *_broken_limits(limits),
        {"group": DECISION, "title": "Drift: trades to be at target", "unit": "share", "now": turnover,
         "note": _furthest_text(drift), "reason": None if turnover is not None else unknown or _no_target(drift)},
        {"group": DECISION, "title": "Open alerts", "unit": "count", **_open_alerts(alerts, end)},
        {"group": TRUST, "title": "Failed checks", "unit": "count", **_failed_checks(findings)},
        {"group": TRUST, "title": "Days since inception with a return", "unit": "share", "now": coverage,
         "reason": None if coverage is not None else "there is no return"},
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_ATTENTION)


def _days_beyond_text(row: dict[str, Any]) -> str | None:
    days = row["days_beyond"]
    if not days:
        return None
    since = f", since {row['since']:%Y-%m-%d}" if row["since"] is not None else ""
    return f"{days} of the week's days beyond the limit{since}"


def _nearest_liquidation(loans: pl.DataFrame, unknown: str) -> dict[str, Any]:
    if unknown:
        return {"reason": unknown}
    if loans.is_empty():
        return {"reason": "nothing is borrowed"}
    market = loans.filter(pl.col("price").is_null()).sort(pl.col("move").abs(), nulls_last=True)
    row = (market if market.height else loans).row(0, named=True)
    if row["move"] is None:
        return {"reason": row["reason"] or "no move of it liquidates a loan",
                "note": None if row["health_factor"] is None else row["place"]}  # fmt: skip
    return {"now": row["move"], "note": row["place"]}


def _broken_limits(limits: pl.DataFrame) -> list[dict[str, Any]]:
    """The number of limits exceeded, with the platform's alert on each."""
    rows = [row for row in limits.iter_rows(named=True) if row["state"] == "beyond"]
    count: dict[str, Any] = {"group": DECISION, "title": "Limits broken", "unit": "count", "now": float(len(rows)),
                             "note": "; ".join(f"{row['title']}: {row['alert']}" for row in rows) or None}  # fmt: skip
    return [count]


def _furthest_text(drift: pl.DataFrame) -> str | None:
    symbols = drift.filter(pl.col("drift").is_not_null() & (pl.col("drift") != 0)).head(2)["symbol"].to_list()
    return f"furthest: {', '.join(symbols)}" if symbols else None


def _no_target(drift: pl.DataFrame) -> str:
    return "the owner states no target allocation" if drift.is_empty() else "net value is not above zero"


def _open_alerts(alerts: pl.DataFrame, end: datetime) -> dict[str, Any]:
    open_alerts = alerts.filter(pl.col("resolved_at").is_null())
    if open_alerts.is_empty():
        return {"now": 0.0}
    ages = [(end - at).days for at in open_alerts["created_at"]]
    unacknowledged = open_alerts["acknowledged_at"].null_count()
    parts = [f"oldest {max(ages)} days", f"newest {min(ages)} days"] if len(ages) > 1 else [f"{ages[0]} days old"]
    return {"now": float(open_alerts.height), "note": "; ".join([*parts, f"{unacknowledged} not acknowledged"])}


def _failed_checks(findings: pl.DataFrame) -> dict[str, Any]:
    failed = findings.filter(pl.col("outcome") != "passed")
    if findings.height <= 1:
        return {"now": None, "reason": "the data was not checked"}
    counts = dict(failed.group_by("severity", maintain_order=True).len().iter_rows())
    labels = {
        "critical": "critical",
        "warning": "warning" if counts.get("warning") == 1 else "warnings",
        "info": "info",
    }
    parts = [f"{counts[name]} {word}" for name, word in labels.items() if name in counts]
    return {"now": float(failed.height), "note": ", ".join(parts) or None}
