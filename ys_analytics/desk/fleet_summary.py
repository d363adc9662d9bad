"""All portfolios of a week together: totals, cohorts, outliers, flows, limits broken and the nearest liquidations.

Depends on the run's frames and, for loans, on the desk of each portfolio that borrows; opens nothing else.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import returns
from ys_analytics.errors import YsError
from ys_analytics.metrics import catalog
from ys_analytics.schemas import MONEY, Week
from ys_analytics.settings import Settings

if TYPE_CHECKING:
    from ys_analytics.desk.sources import Source

# A portfolio this many scaled median deviations from the median stands out.
MIN_OUTLIER_DEVIATIONS = 3.5
# The median deviation of a normal distribution, in its standard deviations.
_MAD_TO_STD = 1.4826
# Fewer portfolios have no usual one.
_MIN_PORTFOLIOS = 8

_BORROWING = "borrowing"

_COHORTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "cohort": pl.String,
    "row": pl.String,
    "n": pl.Int64,
    "value": MONEY,
    **dict.fromkeys(("week", "total_return", "volatility", "sharpe_ratio", "max_drawdown"), pl.Float64),
    "reason": pl.String,
}
_OUTLIERS: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("name", "metric", "unit"), pl.String),
    **dict.fromkeys(("value", "median", "deviations"), pl.Float64),
}
_LIMITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    **dict.fromkeys(("limit", "now", "worst"), pl.Float64),
    "days_beyond": pl.Int64,
    "since": pl.Date,
}
_LIQUIDATIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("name", "place", "what"), pl.String),
    **dict.fromkeys(("borrowed", "health_factor", "move"), pl.Float64),
    "reason": pl.String,
}
_EXTREMES: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("title", "unit", "best", "worst"), pl.String),
    **dict.fromkeys(("best_value", "median", "worst_value"), pl.Float64),
    "n": pl.Int64,
}


def totals(ranked: pl.DataFrame, flows: pl.DataFrame, days: pl.DataFrame, *, week: Week) -> pl.DataFrame:
    """All portfolios as one: net value, gain and external flows of the week, and the return on their value.

    Args:
        ranked: What `ranking.ranked` gave.
        flows: What `metrics.external_flows` gave.
        days: What `metrics.daily_returns` gave of all.
        week: The week.

    Returns:
        One row: portfolios, valued Int64; value, paid_in, taken_out, gain Decimal in USD; week Float64: the gain over
        the value the week began with; unpriced Int64: flows of the week without a price, left out.
    """
    listed = pl.col("portfolio_id").is_in(ranked["id"].to_list())
    day = pl.col("timestamp").dt.date()
    flows_in_week = flows.filter(listed & (day >= week.monday) & (day < week.end.date()))
    days_in_week = days.filter(listed & (pl.col("day") >= week.monday) & (pl.col("day") < week.end.date()))
    gain = days_in_week["gain"].sum() if days_in_week.height else None
    paid_in, taken_out = (
        flows_in_week.filter(pl.col("amount") > 0)["amount"].sum(),
        flows_in_week.filter(pl.col("amount") < 0)["amount"].sum(),
    )
    value = ranked["value"].sum() if ranked["value"].count() else None
    opening_value = (
        None
        if value is None or gain is None
        else float(value) - float(gain) - float(paid_in or 0) - float(taken_out or 0)
    )
    return pl.DataFrame(
        [
            {
                "portfolios": ranked.height, "valued": ranked["value"].count(), "value": value, "paid_in": paid_in,
                "taken_out": taken_out, "gain": gain,
                "week": float(gain) / opening_value
                if gain is not None and opening_value is not None and opening_value > 0 else None,
                "unpriced": flows_in_week["amount"].null_count(),
            }
        ],
        schema={**dict.fromkeys(("portfolios", "valued"), pl.Int64),
                **dict.fromkeys(("value", "paid_in", "taken_out", "gain"), MONEY),
                "week": pl.Float64, "unpriced": pl.Int64},
    )  # fmt: skip


def cohorts(ranked: pl.DataFrame, portfolios: pl.DataFrame) -> pl.DataFrame:
    """Portfolios by risk profile: how many, what they are worth, and the median of each number.

    Args:
        ranked: What `ranking.ranked` gave.
        portfolios: `portfolios`: id, risk_profile.

    Returns:
        cohort, row String (part, whole), n Int64, value Decimal in USD; week, total_return, volatility, sharpe_ratio,
        max_drawdown Float64: medians of those that have the number; reason String where none has. Last all together.
    """
    known = ranked.join(portfolios.select("id", cohort=pl.col("risk_profile").cast(pl.String)), on="id", how="left")
    numbers = [pl.col(name).median() for name in _COHORTS if _COHORTS[name] is pl.Float64]
    columns = (pl.len().cast(pl.Int64).alias("n"), pl.col("value").sum(), *numbers)
    parts = (
        known.group_by(pl.col("cohort").fill_null("not stated"), maintain_order=True)
        .agg(*columns)
        .sort("value", "cohort", descending=True)
    )
    rows = [parts.with_columns(row=pl.lit("part"))]
    if known.height:
        rows.append(known.select(*columns, cohort=pl.lit("All"), row=pl.lit("whole")))
    missing = pl.any_horizontal(pl.col(name).is_null() for name, dtype in _COHORTS.items() if dtype is pl.Float64)
    reason = pl.when(missing).then(pl.lit("none has this number"))
    found = pl.concat(rows, how="diagonal_relaxed").with_columns(reason=reason)
    return found.select(pl.col(name).cast(dtype) for name, dtype in _COHORTS.items())


def extremes(ranked: pl.DataFrame) -> pl.DataFrame:
    """The best and the worst portfolio by each headline metric, and the median.

    Args:
        ranked: What `ranking.ranked` gave.

    Returns:
        title, unit, best, worst String (names), best_value, median, worst_value Float64, n Int64; metrics that no
        portfolio has are left out.
    """
    rows = []
    for metric in catalog.HEADLINE:
        known = ranked.filter(pl.col(metric.name).is_not_null()).sort(metric.name, "name")
        if known.is_empty():
            continue
        low, high = known.row(0, named=True), known.row(-1, named=True)
        best, worst = (low, high) if metric.direction == "lower" else (high, low)
        rows.append(
            {
                "title": metric.title, "unit": metric.printed_unit, "best": best["name"], "worst": worst["name"],
                "best_value": best[metric.name], "median": known[metric.name].median(),
                "worst_value": worst[metric.name], "n": known.height,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_EXTREMES)


def outliers(ranked: pl.DataFrame, *, min_deviations: float = MIN_OUTLIER_DEVIATIONS) -> pl.DataFrame:
    """Portfolios whose number is far from that of the others: by the median and the median deviation from it.

    Args:
        ranked: What `ranking.ranked` gave.
        min_deviations: In median deviations, scaled to a normal distribution's standard deviation.

    Returns:
        name, metric, unit String, value, median, deviations Float64, the furthest first. A metric that fewer than
        eight portfolios have, or by which half of them are alike, has no outlier.

    Source:
        Iglewicz and Hoaglin (1993), "How to detect and handle outliers", ASQC Quality Press.
    """
    columns = (("week", "Return of the week", "fraction"),
             *((metric.name, metric.title, metric.printed_unit) for metric in catalog.HEADLINE))  # fmt: skip
    rows: list[dict[str, Any]] = []
    for column, title, unit in columns:
        known = ranked.filter(pl.col(column).is_finite()).select("name", value=column)
        if known.height < _MIN_PORTFOLIOS:
            continue
        median = float(known["value"].median())  # type: ignore[arg-type]
        deviation = _MAD_TO_STD * float((known["value"] - median).abs().median())  # type: ignore[arg-type]
        if deviation <= 0:
            continue
        rows += [
            {"name": name, "metric": title, "unit": unit, "value": value, "median": median,
             "deviations": (value - median) / deviation}
            for name, value in known.iter_rows()
            if abs(value - median) / deviation > min_deviations
        ]  # fmt: skip
    return pl.DataFrame(rows, schema=_OUTLIERS).sort(
        pl.col("deviations").abs(), "name", "metric", descending=[True, False, False]
    )


def flows_of_week(ranked: pl.DataFrame, flows: pl.DataFrame, *, week: Week) -> pl.DataFrame:
    """External flows of the week by portfolio, the largest first.

    Returns:
        name String, paid_in, taken_out, net Decimal in USD (taken out is negative), flows, unpriced Int64.
    """
    day, amount = pl.col("timestamp").dt.date(), pl.col("amount")
    in_week = flows.filter((day >= week.monday) & (day < week.end.date()))
    return (
        in_week.join(ranked.select("id", "name"), left_on="portfolio_id", right_on="id", how="inner")
        .group_by("portfolio_id", "name", maintain_order=True)
        .agg(
            paid_in=amount.filter(amount > 0).sum(), taken_out=amount.filter(amount < 0).sum(), net=amount.sum(),
            flows=pl.len().cast(pl.Int64), unpriced=amount.null_count().cast(pl.Int64),
        )
        .sort(pl.col("net").abs(), "name", "portfolio_id", descending=[True, False, False])
        .drop("portfolio_id")
    )  # fmt: skip


def limits_broken(portfolios: pl.DataFrame, days: pl.DataFrame, *, week: tuple[date, date]) -> pl.DataFrame:
    """Portfolios beyond the drawdown their owner accepts, at the week's end or on a day of it, the furthest first.

    Args:
        portfolios: id, name, max_drawdown.
        days: What `metrics.daily_returns` gave of all.
        week: Its Monday and the Monday after it.

    Returns:
        name String; limit, now, worst (of the week) Float64, positive; days_beyond Int64 of the week, since Date.
    """
    rows = []
    by_id = days.partition_by("portfolio_id", as_dict=True)
    for portfolio_id, name, limit in portfolios.select("id", "name", "max_drawdown").iter_rows():
        own_days = by_id.get((portfolio_id,))
        if own_days is None or limit is None:
            continue
        drawdown = returns.against_limit(returns.with_growth(own_days), limit, week=week)
        if drawdown["beyond_now"] or drawdown["beyond_week"]:
            rows.append(
                {"name": name, "limit": float(limit), "now": -drawdown["underwater"], "worst": -drawdown["week_deepest"]
                 if drawdown["week_deepest"] is not None else None,
                 "days_beyond": drawdown["beyond_week"], "since": drawdown["beyond_since"]}
            )  # fmt: skip
    return pl.DataFrame(rows, schema=_LIMITS).sort(
        pl.col("now") - pl.col("limit"), "name", descending=[True, False], nulls_last=True
    )


def nearest_liquidations(
    source: "Source", portfolios: pl.DataFrame, *, week: Week, settings: Settings, top: int = 10
) -> pl.DataFrame:
    """The loans of all portfolios that the smallest move would liquidate, the nearest first.

    Only portfolios that ever borrowed are looked at; each by its own desk, so that a loan stands here as on its page.

    Args:
        source: The run.
        portfolios: id and name of those on the page.
        week: The week.
        settings: The risk-free rate.
        top: How many.

    Returns:
        name, place, what String; borrowed, health_factor, move Float64; reason String where no move would liquidate, or
        loans are not known. Loans without such a move come last.
    """
    from ys_analytics.desk.desk import Desk

    debts = source.rows("portfolio_positions").filter(pl.col("position_type").cast(pl.String) == _BORROWING)
    borrowings = source.rows("transactions").filter(pl.col("transaction_type").cast(pl.String).str.contains("borrow"))
    borrowers = {*debts["portfolio_id"], *borrowings["portfolio_id"]}
    rows: list[dict[str, Any]] = []
    for portfolio_id, name in portfolios.select("id", "name").iter_rows():
        if portfolio_id not in borrowers:
            continue
        desk = Desk(source=source, portfolio_id=portfolio_id, week=week, settings=settings)
        try:
            loans, unknown = desk.loans(), desk.unknown
        except YsError as error:
            loans, unknown = None, str(error)
        if unknown or loans is None:
            rows.append({"name": name, "reason": f"loans are not known: {unknown}"})
            continue
        for (place,), loan in loans.group_by("place", maintain_order=True):
            nearest = loan.sort(pl.col("move").abs(), nulls_last=True).row(0, named=True)
            rows.append(
                {"name": name, "place": place, "what": nearest["what"], "borrowed": nearest["borrowed"],
                 "health_factor": nearest["health_factor"], "move": nearest["move"], "reason": nearest["reason"]}
            )  # fmt: skip
    return (
        pl.DataFrame(rows, schema=_LIQUIDATIONS)
        .sort(pl.col("move").abs(), "health_factor", "name", nulls_last=True)
        .head(top)
    )


def daily_returns(values: pl.DataFrame, flows: pl.DataFrame, ids: Sequence[str]) -> pl.DataFrame:
    """Daily returns of several portfolios.

    Args:
        values: What `returns.daily_values` gave of all.
        flows: What `metrics.external_flows` gave of all.
        ids: Of the portfolios.
    """
    is_selected = pl.col("portfolio_id").is_in(list(ids))
    return metrics.daily_returns(values.filter(is_selected), flows.filter(is_selected))
