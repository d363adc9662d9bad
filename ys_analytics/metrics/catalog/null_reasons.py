"""Reasons for nulls: too few observations, or a sample in which the metric is undefined.

States the one rule of the catalogue, for numbers computed anywhere: in Polars or in the store. Depends on the
headline. Does not compute a metric.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from ys_analytics.metrics.catalog.headline import HEADLINE
from ys_analytics.metrics.declaration import Metric

_COUNT_COLUMNS = ("n", "daily", "spanned", "unknown")


def observations(metric: Metric) -> pl.Expr:
    """What a metric without a benchmark counts against its minimum: days that returns span, or returns of one day."""
    return pl.col("spanned" if metric.basis == "linked" else "daily")


def is_linkable(metric: Metric, *, since: date | None) -> pl.Expr:
    """Whether what links returns can be stated: each is known, and none of them begins before the window."""
    if metric.basis != "linked" or metric.benchmark:
        return pl.lit(value=True)
    known = pl.col("unknown").fill_null(0) == 0
    return known if since is None else known & (pl.col("start") >= since).fill_null(value=True)


def _not_linkable_reason() -> pl.Expr:
    """Why what links returns cannot be stated of a window."""
    single = pl.when(pl.col("unknown") == 1).then(pl.lit("the return of one day is not known"))
    many = pl.format("the returns of {} days are not known", "unknown")
    return (
        pl.when(pl.col("unknown") > 0)
        .then(pl.format("{}: a flow has no price", single.otherwise(many)))
        .otherwise(pl.format("no close at its start: its first return begins on {}", "start"))
    )


def null_reason(metric: Metric, *, n: pl.Expr, value: pl.Expr, linkable: pl.Expr | None = None) -> pl.Expr:
    """The reason why a metric is refused; null where there is a value.

    Args:
        metric: Which.
        n: What it counts against its minimum; null where it needs a benchmark and there is none.
        value: The number, null where it is refused.
        linkable: What `is_linkable` gave; `start` and `unknown` are then columns.

    >>> from ys_analytics.metrics.catalog import SHARPE_RATIO
    >>> frame = pl.DataFrame({"n": [2, 40], "value": [None, None]})
    >>> frame.select(null_reason(SHARPE_RATIO, n=pl.col("n"), value=pl.col("value"))).to_series().to_list()
    ['needs 30 days, has 2', 'the returns do not vary']
    """
    unit = "day" if metric.minimum == 1 else "days"
    short = pl.format(f"needs {metric.minimum} {unit}, has {{}}", n)
    not_linkable = pl.lit(None, pl.String)
    if linkable is not None:
        not_linkable = pl.when(~linkable).then(_not_linkable_reason())
    return (
        pl.when(n.is_null())
        .then(pl.lit("needs a benchmark"))
        .when(not_linkable.is_not_null())
        .then(not_linkable)
        .when(n < metric.minimum)
        .then(short)
        .when(value.is_null())
        .then(pl.lit(metric.null_reason))
    )


def with_reasons(
    numbers: pl.DataFrame, metrics: Iterable[Metric] = HEADLINE, *, since: date | None = None
) -> pl.DataFrame:
    """The rows of `fleet`, and with each metric the reason why it is null.

    Args:
        numbers: What `fleet` or the pushed-down query gave; n is null for a portfolio that has no return at all.
        metrics: The metrics among its columns that need no benchmark.
        since: The first day of the window that the numbers are of; None for a whole history.

    Returns:
        The same rows and columns, the counts filled with 0, and for each metric a String `<name>_reason`, null where
        there is a value.

    >>> from ys_analytics.metrics.catalog import CAGR
    >>> none = {"spanned": pl.Int64, "unknown": pl.Int64, "start": pl.Date, "cagr": pl.Float64}
    >>> with_reasons(pl.DataFrame(dict.fromkeys(none, [None]), none), [CAGR])["cagr_reason"].item()
    'needs 30 days, has 0'
    """
    numbers_filled = numbers.with_columns(
        pl.col(name).fill_null(0) for name in _COUNT_COLUMNS if name in numbers.columns
    )
    return numbers_filled.with_columns(
        **{
            f"{single.name}_reason": null_reason(
                single,
                n=observations(single),
                value=pl.col(single.name),
                linkable=is_linkable(single, since=since),
            )
            for single in metrics
        }
    )
