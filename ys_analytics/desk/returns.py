"""What a portfolio was worth and what it returned: the desk's frames over days.

Frames and metrics in, frames out; opens nothing.
"""

from datetime import date, timedelta

import polars as pl

from ys_analytics import metrics
from ys_analytics.metrics import catalog, drawdown, performance

_DAY = timedelta(days=1)

# The window of rolling risk: a month, the least sample volatility accepts.
ROLLING_DAYS = 30

_NO_SNAPSHOT = "the day has no snapshot"


def daily_values(snapshots: pl.DataFrame) -> pl.DataFrame:
    """Close of each day that has one: its last snapshot, in USD, and when it was taken."""
    return (
        snapshots.sort("timestamp")
        .group_by("portfolio_id", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(value=pl.col("total_value").last(), closed_at=pl.col("timestamp").last())
    )


def with_growth(returns: pl.DataFrame) -> pl.DataFrame:
    """Daily returns with growth since the first day and the distance from the peak, both fractions."""
    ret = pl.col("ret")
    return returns.with_columns(growth=drawdown.wealth(ret) - 1, underwater=drawdown.underwater(ret))


def week_days(values: pl.DataFrame, returns: pl.DataFrame, *, start: date) -> pl.DataFrame:
    """The seven days of the week: value, return, gain and flow of each, or why there is none."""
    days = pl.DataFrame({"day": [start + _DAY * step for step in range(7)]}, schema={"day": pl.Date})
    first = values["day"].min()
    closes = values.select("day", "value")
    shown = returns.select("day", "ret", "gain", "flow", "reason")
    return (
        days.join(closes, on="day", how="left", maintain_order="left")
        .join(shown, on="day", how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(pl.col("value").is_not_null())
            .then(pl.col("reason"))
            .when((pl.col("day") < first) if first is not None else pl.lit(value=True))
            .then(pl.lit("the portfolio had no snapshot yet"))
            .otherwise(pl.lit(_NO_SNAPSHOT))
        )
    )


def compared(returns: pl.DataFrame, *, portfolio: str, week: tuple[date, date], risk_free: float) -> pl.DataFrame:
    """Every headline metric of the week and since inception, side by side."""
    within = returns.filter(pl.col("day").is_between(week[0], week[1], closed="left"))
    parts = {
        "week": metrics.summarise(within, risk_free=risk_free, portfolios=[portfolio]),
        "since": metrics.summarise(returns, risk_free=risk_free, portfolios=[portfolio]),
    }
    facts = pl.DataFrame(
        {
            "metric": [metric.name for metric in catalog.HEADLINE],
            "title": [metric.title for metric in catalog.HEADLINE],
            "unit": [_unit(metric) for metric in catalog.HEADLINE],
        }
    )
    for name, numbers in parts.items():
        columns = ("at", "n", "days", "coverage", "start", "end", "reason")
        wide = numbers.select("metric", pl.col("value").alias(name), *(pl.col(c).alias(f"{name}_{c}") for c in columns))
        facts = facts.join(wide, on="metric", how="left", maintain_order="left")
    return facts


def _unit(metric: catalog.Metric) -> str:
    """How the value prints: signed where its sign is news, bare where it cannot have one."""
    unsigned = metric.name in {"volatility", "value_at_risk", "expected_shortfall"}
    return "rate" if unsigned and metric.unit.startswith("fraction") else metric.unit


def rolling(returns: pl.DataFrame, *, risk_free: float, days: int = ROLLING_DAYS) -> pl.DataFrame:
    """Volatility and Sharpe ratio of the last so many returns, day by day."""
    window = {"window_size": days, "min_samples": days}
    ret = pl.col("ret")
    spread = ret.rolling_std(ddof=1, **window)  # type: ignore[arg-type]
    excess = ret.rolling_mean(**window) - risk_free / metrics.YEAR  # type: ignore[arg-type]
    return (
        returns.filter(ret.is_not_null())
        .with_columns(
            volatility=spread * metrics.YEAR**0.5,
            sharpe=pl.when(spread > metrics.sample.NO_RISK).then(excess / spread * metrics.YEAR**0.5),
        )
        .select("day", "ret", "volatility", "sharpe")
    )


def monthly(returns: pl.DataFrame) -> pl.DataFrame:
    """Return of each month and year, one row a year, newest first."""
    ret = returns.filter(pl.col("ret").is_not_null())
    if ret.is_empty():
        return pl.DataFrame(
            schema={"year": pl.Int32, **{str(month): pl.Float64 for month in range(1, 13)}, "total": pl.Float64}
        )
    year, month = pl.col("day").dt.year(), pl.col("day").dt.month()
    total = performance.total_return(pl.col("ret"))
    months = {
        str(number): total_of
        for number in range(1, 13)
        for total_of in [performance.total_return(pl.col("ret").filter(month == number))]
    }
    return ret.group_by(year=year).agg(**months, total=total).sort("year", descending=True)


def claims(snapshots: pl.DataFrame, risks: pl.DataFrame, measures: pl.DataFrame, returns: pl.DataFrame) -> pl.DataFrame:
    """The platform's last stored figures beside ours, with the difference.

    VaR and CVaR are stored in USD: they are compared as shares of the value they were stored beside. A fall is
    negative here, whichever sign it was stored with.
    """
    if snapshots.is_empty():
        return pl.DataFrame()
    last = snapshots.sort("timestamp").row(-1, named=True)
    value = float(last["total_value"])
    risk = risks.sort("timestamp").row(-1, named=True) if risks.height else {}
    ours = {row["metric"]: (row["since"], row["since_reason"]) for row in measures.iter_rows(named=True)}
    day = returns.filter(pl.col("day") == last["timestamp"].date())
    ours["daily_return"] = (day["ret"][0], day["reason"][0]) if day.height else (None, _NO_SNAPSHOT)
    rows = []
    for metric, title, unit, claimed in (
        ("daily_return", "Return of the last day", "fraction", last["daily_return"]),
        ("total_return", "Return since inception", "fraction", last["total_return"]),
        ("volatility", "Volatility", "rate", last["volatility"]),
        ("sharpe_ratio", "Sharpe ratio", "ratio", last["sharpe_ratio"]),
        ("max_drawdown", "Deepest fall from a peak", "fraction", _fall(last["max_drawdown"])),
        ("value_at_risk", "Value at risk 95 %, one day", "rate", _share(risk.get("var_95"), value)),
        ("expected_shortfall", "Expected shortfall 95 %, one day", "rate", _share(risk.get("cvar_95"), value)),
    ):
        number, reason = ours[metric]
        said = float(claimed) if claimed is not None else None
        rows.append(
            {
                "title": title,
                "unit": unit,
                "claimed": said,
                "ours": number,
                "difference": said - number if said is not None and number is not None else None,
                "unit_difference": "fraction" if unit == "rate" else "score signed" if unit == "ratio" else unit,
                "reason": reason if number is None else "the platform states none" if said is None else None,
            }
        )
    text = dict.fromkeys(("title", "unit", "unit_difference", "reason"), pl.String)
    return pl.DataFrame(rows, schema_overrides={**text, **dict.fromkeys(("claimed", "ours", "difference"), pl.Float64)})


def _fall(depth: object) -> float | None:
    """A fall as a negative number, whichever sign it was stored with."""
    return -abs(float(depth)) if depth is not None else None  # type: ignore[arg-type]


def _share(amount: object, value: float) -> float | None:
    return float(amount) / value if amount is not None and value > 0 else None  # type: ignore[arg-type]
