"""Reasons for nulls: too few observations, or a sample in which the metric is undefined.

States the one rule of the catalogue, for numbers computed anywhere: in Polars or in the store. Depends on the
headline. Does not compute a metric.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from ys_analytics.metrics.catalog.headline import HEADLINE
from ys_analytics.metrics.declaration import Metric

_COUNTS = ("n", "daily", "spanned")


def counted(metric: Metric) -> pl.Expr:
    """What a metric without a benchmark counts against its minimum: days that returns span, or returns of one day."""
    return pl.col("spanned" if metric.basis == "linked" else "daily")


def whole(metric: Metric, *, since: date | None) -> pl.Expr:
    """Whether what links returns can be stated of a window: none of them begins before it."""
    if since is None or metric.basis != "linked" or metric.benchmark:
        return pl.lit(value=True)
    return (pl.col("start") >= since).fill_null(value=True)


def refusal(metric: Metric, *, n: pl.Expr, value: pl.Expr, entire: pl.Expr | None = None) -> pl.Expr:
    """The reason why a metric is refused; null where there is a value.

    Args:
        metric: Which.
        n: What it counts against its minimum; null where it needs a benchmark and there is none.
        value: The number, null where it is refused.
        entire: What `whole` gave, where the numbers are of a window; `start` is then a column.

    >>> from ys_analytics.metrics.catalog import SHARPE_RATIO
    >>> frame = pl.DataFrame({"n": [2, 40], "value": [None, None]})
    >>> frame.select(refusal(SHARPE_RATIO, n=pl.col("n"), value=pl.col("value"))).to_series().to_list()
    ['needs 30 days, has 2', 'the returns do not vary']
    """
    unit = "day" if metric.minimum == 1 else "days"
    short = pl.format(f"needs {metric.minimum} {unit}, has {{}}", n)
    torn = pl.lit(None, pl.String)
    if entire is not None:
        torn = pl.when(~entire).then(pl.format("no close at its start: its first return begins on {}", "start"))
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
    >>> numbers = pl.DataFrame({"spanned": [None], "cagr": [None]}, {"spanned": pl.Int64, "cagr": pl.Float64})
    >>> with_reasons(numbers, [CAGR]).row(0)
    (0, None, 'needs 30 days, has 0')
    """
    filled = numbers.with_columns(pl.col(name).fill_null(0) for name in _COUNTS if name in numbers.columns)
    return filled.with_columns(
        **{
            f"{one.name}_reason": refusal(
                one,
                n=counted(one),
                value=pl.col(one.name),
                entire=None if since is None else whole(one, since=since),
            )
            for one in metrics
        }
    )
