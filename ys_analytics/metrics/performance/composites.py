"""Metrics composed of other metrics, as tear sheets print them.

Takes return expressions and gives back one expression. Knows no store, clock or setting; what its
parts are, their own modules say. Undefined is null, never NaN.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.performance.ratios import sharpe_ratio, sortino_ratio
from ys_analytics.metrics.performance.win_loss import average_loss, average_win, payoff_ratio, profit_factor, win_rate
from ys_analytics.metrics.risk.tails import expected_shortfall, tail_ratio, value_at_risk
from ys_analytics.metrics.sample import (
    combine,
    dispersion,
    finite_or_null,
    nan_to_null,
    nonzero,
    null_if_negligible,
    student_cdf,
)


@metric(
    title="Days that moved",
    unit="share",
    direction="neither",
    minimum=1,
    null_reason="there is no return",
    why="quantstats calls the share of days with a return other than zero exposure; no rounding up here.",
    of=lambda f, s: f(s.daily),
)
def time_in_market(ret: pl.Expr) -> pl.Expr:
    r"""Share of periods in which the value moved at all.

    $$ \#\{t : r_t \ne 0\} / n $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 from 0 to 1. Null without returns.

    Source:
        As quantstats' exposure, which rounds it up to a whole per cent.

    >>> pl.DataFrame({"ret": [0.1, 0.0, -0.1, 0.0]}).select(time_in_market(pl.col("ret"))).item()
    0.5
    """
    return (finite_or_null(ret) != 0).mean()


def exposure_adjusted_growth(ret: pl.Expr, *, growth: pl.Expr) -> pl.Expr:
    """Growth per year per share of time in the market: quantstats' risk-adjusted return.

    Args:
        ret: Simple returns per period, as fractions.
        growth: Per year: `cagr` by the calendar or `annualised_return` by count.

    Returns:
        One Float64 fraction per year. Null where the value never moved.

    >>> frame = pl.DataFrame({"ret": [0.1, 0.0]})
    >>> frame.select(exposure_adjusted_growth(pl.col("ret"), growth=pl.lit(0.25))).item()
    0.5
    """
    return nan_to_null(growth / null_if_negligible(time_in_market(ret)))


def autocorrelation_penalty(ret: pl.Expr) -> pl.Expr:
    r"""How much a deviation understates risk when each return resembles the one before.

    $$ \sqrt{1 + 2\sum_{k=1}^{n-1}\frac{n-k}{n}|\rho|^k} $$

    with $\rho$ the correlation of neighbouring returns.

    Args:
        ret: Simple returns per period, as fractions, in time order; a missing one has no neighbours.

    Returns:
        One Float64 of at least 1; 1 where the correlation is undefined. Null without returns.

    Source:
        Lo (2002), "The Statistics of Sharpe Ratios", Financial Analysts J. 58(4), for a first-order process.

    >>> frame = pl.DataFrame({"ret": [1.0, -1.0, 1.0, -1.0]})
    >>> round(frame.select(autocorrelation_penalty(pl.col("ret"))).item() ** 2, 9)
    4.0
    """
    clean = finite_or_null(ret)
    n, before = clean.count(), clean.shift(1)
    both = clean.is_not_null() & before.is_not_null()
    later_returns, earlier_returns = pl.when(both).then(clean), pl.when(both).then(before)

    def penalty(joint: pl.Expr, first_deviation: pl.Expr, second_deviation: pl.Expr, n: pl.Expr) -> pl.Expr:
        autocorrelation = (joint / first_deviation / second_deviation).abs().fill_null(0.0).clip(upper_bound=1.0)
        # The two sums in closed form; at full correlation they are n - 1 in all, the terms being (n - k) / n.
        c = autocorrelation.clip(upper_bound=1 - 1e-9)
        plain = c * (1 - c.pow(n - 1)) / (1 - c)
        weighted = c * (1 - n * c.pow(n - 1) + (n - 1) * c.pow(n)) / (1 - c).pow(2)
        total = pl.when(autocorrelation < 1 - 1e-9).then(plain - weighted / n).otherwise((n - 1) / 2)
        return pl.when(n > 0).then((2 * total + 1).clip(lower_bound=1.0).sqrt())

    return combine(
        penalty,
        joint=pl.cov(later_returns, earlier_returns),
        first_deviation=dispersion(later_returns),
        second_deviation=dispersion(earlier_returns),
        n=n.cast(pl.Float64),
    )


@metric(
    title="Sharpe ratio, less for returns that resemble their neighbours",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="quantstats divides by this penalty for returns that resemble their neighbours, which smooth prices make.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
)
def smart_sharpe_ratio(ret: pl.Expr, *, periods_per_year: float, risk_free: float = 0.0) -> pl.Expr:
    r"""Sharpe ratio taken down by `autocorrelation_penalty`.

    $$ S \Big/ \sqrt{1 + 2\sum_{k=1}^{n-1}\frac{n-k}{n}|\rho|^k} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        periods_per_year: 365 for daily on-chain series, 1 leaves it per period.
        risk_free: Simple return per period.

    Returns:
        One dimensionless Float64. Null where `sharpe_ratio` is.

    Source:
        Lo (2002), "The Statistics of Sharpe Ratios", Financial Analysts J. 58(4); as quantstats'
        smart_sharpe.

    >>> frame = pl.DataFrame({"ret": [0.03, -0.01, 0.03, -0.01]})
    >>> frame.select(smart_sharpe_ratio(pl.col("ret"), periods_per_year=1)).item()
    0.21...
    """
    return nan_to_null(
        sharpe_ratio(ret, periods_per_year=periods_per_year, risk_free=risk_free) / autocorrelation_penalty(ret)
    )


@metric(
    title="Sortino ratio, less for returns that resemble their neighbours",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="no return is below the target",
    why="quantstats divides by this penalty for returns that resemble their neighbours, which smooth prices make.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year, target=s.risk_free),
)
def smart_sortino_ratio(ret: pl.Expr, *, periods_per_year: float, target: float = 0.0) -> pl.Expr:
    r"""Sortino ratio taken down by `autocorrelation_penalty`.

    $$ \text{Sortino} \Big/ \sqrt{1 + 2\sum_{k=1}^{n-1}\frac{n-k}{n}|\rho|^k} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        periods_per_year: 365 for daily on-chain series, 1 leaves it per period.
        target: The least acceptable simple return per period.

    Returns:
        One dimensionless Float64. Null where `sortino_ratio` is.

    Source:
        Lo (2002), "The Statistics of Sharpe Ratios", Financial Analysts J. 58(4); as quantstats'
        smart_sortino.

    >>> frame = pl.DataFrame({"ret": [0.03, -0.01, 0.03, -0.01]})
    >>> frame.select(smart_sortino_ratio(pl.col("ret"), periods_per_year=1)).item()
    0.70...
    """
    return nan_to_null(
        sortino_ratio(ret, periods_per_year=periods_per_year, target=target) / autocorrelation_penalty(ret)
    )


@metric(
    title="Sortino ratio by the root of two",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="no return is below the target",
    why="Schwager divides by the root of two, so that the ratio can be compared with the Sharpe ratio.",
    of=lambda f, s: f(s.daily, periods_per_year=s.periods_per_year, target=s.risk_free),
)
def adjusted_sortino_ratio(ret: pl.Expr, *, periods_per_year: float, target: float = 0.0) -> pl.Expr:
    r"""Sortino ratio by the root of two, so that it can be compared with a Sharpe ratio.

    $$ \text{Sortino} / \sqrt{2} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: 365 for daily on-chain series, 1 leaves it per period.
        target: The least acceptable simple return per period.

    Returns:
        One dimensionless Float64. Null where `sortino_ratio` is.

    Source:
        Schwager (2020), "Unknown Market Wizards", app. 2.

    >>> frame = pl.DataFrame({"ret": [1.0, -0.5]})
    >>> frame.select(adjusted_sortino_ratio(pl.col("ret"), periods_per_year=1)).item()
    0.5
    """
    return sortino_ratio(ret, periods_per_year=periods_per_year, target=target) * math.sqrt(0.5)


@metric(
    title="Profit ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no gain or no loss",
    why="It stands as quantstats prints it, to be compared with its reports.",
    of=lambda f, s: f(s.daily),
)
def profit_ratio(ret: pl.Expr) -> pl.Expr:
    r"""Average win per number of wins, per unit of average loss per number of losses.

    $$ \frac{\bar r_{+} / n_{+}}{|\bar r_{-}| / n_{-}} $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a gain or without a loss.

    Source:
        As quantstats' profit_ratio, but a period that did not move is no win.

    >>> pl.DataFrame({"ret": [0.5, 0.5, -0.25]}).select(profit_ratio(pl.col("ret"))).item()
    1.0
    """
    clean = finite_or_null(ret)
    return nan_to_null(payoff_ratio(ret) * (clean < 0).sum() / (clean > 0).sum())


@metric(
    title="Risk of ruin",
    unit="share",
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="no day moved",
    why="It stands as quantstats prints it, to be compared with its reports.",
    of=lambda f, s: f(s.daily),
)
def risk_of_ruin(ret: pl.Expr) -> pl.Expr:
    r"""Chance that a gambler with one unit for each period loses them all.

    $$ \left(\frac{1 - W}{1 + W}\right)^n $$

    with $W$ the win rate among periods that moved.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 from 0 to 1. Null where no period moved.

    Source:
        As quantstats' risk_of_ruin, after the gambler's ruin.

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(risk_of_ruin(pl.col("ret"))).item()
    0.11...
    """
    win_share, n = win_rate(ret, zeros="skip"), finite_or_null(ret).count().cast(pl.Float64)
    return combine(
        lambda win_share, n: nan_to_null(((1 - win_share) / (win_share + 1)).pow(n)), win_share=win_share, n=n
    )


@metric(
    title="Common sense ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no loss, or no losing tail",
    why="It stands as quantstats prints it, to be compared with its reports.",
    of=lambda f, s: f(s.daily, confidence=s.confidence),
)
def common_sense_ratio(ret: pl.Expr, *, confidence: float = 0.95) -> pl.Expr:
    r"""Profit factor times tail ratio.

    $$ \text{profit factor} \cdot \text{tail ratio} $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: Where the tails are cut.

    Returns:
        One dimensionless Float64. Null without a loss, or when the bad tail is zero.

    Source:
        Laurens Bensdorp's name for it; as quantstats' common_sense_ratio.

    >>> pl.DataFrame({"ret": [-0.5, 0.0, 1.0]}).select(common_sense_ratio(pl.col("ret"), confidence=1.0)).item()
    4.0
    """
    return nan_to_null(profit_factor(ret) * tail_ratio(ret, confidence=confidence))


@metric(
    title="CPC index",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no gain or no loss",
    why="It stands as quantstats prints it, to be compared with its reports.",
    of=lambda f, s: f(s.daily),
)
def cpc_index(ret: pl.Expr) -> pl.Expr:
    r"""Profit factor times win rate, among periods that moved, times payoff ratio.

    $$ \text{profit factor} \cdot W \cdot \text{payoff ratio} $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a gain or without a loss.

    Source:
        As quantstats' cpc_index; a rule of thumb wants more than 1.2.

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(cpc_index(pl.col("ret"))).item()
    2.0
    """
    return nan_to_null(profit_factor(ret) * win_rate(ret, zeros="skip") * payoff_ratio(ret))


@metric(
    name="outlier_loss_ratio",
    title="Rare loss against the average loss",
    unit="ratio",
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no loss",
    why="The first percentile over the average loss is quantstats' convention.",
    cites="as quantstats' outlier_loss_ratio",
    alternative=1,
    of=lambda f, s: f(s.daily, of="losses"),
)
@metric(
    name="outlier_win_ratio",
    title="Rare win against the average win",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no gain",
    why="The 99th percentile over the average gain is quantstats' convention.",
    cites="As quantstats' outlier_win_ratio",
    of=lambda f, s: f(s.daily, of="wins"),
)
def outlier_ratio(ret: pl.Expr, *, of: Literal["wins", "losses"], confidence: float = 0.99) -> pl.Expr:
    r"""The quantile that is rarely passed per unit of the average win, or of the average loss.

    $$ Q_c(r) / \bar r_{+} \quad\text{or}\quad Q_{1-c}(r) / \bar r_{-} $$

    Args:
        ret: Simple returns per period, as fractions.
        of: "wins" reads the upper quantile, "losses" the lower one.
        confidence: 0.99 for one period in a hundred.

    Returns:
        One dimensionless Float64, positive for either when the quantile lies on its own side. Null without a
        win, or without a loss.

    Source:
        As quantstats' outlier_win_ratio, but a period that did not move is no win; as quantstats'
        outlier_loss_ratio.

    >>> pl.DataFrame({"ret": [-0.5, 0.25, 0.75]}).select(outlier_ratio(pl.col("ret"), of="wins", confidence=1.0)).item()
    1.5
    """
    if of == "wins":
        return nan_to_null(-value_at_risk(ret, confidence=1 - confidence) / null_if_negligible(average_win(ret)))
    return nan_to_null(value_at_risk(ret, confidence=confidence) / null_if_negligible(-average_loss(ret)))


@metric(
    title="Rachev ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="even the worst days gain",
    why="Both tails at 95 % are the authors' symmetric case, and the confidence of the other tail figures here.",
    of=lambda f, s: f(s.daily, confidence=s.confidence, risk_free=s.risk_free),
)
def rachev_ratio(
    ret: pl.Expr, *, confidence: float = 0.95, upside: float | None = None, risk_free: float = 0.0
) -> pl.Expr:
    r"""Mean of the best periods per unit of the mean of the worst.

    $$ \mathrm{ES}_c(f - r) / \mathrm{ES}_c(r - f) $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$ of the worst: 0.95 for a twentieth.
        upside: $c$ of the best; the same when None.
        risk_free: $f$, a simple return per period.

    Returns:
        One dimensionless Float64. Null where even the worst periods gain.

    Source:
        Biglova, Ortobelli, Rachev and Stoyanov (2004), J. Portfolio Management 31(1).

    >>> pl.DataFrame({"ret": [-0.25, 0.0, 0.5]}).select(rachev_ratio(pl.col("ret"), confidence=0.9)).item()
    2.0
    """
    excess = finite_or_null(ret) - risk_free
    best = expected_shortfall(-excess, confidence=confidence if upside is None else upside)
    return nan_to_null(best / null_if_negligible(expected_shortfall(excess, confidence=confidence)))


def reward_to_risk(ret: pl.Expr, *, risk: pl.Expr, risk_free: float = 0.0) -> pl.Expr:
    """Mean excess return per unit of any risk: value at risk, expected shortfall, a deviation.

    Args:
        ret: Simple returns per period, as fractions.
        risk: The measure of the same returns, per period, positive.
        risk_free: Simple return per period.

    Returns:
        One dimensionless Float64 per period. Null where the risk is nil.

    Source:
        Dowd (2000), "Adjusting for risk: an improved Sharpe ratio", Int. Review of Economics and Finance 9(3);
        as PerformanceAnalytics' SharpeRatio with VaR or ES.

    >>> frame = pl.DataFrame({"ret": [-0.5, 1.0]})
    >>> frame.select(reward_to_risk(pl.col("ret"), risk=-pl.col("ret").min())).item()
    0.5
    """
    return nan_to_null((finite_or_null(ret).mean() - risk_free) / nonzero(risk))


def probability_of_momentum(information_ratio: pl.Expr, *, n: pl.Expr) -> pl.Expr:
    r"""Chance that what beat the benchmark so far truly beats it: Student's test of the active return.

    $$ T_{n-1}\big(\mathrm{IR}\,\sqrt{n}\big) $$

    Args:
        information_ratio: Per *period*: mean active return per unit of its sample deviation.
        n: Number of periods.

    Returns:
        One Float64 from 0 to 1. Null with fewer than two periods, or where the ratio is null.

    Source:
        Gosset (1908), "The Probable Error of a Mean", Biometrika 6(1); as ffn's calc_prob_mom.

    >>> frame = pl.DataFrame({"ratio": [0.1], "n": [250]})
    >>> frame.select(probability_of_momentum(pl.col("ratio"), n=pl.col("n"))).item()
    0.94244...
    """
    return student_cdf(information_ratio * n.cast(pl.Float64).sqrt(), freedom=n.cast(pl.Float64) - 1)
