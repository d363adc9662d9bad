"""How bad it can get: spread, skew and tails of a return series.

Takes return expressions and gives back one expression. Knows no store, clock or
setting. Losses are positive here, as the word risk has it; undefined is null.
"""

import math

import polars as pl

from ys_analytics.metrics.sample import known, observed


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not strictly between 0 and 1.

    Raises:
        ValueError: `confidence` is outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, as 0.95, not {confidence}")


def downside_deviation(ret: pl.Expr, *, periods_per_year: float, target: float = 0.0) -> pl.Expr:
    r"""Root mean square of the shortfalls below a target.

    $$ \sigma_d = \sqrt{N}\,\sqrt{\frac{1}{n}\sum_t \min(r_t - t, 0)^2} $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 1 leaves it per period.
        target: $t$, the least acceptable simple return per *period*.

    Returns:
        One Float64 fraction; 0 when no return is below the target. Null without returns.

    Source:
        Sortino and Price (1994), J. of Investing 3(3); divides by all observations.

    >>> pl.DataFrame({"ret": [0.01, -0.02]}).select(downside_deviation(pl.col("ret"), periods_per_year=1)).item()
    0.014...
    """
    shortfall = (observed(ret) - target).clip(upper_bound=0)
    return known(shortfall.pow(2).mean().sqrt() * math.sqrt(periods_per_year))


def value_at_risk(ret: pl.Expr, *, confidence: float = 0.95) -> pl.Expr:
    r"""Loss that returns exceed on one period in twenty, read from the history itself.

    $$ \mathrm{VaR}_c = -Q_{1-c}(r) $$

    with $Q$ the linear-interpolated quantile.

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, 0.95 for one period in twenty.

    Returns:
        One Float64 fraction; a loss is positive, and a negative figure says that even
        the bad period gained. Null without returns.

    Raises:
        ValueError: `confidence` is outside (0, 1).

    Source:
        Jorion (2006), "Value at Risk", ch. 5.

    >>> pl.DataFrame({"ret": [-0.04, -0.02, 0.0, 0.02, 0.04]}).select(
    ...     value_at_risk(pl.col("ret"), confidence=0.75)
    ... ).item()
    0.02
    """
    check_confidence(confidence)
    # Adding zero turns -0.0 into 0.0.
    return -observed(ret).quantile(1 - confidence, interpolation="linear") + 0.0


def expected_shortfall(ret: pl.Expr, *, confidence: float = 0.95) -> pl.Expr:
    r"""Mean loss of the periods at or beyond the historical value at risk.

    $$ \mathrm{ES}_c = -\operatorname{mean}(r_t : r_t \le Q_{1-c}(r)) $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, 0.95 for one period in twenty.

    Returns:
        One Float64 fraction; a loss is positive, never below the value at risk. Null
        without returns.

    Raises:
        ValueError: `confidence` is outside (0, 1).

    Source:
        Acerbi and Tasche (2002), "On the coherence of expected shortfall", J. Banking and Finance 26.

    >>> pl.DataFrame({"ret": [-0.04, -0.02, 0.0, 0.02]}).select(
    ...     expected_shortfall(pl.col("ret"), confidence=0.5)
    ... ).item()
    0.03
    """
    check_confidence(confidence)
    ret = observed(ret)
    return -ret.filter(ret <= ret.quantile(1 - confidence, interpolation="linear")).mean() + 0.0
