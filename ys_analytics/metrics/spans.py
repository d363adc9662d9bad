"""The rule for gaps, in one place: a return belongs to the days it spans.

A return runs from one close to the next. Where a close is missing, the next return covers several days: what happened
in between is in it, and belongs to no single one of them. So:

- What links returns uses every return: total return, growth per year (by elapsed days), wealth, drawdowns and all
  that is made of them. A gap costs a date, never a loss.
- What describes a day uses returns of one day only: volatility, the ratios of daily returns, value at risk, expected
  shortfall, best and worst day, winning days, runs, shape, histogram. A return over several days is no day; it is left
  out, and n and coverage show it.
- What pairs two series (benchmark, correlation, risk by asset, a backtest) uses returns that span the same days: of
  daily figures, those of one day.
- A calendar period, or a window, is stated only if no return crosses its border: such a return cannot be divided, so
  both periods are refused with the reason, and the longer period that holds it whole is stated.
- A rolling window is of days: it has a number where each of its days has a return of its own.
- A day on which a flow has no price has a return that is not known. What links returns is refused over it, with the
  reason: leaving it out would lose what was earned or lost that day. What describes days leaves it out.

How many days a return spans is the column `days` of `daily_returns`. A frame without that column is read by its dates:
a return spans the days since the return before it, the first one its own day; a series that rests at weekends gives a
`days` of its own. Expressions take returns as they are given: `one_day` makes those of one day of them.

Depends on expressions and frames alone. Does not know which metric follows which part of the rule: each says it itself.
"""

from collections.abc import Collection

import polars as pl

from ys_analytics.metrics.sample import finite_or_null, present

# Why a return is not known although money was at work: the column `reason` of `daily_returns` says so.
UNPRICED = "a flow of this day has no price"


def one_day(ret: pl.Expr, *, days: pl.Expr) -> pl.Expr:
    """Returns that span one day; a longer one becomes null.

    >>> frame = pl.DataFrame({"ret": [0.01, -0.26, 0.02], "days": [1, 2, 1]})
    >>> frame.select(one_day(pl.col("ret"), days=pl.col("days"))).to_series().to_list()
    [0.01, None, 0.02]
    """
    return pl.when(days.fill_null(1) <= 1).then(finite_or_null(ret))


def unknown(columns: Collection[str]) -> pl.Expr:
    """Whether a row is a day whose return is not known: false in a frame that gives no reasons.

    >>> frame = pl.DataFrame({"ret": [None, 0.1], "reason": [UNPRICED, None]})
    >>> frame.select(unknown(frame.columns)).to_series().to_list()
    [True, False]
    """
    if "reason" not in columns:
        return pl.lit(value=False)
    return (pl.col("reason") == UNPRICED).fill_null(value=False)


def days_by_dates(ret: pl.Expr, *, day: pl.Expr, run: pl.Expr) -> pl.Expr:
    """Days each return spans by the dates alone: since the return before it in the same run.

    Args:
        ret: Returns, in time order within a run.
        day: The Date each ends on.
        run: What tells the series apart: equal in neighbouring rows of one series.

    Returns:
        One Int64 a row; 1 for the first return of a run.

    >>> from datetime import date
    >>> day = [date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3), date(2025, 1, 9)]
    >>> frame = pl.DataFrame({"run": 0, "day": day, "ret": [0.1, None, 0.1, 0.1]})
    >>> frame.select(days_by_dates(pl.col("ret"), day=pl.col("day"), run=pl.col("run"))).to_series().to_list()
    [1, 1, 2, 6]
    """
    present_rows, number = present(ret), day.cast(pl.Int32)
    before = pl.when(present_rows).then(number).forward_fill().shift(1)
    same_run = pl.when(present_rows).then(run).forward_fill().shift(1) == run
    return pl.when(same_run).then(number - before).otherwise(1).fill_null(1).cast(pl.Int64)


def first_day(*, day: pl.Expr, days: pl.Expr) -> pl.Expr:
    """First day that a return covers: the day after the close it starts from.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"day": [date(2025, 1, 9)], "days": [3]})
    >>> frame.select(first_day(day=pl.col("day"), days=pl.col("days"))).item()
    datetime.date(2025, 1, 7)
    """
    # By whole numbers: a column of durations costs several times as much.
    return (day.cast(pl.Int32) - days.fill_null(1).cast(pl.Int32) + 1).cast(pl.Date)


def spanning(returns: pl.DataFrame, *, by: str) -> pl.DataFrame:
    """Each return of each series with the day it begins on: two returns span the same days if both dates agree.

    Args:
        returns: Columns `by`, day Date, ret Float64, and perhaps days Int64; in any order.
        by: The column that tells the series apart.

    Returns:
        The rows with a return, sorted by `by` and day, and begun Date.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"asset": "a", "day": [date(2025, 1, 1), date(2025, 1, 4)], "ret": [0.1, 0.1]})
    >>> spanning(frame, by="asset")["begun"].to_list()
    [datetime.date(2025, 1, 1), datetime.date(2025, 1, 2)]
    """
    rows = returns.filter(pl.col("ret").is_finite()).sort(by, "day")
    series_columns = pl.col("days") if "days" in rows.columns else days_by_dates(
        pl.col("ret"), day=pl.col("day"), run=pl.col(by)
    )  # fmt: skip
    return rows.with_columns(begun=first_day(day=pl.col("day"), days=series_columns))
