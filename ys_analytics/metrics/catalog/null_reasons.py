"""Reasons for nulls: too few observations, or a sample in which the metric is undefined.

States the one rule of the catalogue, for numbers computed anywhere: in Polars or in the store. Depends on the
headline. Does not compute a metric.
"""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from ys_analytics.metrics.catalog.headline import HEADLINE
from ys_analytics.metrics.declaration import Metric

if TYPE_CHECKING:
    from polars.expr.whenthen import ChainedThen, Then

_COUNT_COLUMNS = ("n", "daily", "spanned", "unknown")


def observations(metric: Metric) -> pl.Expr:
    """What a metric without a benchmark counts against its minimum: days that returns span, or returns of one day."""
    return pl.col("spanned" if metric.basis == "linked" else "daily")


def is_linkable(metric: Metric, *, since: date | None) -> pl.Expr:
    """Whether what links returns can be stated: each is known, and none of them begins before the window."""
    return _known(since=since) if links_returns(metric) else pl.lit(value=True)


def links_returns(metric: Metric) -> bool:
    """Whether a day without a return leaves the metric without a value."""
    return metric.basis == "linked" and not metric.benchmark


def _known(*, since: date | None) -> pl.Expr:
    known = pl.col("unknown").fill_null(0) == 0
    return known if since is None else known & (pl.col("start") >= since).fill_null(value=True)


def not_linkable_reason(*, since: date | None) -> pl.Expr:
    """Why what links returns cannot be stated of a window; null where it can."""
    known = _known(since=since)
    single = pl.when(pl.col("unknown") == 1).then(pl.lit("the return of one day is not known"))
    many = pl.format("the returns of {} days are not known", "unknown")
    return (
        pl.when(known)
        .then(pl.lit(None, pl.String))
        .when(pl.col("unknown") > 0)
        .then(pl.format("{}: a flow has no price", single.otherwise(many)))
        .otherwise(pl.format("no close at its start: its first return begins on {}", "start"))
    )


def null_reason(metric: Metric, *, n: pl.Expr, value: pl.Expr, not_linkable: pl.Expr | None = None) -> pl.Expr:
    """The reason why a metric is refused; null where there is a value.

    Args:
        metric: Which.
        n: What it counts against its minimum; null where it needs a benchmark and there is none.
        value: The number, null where it is refused.
        not_linkable: What `not_linkable_reason` gave; used where the metric links returns.

    >>> from ys_analytics.metrics.catalog import SHARPE_RATIO
    >>> frame = pl.DataFrame({"n": [2, 40], "value": [None, None]})
    >>> frame.select(null_reason(SHARPE_RATIO, n=pl.col("n"), value=pl.col("value"))).to_series().to_list()
    ['needs 30 days, has 2', 'the returns do not vary']
    """
    unit = "day" if metric.minimum == 1 else "days"
    short = pl.format(f"needs {metric.minimum} {unit}, has {{}}", n)
    reason: Then | ChainedThen = pl.when(n.is_null()).then(pl.lit("needs a benchmark"))
    if not_linkable is not None and links_returns(metric):
        reason = reason.when(not_linkable.is_not_null()).then(not_linkable)
    return reason.when(n < metric.minimum).then(short).when(value.is_null()).then(pl.lit(metric.null_reason))


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
                not_linkable=not_linkable_reason(since=since),
            )
            for single in metrics
        }
    )
