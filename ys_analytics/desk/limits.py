"""Limits and whether they hold: the owner's drawdown, the loans' health, the target weights; and the alert there was.

Frames in, frames out; opens nothing. A limit is the owner's or a protocol's; the kit sets none of its own.
"""

from typing import Any

import polars as pl

_LIMITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "title": pl.String,
    "unit": pl.String,
    "limit": pl.Float64,
    "now": pl.Float64,
    "worst": pl.Float64,
    "state": pl.String,
    "days_beyond": pl.Int64,
    "since": pl.Date,
    "alert": pl.String,
    "reason": pl.String,
}
WITHIN, BEYOND, UNKNOWN, NO_LIMIT = "within", "beyond", "not known", "no limit set"
_DRAWDOWN_ALERT = "the platform raises no alert on drawdown"


def limits(
    drawdown: dict[str, Any],
    limit: Any,
    loans: pl.DataFrame,
    alerts: pl.DataFrame,
    *,
    unknown: str,
) -> pl.DataFrame:
    """Each limit, where it stands, the week's worst, and the platform's alert.

    Args:
        drawdown: What `returns.against_limit` gave.
        limit: The fall from the peak the owner accepts; None where none is set.
        loans: What `loans.loans` gave.
        alerts: What `activity.alerts` gave: of the week, and those still open.
        unknown: Why holdings are not known; empty where they are.

    Returns:
        title, unit String; limit, now, worst Float64 (of a drawdown: positive; of a loan: its health factor, worst is
        null: it is known at the week's end only); state String (within, beyond, not known, no limit set); days_beyond
        Int64 of the week, since Date, alert String (what the platform said of it), reason String where now is null.
    """
    depth, worst = drawdown["underwater"], drawdown["week_deepest"]
    rows = [
        {
            "title": "Drawdown, owner's limit",
            "unit": "rate",
            "limit": None if limit is None else float(limit),
            "now": None if depth is None else -depth,
            "worst": None if worst is None else -worst,
            "state": _drawdown_state(drawdown, limit),
            "days_beyond": drawdown["beyond_week"],
            "since": drawdown["beyond_since"],
            "alert": _DRAWDOWN_ALERT if drawdown["beyond_now"] or drawdown["beyond_week"] else "none needed",
            "reason": "there is no return" if depth is None else None,
        }
    ]
    liquidation_alerts = alerts.filter(pl.col("alert_type").cast(pl.String) == "liquidation_risk")
    for place in loans["place"].unique(maintain_order=True):
        row = loans.filter(pl.col("place") == place).row(0, named=True)
        health = row["health_factor"]
        is_beyond = health is not None and health < 1
        rows.append(
            {
                "title": f"Health factor, {place}",
                "unit": "ratio",
                "limit": 1.0,
                "now": health,
                "state": UNKNOWN if health is None else BEYOND if is_beyond else WITHIN,
                "alert": _latest_alert(liquidation_alerts, missing=is_beyond),
                "reason": row["reason"] if health is None else None,
            }
        )
    if unknown:
        alert_text = _latest_alert(liquidation_alerts, missing=False)
        rows.append(
            {"title": "Health of loans", "unit": "ratio", "state": UNKNOWN, "alert": alert_text, "reason": unknown}
        )
    return pl.DataFrame(rows, schema=_LIMITS)


def _drawdown_state(drawdown: dict[str, Any], limit: Any) -> str:
    if limit is None:
        return NO_LIMIT
    if drawdown["underwater"] is None or drawdown["beyond_now"] is None:
        return UNKNOWN
    return BEYOND if drawdown["beyond_now"] else WITHIN


def _latest_alert(liquidation_alerts: pl.DataFrame, *, missing: bool) -> str:
    """The platform's latest liquidation alert as text, or that there is none."""
    if liquidation_alerts.is_empty():
        return "missing: no alert was raised" if missing else "none needed"
    last = liquidation_alerts.sort("created_at").row(-1, named=True)
    status = "open" if last["resolved_at"] is None else "resolved"
    return f"{last['severity']}, {last['created_at']:%Y-%m-%d}, {status}"
