"""Changes since last week: the change of value by reason, headline metrics, positions, yields, alerts and findings.

Frames in, frames out; opens nothing. Last week is stated twice where it can be: as this week's data show it, and as the
run of that week showed it. The difference between the two is restated data; what the page of that week printed beyond
that is a changed method.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.metrics import catalog
from ys_analytics.schemas import MONEY

_DIGITS = 90

_CHANGES: dict[str, pl.DataType | type[pl.DataType]] = {
    "section": pl.String,
    "name": pl.String,
    "unit": pl.String,
    "before": pl.Float64,
    "now": pl.Float64,
    "change": pl.Float64,
    "restated": pl.Float64,
    "method": pl.Float64,
    "note": pl.String,
    "reason": pl.String,
}
_SPLIT: dict[str, pl.DataType | type[pl.DataType]] = {
    "term": pl.String,
    "title": pl.String,
    "amount": MONEY,
    "share": pl.Float64,
    "reason": pl.String,
}
# The terms of a week's change of value, in the order they are read.
_TERMS = (
    ("market", "Market"),
    ("trades", "Trades"),
    ("yield", "Yield and rewards"),
    ("fees", "LP fees less impermanent loss"),
    ("gas", "Gas"),
    ("flows", "External flows"),
    ("restated", "Restated data"),
    ("method", "Changed method"),
    ("residual", "Residual"),
)
COMPARED = tuple(
    catalog.METRICS[name]
    for name in (
        "total_return", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "value_at_risk",
        "expected_shortfall",
    )
)  # fmt: skip
NO_RUN = "there is no run of the week before to compare with"


def split(
    bridge_rows: pl.DataFrame, *, stated: Decimal | None, printed: Decimal | None, missing: str = ""
) -> pl.DataFrame:
    """The week's change of value: from what was last printed to the closing value, by reason.

    Args:
        bridge_rows: What `bridge.bridge` gave of the week.
        stated: The closing value of the week before by the data of that week's run; None where there is none.
        printed: The value that that week's page printed; None where none was printed.
        missing: Why `stated` is None.

    Returns:
        term, title String, amount Decimal(38, 18) in USD, share Float64 of the opening value, reason String where
        amount is null. From before (as last printed, else as that week's run held it, else as this week's data hold it)
        to after; the terms between add up to the change to the last decimal.
    """
    amounts = dict(bridge_rows.select("term", "amount").iter_rows())
    period = bridge_rows.row(0, named=True)
    opening, closing = amounts["before"], amounts["after"]
    start_value = printed if printed is not None else stated if stated is not None else opening
    is_explained = period["holds"] is not None
    with localcontext(prec=_DIGITS):
        pool = amounts.get("pool") or Decimal(0)
        terms: dict[str, Decimal | None] = dict.fromkeys(name for name, _ in _TERMS)
        if is_explained:
            traded = period["traded"] or Decimal(0)
            terms |= {
                "market": amounts["price"] - traded + pool,
                "trades": traded,
                "yield": amounts["yield"] + amounts["rewards"],
                "fees": amounts["lp_fees"] + amounts["impermanent_loss"],
                "gas": amounts["gas"],
                "flows": amounts["flows"],
                "residual": amounts["residual"],
            }
        terms["restated"] = None if stated is None or opening is None else opening - stated
        terms["method"] = None if stated is None or printed is None else stated - printed
    opening_usd = float(opening) if opening else 0.0
    reasons = {"restated": missing or NO_RUN, "method": missing or "no page of the week before was printed"}
    rows = [{"term": "before", "title": "Value at the end of last week", "amount": start_value, "share": None,
             "reason": period["reason"] if start_value is None else None}]  # fmt: skip
    rows += [
        {
            "term": name, "title": title, "amount": terms[name],
            "share": float(amount) / opening_usd if (amount := terms[name]) is not None and opening_usd > 0 else None,
            "reason": (reasons.get(name) or period["reason"]) if terms[name] is None else None,
        }
        for name, title in _TERMS
    ]  # fmt: skip
    rows.append({"term": "after", "title": "Value now", "amount": closing, "share": None,
                 "reason": period["reason"] if closing is None else None})  # fmt: skip
    return pl.DataFrame(rows, schema=_SPLIT)


def headline(
    returns: pl.DataFrame,
    *,
    monday: date,
    risk_free: float,
    previous_run: pl.DataFrame | None,
    printed: Mapping[str, float] | None,
) -> pl.DataFrame:
    """Return since inception and risk figures at the end of last week and now, and how much of it is restated.

    Args:
        returns: `daily_returns` up to the week's end.
        monday: The week's first day.
        risk_free: Simple rate per year, as a fraction.
        previous_run: `daily_returns` by the run of the week before; None where there is none.
        printed: What the page of the week before printed since inception, by metric; None where none was printed.

    Returns:
        section ("Return and risk since inception"), name, unit String; before, now, change Float64; restated: last week
        by today's data less by that week's run; method: that run's data by this program less what was printed then;
        note String, reason String where a number is null.
    """
    periods = {
        "now": returns,
        "before": returns.filter(pl.col("day") < monday),
        **({} if previous_run is None else {"then": previous_run}),
    }
    histories = pl.concat(
        [frame.with_columns(portfolio_id=pl.lit(name)) for name, frame in periods.items()], how="diagonal"
    )
    numbers = metrics.summarise(histories, COMPARED, risk_free=risk_free, portfolios=periods)
    values = {(row["portfolio_id"], row["metric"]): row for row in numbers.iter_rows(named=True)}
    rows = []
    for metric in COMPARED:
        now, before = values["now", metric.name], values["before", metric.name]
        restated_from = values["then", metric.name]["value"] if "then" in periods else None
        printed_value = None if printed is None else printed.get(metric.title)
        rows.append(
            {
                "section": "Return and risk since inception",
                "name": metric.title,
                "unit": metric.printed_unit,
                "before": before["value"],
                "now": now["value"],
                "change": _difference(now["value"], before["value"]),
                "restated": _difference(before["value"], restated_from),
                "method": _difference(restated_from, printed_value),
                "reason": now["reason"] or before["reason"],
            }
        )
    return pl.DataFrame(rows, schema=_CHANGES)


def _difference(value: float | None, subtracted: float | None) -> float | None:
    return None if value is None or subtracted is None else value - subtracted


def positions(now: pl.DataFrame, before: pl.DataFrame, *, unknown: str = "") -> pl.DataFrame:
    """Value and weight of each position last week and now; opened, closed or changed.

    A position is an asset held in one way under one protocol, over all chains.

    Args:
        now: What `holdings.positions` gave of this week.
        before: Of the week before.
        unknown: Why what was held then, or is held now, is not known; empty where both are.

    Returns:
        name String, kind String; quantity_before, quantity, value_before, value Decimal; weight_before, weight, change
        Float64 (of weight), note String (opened, closed, more, less, same quantity), reason String where one side is
        not known: then there is no change and no note. Largest change of weight first.
    """
    numbers = ("quantity", "value", "weight")
    earlier = _summed_by_position(before).rename({name: f"{name}_before" for name in numbers})
    positions_joined = _summed_by_position(now).join(
        earlier, on=["name", "kind"], how="full", coalesce=True, maintain_order="left_right"
    )
    old, new = pl.col("quantity_before"), pl.col("quantity")
    note = (
        pl.when(old.is_null())
        .then(pl.lit("opened"))
        .when(new.is_null())
        .then(pl.lit("closed"))
        .when(new > old)
        .then(pl.lit("more"))
        .when(new < old)
        .then(pl.lit("less"))
        .otherwise(pl.lit("same quantity"))
    )
    weight_change = pl.col("weight").fill_null(0.0) - pl.col("weight_before").fill_null(0.0)
    return (
        positions_joined.with_columns(
            note=pl.lit(None, pl.String) if unknown else note,
            change=pl.lit(None, pl.Float64) if unknown else weight_change,
            reason=pl.lit(unknown or None, pl.String),
        )
        .sort(pl.col("change").abs(), "name", "kind", descending=[True, False, False])
        .select("name", "kind", "quantity_before", "quantity", "value_before", "value", "weight_before", "weight",
                "change", "note", "reason")
    )  # fmt: skip


def _summed_by_position(held: pl.DataFrame) -> pl.DataFrame:
    return held.group_by(
        name=pl.format("{}, {}", "symbol", "protocol"),
        kind=pl.col("kind").str.replace_all("_", " "),
        maintain_order=True,
    ).agg(pl.col("quantity").sum(), pl.col("value").sum(), weight=pl.col("share").sum())


def yields(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Quoted yield of each pool in use, last week and now.

    Args:
        now: What `pools.pools_in_use` gave.
        before: The same pools' last quotes a week earlier.
    """
    pools = now.select("pool_address", "pool", now=pl.col("apy").cast(pl.Float64))
    earlier = before.select("pool_address", before=pl.col("apy").cast(pl.Float64))
    rows = pools.join(earlier, on="pool_address", how="left", maintain_order="left").select(
        section=pl.lit("Quoted yield"), name="pool", unit=pl.lit("rate"), before="before", now="now",
        change=pl.col("now") - pl.col("before"),
        reason=pl.when(pl.col("before").is_null()).then(pl.lit("no quote a week earlier")),
    )  # fmt: skip
    return _with_all_columns(rows)


def alerts(alerts: pl.DataFrame, *, monday: date) -> pl.DataFrame:
    """How many alerts were open last week and now, raised, acknowledged and resolved in the week.

    Args:
        alerts: Every alert before the week's end, as it stood then.
        monday: The week's first day.
    """
    start = pl.lit(monday)
    created, resolved, acknowledged = (
        pl.col(name).dt.date() for name in ("created_at", "resolved_at", "acknowledged_at")
    )
    open_now, open_then = resolved.is_null(), (created < start) & (resolved.is_null() | (resolved >= start))
    counts = alerts.select(
        now=open_now.sum(), before=open_then.sum(), raised=(created >= start).sum(),
        resolved=(resolved >= start).sum(), seen=(acknowledged >= start).sum(),
    ).row(0, named=True)  # fmt: skip
    note = f"{counts['raised']} raised, {counts['seen']} acknowledged and {counts['resolved']} resolved in the week"
    row = {"section": "Alerts", "name": "Open alerts", "unit": "count", "before": float(counts["before"]),
           "now": float(counts["now"]), "change": float(counts["now"] - counts["before"]), "note": note}  # fmt: skip
    return pl.DataFrame([row], schema=_CHANGES)


def findings(now: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    """Failed checks last week and now, and which are new and which are gone.

    Args:
        now: What `findings.listed` gave.
        before: Of the run of the week before; None where there is none.
    """
    failed = _failed(now)
    if before is None:
        row: dict[str, Any] = {"before": None, "change": None, "reason": NO_RUN}
    else:
        earlier = _failed(before)
        new, gone = sorted(failed - earlier), sorted(earlier - failed)
        row = {"before": float(len(earlier)), "change": float(len(failed) - len(earlier)),
               "note": f"{len(new)} new, {len(gone)} gone" if new or gone else None}  # fmt: skip
    checks = {"section": "Checks", "name": "Failed checks", "unit": "count", "now": float(len(failed)), **row}
    return pl.DataFrame([checks], schema=_CHANGES)


def _failed(findings: pl.DataFrame) -> set[str]:
    rows = findings.filter(pl.col("outcome") != "passed")
    return set(rows.select(pl.format("{}.{}", "suite", "rule")).to_series())


def weights(changed: pl.DataFrame) -> pl.DataFrame:
    """Positions as rows of `changes`: their weights.

    Args:
        changed: What `positions` gave.
    """
    rows = changed.select(
        section=pl.lit("Weight of net value"), name=pl.format("{}, {}", "name", "kind"), unit=pl.lit("share"),
        before="weight_before", now="weight", change="change", note="note", reason="reason",
    )  # fmt: skip
    return _with_all_columns(rows)


def _with_all_columns(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in _CHANGES.items()
    )
