"""Reasons for nulls: too few observations, or a sample in which the metric is undefined.

States the one rule of the catalogue, for numbers computed anywhere: in Polars or in the store. Depends on the
headline. Does not compute a metric.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from ys_analytics.metrics.catalog.headline import HEADLINE
from ys_analytics.metrics.declaration import Metric

_COUNTS = ("n", "daily", "spanned", "unknown")


def counted(metric: Metric) -> pl.Expr:
    """What a metric without a benchmark counts against its minimum: days that returns span, or returns of one day."""
    return pl.col("spanned" if metric.basis == "linked" else "daily")


def whole(metric: Metric, *, since: date | None) -> pl.Expr:
    """Whether what links returns can be stated: each is known, and none of them begins before the window."""
    if metric.basis != "linked" or metric.benchmark:
        return pl.lit(value=True)
    known = pl.col("unknown").fill_null(0) == 0
    return known if since is None else known & (pl.col("start") >= since).fill_null(value=True)


def _torn() -> pl.Expr:
    """Why what links returns cannot be stated of a window."""
    one = pl.when(pl.col("unknown") == 1).then(pl.lit("the return of one day is not known"))
    several = pl.format("the returns of {} days are not known", "unknown")
    return (
        pl.when(pl.col("unknown") > 0)
        .then(pl.format("{}: a flow has no price", one.otherwise(several)))
        .otherwise(pl.format("no close at its start: its first return begins on {}", "start"))
    )


def refusal(metric: Metric, *, n: pl.Expr, value: pl.Expr, entire: pl.Expr | None = None) -> pl.Expr:
    """The reason why a metric is refused; null where there is a value.

    Args:
        metric: Which.
        n: What it counts against its minimum; null where it needs a benchmark and there is none.
        value: The number, null where it is refused.
        entire: What `whole` gave; `start` and `unknown` are then columns.

    >>> from ys_analytics.metrics.catalog import SHARPE_RATIO
    >>> frame = pl.DataFrame({"n": [2, 40], "value": [None, None]})
    >>> frame.select(refusal(SHARPE_RATIO, n=pl.col("n"), value=pl.col("value"))).to_series().to_list()
    ['needs 30 days, has 2', 'the returns do not vary']
    """
    unit = "day" if metric.minimum == 1 else "days"
    short = pl.format(f"needs {metric.minimum} {unit}, has {{}}", n)
    torn = pl.lit(None, pl.String)
    if entire is not None:
        torn = pl.when(~entire).then(_torn())
    return (
        pl.when(n.is_null())
        .then(pl.lit("needs a benchmark"))
        .when(torn.is_not_null())
        .then(torn)
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
    filled = numbers.with_columns(pl.col(name).fill_null(0) for name in _COUNTS if name in numbers.columns)
    return filled.with_columns(
        **{
            f"{one.name}_reason": refusal(
                one,
                n=counted(one),
                value=pl.col(one.name),
                entire=whole(one, since=since),
            )
            for one in metrics
        }
    )
