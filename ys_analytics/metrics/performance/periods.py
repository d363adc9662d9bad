"""Returns by week, month, quarter and year: compounded, best and worst, trailing, month by year.

Expressions where one number comes out, frames where a table does. Nothing here reads
a store, a clock or a setting: until when is an argument.
"""

from datetime import date, timedelta
from typing import Literal

import polars as pl

from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.growth import total_return
from ys_analytics.metrics.histories import in_order
from ys_analytics.metrics.sample import finite_or_null, nan_to_null, present
from ys_analytics.metrics.spans import first_day, unknown
from ys_analytics.schemas.arguments import checked

Every = Literal["week", "month", "quarter", "year"]

_TRUNCATE: dict[str, str] = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TRAILING_DAYS = (7, 30, 90, 180, 365, 1095)


def period_returns(ret: pl.Expr, *, day: pl.Expr, every: Every, days: pl.Expr | None = None) -> pl.Expr:
    """Compound returns within each calendar period, in time order.

    Args:
        ret: Simple returns, as fractions, in time order.
        day: The Date each return ends on.
        every: "week" is an ISO week, Monday to Sunday.
        days: The days each return spans; one each when None.

    Returns:
        One Float64 for each period that has a return, the first and the last perhaps in part;
        null after a total loss, when there is nothing left to grow, and where a return crosses a border of the period.
        As many rows as periods: for `select` and `group_by`, not for `over`.

    >>> frame = pl.DataFrame({"ret": [0.5, 0.5, -0.5], "day": [date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1)]})
    >>> frame.select(period_returns(pl.col("ret"), day=pl.col("day"), every="month")).to_series().to_list()
    [1.25, -0.5]
    """
    present_rows = present(ret)
    bucket = day.filter(present_rows).dt.truncate(_TRUNCATE[every])
    value = (finite_or_null(ret).filter(present_rows) + 1).cum_prod()
    last = (bucket != bucket.shift(-1)).fill_null(value=True)
    closes = value.filter(last)
    parts = closes / closes.shift(1, fill_value=1.0) - 1
    if days is None:
        return nan_to_null(parts)
    begin_day = first_day(day=day, days=days).filter(present_rows).dt.truncate(_TRUNCATE[every])
    # A return that crosses a border is the first of the period it ends in, and follows the last of the one it leaves.
    entry_value = (begin_day != bucket).filter((bucket != bucket.shift(1)).fill_null(value=True))
    exit_value = ((begin_day.shift(-1) == bucket) & (bucket.shift(-1) != bucket)).fill_null(value=False).filter(last)
    return nan_to_null(pl.when(~entry_value & ~exit_value).then(parts))


@metric(
    name="best_year",
    title="Best year",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="Calendar years, as every factsheet has them.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, every="year", days=s.days),
)
@metric(
    name="best_month",
    title="Best month",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="Calendar months, as every factsheet has them.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, every="month", days=s.days),
)
@metric(
    name="best_week",
    title="Best week",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="ISO weeks, as the reports are weekly.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, every="week", days=s.days),
)
def best_period(ret: pl.Expr, *, day: pl.Expr, every: Every, days: pl.Expr | None = None) -> pl.Expr:
    r"""Highest compound return of a calendar period.

    $$ \max_p \Big(\prod_{t \in p}(1 + r_t) - 1\Big) $$

    Args:
        ret: Simple returns, as fractions, in time order.
        day: The Date each return ends on.
        every: "week" is an ISO week.
        days: The days each return spans; one each when None. A period whose border one crosses is left out.

    Returns:
        One Float64 fraction. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"ret": [0.5, 0.5, -0.5], "day": [date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1)]})
    >>> frame.select(best_period(pl.col("ret"), day=pl.col("day"), every="month")).item()
    1.25
    """
    return period_returns(ret, day=day, every=every, days=days).max()


@metric(
    name="worst_year",
    title="Worst year",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="Calendar years, as every factsheet has them.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, every="year", days=s.days),
)
@metric(
    name="worst_month",
    title="Worst month",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="Calendar months, as every factsheet has them.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, every="month", days=s.days),
)
@metric(
    name="worst_week",
    title="Worst week",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="ISO weeks, as the reports are weekly.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, every="week", days=s.days),
)
def worst_period(ret: pl.Expr, *, day: pl.Expr, every: Every, days: pl.Expr | None = None) -> pl.Expr:
    r"""Lowest compound return of a calendar period.

    $$ \min_p \Big(\prod_{t \in p}(1 + r_t) - 1\Big) $$

    Args:
        ret: Simple returns, as fractions, in time order.
        day: The Date each return ends on.
        every: "week" is an ISO week.
        days: The days each return spans; one each when None. A period whose border one crosses is left out.

    Returns:
        One Float64 fraction. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"ret": [0.5, 0.5, -0.5], "day": [date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1)]})
    >>> frame.select(worst_period(pl.col("ret"), day=pl.col("day"), every="month")).item()
    -0.5
    """
    return period_returns(ret, day=day, every=every, days=days).min()


@checked
def aggregate_returns(returns: pl.DataFrame | pl.LazyFrame, *, every: Every, by: str = "portfolio_id") -> pl.DataFrame:
    """Compound returns of each portfolio and calendar period.

    Args:
        returns: Columns `by`, day Date, ret Float64, and perhaps days Int64, which each return spans.
        every: "week" is an ISO week.
        by: The column that tells the portfolios apart.

    Returns:
        `by`, period Date (its first day), ret Float64, n Int64 (returns that end in it), reason String (why ret is
        null), sorted. A period in which no return ends has no row. A return that crosses the border of two periods
        belongs to neither, and cannot be divided: both are refused.

    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 30), date(2025, 1, 31)], "ret": [0.5, 0.5]})
    >>> aggregate_returns(frame, every="month").row(0)
    ('a', datetime.date(2025, 1, 1), 1.25, 2, None)
    """
    rows = in_order(returns, by=by).with_columns(period=pl.col("day").dt.truncate(_TRUNCATE[every])).collect()
    not_stated = _periods_not_stated(returns, rows, every=every, by=by)
    return (
        rows.group_by(by, "period", maintain_order=True)
        .agg(ret=total_return(pl.col("ret")), n=pl.len().cast(pl.Int64))
        .join(not_stated, on=[by, "period"], how="left", maintain_order="left")
        .with_columns(reason=pl.coalesce("torn", pl.when(pl.col("ret").is_null()).then(pl.lit(_BELOW))))
        .select(by, "period", ret=pl.when(pl.col("torn").is_null()).then("ret"), n="n", reason="reason")
        .sort(by, "period")
    )


_BELOW = "a return is below -100 %"


def _periods_not_stated(
    returns: pl.DataFrame | pl.LazyFrame, rows: pl.DataFrame, *, every: str, by: str
) -> pl.DataFrame:
    """Periods that cannot be stated, and the reason: a return crosses the border, or one in it is not known."""
    known_returns = returns.lazy()
    missing = (
        known_returns.filter(unknown(known_returns.collect_schema().names()))
        .select(by, period=pl.col("day").cast(pl.Date).dt.truncate(_TRUNCATE[every]), day="day")
        .group_by(by, "period", maintain_order=True)
        .agg(torn=pl.format("the return of {} is not known: a flow has no price", pl.col("day").first()))
        .collect()
    )
    return pl.concat([missing, _crossed_periods(rows, every=every, by=by)]).unique(
        [by, "period"], keep="first", maintain_order=True
    )


def _crossed_periods(rows: pl.DataFrame, *, every: str, by: str) -> pl.DataFrame:
    """Periods whose border a return crosses, and the reason: those it begins and ends in, and all between."""
    begin_day = first_day(day=pl.col("day"), days=pl.col("days"))
    first, last = begin_day.dt.truncate(_TRUNCATE[every]), pl.col("day").dt.truncate(_TRUNCATE[every])
    return (
        rows.lazy()
        .with_columns(begun=begin_day)
        .filter(first != last)
        .select(
            by,
            period=pl.date_ranges(first, last, interval=_TRUNCATE[every]),
            torn=pl.format("one return covers {} to {}, across the end", "begun", "day"),
        )
        .explode("period")
        .group_by(by, "period", maintain_order=True)
        .agg(pl.col("torn").first())
        .collect()
    )


@checked
def monthly_table(returns: pl.DataFrame | pl.LazyFrame, *, by: str = "portfolio_id") -> pl.DataFrame:
    """Month by year, as every fact sheet has it.

    A fact sheet's month runs from month end to month end. Where no close lies between two months, the return across
    them is of neither: both months are left open, with the reason, and the year that holds them whole is stated.

    Args:
        returns: Columns `by`, day Date, ret Float64, and perhaps days Int64, which each return spans.
        by: The column that tells the portfolios apart.

    Returns:
        `by`, year Int32, jan ... dec Float64 (null: no return in that month, or one that crosses its border), total
        Float64 (null likewise), n Int64 (returns that end in the year), reason String: which days one return covers,
        where that leaves a cell open; sorted.

    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 30), date(2025, 1, 31)], "ret": [0.5, 0.5]})
    >>> monthly_table(frame).select("year", "jan", "feb", "total", "reason").row(0)
    (2025, 1.25, None, 1.25, None)
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 30), date(2025, 2, 2)], "ret": [0.5, 0.5]})
    >>> monthly_table(frame).select("jan", "feb", "total", "reason").row(0)
    (None, None, 1.25, 'one return covers 2025-01-31 to 2025-02-02, across the end')
    """
    months = aggregate_returns(returns, every="month", by=by)
    not_stated = _periods_not_stated(returns, in_order(returns, by=by).collect(), every="month", by=by)
    month, year = pl.col("period").dt.month(), pl.col("period").dt.year()
    cells = {name: pl.col("ret").filter(month == number).first() for number, name in enumerate(_MONTHS, start=1)}
    table = months.group_by(by, year=year, maintain_order=True).agg(**cells)
    totals = aggregate_returns(returns, every="year", by=by)
    reasons = not_stated.group_by(by, year=year, maintain_order=True).agg(
        reason=pl.col("torn").unique(maintain_order=True)
    )
    return (
        table.join(totals.select(by, year=year, total="ret", n="n"), on=[by, "year"], how="left")
        .join(reasons.with_columns(pl.col("reason").list.join("; ")), on=[by, "year"], how="left")
        .sort(by, "year")
    )


@checked
def trailing_returns(returns: pl.DataFrame | pl.LazyFrame, *, until: date, by: str = "portfolio_id") -> pl.DataFrame:
    """Compound returns of the usual windows that end on one day.

    Args:
        returns: Columns `by`, day Date, ret Float64, and perhaps days Int64, which each return spans.
        until: The last day of every window; later returns are not looked at.
        by: The column that tells the portfolios apart.

    Returns:
        One row per portfolio and window, in this order: 7, 30, 90, 180, 365 and 1095 days, week,
        month, quarter and year to date, since start. `by`, window String, start and end Date, value
        Float64, n Int64, reason String: a window longer than the history has no value, nor has one whose start lies
        within the days of one return.

    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 30), date(2025, 1, 31)], "ret": [0.5, 0.5]})
    >>> trailing_returns(frame, until=date(2025, 1, 31)).filter(window="7 days")["reason"].item()
    'needs 7 days, has 2'
    """
    present_rows = in_order(returns, by=by).filter(pl.col("day") <= until).collect()
    known_returns = returns.lazy()
    is_unknown = unknown(known_returns.collect_schema().names())
    missing = known_returns.filter(is_unknown & (pl.col("day") <= until)).group_by(by, maintain_order=True).agg(
        lost=pl.col("day").cast(pl.Date).max()
    )  # fmt: skip
    present_rows = present_rows.join(missing.collect(), on=by, how="left", maintain_order="left")
    windows = [(f"{days} days", until - timedelta(days=days - 1), days) for days in _TRAILING_DAYS]
    windows += [(f"{every} to date", _start_of(until, every), 0) for every in ("week", "month", "quarter", "year")]
    windows.append(("since start", date.min, 0))
    table = pl.DataFrame(windows, schema={"window": pl.String, "start": pl.Date, "needs": pl.Int64}, orient="row")
    needed = present_rows.select(by, "day", "ret", "days", "lost")
    return _windows(needed.join(table, how="cross", maintain_order="left_right"), by=by, end=until)


def _start_of(day: date, every: str) -> date:
    if every == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[every]
    return date(day.year, month, 1)


def _windows(rows: pl.DataFrame, *, by: str, end: date) -> pl.DataFrame:
    """The return of each portfolio over each window, from its rows once for each: with window, start and needs."""
    in_window, begin_day = pl.col("day") >= pl.col("start"), first_day(day=pl.col("day"), days=pl.col("days"))
    has_history, complete = pl.col("history") >= pl.col("needs"), pl.col("begun") >= pl.col("start")
    known = (pl.col("lost") < pl.col("start")).fill_null(value=True)
    return (
        rows.group_by(by, "window", maintain_order=True)
        .agg(
            pl.col("start", "needs", "lost").first(),
            value=total_return(pl.col("ret").filter(in_window)),
            n=in_window.sum().cast(pl.Int64),
            first=begin_day.min(),
            begun=begin_day.filter(in_window).min().fill_null(end),
            history=(pl.lit(end) - begin_day.min()).dt.total_days() + 1,
        )
        .select(
            by,
            "window",
            start=pl.when(pl.col("needs") == 0).then(pl.max_horizontal("first", "start")).otherwise("start"),
            end=pl.lit(end),
            value=pl.when(has_history & complete & known).then("value"),
            n="n",
            reason=pl.when(~has_history)
            .then(pl.format("needs {} days, has {}", "needs", "history"))
            .when(pl.col("n") == 0)
            .then(pl.lit("no return in it"))
            .when(~complete)
            .then(pl.format("its first return begins on {}, before the window", "begun"))
            .when(~known)
            .then(pl.format("the return of {} is not known: a flow has no price", "lost"))
            .when(pl.col("value").is_null())
            .then(pl.lit(_BELOW)),
        )
    )


def rebalanced_return(
    returns: pl.DataFrame, *, weights: dict[str, float], every: Every | Literal["never", "always"]
) -> pl.DataFrame:
    """Returns of a mix of assets that is brought back to its weights now and then.

    Args:
        returns: Columns asset String, day Date, ret Float64; a missing return is no move.
        weights: The share of each asset at the start and after each rebalancing.
        every: Rebalance at the end of each calendar period, "always" after every row, or "never".

    Returns:
        day Date, ret Float64, sorted.

    >>> frame = pl.DataFrame({"asset": ["a", "b"], "day": [date(2025, 1, 1)] * 2, "ret": [0.5, 0.0]})
    >>> rebalanced_return(frame, weights={"a": 0.5, "b": 0.5}, every="never").row(0)
    (datetime.date(2025, 1, 1), 0.25)
    """
    day = pl.col("day")
    bucket = {"never": pl.lit(0), "always": day.cast(pl.Int32)}.get(every)
    days = returns.select("day").unique(maintain_order=True)
    grown_weights = (
        pl.DataFrame({"asset": list(weights), "weight": list(weights.values())})
        .join(days, how="cross")
        .join(returns, on=["asset", "day"], how="left")
        .with_columns(bucket=day.dt.truncate(_TRUNCATE[every]).cast(pl.Int32) if bucket is None else bucket)
        .sort("asset", "day")
        .with_columns(
            value=(finite_or_null(pl.col("ret")).fill_null(0.0) + 1).cum_prod().over("asset", "bucket")
            * pl.col("weight")
        )
    )
    total = grown_weights.group_by("day", "bucket", maintain_order=True).agg(pl.col("value").sum()).sort("day")
    before = pl.col("value").shift(1).over("bucket").fill_null(sum(weights.values()))
    return total.select("day", ret=pl.col("value") / before - 1)
