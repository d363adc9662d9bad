"""Decomposition by a regression on the benchmark: systematic and specific risk, co-moments, selectivity.

Takes two return expressions of the same periods and gives back one expression; a period
that one of them lacks counts for neither. Does not read a store, clock or setting.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.growth import annualised_return
from ys_analytics.metrics.performance.relative import alpha, beta, jensen_alpha
from ys_analytics.metrics.risk.dispersion import downside_deviation
from ys_analytics.metrics.sample import (
    check_periods,
    dispersion,
    nan_to_null,
    nonzero,
    null_if_negligible,
    paired,
    spread,
    varies,
)


@metric(
    title="Correlation with the benchmark",
    unit="ratio",
    direction="neither",
    minimum=MINIMUM_DAYS,
    null_reason="one of the two does not vary",
    why="Pearson's, over all days both have.",
    of=lambda f, s: f(s.daily, s.benchmark),
    benchmark=True,
)
def correlation(ret: pl.Expr, benchmark: pl.Expr) -> pl.Expr:
    r"""Pearson correlation of two return series.

    $$ \rho = \frac{\operatorname{cov}(r, b)}{\sigma_r \sigma_b} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.

    Returns:
        One Float64 from -1 to 1. Null with fewer than two pairs, or when either does not vary.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"r": [0.2, 0.1], "b": [0.2, 0.3]}).select(correlation(pl.col("r"), pl.col("b"))).item()
    -1.0
    """
    r, b = paired(ret, benchmark)
    return nan_to_null(pl.when(varies(r) & varies(b)).then(pl.corr(r, b).clip(-1.0, 1.0)))


@metric(
    title="R squared",
    unit="share",
    direction="neither",
    minimum=MINIMUM_DAYS,
    null_reason="one of the two does not vary",
    why="The square of that correlation, the share of variance a market model explains.",
    of=lambda f, s: f(s.daily, s.benchmark),
    benchmark=True,
)
def r_squared(ret: pl.Expr, benchmark: pl.Expr) -> pl.Expr:
    r"""Share of the variance that the benchmark explains.

    $$ \rho^2 $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.

    Returns:
        One Float64 from 0 to 1. Null with fewer than two pairs, or when either does not vary.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"r": [0.2, 0.1], "b": [0.2, 0.3]}).select(r_squared(pl.col("r"), pl.col("b"))).item()
    1.0
    """
    return correlation(ret, benchmark).pow(2)


@metric(
    title="Systematic risk",
    unit="fraction per year",
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark does not vary",
    why="Beta times the benchmark's volatility, the other part of Bacon's total risk.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year),
    benchmark=True,
)
def systematic_risk(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, ddof: int = 1) -> pl.Expr:
    r"""Annualised volatility that comes from the benchmark.

    $$ \beta\,\sigma_b\sqrt{N} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.
        ddof: Of $\sigma_b$.

    Returns:
        One Float64 fraction, negative with beta. Null where beta is.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.2, -0.2], "b": [0.1, -0.1]})
    >>> frame.select(systematic_risk(pl.col("r"), pl.col("b"), periods_per_year=1, ddof=0)).item()
    0.2
    """
    check_periods(periods_per_year)
    _, b = paired(ret, benchmark)
    return nan_to_null(beta(ret, benchmark) * spread(b, ddof=ddof) * math.sqrt(periods_per_year))


@metric(
    title="Specific risk",
    unit="fraction per year",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark does not vary",
    why="The deviation that beta leaves, per year, as Bacon has it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year),
    benchmark=True,
)
def specific_risk(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float) -> pl.Expr:
    r"""Annualised volatility that the benchmark does not explain, of the population.

    $$ \operatorname{std}(r - \beta b)\sqrt{N} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.

    Returns:
        One Float64 fraction. Null where beta is.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.2, -0.2], "b": [0.1, -0.1]})
    >>> frame.select(specific_risk(pl.col("r"), pl.col("b"), periods_per_year=1)).item()
    0.0
    """
    check_periods(periods_per_year)
    r, b = paired(ret, benchmark)
    residual = (r - b * beta(ret, benchmark)).std(ddof=0)
    return nan_to_null(pl.when(varies(b)).then(residual) * math.sqrt(periods_per_year))


def total_risk(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float) -> pl.Expr:
    r"""Systematic and specific risk together.

    $$ \sqrt{\text{systematic}^2 + \text{specific}^2} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.

    Returns:
        One Float64 fraction. Null where beta is.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.2, -0.2], "b": [0.1, -0.1]})
    >>> frame.select(total_risk(pl.col("r"), pl.col("b"), periods_per_year=1)).item()
    0.28...
    """
    systematic = systematic_risk(ret, benchmark, periods_per_year=periods_per_year)
    specific = specific_risk(ret, benchmark, periods_per_year=periods_per_year)
    return nan_to_null((systematic.pow(2) + specific.pow(2)).sqrt())


@metric(
    title="Appraisal ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no specific risk",
    why="Jensen's alpha over specific risk, as PerformanceAnalytics' AppraisalRatio has it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year),
    benchmark=True,
)
def appraisal_ratio(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    periods_per_year: float,
    per: Literal["specific_risk", "beta", "systematic_risk"] = "specific_risk",
) -> pl.Expr:
    r"""Jensen's alpha per unit of the risk taken to earn it.

    $$ \alpha_J / \text{specific risk} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.
        per: The risk divided by; by "beta" it is the modified, by "systematic_risk" the alternative Jensen.

    Returns:
        One dimensionless Float64. Null where the risk is nothing.

    Source:
        Treynor and Black (1973), J. of Business 46(1); Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.2, -0.2], "b": [0.1, -0.1]})
    >>> frame.select(appraisal_ratio(pl.col("r"), pl.col("b"), periods_per_year=1, per="beta")).item()
    -0.005...
    """
    risk = {
        "specific_risk": specific_risk(ret, benchmark, periods_per_year=periods_per_year),
        "beta": beta(ret, benchmark),
        "systematic_risk": systematic_risk(ret, benchmark, periods_per_year=periods_per_year),
    }[per]
    annual_alpha = jensen_alpha(ret, benchmark, periods_per_year=periods_per_year)
    return nan_to_null(annual_alpha / nonzero(risk))


def regression_epsilon(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float) -> pl.Expr:
    r"""Growth that neither alpha nor beta explains.

    $$ G_r - \alpha - \beta G_b $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$ of the growth; $\alpha$ is per period.

    Returns:
        One Float64 fraction. Null where beta is, or a return is below -1.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.1, 0.0], "b": [0.1, 0.0]})
    >>> frame.select(regression_epsilon(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.0
    """
    r, b = paired(ret, benchmark)
    slope = beta(ret, benchmark)
    explained = alpha(ret, benchmark) + slope * annualised_return(b, periods_per_year=periods_per_year)
    return nan_to_null(annualised_return(r, periods_per_year=periods_per_year) - explained)


def fama_beta(ret: pl.Expr, benchmark: pl.Expr) -> pl.Expr:
    r"""Beta the portfolio would have if all its volatility came from the benchmark.

    $$ \sigma_r / \sigma_b $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.

    Returns:
        One dimensionless Float64. Null with fewer than two pairs, or when the benchmark does not vary.

    Source:
        Fama (1972), "Components of Investment Performance", J. of Finance 27(3).

    >>> pl.DataFrame({"r": [0.2, -0.2], "b": [0.1, -0.1]}).select(fama_beta(pl.col("r"), pl.col("b"))).item()
    2.0
    """
    r, b = paired(ret, benchmark)
    return nan_to_null(spread(r) / dispersion(b))


def net_selectivity(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float) -> pl.Expr:
    r"""Jensen's alpha less what undiversified risk should have earned.

    $$ \alpha_J - (\beta_F - \beta)\,G_b $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.

    Returns:
        One Float64 fraction per year. Null where beta is, or a return is below -1.

    Source:
        Fama (1972), J. of Finance 27(3).

    >>> frame = pl.DataFrame({"r": [0.1, 0.0], "b": [0.1, 0.0]})
    >>> frame.select(net_selectivity(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.0
    """
    _, b = paired(ret, benchmark)
    market = annualised_return(b, periods_per_year=periods_per_year)
    excess_risk = fama_beta(ret, benchmark) - beta(ret, benchmark)
    return nan_to_null(jensen_alpha(ret, benchmark, periods_per_year=periods_per_year) - excess_risk * market)


def comoment(ret: pl.Expr, benchmark: pl.Expr, *, order: int, standardised: bool = False) -> pl.Expr:
    r"""How the return moves with powers of the benchmark: covariance, coskewness, cokurtosis.

    $$ \operatorname{mean}\big((r - \bar r)(b - \bar b)^{k}\big) $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        order: $k$: 1 covariance, 2 coskewness, 3 cokurtosis, all of the population.
        standardised: Divided by the benchmark's own moment of order $k + 1$: a beta of that order.

    Returns:
        One Float64. Null without a pair; standardised also when the benchmark's moment is nothing.

    Source:
        Martellini and Ziemann (2010), Review of Financial Studies 23(4).

    >>> pl.DataFrame({"r": [0.5, -0.5], "b": [0.5, -0.5]}).select(comoment(pl.col("r"), pl.col("b"), order=1)).item()
    0.25
    """
    r, b = paired(ret, benchmark)
    centred = b - b.mean()
    moment = ((r - r.mean()) * centred.pow(order)).mean()
    if not standardised:
        return nan_to_null(moment)
    base = centred.pow(order + 1).mean()
    return nan_to_null(pl.when(varies(b)).then(moment / base))


def m2_sortino(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, target: float = 0.0) -> pl.Expr:
    r"""Growth the portfolio would have had at the benchmark's downside deviation.

    $$ G_r + S\,(\sigma_{d,b} - \sigma_{d,r})\sqrt{N} $$

    with $S$ the Sortino ratio per period.

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.
        target: The least acceptable return per period.

    Returns:
        One Float64 fraction per year. Null where nothing is below the target.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.5, -0.5], "b": [0.5, -0.5]})
    >>> frame.select(m2_sortino(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    -0.25
    """
    r, b = paired(ret, benchmark)
    below = downside_deviation(r, periods_per_year=1, target=target)
    sortino = (r - target).mean() / null_if_negligible(below)
    excess_risk = downside_deviation(b, periods_per_year=1, target=target) - below
    return nan_to_null(
        annualised_return(r, periods_per_year=periods_per_year) + sortino * excess_risk * math.sqrt(periods_per_year)
    )


def omega_excess_return(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, target: float = 0.0) -> pl.Expr:
    r"""Growth less the price of downside risk in the style of the benchmark.

    $$ G_r - 3\,\sigma_{d,r}\,\sigma_{d,b} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$, of growth and deviations.
        target: The least acceptable return per period.

    Returns:
        One Float64 fraction per year. Null without a pair, or when a return is below -1.

    Source:
        Sortino, van der Meer and Plantinga (1997); Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.5, 0.0], "b": [0.5, 0.0]})
    >>> frame.select(omega_excess_return(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.5
    """
    r, b = paired(ret, benchmark)
    risks = [downside_deviation(side, periods_per_year=periods_per_year, target=target) for side in (r, b)]
    return nan_to_null(annualised_return(r, periods_per_year=periods_per_year) - risks[0] * risks[1] * 3)
