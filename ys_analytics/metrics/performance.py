"""Reward, and reward per unit of risk.

Every function takes return expressions and gives back one expression, so the
same definition serves `select`, `group_by(...).agg`, `over` and `rolling`.
Nothing here reads a store, a clock or a setting. Undefined is null, never NaN.
"""

import math

import polars as pl

from ys_analytics.metrics.drawdown import max_drawdown
from ys_analytics.metrics.risk import downside_deviation
from ys_analytics.metrics.sample import NO_RISK, YEAR, known, observed, risky


def check_periods(periods_per_year: float) -> None:
    """Refuse a number of periods per year that is not positive.

    Raises:
        ValueError: `periods_per_year` is not positive.
    """
    if not periods_per_year > 0:
        raise ValueError(f"periods_per_year must be positive, not {periods_per_year}")


def total_return(ret: pl.Expr) -> pl.Expr:
    r"""Growth over all periods, less one.

    $$ R = \prod_t (1 + r_t) - 1 $$

    Args:
        ret: Simple returns per period, as fractions, in any order.

    Returns:
        One Float64 fraction per group. -1 after a total loss, whatever follows. Null
        without a return, or when one is below -1: more than everything cannot be linked.

    Source:
        Bacon (2008), "Practical Portfolio Performance Measurement and Attribution", ch. 3.

    >>> pl.DataFrame({"ret": [0.25, -0.5]}).select(total_return(pl.col("ret"))).item()
    -0.375
    """
    ret = observed(ret)
    growth = (ret + 1).product()
    return known(pl.when(ret.min() >= -1).then(growth - 1))


def cagr(ret: pl.Expr, *, day: pl.Expr, days_per_year: float = YEAR) -> pl.Expr:
    r"""Compound growth per year of elapsed calendar time.

    $$ G = \Big(\prod_t (1 + r_t)\Big)^{365 / d} - 1 $$

    with $d$ the days from the first to the last return, both included: a missing day
    lengthens the time and not the growth, so a gap does not change what is true.

    Args:
        ret: Simple daily returns, as fractions.
        day: The Date each return ends on.
        days_per_year: The length of a year, in days.

    Returns:
        One Float64 fraction per year. -1 after a total loss. Null without a return, or
        when one is below -1.

    Raises:
        ValueError: `days_per_year` is not positive.

    Source:
        CFA Institute (2020), GIPS Standards: annualised returns by elapsed time.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.1, 0.1], "day": [date(2025, 1, 1), date(2025, 12, 31)]})
    >>> frame.select(cagr(pl.col("ret"), day=pl.col("day"))).item()
    0.21...
    """
    check_periods(days_per_year)
    seen = pl.when(ret.is_finite()).then(day)
    elapsed = (seen.max() - seen.min()).dt.total_days() + 1
    return known((total_return(ret) + 1).pow(days_per_year / elapsed) - 1)


def volatility(ret: pl.Expr, *, periods_per_year: float, ddof: int = 1) -> pl.Expr:
    r"""Annualised standard deviation of returns.

    $$ \sigma = \sqrt{N}\,\operatorname{std}(r) $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series.
        ddof: 1 for the sample's deviation, 0 for the population's.

    Returns:
        One Float64 fraction per square root of a year; 0 when returns do not vary.
        Null when not more than `ddof` returns are present.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.01, -0.01]}).select(volatility(pl.col("ret"), periods_per_year=365)).item()
    0.270...
    """
    check_periods(periods_per_year)
    risk = observed(ret).std(ddof=ddof)
    return known(pl.when(risk > NO_RISK).then(risk).when(risk.is_not_null()).then(0.0) * math.sqrt(periods_per_year))


def sharpe_ratio(ret: pl.Expr, *, periods_per_year: float, risk_free: float = 0.0, ddof: int = 1) -> pl.Expr:
    r"""Annualised mean excess return per unit of its standard deviation.

    $$ S = \sqrt{N}\,\frac{\operatorname{mean}(r - f)}{\operatorname{std}(r - f)} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 52 for weekly, 1 leaves it per period.
        risk_free: $f$, the simple return per *period*, not per year.
        ddof: 1 for the sample's deviation, 0 for the population's.

    Returns:
        One dimensionless Float64 per group. Null when fewer than two returns
        are present, or when they do not vary.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Sharpe (1994), "The Sharpe Ratio", J. Portfolio Management 21(1).

    >>> frame = pl.DataFrame({"ret": [0.01, -0.02, 0.03, 0.0]})
    >>> frame.select(sharpe_ratio(pl.col("ret"), periods_per_year=365)).item()
    4.588...
    """
    check_periods(periods_per_year)
    ret = observed(ret)
    return known((ret.mean() - risk_free) / risky(ret.std(ddof=ddof)) * math.sqrt(periods_per_year))


def sortino_ratio(ret: pl.Expr, *, periods_per_year: float, target: float = 0.0) -> pl.Expr:
    r"""Annualised mean return above a target per unit of downside deviation.

    $$ S = \sqrt{N}\,\frac{\operatorname{mean}(r) - t}{\sqrt{\operatorname{mean}(\min(r - t, 0)^2)}} $$

    The downside deviation divides by all observations, not by the bad ones.

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        target: $t$, the least acceptable simple return per *period*.

    Returns:
        One dimensionless Float64 per group. Null without returns, or when none is
        below the target: then there is no downside to divide by.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Sortino and Price (1994), "Performance Measurement in a Downside Risk Framework", J. of Investing 3(3).

    >>> frame = pl.DataFrame({"ret": [0.01, -0.02, 0.03, 0.0]})
    >>> frame.select(sortino_ratio(pl.col("ret"), periods_per_year=365)).item()
    9.552...
    """
    check_periods(periods_per_year)
    downside = risky(downside_deviation(ret, target=target, periods_per_year=1))
    return known((observed(ret).mean() - target) / downside * math.sqrt(periods_per_year))


def calmar_ratio(ret: pl.Expr, *, day: pl.Expr, days_per_year: float = YEAR, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Compound growth per year per unit of the deepest drawdown.

    $$ C = \frac{G}{|D_{\max}|} $$

    Args:
        ret: Simple daily returns, as fractions, in time order.
        day: The Date each return ends on.
        days_per_year: The length of a year, in days.
        depth: `drawdown.underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64 per group. Null without returns, or when the value
        never fell: then there is no drawdown to divide by.

    Raises:
        ValueError: `days_per_year` is not positive.

    Source:
        Young (1991), "Calmar Ratio: A Smoother Tool", Futures 20(1).

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.5, -0.2], "day": [date(2025, 1, 1), date(2025, 12, 31)]})
    >>> frame.select(calmar_ratio(pl.col("ret"), day=pl.col("day"))).item()
    1.0...
    """
    return known(cagr(ret, day=day, days_per_year=days_per_year) / risky(-max_drawdown(ret, depth=depth)))


def win_rate(ret: pl.Expr) -> pl.Expr:
    r"""Share of periods with a gain.

    $$ W = \frac{\#\{t : r_t > 0\}}{n} $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 from 0 to 1; a period that did not move is no win. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03, 0.0]}).select(win_rate(pl.col("ret"))).item()
    0.5
    """
    return (observed(ret) > 0).mean()


def best_day(ret: pl.Expr) -> pl.Expr:
    """Highest return of one period.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per group. Null without returns.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03]}).select(best_day(pl.col("ret"))).item()
    0.03
    """
    return observed(ret).max()


def worst_day(ret: pl.Expr) -> pl.Expr:
    """Lowest return of one period.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per group. Null without returns.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03]}).select(worst_day(pl.col("ret"))).item()
    -0.02
    """
    return observed(ret).min()


def best_day_date(ret: pl.Expr, *, day: pl.Expr) -> pl.Expr:
    """Day of the highest return, the first of them if several are equal.

    Args:
        ret: Simple returns per period, as fractions.
        day: The Date each return ends on.

    Returns:
        One Date per group. Null without returns.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.01, 0.03], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(best_day_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 2)
    """
    return day.get(observed(ret).arg_max(), null_on_oob=True)


def worst_day_date(ret: pl.Expr, *, day: pl.Expr) -> pl.Expr:
    """Day of the lowest return, the first of them if several are equal.

    Args:
        ret: Simple returns per period, as fractions.
        day: The Date each return ends on.

    Returns:
        One Date per group. Null without returns.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.01, 0.03], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(worst_day_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 1)
    """
    return day.get(observed(ret).arg_min(), null_on_oob=True)
