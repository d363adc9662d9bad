"""Why a number is null: too few observations, or a sample in which it is undefined.

Knows the one rule by which the catalogue refuses, for numbers computed anywhere: in Polars
or where the data is.
"""

from collections.abc import Iterable

import polars as pl

from ys_analytics.metrics.catalog.headline import HEADLINE
from ys_analytics.metrics.catalog.metric import Metric


def refusal(metric: Metric, *, n: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The reason why a metric is refused; null beside a value.

    Args:
        metric: Which.
        n: Its observations; null where it needs a benchmark and there is none.
        value: The number, null where it is refused.

    >>> from ys_analytics.metrics.catalog import SHARPE_RATIO
    >>> frame = pl.DataFrame({"n": [2, 40], "value": [None, None]})
    >>> frame.select(refusal(SHARPE_RATIO, n=pl.col("n"), value=pl.col("value"))).to_series().to_list()
    ['needs 30 days, has 2', 'the returns do not vary']
    """
    unit = "day" if metric.minimum == 1 else "days"
    return (
        pl.when(n.is_null())
        .then(pl.lit("needs a benchmark"))
        .when(n < metric.minimum)
        .then(pl.format(f"needs {metric.minimum} {unit}, has {{}}", n))
        .when(value.is_null())
        .then(pl.lit(metric.undefined))
    )


def with_reasons(numbers: pl.DataFrame, metrics: Iterable[Metric] = HEADLINE) -> pl.DataFrame:
    """The rows of `fleet`, and beside each metric the reason why it is null.

    Args:
        numbers: What `fleet` or the pushed-down query gave; n is null for a portfolio that has no return at all.
        metrics: The metrics among its columns that need no benchmark.

    Returns:
        The same rows and columns, n filled with 0, and for each metric a String `<name>_reason`, null beside a value.

    >>> from ys_analytics.metrics.catalog import CAGR
    >>> with_reasons(pl.DataFrame({"n": [None], "cagr": [None]}, {"n": pl.Int64, "cagr": pl.Float64}), [CAGR]).row(0)
    (0, None, 'needs 30 days, has 0')
    """
    filled = numbers.with_columns(pl.col("n").fill_null(0))
    return filled.with_columns(
        **{f"{one.name}_reason": refusal(one, n=pl.col("n"), value=pl.col(one.name)) for one in metrics}
    )
