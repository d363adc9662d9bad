"""Spread and shape of a return series: deviation, partial moments, skew, dependence on itself.

Takes return expressions and gives back one expression. Does not read a store, clock or setting. Undefined
is null, never NaN.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.sample import Rate, ascending, check_periods, dispersion, finite_or_null, nan_to_null, varies


@metric(
    title="Downside deviation",
    unit="fraction per year",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="Below the risk-free rate and over all days, the denominator of the Sortino ratio printed here.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year, target=s.risk_free),
)
def downside_deviation(
    ret: pl.Expr,
    *,
    periods_per_year: float,
    target: Rate = 0.0,
    over: Literal["all", "below"] = "all",
    ddof: int = 0,
) -> pl.Expr:
    r"""Root mean square of the shortfalls below a target.

    $$ \sigma_d = \sqrt{N}\,\sqrt{\frac{1}{n}\sum_t \min(r_t - t, 0)^2} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        target: $t$, the least acceptable simple return per *period*.
        over: Divide by all observations, or only by those below the target.
        ddof: Taken off the number of observations divided by.

    Returns:
        One Float64 fraction; 0 when no return is below the target. Null without returns.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Sortino and Price (1994), "Performance Measurement in a Downside Risk Framework", J. of Investing 3(3).

    >>> pl.DataFrame({"ret": [0.5, -0.5, 0.5, 0.5]}).select(
    ...     downside_deviation(pl.col("ret"), periods_per_year=1)
    ... ).item()
    0.25
    """
    check_periods(periods_per_year)
    square = lower_partial_moment(ret, order=2, target=target, over=over, ddof=ddof)
    return nan_to_null(square.sqrt() * math.sqrt(periods_per_year))


@metric(
    title="Semi-deviation",
    unit="fraction per year",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="About the mean, as Markowitz has it, and over all days.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year),
)
def semi_deviation(ret: pl.Expr, *, periods_per_year: float, ddof: int = 0) -> pl.Expr:
    r"""Downside deviation below the mean itself.

    $$ \sigma_s = \sqrt{N}\,\sqrt{\frac{1}{n}\sum_t \min(r_t - \bar r, 0)^2} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        ddof: Taken off the number of observations divided by.

    Returns:
        One Float64 fraction. Null without returns.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Markowitz (1959), "Portfolio Selection", ch. 9.

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(semi_deviation(pl.col("ret"), periods_per_year=2)).item()
    0.5...
    """
    return downside_deviation(ret, periods_per_year=periods_per_year, target=finite_or_null(ret).mean(), ddof=ddof)


def lower_partial_moment(
    ret: pl.Expr, *, order: int, target: Rate = 0.0, over: Literal["all", "below"] = "all", ddof: int = 0
) -> pl.Expr:
    r"""Mean power of the shortfalls below a target.

    $$ \mathrm{LPM}_k = \frac{1}{n}\sum_t \max(t - r_t, 0)^k $$

    Order 0 is the downside frequency, 1 the downside potential, 2 the downside variance.

    Args:
        ret: Simple returns per period, as fractions.
        order: $k$.
        target: $t$, a simple return per period.
        over: Divide by all observations, or only by those below the target.
        ddof: Taken off the number of observations divided by.

    Returns:
        One Float64, in the order's power of a fraction. Null without returns.

    Source:
        Fishburn (1977), "Mean-Risk Analysis with Risk Associated with Below-Target Returns", AER 67(2).

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(lower_partial_moment(pl.col("ret"), order=1)).item()
    0.25
    """
    return _partial_moment(
        target - finite_or_null(ret), order=order, over="all" if over == "all" else "beyond", ddof=ddof
    )


def upper_partial_moment(
    ret: pl.Expr, *, order: int, target: Rate = 0.0, over: Literal["all", "above"] = "all"
) -> pl.Expr:
    r"""Mean power of the excesses above a target.

    $$ \mathrm{UPM}_k = \frac{1}{n}\sum_t \max(r_t - t, 0)^k $$

    Order 0 is the upside frequency, 1 the upside potential, 2 the upside variance.

    Args:
        ret: Simple returns per period, as fractions.
        order: $k$.
        target: $t$, a simple return per period.
        over: Divide by all observations, or only by those above the target.

    Returns:
        One Float64, in the order's power of a fraction. Null without returns.

    Source:
        Farinelli and Tibiletti (2008), "Sharpe thinking in asset ranking", EJOR 185(3).

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(upper_partial_moment(pl.col("ret"), order=2)).item()
    0.125
    """
    return _partial_moment(finite_or_null(ret) - target, order=order, over="all" if over == "all" else "beyond", ddof=0)


def _partial_moment(excess: pl.Expr, *, order: int, over: Literal["all", "beyond"], ddof: int) -> pl.Expr:
    beyond_target = excess > 0
    power = beyond_target.cast(pl.Float64) if order == 0 else excess.clip(lower_bound=0).pow(order)
    if over == "all" and ddof == 0:
        return nan_to_null(power.mean())
    n = excess.count() if over == "all" else beyond_target.sum()
    return nan_to_null(power.sum() / (n.cast(pl.Int64) - ddof))


def upside_risk(ret: pl.Expr, *, target: Rate = 0.0) -> pl.Expr:
    """Root mean square of the excesses above a target, over all observations.

    Args:
        ret: Simple returns per period, as fractions.
        target: A simple return per period.

    Returns:
        One Float64 fraction per period. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.5, -0.5, -0.5, -0.5]}).select(upside_risk(pl.col("ret"))).item()
    0.25
    """
    return upper_partial_moment(ret, order=2, target=target).sqrt()


@metric(
    title="Mean absolute deviation",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="About the mean, as portfolio optimisers use it.",
    of=lambda f, s: f(s.daily),
)
def mean_absolute_deviation(ret: pl.Expr) -> pl.Expr:
    r"""Mean distance from the mean.

    $$ \frac{1}{n}\sum_t |r_t - \bar r| $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per period. Null without returns.

    Source:
        Konno and Yamazaki (1991), Management Science 37(5).

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(mean_absolute_deviation(pl.col("ret"))).item()
    0.5
    """
    ret = finite_or_null(ret)
    return nan_to_null((ret - ret.mean()).abs().mean())


def central_moment(ret: pl.Expr, *, order: int) -> pl.Expr:
    r"""Mean power of the distance from the mean.

    $$ m_k = \frac{1}{n}\sum_t (r_t - \bar r)^k $$

    Args:
        ret: Simple returns per period, as fractions.
        order: $k$.

    Returns:
        One Float64, in the order's power of a fraction. Null without returns.

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(central_moment(pl.col("ret"), order=2)).item()
    0.25
    """
    ret = finite_or_null(ret)
    return nan_to_null((ret - ret.mean()).pow(order).mean())


@metric(
    title="Skewness, sample",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="The sample's adjusted figure is what Excel and pandas print.",
    of=lambda f, s: f(s.daily),
)
def skewness(ret: pl.Expr, *, kind: Literal["sample", "population", "half"] = "sample") -> pl.Expr:
    r"""Asymmetry: negative when the long tail is the losing one.

    $$ g = \frac{m_3}{m_2^{3/2}}, \qquad G = g\,\frac{\sqrt{n(n-1)}}{n-2} $$

    Args:
        ret: Simple returns per period, as fractions.
        kind: "sample" is $G$ (Excel SKEW, pandas), "population" is $g$; "half" is
            $g\,n^2 / ((n-1)(n-2))$, the sample's sum over the population's deviation.

    Returns:
        One dimensionless Float64. Null with fewer than three returns, or when they do not vary.

    Source:
        Joanes and Gill (1998), "Comparing measures of sample skewness and kurtosis", The Statistician 47(1).

    >>> pl.DataFrame({"ret": [0.0, 0.0, 0.3]}).select(skewness(pl.col("ret"))).item()
    1.73...
    """
    clean = finite_or_null(ret)
    n = clean.count().cast(pl.Float64)
    estimate = varies(clean) & (n > 2)  # noqa: PLR2004 - three points make a shape
    scale = {"sample": (n * (n - 1)).sqrt() / (n - 2), "population": pl.lit(1.0), "half": n * n / ((n - 1) * (n - 2))}
    return nan_to_null(pl.when(estimate).then(clean.skew(bias=True) * scale[kind]))


@metric(
    title="Excess kurtosis, sample",
    unit="ratio",
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="The sample's excess, 0 for the normal distribution, is what Excel and pandas print.",
    of=lambda f, s: f(s.daily),
)
def kurtosis(
    ret: pl.Expr,
    *,
    kind: Literal["sample", "population"] = "sample",
    excess: bool = True,
    about: Literal["mean", "zero"] = "mean",
) -> pl.Expr:
    r"""Weight of the tails; 0 for the normal distribution when `excess`, else 3.

    $$ g_2 = \frac{m_4}{m_2^2} - 3, \qquad G_2 = \frac{n(n+1)}{(n-1)(n-2)(n-3)}\sum_t z_t^4
    - \frac{3(n-1)^2}{(n-2)(n-3)} $$

    with $z_t$ the distance from the mean in sample deviations. Without the excess the last term, the normal's part,
    is left out: of a sample that is not $G_2 + 3$, but $G_2 + 3(n-1)^2 / ((n-2)(n-3))$.

    Args:
        ret: Simple returns per period, as fractions.
        kind: "sample" is $G_2$ (Excel KURT, pandas; PerformanceAnalytics' "sample_excess", and its "sample" without
            the excess), "population" is $g_2$ (its "excess" and "moment").
        excess: Whether the normal's part is taken off.
        about: Centre of the moments; "zero" is what some tools take for small means.

    Returns:
        One dimensionless Float64. Null with fewer than four returns, or when they do not vary.

    Source:
        Joanes and Gill (1998), The Statistician 47(1).

    >>> pl.DataFrame({"ret": [-1.0, 0.0, 0.0, 1.0]}).select(kurtosis(pl.col("ret"))).item()
    1.5
    """
    clean = finite_or_null(ret)
    n = clean.count().cast(pl.Float64)
    estimate = varies(clean) & (n > 3)  # noqa: PLR2004 - four points make a tail
    if about == "mean":
        uncorrected = clean.kurtosis(fisher=True, bias=True)
    else:
        uncorrected = clean.pow(4).mean() / clean.pow(2).mean().pow(2) - 3
    if kind == "population":
        value, normal = uncorrected, pl.lit(3.0)
    else:
        value = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * uncorrected + 6)
        normal = 3 * (n - 1).pow(2) / ((n - 2) * (n - 3))
    return nan_to_null(pl.when(estimate).then(value if excess else value + normal))


@metric(
    title="Gini mean difference",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="The unbiased form over all pairs of different days.",
    of=lambda f, s: f(s.daily),
)
def gini_mean_difference(ret: pl.Expr) -> pl.Expr:
    r"""Mean distance between two returns drawn without replacement.

    $$ \frac{2}{n(n-1)}\sum_i (2i - n - 1)\,r_{(i)} $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per period. Null with fewer than two returns.

    Source:
        Yitzhaki (1982), "Stochastic Dominance, Mean Variance, and Gini's Mean Difference", AER 72(1).

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(gini_mean_difference(pl.col("ret"))).item()
    1.0
    """
    clean = ascending(finite_or_null(ret))
    n = clean.count().cast(pl.Float64)
    rank = clean.cum_count().cast(pl.Float64)
    total = ((2 * rank - n - 1) * clean).sum() * 2
    return nan_to_null(total / (n * (n - 1)))


@metric(
    title="Autocorrelation, one day",
    unit="ratio",
    direction="neither",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="One day is the lag at which stale or smoothed prices show.",
    of=lambda f, s: f(s.daily),
)
def autocorrelation(ret: pl.Expr, *, lag: int = 1) -> pl.Expr:
    r"""Correlation of returns with those `lag` periods before.

    $$ \rho_k = \frac{\sum_t (r_t - \bar r)(r_{t-k} - \bar r)}{\sum_t (r_t - \bar r)^2} $$

    Args:
        ret: Simple returns per period, as fractions, in time order; a missing one joins nothing.
        lag: $k$, in periods.

    Returns:
        One Float64 from -1 to 1. Null without enough returns, or when they do not vary.

    Source:
        Box and Jenkins (1976), "Time Series Analysis", ch. 2.

    >>> pl.DataFrame({"ret": [1.0, -1.0, 1.0, -1.0]}).select(autocorrelation(pl.col("ret"))).item()
    -0.75
    """
    clean = finite_or_null(ret)
    centred = clean - clean.mean()
    total = centred.pow(2).sum()
    joined = (centred * centred.shift(lag)).sum()
    return nan_to_null(pl.when(varies(clean) & (clean.count() > lag)).then(joined / total))


@metric(
    title="Hurst index, by range",
    unit="ratio",
    direction="neither",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="Bacon's form by the range alone, which PerformanceAnalytics prints as HurstIndex.",
    of=lambda f, s: f(s.daily),
)
def hurst_index(ret: pl.Expr) -> pl.Expr:
    r"""Whether returns wander (above 0.5) or swing back (below), by their range alone.

    $$ H = \frac{\ln\big((\max r - \min r)/\operatorname{std}(r)\big)}{\ln n} $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null with fewer than two returns, or when they do not vary.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.0, 1.0, 0.0, 1.0]}).select(hurst_index(pl.col("ret"))).item()
    0.39...
    """
    clean = finite_or_null(ret)
    return nan_to_null(((clean.max() - clean.min()) / dispersion(clean)).log() / clean.count().cast(pl.Float64).log())
