"""Statistical inference on the Sharpe ratio: its probability of being positive, and the track record that takes.

Takes return expressions and gives back one expression. Does not read a store, clock or setting. Both
functions work on the same excess return as the ratio itself.
"""

import math
from statistics import NormalDist
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.performance.ratios import sharpe_ratio
from ys_analytics.metrics.risk.dispersion import kurtosis, skewness
from ys_analytics.metrics.sample import (
    NO_RISK,
    check_confidence,
    combine,
    finite_or_null,
    nan_to_null,
    normal_cdf,
    normal_quantile,
)

Tails = Literal["observed", "normal"]


@metric(
    title="Probability of a positive Sharpe ratio",
    unit="share",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="Skewness and kurtosis of the same daily returns, tested against zero, is the authors' usual case.",
    of=lambda f, s: f(s.daily, risk_free=s.risk_free),
)
def probabilistic_sharpe_ratio(
    ret: pl.Expr, *, reference: float = 0.0, risk_free: float = 0.0, tails: Tails = "observed"
) -> pl.Expr:
    r"""Probability that the true Sharpe ratio is above a reference, given skew and tails.

    $$ \Phi\left(\frac{(S - S^*)\sqrt{n-1}}{\sqrt{1 - g_1 S + \frac{K - 1}{4} S^2}}\right) $$

    with everything per period and $K$ the kurtosis that is 3 for the normal.

    Args:
        ret: Simple returns per period, as fractions.
        reference: $S^*$, per *period*: an annual ratio divided by $\sqrt{N}$.
        risk_free: Simple return per period, taken off for $S$, $g_1$ and $K$ alike.
        tails: $K$ as observed, or the normal's 3.

    Returns:
        One Float64 from 0 to 1. Null with fewer than four returns, or when they do not vary.

    Source:
        Bailey and Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier", J. of Risk 15(2).

    >>> frame = pl.DataFrame({"ret": [0.02, -0.01, 0.02, -0.01, 0.03]})
    >>> frame.select(probabilistic_sharpe_ratio(pl.col("ret"))).item()
    0.83...
    """

    def certainty(sharpe: pl.Expr, skew: pl.Expr, kurtosis: pl.Expr, n: pl.Expr) -> pl.Expr:
        return nan_to_null((sharpe - reference) * (n - 1).sqrt() / _estimate_variance(sharpe, skew, kurtosis).sqrt())

    n = finite_or_null(ret).count().cast(pl.Float64)
    return normal_cdf(combine(certainty, n=n, **_moments(ret, risk_free, tails)))


@metric(
    title="Minimum track record, 95 %",
    unit="days",
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the Sharpe ratio is not positive",
    why="At 95 % and against zero it answers the usual question: is the record long enough to mean anything.",
    of=lambda f, s: f(s.daily, risk_free=s.risk_free),
)
def minimum_track_record(
    ret: pl.Expr,
    *,
    reference: float = 0.0,
    risk_free: float = 0.0,
    confidence: float = 0.95,
    tails: Tails = "observed",
) -> pl.Expr:
    r"""Number of periods after which the Sharpe ratio is above a reference with confidence.

    $$ 1 + \Big(1 - g_1 S + \frac{K - 1}{4} S^2\Big)\Big(\frac{z_c}{S - S^*}\Big)^2 $$

    Args:
        ret: Simple returns per period, as fractions.
        reference: $S^*$, per *period*.
        risk_free: Simple return per period.
        confidence: $c$.
        tails: $K$ as observed, or the normal's 3.

    Returns:
        One Float64 number of periods. Null with fewer than four returns, when they do not vary,
        and when the ratio is not above the reference: then no record is long enough.

    Raises:
        ValueError: `confidence` is outside (0, 1).

    Source:
        Bailey and Lopez de Prado (2012), "The Sharpe Ratio Efficient Frontier", J. of Risk 15(2).

    >>> frame = pl.DataFrame({"ret": [0.02, -0.01, 0.02, -0.01, 0.03]})
    >>> frame.select(minimum_track_record(pl.col("ret"))).item()
    11.95...
    """
    check_confidence(confidence)

    def length(sharpe: pl.Expr, skew: pl.Expr, kurtosis: pl.Expr) -> pl.Expr:
        distance = pl.when(sharpe - reference > NO_RISK).then(sharpe - reference)
        return nan_to_null(
            _estimate_variance(sharpe, skew, kurtosis) * (normal_quantile(confidence) / distance).pow(2) + 1
        )

    return combine(length, **_moments(ret, risk_free, tails))


def probabilistic_sharpe_of(
    sharpe: float, *, n: int, skew: float = 0.0, kurtosis: float = 3.0, reference: float = 0.0
) -> float | None:
    """`probabilistic_sharpe_ratio` of a ratio whose moments are known, as a paper prints them.

    Args:
        sharpe: Per period.
        n: Number of periods it was seen in.
        skew: Of the excess returns.
        kurtosis: Of the excess returns, 3 for the normal.
        reference: Per period.

    Returns:
        From 0 to 1. None with fewer than two periods, or where the moments admit no such ratio.

    >>> round(probabilistic_sharpe_of(0.458, n=24, skew=-2.448, kurtosis=10.164), 3)
    0.913
    """
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    return NormalDist().cdf((sharpe - reference) * math.sqrt((n - 1) / spread)) if n > 1 and spread > 0 else None


def minimum_track_record_of(
    sharpe: float, *, skew: float = 0.0, kurtosis: float = 3.0, reference: float = 0.0, confidence: float = 0.95
) -> float | None:
    """`minimum_track_record` of a ratio whose moments are known.

    Args:
        sharpe: Per period.
        skew: Of the excess returns.
        kurtosis: Of the excess returns, 3 for the normal.
        reference: Per period.
        confidence: 0.95 for one chance in twenty of being wrong.

    Returns:
        Number of periods. None when the ratio is not above the reference.

    Raises:
        ValueError: `confidence` is outside (0, 1).

    >>> round(minimum_track_record_of(2 / 252**0.5, reference=1 / 252**0.5, confidence=0.95) / 252, 2)
    2.73
    """
    check_confidence(confidence)
    if not sharpe > reference:
        return None
    return (
        1
        + (1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2)
        * (normal_quantile(confidence) / (sharpe - reference)) ** 2
    )


def _moments(ret: pl.Expr, risk_free: float, tails: Tails) -> dict[str, pl.Expr]:
    excess = finite_or_null(ret) - risk_free
    return {
        "sharpe": sharpe_ratio(excess, periods_per_year=1),
        "skew": skewness(excess, kind="population"),
        "kurtosis": pl.lit(3.0) if tails == "normal" else kurtosis(excess, kind="population", excess=False),
    }


def _estimate_variance(sharpe: pl.Expr, skew: pl.Expr, kurtosis: pl.Expr) -> pl.Expr:
    """Variance of the ratio's estimate, times the number of periods."""
    return 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe.pow(2)
