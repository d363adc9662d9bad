"""Reward per unit of risk.

Every function takes return expressions and gives back one expression, so the
same definition serves `select`, `group_by(...).agg`, `over` and `rolling`.
Nothing here reads a store, a clock or a setting. Undefined is null, never NaN.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.drawdown.path import max_drawdown
from ys_analytics.metrics.performance.growth import annualised_return
from ys_analytics.metrics.risk.spread import (
    downside_deviation,
    kurtosis,
    lower_partial_moment,
    skewness,
    upper_partial_moment,
)
from ys_analytics.metrics.sample import Rate, check_periods, combine, dispersion, known, observed, risky, spread


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
    return known(spread(observed(ret), ddof=ddof) * math.sqrt(periods_per_year))


def sharpe_ratio(
    ret: pl.Expr,
    *,
    periods_per_year: float,
    risk_free: Rate = 0.0,
    ddof: int = 1,
    deviation: Literal["excess", "raw"] = "excess",
) -> pl.Expr:
    r"""Annualised mean excess return per unit of its standard deviation.

    $$ S = \sqrt{N}\,\frac{\operatorname{mean}(r - f)}{\operatorname{std}(r - f)} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 52 for weekly, 1 leaves it per period.
        risk_free: $f$, the simple return per *period*, not per year; a number or a series.
        ddof: 1 for the sample's deviation, 0 for the population's.
        deviation: Of the excess return, or of the raw one (the same when $f$ is constant).

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
    if isinstance(risk_free, pl.Expr):
        excess = ret - risk_free
        whose = excess if deviation == "excess" else pl.when(excess.is_finite()).then(ret)
        return known(excess.mean() / dispersion(whose, ddof=ddof) * math.sqrt(periods_per_year))
    return known((ret.mean() - risk_free) / dispersion(ret, ddof=ddof) * math.sqrt(periods_per_year))


def geometric_sharpe_ratio(
    ret: pl.Expr, *, periods_per_year: float, risk_free: Rate = 0.0, growth: pl.Expr | None = None
) -> pl.Expr:
    r"""Compound growth of the excess return per unit of annualised volatility.

    $$ \frac{G(r - f)}{\sigma} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series.
        risk_free: $f$, per period; a number or a series.
        growth: $G(r - f)$, where it is of more returns than the deviation is; of `ret` when None.

    Returns:
        One dimensionless Float64. Null when returns do not vary, or an excess return is below -1.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        As PerformanceAnalytics' SharpeRatio.annualized.

    >>> frame = pl.DataFrame({"ret": [0.5, -0.5]})
    >>> frame.select(geometric_sharpe_ratio(pl.col("ret"), periods_per_year=2)).item()
    -0.24...
    """
    if growth is None:
        growth = annualised_return(observed(ret) - risk_free, periods_per_year=periods_per_year)
    return known(growth / risky(volatility(ret, periods_per_year=periods_per_year)))


def adjusted_sharpe_ratio(ret: pl.Expr, *, sharpe: pl.Expr) -> pl.Expr:
    r"""Sharpe ratio taken down for a long losing tail.

    $$ S\Big(1 + \frac{g_1}{6} S - \frac{g_2}{24} S^2\Big) $$

    Args:
        ret: Simple returns per period, as fractions.
        sharpe: $S$ of the same returns: `sharpe_ratio` or `geometric_sharpe_ratio`.

    Returns:
        One dimensionless Float64. Null with fewer than four returns, or when they do not vary.

    Source:
        Pezier and White (2006), "The Relative Merits of Investable Hedge Fund Indices", ICMA.

    >>> frame = pl.DataFrame({"ret": [-1.0, 0.0, 0.0, 1.0]})
    >>> frame.select(adjusted_sharpe_ratio(pl.col("ret"), sharpe=pl.lit(1.0))).item()
    1.04...
    """
    skew, tails = skewness(ret, kind="population"), kurtosis(ret, kind="population")
    return combine(
        lambda s, skew, tails: known(s * (s * skew / 6 - s.pow(2) * tails / 24 + 1)), s=sharpe, skew=skew, tails=tails
    )


def sortino_ratio(
    ret: pl.Expr,
    *,
    periods_per_year: float,
    target: Rate = 0.0,
    risk_free: Rate | None = None,
    over: Literal["all", "below"] = "all",
    ddof: int = 0,
    about: Literal["target", "mean"] = "target",
) -> pl.Expr:
    r"""Annualised mean return above a target per unit of downside deviation.

    $$ S = \sqrt{N}\,\frac{\operatorname{mean}(r) - t}{\sqrt{\operatorname{mean}(\min(r - t, 0)^2)}} $$

    The downside deviation divides by all observations, not by the bad ones.

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        target: $t$, the least acceptable simple return per *period*.
        risk_free: Taken off the mean return instead of $t$, where the two differ; per *period*.
        over: The downside's mean over all observations, or only over those below the target.
        ddof: Taken off their number.
        about: The shortfalls' root mean square, or their deviation about their own mean, as ffn has it.

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
    if about == "mean":
        downside = (observed(ret) - target).clip(upper_bound=0.0).std(ddof=ddof)
    else:
        downside = downside_deviation(ret, target=target, periods_per_year=1, over=over, ddof=ddof)
    excess = observed(ret) - (target if risk_free is None else risk_free)
    return known(excess.mean() / risky(downside) * math.sqrt(periods_per_year))


def calmar_ratio(ret: pl.Expr, *, growth: pl.Expr, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Compound growth per year per unit of the deepest drawdown.

    $$ C = \frac{G}{|D_{\max}|} $$

    Args:
        ret: Simple daily returns, as fractions, in time order.
        growth: Per year: `cagr` by the calendar, or `annualised_return` by count.
        depth: `drawdown.underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64 per group. Null without returns, or when the value
        never fell: then there is no drawdown to divide by.

    Source:
        Young (1991), "Calmar Ratio: A Smoother Tool", Futures 20(1).

    >>> pl.DataFrame({"ret": [0.1, -0.5]}).select(calmar_ratio(pl.col("ret"), growth=pl.lit(0.25))).item()
    0.5
    """
    return known(growth / risky(-max_drawdown(ret, depth=depth)))


def omega_ratio(ret: pl.Expr, *, threshold: Rate = 0.0) -> pl.Expr:
    r"""Gains above a threshold per unit of losses below it.

    $$ \frac{\sum_t \max(r_t - L, 0)}{\sum_t \max(L - r_t, 0)} $$

    Args:
        ret: Simple returns per period, as fractions.
        threshold: $L$, a simple return per period.

    Returns:
        One dimensionless Float64. Null when nothing is below the threshold.

    Source:
        Keating and Shadwick (2002), "A Universal Performance Measure", J. Performance Measurement 6(3).

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(omega_ratio(pl.col("ret"))).item()
    2.0
    """
    above = upper_partial_moment(ret, order=1, target=threshold)
    return known(above / risky(lower_partial_moment(ret, order=1, target=threshold)))


def omega_sharpe_ratio(ret: pl.Expr, *, threshold: Rate = 0.0) -> pl.Expr:
    r"""Mean excess over a threshold per unit of the mean shortfall below it: omega less one.

    $$ \frac{\operatorname{mean}(r) - L}{\operatorname{mean}(\max(L - r, 0))} $$

    Args:
        ret: Simple returns per period, as fractions.
        threshold: $L$, a simple return per period.

    Returns:
        One dimensionless Float64. Null when nothing is below the threshold.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(omega_sharpe_ratio(pl.col("ret"))).item()
    1.0
    """
    return omega_ratio(ret, threshold=threshold) - 1


def kappa(ret: pl.Expr, *, order: int = 3, target: Rate = 0.0) -> pl.Expr:
    r"""Mean excess over a target per unit of a lower partial moment of any order.

    $$ \frac{\operatorname{mean}(r) - t}{\sqrt[k]{\mathrm{LPM}_k}} $$

    Args:
        ret: Simple returns per period, as fractions.
        order: $k$: 1 is omega-Sharpe, 2 is Sortino.
        target: $t$, a simple return per period.

    Returns:
        One dimensionless Float64. Null when nothing is below the target.

    Source:
        Kaplan and Knowles (2004), "Kappa: A Generalized Downside Risk-Adjusted Performance Measure".

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(kappa(pl.col("ret"), order=1)).item()
    1.0
    """
    moment = lower_partial_moment(ret, order=order, target=target).pow(1 / order)
    return known((observed(ret) - target).mean() / risky(moment))


def upside_potential_ratio(ret: pl.Expr, *, target: Rate = 0.0, over: Literal["all", "subset"] = "all") -> pl.Expr:
    r"""Mean excess above a target per unit of downside deviation below it.

    $$ \frac{\operatorname{mean}(\max(r - t, 0))}{\sigma_d} $$

    Args:
        ret: Simple returns per period, as fractions.
        target: $t$, a simple return per period.
        over: Divide both by all observations, or each by its own side's.

    Returns:
        One dimensionless Float64. Null when nothing is below the target.

    Source:
        Sortino, van der Meer and Plantinga (1999), "The Dutch Triangle", J. Portfolio Management 26(1).

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(upside_potential_ratio(pl.col("ret"), over="subset")).item()
    1.0
    """
    above = upper_partial_moment(ret, order=1, target=target, over="all" if over == "all" else "above")
    below = downside_deviation(ret, periods_per_year=1, target=target, over="all" if over == "all" else "below")
    return known(above / risky(below))


def prospect_ratio(ret: pl.Expr, *, target: float = 0.0) -> pl.Expr:
    r"""Returns as people feel them, losses 2.25 times, per unit of downside deviation.

    $$ \frac{\operatorname{mean}(\max(r, 0) + 2.25 \min(r, 0)) - t/n}{\sigma_d} $$

    Args:
        ret: Simple returns per period, as fractions.
        target: $t$, taken off the sum once, and the level of $\sigma_d$.

    Returns:
        One dimensionless Float64. Null when nothing is below the target.

    Source:
        Watanabe (2006), "Is Sharpe Ratio Still Effective?"; Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(prospect_ratio(pl.col("ret"))).item()
    -0.88...
    """
    clean = observed(ret)
    felt = (clean.clip(lower_bound=0) + clean.clip(upper_bound=0) * 2.25).sum() - target
    downside = risky(downside_deviation(ret, periods_per_year=1, target=target))
    return known(felt / clean.count() / downside)


def d_ratio(ret: pl.Expr) -> pl.Expr:
    r"""Losses weighed by how often they come, per unit of gains weighed likewise: 0 is perfect.

    $$ \frac{n_{-}\,|\sum_{r<0} r|}{n_{+}\,\sum_{r>0} r} $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a gain.

    Source:
        Lavinio (1999), "The Hedge Fund Handbook"; Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.5, 0.5, -0.5]}).select(d_ratio(pl.col("ret"))).item()
    0.25
    """
    clean = observed(ret)
    down = (clean < 0).sum() * clean.clip(upper_bound=0).sum().abs()
    up = (clean > 0).sum() * clean.clip(lower_bound=0).sum()
    return known(down / risky(up))


def upside_downside_ratio(ret: pl.Expr, *, target: Rate = 0.0, order: Literal[1, 2] = 2) -> pl.Expr:
    r"""Upside variance (order 2) or deviation (1) per unit of the downside's.

    $$ \mathrm{UPM}_2 / \mathrm{LPM}_2 $$

    Args:
        ret: Simple returns per period, as fractions.
        target: A simple return per period.
        order: 2 is volatility skewness, 1 its root, variability skewness.

    Returns:
        One dimensionless Float64. Null when nothing is below the target.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(upside_downside_ratio(pl.col("ret"))).item()
    4.0
    """
    downside = lower_partial_moment(ret, order=2, target=target).sqrt()
    ratio = upper_partial_moment(ret, order=2, target=target).sqrt() / risky(downside)
    return known(ratio.pow(order))


def skewness_kurtosis_ratio(ret: pl.Expr) -> pl.Expr:
    r"""Skewness per unit of kurtosis (3 for the normal), both of the population.

    $$ g_1 / (g_2 + 3) $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null with fewer than four returns, or when they do not vary.

    Source:
        Watanabe (2006); Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-1.0, 0.0, 0.0, 1.0]}).select(skewness_kurtosis_ratio(pl.col("ret"))).item()
    0.0
    """
    return known(skewness(ret, kind="population") / kurtosis(ret, kind="population", excess=False))
