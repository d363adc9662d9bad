"""Ratios of return to risk.

Every function takes return expressions and gives back one expression, so the
same definition serves `select`, `group_by(...).agg`, `over` and `rolling`.
Does not read a store, clock or setting. Undefined is null, never NaN.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.drawdown.path import max_drawdown
from ys_analytics.metrics.growth import annualised_return, cagr
from ys_analytics.metrics.risk.dispersion import (
    downside_deviation,
    kurtosis,
    lower_partial_moment,
    skewness,
    upper_partial_moment,
)
from ys_analytics.metrics.sample import (
    Rate,
    check_periods,
    combine,
    dispersion,
    finite_or_null,
    nan_to_null,
    null_if_negligible,
    spread,
)


@metric(
    title="Volatility",
    unit="fraction per year",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the returns overflow",
    why="Factsheets print the sample deviation times the root of periods per year; 365, because these "
    "markets never close.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year),
)
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
    return nan_to_null(spread(finite_or_null(ret), ddof=ddof) * math.sqrt(periods_per_year))


@metric(
    title="Sharpe ratio",
    short="Sharpe",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="The arithmetic mean of excess returns over their sample deviation, annualised by a root, is the "
    "ratio of Sharpe (1994) that factsheets print.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
)
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
    ret = finite_or_null(ret)
    if isinstance(risk_free, pl.Expr):
        excess = ret - risk_free
        reference_returns = excess if deviation == "excess" else pl.when(excess.is_finite()).then(ret)
        return nan_to_null(excess.mean() / dispersion(reference_returns, ddof=ddof) * math.sqrt(periods_per_year))
    return nan_to_null((ret.mean() - risk_free) / dispersion(ret, ddof=ddof) * math.sqrt(periods_per_year))


@metric(
    title="Sharpe ratio, geometric",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="PerformanceAnalytics annualises the return by compounding; analysts who use it expect that number.",
    of=lambda f, s: f(
        s.daily,
        periods_per_year=s.periods_per_year,
        growth=annualised_return(
            s.ret - s.risk_free * (1 if s.days is None else s.days),
            periods_per_year=s.periods_per_year,
            days=s.days,
        ),
    ),
)
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
        growth = annualised_return(finite_or_null(ret) - risk_free, periods_per_year=periods_per_year)
    return nan_to_null(growth / null_if_negligible(volatility(ret, periods_per_year=periods_per_year)))


@metric(
    title="Sharpe ratio, adjusted for tails",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="The correction belongs to the ratio of the period whose skewness and tails it uses; annualised "
    "after it, it can be compared with the Sharpe ratio.",
    of=lambda f, s: f(
        s.daily,
        sharpe=sharpe_ratio(s.daily, periods_per_year=1, risk_free=s.risk_free),
        periods_per_year=s.periods_per_year,
    ),
)
def adjusted_sharpe_ratio(ret: pl.Expr, *, sharpe: pl.Expr, periods_per_year: float = 1) -> pl.Expr:
    r"""Sharpe ratio taken down for a long losing tail.

    $$ \sqrt{N}\,S\Big(1 + \frac{g_1}{6} S - \frac{g_2}{24} S^2\Big) $$

    Args:
        ret: Simple returns per period, as fractions.
        sharpe: $S$ of the same returns: `sharpe_ratio` or `geometric_sharpe_ratio`.
        periods_per_year: $N$: 365 annualises the $S$ of a day, 1 leaves the result as it is.

    Returns:
        One dimensionless Float64. Null with fewer than four returns, or when they do not vary.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Pezier and White (2006), "The Relative Merits of Investable Hedge Fund Indices", ICMA.

    >>> frame = pl.DataFrame({"ret": [-1.0, 0.0, 0.0, 1.0]})
    >>> frame.select(adjusted_sharpe_ratio(pl.col("ret"), sharpe=pl.lit(1.0))).item()
    1.04...
    """
    check_periods(periods_per_year)
    skew, tails = skewness(ret, kind="population"), kurtosis(ret, kind="population")
    adjusted = combine(
        lambda s, skew, tails: nan_to_null(s * (s * skew / 6 - s.pow(2) * tails / 24 + 1)),
        s=sharpe,
        skew=skew,
        tails=tails,
    )
    return adjusted * math.sqrt(periods_per_year)


@metric(
    title="Sortino ratio",
    short="Sortino",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="no return is below the target",
    why="Downside deviation over all days, not only the losing ones, is Sortino's own definition and that of "
    "most factsheets.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year, target=s.risk_free),
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

    $$ \sqrt{N}\,\frac{\operatorname{mean}(r) - t}{\sqrt{\operatorname{mean}(\min(r - t, 0)^2)}} $$

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
        downside = (finite_or_null(ret) - target).clip(upper_bound=0.0).std(ddof=ddof)
    else:
        downside = downside_deviation(ret, target=target, periods_per_year=1, over=over, ddof=ddof)
    excess = finite_or_null(ret) - (target if risk_free is None else risk_free)
    return nan_to_null(excess.mean() / null_if_negligible(downside) * math.sqrt(periods_per_year))


@metric(
    title="Calmar ratio",
    short="Calmar",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the value never fell, or a return is below -100 %",
    why="Growth per year over the deepest fall of the whole record; Young used 36 months, and young "
    "portfolios have less.",
    basis="linked",
    of=lambda f, s: f(s.ret, growth=cagr(s.ret, day=s.day, days=s.days), depth=s.depth),
)
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
    return nan_to_null(growth / null_if_negligible(-max_drawdown(ret, depth=depth)))


@metric(
    title="Omega ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="no return is below the target",
    why="Gains over losses about the risk-free rate per day, unannualised, as Keating and Shadwick define it.",
    of=lambda f, s: f(s.daily, threshold=s.risk_free),
)
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
    return nan_to_null(above / null_if_negligible(lower_partial_moment(ret, order=1, target=threshold)))


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


@metric(
    title="Kappa of order 3",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="no return is below the target",
    why="Order 3 is the one that order 1 (omega) and 2 (Sortino) do not already give; per day, as "
    "PerformanceAnalytics prints it.",
    of=lambda f, s: f(s.daily, target=s.risk_free),
)
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
    return nan_to_null((finite_or_null(ret) - target).mean() / null_if_negligible(moment))


@metric(
    title="Upside potential ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="no return is below the target",
    why="Over all days, per day, as PerformanceAnalytics and the authors have it.",
    of=lambda f, s: f(s.daily, target=s.risk_free),
)
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
    return nan_to_null(above / null_if_negligible(below))


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
    clean = finite_or_null(ret)
    felt_returns = (clean.clip(lower_bound=0) + clean.clip(upper_bound=0) * 2.25).sum() - target
    downside = null_if_negligible(downside_deviation(ret, periods_per_year=1, target=target))
    return nan_to_null(felt_returns / clean.count() / downside)


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
    clean = finite_or_null(ret)
    down = (clean < 0).sum() * clean.clip(upper_bound=0).sum().abs()
    up = (clean > 0).sum() * clean.clip(lower_bound=0).sum()
    return nan_to_null(down / null_if_negligible(up))


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
    ratio = upper_partial_moment(ret, order=2, target=target).sqrt() / null_if_negligible(downside)
    return nan_to_null(ratio.pow(order))


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
    return nan_to_null(skewness(ret, kind="population") / kurtosis(ret, kind="population", excess=False))
