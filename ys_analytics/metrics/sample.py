"""What every metric leans on: which returns count, when there is no risk, how long a year is.

Knows no metric, store, clock or setting. A return that is null, NaN or infinite
is a day without data: it is left out, and `n` and coverage show that it was.
"""

from dataclasses import dataclass, field

import polars as pl

# Days in a year, and so daily periods in one: these markets never close.
YEAR = 365

# Below this a standard deviation is rounding noise, not risk: seven returns of 0.1 have 1.5e-17.
NO_RISK = 1e-12


def observed(ret: pl.Expr) -> pl.Expr:
    """Return the finite values of `ret`; null, NaN and infinity become null, which aggregations skip."""
    return pl.when(ret.is_finite()).then(ret)


def known(value: pl.Expr) -> pl.Expr:
    """Return `value`, or null where it is NaN or infinite: undefined is null."""
    return pl.when(value.is_finite()).then(value)


def risky(risk: pl.Expr) -> pl.Expr:
    """Return `risk` where it is more than rounding noise, else null."""
    return pl.when(risk > NO_RISK).then(risk)


@dataclass(frozen=True, slots=True)
class Sample:
    """The columns and conventions one set of numbers is computed from.

    Attributes:
        ret: Simple returns per period, as fractions, in time order.
        day: The day (or period) each return ends on.
        benchmark: Simple returns of the benchmark in the same periods.
        depth: The drawdown path of `ret`, `drawdown.underwater`, computed once for all who need it.
        periods_per_year: 365 for daily on-chain series.
        risk_free: Simple return per period, not per year.
        confidence: Of value at risk and expected shortfall: 0.95 is one bad day in twenty.
    """

    ret: pl.Expr = field(default_factory=lambda: pl.col("ret"))
    day: pl.Expr = field(default_factory=lambda: pl.col("day"))
    benchmark: pl.Expr = field(default_factory=lambda: pl.col("benchmark"))
    depth: pl.Expr = field(default_factory=lambda: pl.col("depth"))
    periods_per_year: int = YEAR
    risk_free: float = 0.0
    confidence: float = 0.95
