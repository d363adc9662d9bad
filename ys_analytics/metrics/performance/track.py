"""How sure a Sharpe ratio is, and how long a record must be to be sure of it.

Takes return expressions and gives back one expression. Knows no store, clock or
setting. Both functions work on the same excess return as the ratio itself.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.performance.ratios import sharpe_ratio
from ys_analytics.metrics.risk.spread import kurtosis, skewness
from ys_analytics.metrics.sample import NO_RISK, check_confidence, known, normal_cdf, normal_quantile, observed

Tails = Literal["observed", "normal"]


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
    sharpe, spread = _sharpe_and_spread(ret, risk_free, tails)
    n = observed(ret).count().cast(pl.Float64)
    return known(normal_cdf((sharpe - reference) * (n - 1).sqrt() / spread.sqrt()))


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
        Bailey and Lopez de Prado (2012), J. of Risk 15(2).

    >>> frame = pl.DataFrame({"ret": [0.02, -0.01, 0.02, -0.01, 0.03]})
    >>> frame.select(minimum_track_record(pl.col("ret"))).item()
    11.95...
    """
    check_confidence(confidence)
    sharpe, spread = _sharpe_and_spread(ret, risk_free, tails)
    lead = pl.when(sharpe - reference > NO_RISK).then(sharpe - reference)
    return known(spread * (normal_quantile(confidence) / lead).pow(2) + 1)


def _sharpe_and_spread(ret: pl.Expr, risk_free: float, tails: Tails) -> tuple[pl.Expr, pl.Expr]:
    excess = observed(ret) - risk_free
    sharpe = sharpe_ratio(excess, periods_per_year=1)
    skew = skewness(excess, kind="population")
    heavy = pl.lit(3.0) if tails == "normal" else kurtosis(excess, kind="population", excess=False)
    return sharpe, 1 - skew * sharpe + (heavy - 1) / 4 * sharpe.pow(2)
