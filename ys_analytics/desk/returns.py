"""Daily values, returns and drawdowns of a portfolio: the desk's frames over days.

Frames and metrics in, frames out; opens nothing.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.metrics import catalog, drawdown
from ys_analytics.metrics.closes import daily_closes
from ys_analytics.metrics.spans import unknown

_DAY = timedelta(days=1)

# A drawdown within this distance of the limit counts as at the limit: rounding of a product.
_ROUNDING = 1e-12

# The window of rolling risk: a month, the least sample volatility accepts.
ROLLING_DAYS = 30

_NO_SNAPSHOT = "the day has no snapshot"


def daily_values(snapshots: pl.DataFrame) -> pl.DataFrame:
    """Close of each day that has one: its last snapshot, in USD, and when it was taken."""
    closes = daily_closes(
        snapshots.select("portfolio_id", "timestamp", "total_value"), "total_value", by=["portfolio_id"]
    )
    return closes.rename({"total_value": "value", "timestamp": "closed_at"}).select(
        "portfolio_id", "day", "value", "closed_at"
    )


def with_growth(returns: pl.DataFrame) -> pl.DataFrame:
    """Daily returns with growth since the first day and the distance from the peak, both fractions.

    From a day on whose return is not known, both are null: what was earned or lost that day is missing from them.
    """
    ret, known = pl.col("ret"), ~unknown(returns.columns).cum_max()
    return returns.with_columns(
        growth=pl.when(known).then(drawdown.wealth(ret) - 1), underwater=pl.when(known).then(drawdown.underwater(ret))
    )


def with_partial_months(table: pl.DataFrame, returns: pl.DataFrame) -> pl.DataFrame:
    """A table of months with those that returns cover in part: parts List(Int64), the numbers of a year's months.

    Args:
        table: What `metrics.monthly_table` gave.
        returns: What `metrics.daily_returns` gave for one portfolio.
    """
    parts = (
        _covered_months(returns)
        .filter(~pl.col("whole"))
        .group_by(year=pl.col("month").dt.year(), maintain_order=True)
        .agg(parts=pl.col("month").dt.month().cast(pl.Int64))
    )
    return table.join(parts, on="year", how="left", maintain_order="left").with_columns(
        pl.col("parts").fill_null(pl.lit([], pl.List(pl.Int64)))
    )


def months(returns: pl.DataFrame) -> pl.DataFrame:
    """Return of each calendar month since inception: month Date (its first day), ret Float64, whole Boolean, reason.

    A month is whole where returns cover each of its days; one in which nothing was held for a while is not.

    Args:
        returns: What `metrics.daily_returns` gave for one portfolio.
    """
    found = metrics.performance.aggregate_returns(returns, every="month")
    whole = _covered_months(returns)
    return found.join(whole, left_on="period", right_on="month", how="left", maintain_order="left").select(
        month="period", ret="ret", whole=pl.col("whole").fill_null(value=False), reason="reason"
    )


def _covered_months(returns: pl.DataFrame) -> pl.DataFrame:
    """Each month with a day that a return covers, oldest first: month Date, whole Boolean (all its days are)."""
    begun = pl.col("day") - pl.duration(days=pl.col("days").fill_null(1) - 1)
    days = returns.filter(pl.col("ret").is_not_null()).select(day=pl.date_ranges(begun, "day")).explode("day")
    return (
        days.group_by(month=pl.col("day").dt.truncate("1mo"), maintain_order=True)
        .agg(covered=pl.col("day").n_unique())
        .select("month", whole=pl.col("covered") == pl.col("month").dt.month_end().dt.day())
        .sort("month")
    )


def month_statistics(of_months: pl.DataFrame) -> pl.DataFrame:
    """Shape of the distribution of monthly returns: mean, spread, extremes, skewness and excess kurtosis.

    Args:
        of_months: What `months` gave; only whole months with a return count.

    Returns:
        title, unit String, value Float64, n Int64 (months), reason String where value is null.

    Source:
        Joanes and Gill (1998), "Comparing measures of sample skewness and kurtosis", The Statistician 47.
    """
    ret = pl.col("ret")
    rets = of_months.filter(pl.col("whole") & ret.is_not_null())
    n = rets.height
    numbers = rets.select(
        mean=ret.mean(),
        median=ret.median(),
        deviation=ret.std(),
        best=ret.max(),
        worst=ret.min(),
        up=(ret > 0).mean(),
        skewness=metrics.risk.skewness(ret),
        kurtosis=metrics.risk.kurtosis(ret),
    ).row(0, named=True)
    rows = []
    for name, title, unit, min_months in _OF_MONTHS:
        value = numbers[name] if n >= min_months else None
        reason = (
            None
            if value is not None
            else f"needs {min_months} whole months, has {n}"
            if n < min_months
            else "all are alike"
        )
        rows.append({"title": title, "unit": unit, "value": value, "n": n, "reason": reason})
    return pl.DataFrame(rows, schema={"title": pl.String, "unit": pl.String, "value": pl.Float64, "n": pl.Int64,
                                      "reason": pl.String})  # fmt: skip


# Each number of monthly returns, how it prints, and the fewest months it is stated from.
_OF_MONTHS = (
    ("mean", "Mean", "fraction", 1),
    ("median", "Median", "fraction", 1),
    ("deviation", "Standard deviation", "rate", 2),
    ("best", "Best month", "fraction", 1),
    ("worst", "Worst month", "fraction", 1),
    ("up", "Months with a gain", "share", 1),
    ("skewness", "Skewness", "ratio", 3),
    ("kurtosis", "Excess kurtosis", "ratio", 4),
)


def linkable(returns: pl.DataFrame) -> pl.DataFrame:
    """The rows before the first day whose return is not known: after it drawdowns cannot be computed.

    Args:
        returns: What `metrics.daily_returns` gave for one portfolio.
    """
    return returns.filter(~unknown(returns.columns).cum_max())


def week_days(values: pl.DataFrame, returns: pl.DataFrame, *, start: date) -> pl.DataFrame:
    """The seven days of the week: value, return, the days it spans, gain and flow of each, or why there is none."""
    days = pl.DataFrame({"day": [start + _DAY * step for step in range(7)]}, schema={"day": pl.Date})
    first = values["day"].min()
    closes = values.select("day", "value")
    day_returns = returns.select("day", "ret", "days", "gain", "flow", "reason")
    return (
        days.join(closes, on="day", how="left", maintain_order="left")
        .join(day_returns, on="day", how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(pl.col("value").is_not_null())
            .then(pl.col("reason"))
            .when((pl.col("day") < first) if first is not None else pl.lit(value=True))
            .then(pl.lit("the portfolio had no snapshot yet"))
            .otherwise(pl.lit(_NO_SNAPSHOT))
        )
    )


def against_limit(returns: pl.DataFrame, limit: Decimal | None, *, week: tuple[date, date]) -> dict[str, Any]:
    """Compare the drawdown at each close with the owner's limit, up to the week's end.

    Args:
        returns: What `with_growth` gave.
        limit: The fall from the peak the owner accepts, a positive fraction; None when none is set.
        week: Its Monday and the Monday after it.

    Returns:
        underwater Float64 at the last close and week_deepest, the deepest of the week's closes; then, null without a
        limit: beyond_now Boolean, beyond_week and beyond_ever, days (closes) beyond it in the week and since inception,
        beyond_since Date (the first of the days beyond that lead without a break to the last close; null when that is
        within), beyond_first and beyond_last Date, the first and last day beyond it ever.

    >>> days = pl.DataFrame({"day": [date(2026, 11, 16), date(2026, 11, 17)], "underwater": [-0.2, -0.1]})
    >>> found = against_limit(days, Decimal("0.15"), week=(date(2026, 11, 16), date(2026, 11, 23)))
    >>> found["week_deepest"], found["beyond_now"], found["beyond_week"], found["beyond_last"]
    (-0.2, False, 1, datetime.date(2026, 11, 16))
    """
    until_end = returns.filter(pl.col("day") < week[1])
    # Where a return is not known, neither is the distance from the peak after it.
    has_unknown = bool(until_end.select(unknown(until_end.columns).any()).item()) if until_end.height else False
    drawdowns = until_end.filter(pl.col("underwater").is_not_null() & (not has_unknown)).select("day", "underwater")
    week_drawdowns = drawdowns.filter(pl.col("day") >= week[0])["underwater"]
    result: dict[str, Any] = dict.fromkeys(
        ("beyond_now", "beyond_week", "beyond_ever", "beyond_since", "beyond_first", "beyond_last")
    )
    result |= {
        "underwater": drawdowns["underwater"][-1] if drawdowns.height else None,
        "week_deepest": week_drawdowns.min(),
    }
    if limit is None or drawdowns.is_empty():
        return result
    flagged = drawdowns.with_columns(beyond=-pl.col("underwater") > float(limit) + _ROUNDING)
    days_beyond = flagged.filter("beyond")["day"]
    days_within = flagged.filter(~pl.col("beyond"))["day"]
    current_run = days_beyond if days_within.is_empty() else days_beyond.filter(days_beyond > days_within[-1])
    return result | {
        "beyond_now": current_run.len() > 0,
        "beyond_week": int(flagged.filter(pl.col("day") >= week[0])["beyond"].sum()),
        "beyond_ever": days_beyond.len(),
        "beyond_since": current_run[0] if current_run.len() else None,
        "beyond_first": days_beyond[0] if days_beyond.len() else None,
        "beyond_last": days_beyond[-1] if days_beyond.len() else None,
    }


def compared(returns: pl.DataFrame, *, portfolio: str, week: tuple[date, date], risk_free: float) -> pl.DataFrame:
    """Every headline metric of the week and since inception, side by side."""
    until_end = returns.filter(pl.col("day") < week[1])
    parts = {
        "week": metrics.summarise(until_end, risk_free=risk_free, since=week[0], portfolios=[portfolio]),
        "since": metrics.summarise(returns, risk_free=risk_free, portfolios=[portfolio]),
    }
    table = pl.DataFrame(
        {
            "metric": [metric.name for metric in catalog.HEADLINE],
            "title": [metric.title for metric in catalog.HEADLINE],
            "unit": [metric.printed_unit for metric in catalog.HEADLINE],
        }
    )
    for name, numbers in parts.items():
        columns = ("at", "n", "days", "coverage", "start", "end", "reason")
        wide = numbers.select(
            "metric", pl.col("value").alias(name), *(pl.col(column).alias(f"{name}_{column}") for column in columns)
        )
        one_day_returns = numbers.filter(pl.col("metric") == "volatility")["n"]
        table = table.join(wide, on="metric", how="left", maintain_order="left").with_columns(
            pl.lit(one_day_returns[0] if one_day_returns.len() else 0, pl.Int64).alias(f"{name}_alone")
        )
    return table


def claims(
    stored: pl.DataFrame, returns: pl.DataFrame, values: pl.DataFrame, *, risk_free: float = 0.0
) -> pl.DataFrame:
    """The platform's latest stored figures with ours of the same day, and what explains a difference.

    Args:
        stored: What `metrics.audit.claims` gave.
        returns: What `metrics.daily_returns` gave.
        values: What `daily_values` gave.
        risk_free: Simple rate per year, as a fraction, of our Sharpe ratio.
    """
    if stored.is_empty() or returns.is_empty():
        return pl.DataFrame(schema=_CLAIMS)
    audited = metrics.audit.audit(stored, returns, values, risk_free=risk_free)
    names = pl.DataFrame(_CLAIMED_METRICS, schema=("metric", "title", "unit", "unit_difference"), orient="row")
    explanation = (
        pl.when(pl.col("how").str.len_chars() > 0).then(pl.format("{}: {}", "explained", "how")).otherwise("explained")
    )
    return names.join(audited, on="metric", how="inner", maintain_order="left").select(
        "title",
        "unit",
        "unit_difference",
        "day",
        "stored",
        "ours",
        "difference",
        verdict=explanation,
        reason=pl.when(pl.col("ours").is_null()).then(pl.lit("too few returns up to that day")),
    )


# Metrics that the platform stores: name, title, unit, and unit of the difference.
_CLAIMED_METRICS = (
    ("daily_return", "Return of the day", "fraction", "fraction"),
    *(
        (metric.name, metric.title, metric.printed_unit, difference)
        for metric, difference in (
            (catalog.VOLATILITY, "fraction"),
            (catalog.SHARPE_RATIO, "score signed"),
            (catalog.MAX_DRAWDOWN, "fraction"),
        )
    ),
    ("var_95", "Value at risk 95 %, one day, USD", "USD", "USD signed"),
    ("cvar_95", "Expected shortfall 95 %, one day, USD", "USD", "USD signed"),
)
_CLAIMS: dict[str, pl.DataType | type[pl.DataType]] = {"title": pl.String, "day": pl.Date, "stored": pl.Float64}
