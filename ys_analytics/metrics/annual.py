"""Stating a return per year: the one place that does it, and the history it needs.

A return over a few days, compounded over a year, is a large number and no fact: 3 % in a week would be 367 % a
year. Below `MINIMUM_DAYS` nothing is stated per year; the period's own return stands in its place, with the reason.
Depends on expressions alone. Does not decide which return is annualised.
"""

import polars as pl

from ys_analytics.metrics.sample import YEAR, check_periods, nan_to_null

# The catalogue's minimum history, in days: below it no number per year is given.
MINIMUM_DAYS = 30


def per_year(
    total: pl.Expr, *, days: pl.Expr, minimum_days: float = MINIMUM_DAYS, days_per_year: float = YEAR
) -> pl.Expr:
    r"""Return per year that compounds to the return of a period.

    $$ (1 + R)^{365/d} - 1 \quad\text{where } d \ge 30 $$

    Args:
        total: $R$, the return of the whole period, as a fraction.
        days: $d$, the length of the period in days.
        minimum_days: Periods shorter than this have no return per year; 0 annualises any.
        days_per_year: The length of a year, in the unit of `days`.

    Returns:
        One Float64 fraction per year. -1 after a total loss. Null for a period that is too short or has no length,
        below a return of -1, and where the growth overflows.

    Raises:
        ValueError: `days_per_year` is not positive.

    Source:
        GIPS Standards (2020): returns are annualised by elapsed time, and not at all where the period is short.

    >>> frame = pl.DataFrame({"total": [0.03, 0.1], "days": [7, 365]})
    >>> frame.select(per_year(pl.col("total"), days=pl.col("days")).round(9)).to_series().to_list()
    [None, 0.1]
    """
    check_periods(days_per_year)
    length = pl.when((days >= minimum_days) & (days > 0)).then(days.cast(pl.Float64))
    growth = total.cast(pl.Float64) + 1
    return nan_to_null(pl.when(growth >= 0).then(growth).pow(pl.lit(float(days_per_year)) / length) - 1)


def too_short(days: pl.Expr) -> pl.Expr:
    """Why a period has no return per year: a reason, or null where it is long enough.

    >>> pl.DataFrame({"days": [7, 30]}).select(too_short(pl.col("days"))).to_series().to_list()
    ['too short to state per year: needs 30 days, has 7', None]
    """
    return pl.when(days < MINIMUM_DAYS).then(
        pl.format(f"too short to state per year: needs {MINIMUM_DAYS} days, has {{}}", days)
    )
