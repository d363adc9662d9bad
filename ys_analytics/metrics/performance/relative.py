"""Return and risk against a benchmark: beta, alpha, active return and their ratios.

Takes two return expressions of the same periods and gives back one expression; a period
that one of them lacks counts for neither. Does not read a store, clock or setting.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.growth import annualised_return
from ys_analytics.metrics.sample import (
    Rate,
    check_periods,
    dispersion,
    nan_to_null,
    nonzero,
    null_if_negligible,
    paired,
    spread,
    varies,
)

Market = Literal["all", "up", "down"]
Growth = Literal["geometric", "arithmetic"]


def _excess(ret: pl.Expr, benchmark: pl.Expr, risk_free: Rate, market: Market = "all") -> tuple[pl.Expr, pl.Expr]:
    """Both less the risk-free rate, where both are present and the market went the asked way."""
    r, b = paired(ret - risk_free, benchmark - risk_free)
    if market == "all":
        return r, b
    of_side = b > 0 if market == "up" else b < 0
    return pl.when(of_side).then(r), pl.when(of_side).then(b)


def _growth(ret: pl.Expr, periods_per_year: float, growth: Growth = "geometric") -> pl.Expr:
    return annualised_return(ret, periods_per_year=periods_per_year, method=growth)


def _annual(risk_free: Rate, periods_per_year: float, growth: Growth = "geometric") -> pl.Expr:
    """The risk-free rate of a year, by the same way of adding periods up."""
    if isinstance(risk_free, pl.Expr):
        return _growth(risk_free, periods_per_year, growth)
    return pl.lit((1 + risk_free) ** periods_per_year - 1 if growth == "geometric" else risk_free * periods_per_year)


@metric(
    title="Beta",
    unit="ratio",
    direction="neither",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark does not vary",
    why="The slope of daily excess returns over all days both have is the market model's beta.",
    of=lambda f, s: f(s.daily, s.benchmark, risk_free=s.risk_free),
    benchmark=True,
)
def beta(ret: pl.Expr, benchmark: pl.Expr, *, risk_free: Rate = 0.0, market: Market = "all") -> pl.Expr:
    r"""Slope of the return on the benchmark's.

    $$ \beta = \frac{\operatorname{cov}(r, b)}{\operatorname{var}(b)} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        risk_free: Per period, taken off both; a number or a series.
        market: Over "all" periods, or those where the benchmark's excess was "up" or "down".

    Returns:
        One dimensionless Float64. Null with fewer than two pairs, or when the benchmark does not vary.

    Source:
        Sharpe (1964), "Capital Asset Prices", J. of Finance 19(3).

    >>> pl.DataFrame({"r": [0.2, -0.2], "b": [0.1, -0.1]}).select(beta(pl.col("r"), pl.col("b"))).item()
    2.0
    """
    r, b = _excess(ret, benchmark, risk_free, market)
    return nan_to_null(pl.when(varies(b)).then(pl.cov(r, b) / b.var()))


@metric(
    title="Timing ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="a beta is zero or unknown",
    why="Beta in rising over beta in falling markets, as PerformanceAnalytics' TimingRatio has it.",
    of=lambda f, s: f(s.daily, s.benchmark, risk_free=s.risk_free),
    benchmark=True,
)
def timing_ratio(ret: pl.Expr, benchmark: pl.Expr, *, risk_free: Rate = 0.0) -> pl.Expr:
    r"""Beta of rising markets per unit of beta of falling ones; above 1 is good timing.

    $$ \beta_{+} / \beta_{-} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        risk_free: Per period, taken off both.

    Returns:
        One dimensionless Float64. Null where either beta is, or the second is zero.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.2, 0.4, -0.1, -0.2], "b": [0.1, 0.2, -0.1, -0.2]})
    >>> frame.select(timing_ratio(pl.col("r"), pl.col("b"))).item()
    2.0...
    """
    up = beta(ret, benchmark, risk_free=risk_free, market="up")
    down = beta(ret, benchmark, risk_free=risk_free, market="down")
    return nan_to_null(up / nonzero(down))


@metric(
    title="Alpha of the regression",
    unit="fraction per year",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark does not vary",
    why="The intercept of that regression, compounded to a year, as empyrical prints it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
    benchmark=True,
)
def alpha(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    periods_per_year: float = 1,
    risk_free: Rate = 0.0,
    market: Market = "all",
) -> pl.Expr:
    r"""Mean return that beta does not explain, compounded to a year.

    $$ \alpha = (1 + \bar r - \beta \bar b)^N - 1 $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$; 1 leaves it per period.
        risk_free: Per period, taken off both; a number or a series.
        market: As for `beta`.

    Returns:
        One Float64 fraction. Null where beta is.

    Source:
        Jensen (1968), J. of Finance 23(2), as a regression's intercept.

    >>> pl.DataFrame({"r": [0.75, -0.25], "b": [0.25, -0.25]}).select(alpha(pl.col("r"), pl.col("b"))).item()
    0.25
    """
    check_periods(periods_per_year)
    r, b = _excess(ret, benchmark, risk_free, market)
    each_period = r.mean() - beta(ret, benchmark, risk_free=risk_free, market=market) * b.mean()
    base = each_period + 1
    return (
        nan_to_null(pl.when(base >= 0).then(base.pow(periods_per_year) - 1))
        if periods_per_year != 1
        else nan_to_null(each_period)
    )


@metric(
    title="Jensen's alpha",
    unit="fraction per year",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark does not vary",
    why="From growth per year and beta, as PerformanceAnalytics' CAPM.jensenAlpha has it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
    benchmark=True,
)
def jensen_alpha(
    ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, risk_free: Rate = 0.0, growth: Growth = "geometric"
) -> pl.Expr:
    r"""Compound growth that beta times the benchmark's growth does not explain.

    $$ \alpha_J = (G_r - f) - \beta\,(G_b - f) $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.
        risk_free: Per period; a number or a series.
        growth: Compound, or "arithmetic": the mean times $N$, as textbooks' examples have it.

    Returns:
        One Float64 fraction per year. Null where beta is, or a return is below -1.

    Source:
        Jensen (1968), "The Performance of Mutual Funds", J. of Finance 23(2); Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.1, 0.0], "b": [0.1, 0.0]})
    >>> frame.select(jensen_alpha(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.0
    """
    r, b = paired(ret, benchmark)
    risk_free_growth = _annual(risk_free, periods_per_year, growth)
    slope = beta(ret, benchmark, risk_free=risk_free)
    return nan_to_null(
        _growth(r, periods_per_year, growth)
        - risk_free_growth
        - slope * (_growth(b, periods_per_year, growth) - risk_free_growth)
    )


@metric(
    title="Treynor ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="beta is zero or unknown",
    why="Compound excess growth over beta, as PerformanceAnalytics' TreynorRatio has it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
    benchmark=True,
)
def treynor_ratio(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    periods_per_year: float,
    risk_free: Rate = 0.0,
    per: Literal["beta", "systematic_risk"] = "beta",
    ddof: int = 0,
    growth: Growth = "geometric",
) -> pl.Expr:
    r"""Annual excess growth per unit of beta, or of systematic risk.

    $$ T = G(r - f) / \beta $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.
        risk_free: Per period; a number or a series.
        per: "systematic_risk" divides by $\beta \sigma_b$, which compares with the Sharpe ratio.
        ddof: Of $\sigma_b$.
        growth: Compound, or "arithmetic": the mean times $N$, as textbooks' examples have it.

    Returns:
        One Float64 per year. Null where beta is, or is zero.

    Source:
        Treynor (1965), "How to Rate Management of Investment Funds", Harvard Business Review 43.

    >>> frame = pl.DataFrame({"r": [0.5, 0.0], "b": [0.25, 0.0]})
    >>> frame.select(treynor_ratio(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.25
    """
    r, b = _excess(ret, benchmark, risk_free)
    slope = beta(ret, benchmark, risk_free=risk_free)
    risk = slope * (spread(b, ddof=ddof) * math.sqrt(periods_per_year) if per == "systematic_risk" else pl.lit(1.0))
    return nan_to_null(_growth(r, periods_per_year, growth) / nonzero(risk))


@metric(
    title="Tracking error",
    unit="fraction per year",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="The sample deviation of active returns times the root of 365, as active managers report it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year),
    benchmark=True,
)
def tracking_error(ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, ddof: int = 1) -> pl.Expr:
    r"""Annualised standard deviation of the active return.

    $$ \sqrt{N}\,\operatorname{std}(r - b) $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        ddof: 1 for the sample's deviation, 0 for the population's.

    Returns:
        One Float64 fraction; 0 for the benchmark itself. Null with fewer than two pairs.

    Source:
        Grinold and Kahn (2000), "Active Portfolio Management", ch. 5.

    >>> frame = pl.DataFrame({"r": [0.2, 0.0], "b": [0.1, 0.1]})
    >>> frame.select(tracking_error(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.2...
    """
    check_periods(periods_per_year)
    r, b = paired(ret, benchmark)
    return nan_to_null(spread(r - b, ddof=ddof) * math.sqrt(periods_per_year))


@metric(
    title="Active premium",
    unit="fraction per year",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %",
    why="The difference of growth per year, as PerformanceAnalytics' ActivePremium has it.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year),
    benchmark=True,
)
def active_premium(
    ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, growth: Growth = "geometric"
) -> pl.Expr:
    r"""Compound growth per year less the benchmark's.

    $$ G_r - G_b $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: 365 for daily on-chain series.
        growth: Compound, or "arithmetic": the mean times $N$, as textbooks' examples have it.

    Returns:
        One Float64 fraction per year. Null without a pair, or when a return is below -1.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.5], "b": [0.25]})
    >>> frame.select(active_premium(pl.col("r"), pl.col("b"), periods_per_year=1)).item()
    0.25
    """
    r, b = paired(ret, benchmark)
    return nan_to_null(_growth(r, periods_per_year, growth) - _growth(b, periods_per_year, growth))


@metric(
    title="Information ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the active return does not vary",
    why="The arithmetic mean of active returns over their deviation, as Grinold and Kahn define it.",
    cites="Grinold",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year),
    benchmark=True,
)
def information_ratio(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    periods_per_year: float,
    method: Literal["arithmetic", "geometric"] = "arithmetic",
    ddof: int = 1,
) -> pl.Expr:
    r"""Annualised active return per unit of tracking error.

    $$ \sqrt{N}\,\frac{\operatorname{mean}(r - b)}{\operatorname{std}(r - b)} \quad\text{or}\quad
       \frac{G_r - G_b}{\sqrt{N}\,\operatorname{std}(r - b)} $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        method: Of the active return.
        ddof: Of the tracking error.

    Returns:
        One dimensionless Float64. Null with fewer than two pairs, or when the active return does not vary.

    Source:
        Grinold and Kahn (2000), ch. 5; Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.3, 0.1], "b": [0.1, 0.1]})
    >>> frame.select(information_ratio(pl.col("r"), pl.col("b"), periods_per_year=1)).item()
    0.70...
    """
    error = null_if_negligible(tracking_error(ret, benchmark, periods_per_year=periods_per_year, ddof=ddof))
    if method == "geometric":
        return nan_to_null(active_premium(ret, benchmark, periods_per_year=periods_per_year) / error)
    r, b = paired(ret, benchmark)
    return nan_to_null((r - b).mean() * periods_per_year / error)


@metric(
    title="M squared",
    unit="fraction per year",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="Growth per year brought to the benchmark's volatility, so that it compares with the benchmark's return.",
    of=lambda f, s: f(s.daily, s.benchmark, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
    benchmark=True,
)
def m_squared(
    ret: pl.Expr, benchmark: pl.Expr, *, periods_per_year: float, risk_free: Rate = 0.0, growth: Growth = "geometric"
) -> pl.Expr:
    r"""Growth the portfolio would have had at the benchmark's volatility.

    $$ M^2 = (G_r - f)\,\frac{\sigma_b}{\sigma_r} + f $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: $N$: 365 for daily on-chain series.
        risk_free: Per period; a number or a series.
        growth: Compound, or "arithmetic": the mean times $N$, as textbooks' examples have it.

    Returns:
        One Float64 fraction per year. Null with fewer than two pairs, or when returns do not vary.

    Source:
        Modigliani and Modigliani (1997), "Risk-Adjusted Performance", J. Portfolio Management 23(2).

    >>> frame = pl.DataFrame({"r": [0.5, 0.0], "b": [0.25, 0.0]})
    >>> frame.select(m_squared(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.25
    """
    r, b = paired(ret, benchmark)
    risk_free_growth = _annual(risk_free, periods_per_year, growth)
    return nan_to_null(
        (_growth(r, periods_per_year, growth) - risk_free_growth) * spread(b) / dispersion(r) + risk_free_growth
    )


def m_squared_excess(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    periods_per_year: float,
    risk_free: Rate = 0.0,
    method: Literal["geometric", "arithmetic"] = "geometric",
    growth: Growth = "geometric",
) -> pl.Expr:
    r"""`m_squared` over the benchmark's own growth.

    $$ \frac{1 + M^2}{1 + G_b} - 1 \quad\text{or}\quad M^2 - G_b $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        periods_per_year: 365 for daily on-chain series.
        risk_free: Per period; a number or a series.
        method: How one is taken off the other.
        growth: Compound, or "arithmetic": the mean times $N$, as textbooks' examples have it.

    Returns:
        One Float64 fraction per year. Null where `m_squared` is.

    Source:
        Bacon (2008), ch. 4.

    >>> frame = pl.DataFrame({"r": [0.5, 0.0], "b": [0.25, 0.0]})
    >>> frame.select(m_squared_excess(pl.col("r"), pl.col("b"), periods_per_year=2)).item()
    0.0
    """
    _, b = paired(ret, benchmark)
    level = m_squared(ret, benchmark, periods_per_year=periods_per_year, risk_free=risk_free, growth=growth)
    market = _growth(b, periods_per_year, growth)
    return nan_to_null((level + 1) / (market + 1) - 1 if method == "geometric" else level - market)
