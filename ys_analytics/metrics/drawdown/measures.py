"""Drawdowns in one number: how deep and how long on average, and reward per unit of them.

Takes return expressions in time order and gives back one expression. Knows no store,
clock or setting. Depths are negative; indices of pain are positive, as their authors have them.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.drawdown.path import max_drawdown, traceable, underwater, wealth
from ys_analytics.metrics.risk.extremes import entropic_value_at_risk
from ys_analytics.metrics.risk.tails import expected_shortfall, value_at_risk
from ys_analytics.metrics.sample import NO_RISK, as_loss, known, observed, risky


def average_drawdown(
    ret: pl.Expr, *, per: Literal["episode", "period"] = "episode", depth: pl.Expr | None = None
) -> pl.Expr:
    r"""Mean depth of the falls from a peak.

    $$ \frac{1}{k}\sum_{i=1}^{k} D_i $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        per: Mean over the $k$ episodes, an unfinished one counted, or over every period (at peaks too).
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction from -1 to 0; 0 when the value never fell. Null without returns,
        or when one is below -1.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-0.5, 1.0, -0.25, 1.0]}).select(average_drawdown(pl.col("ret"))).item()
    -0.375
    """
    depth = underwater(ret) if depth is None else depth
    if per == "period":
        return pl.when(traceable(ret, depth)).then(depth.mean())
    path = _Episodes(depth)
    mean = (path.lowest.filter(path.last)).mean()
    return pl.when(traceable(ret, depth)).then(mean.fill_null(0.0))


def average_drawdown_length(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    """Mean number of periods from a peak to its recovery.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 number of periods, the recovering one included; an unfinished fall is taken to
        recover in the period after the last. Null when the value never fell.

    Source:
        As PerformanceAnalytics' AverageLength.

    >>> pl.DataFrame({"ret": [-0.5, 1.0, -0.25, 1.0]}).select(average_drawdown_length(pl.col("ret"))).item()
    2.0
    """
    depth = underwater(ret) if depth is None else depth
    path = _Episodes(depth)
    episodes = path.last.sum()
    return pl.when(traceable(ret, depth) & (episodes > 0)).then(path.under.sum() / episodes + 1)


def average_recovery_length(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    """Mean number of periods from a trough to its recovery.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 number of periods; an unfinished fall is taken to recover in the period after
        the last. Null when the value never fell.

    Source:
        As PerformanceAnalytics' AverageRecovery.

    >>> pl.DataFrame({"ret": [-0.5, 0.5, 1.0]}).select(average_recovery_length(pl.col("ret"))).item()
    2.0
    """
    depth = underwater(ret) if depth is None else depth
    path = _Episodes(depth)
    climbing = (path.under & (path.lowest <= path.lowest_ahead + NO_RISK)).sum()
    return pl.when(traceable(ret, depth) & (path.last.sum() > 0)).then(climbing / path.last.sum())


class _Episodes:
    """What a row of the path knows of the episode it stands in.

    Episodes are numbered by the peaks before them, and depths shifted down by that number,
    so that one cumulative minimum over the whole path starts afresh at every peak.
    """

    def __init__(self, depth: pl.Expr) -> None:
        depth = depth.drop_nulls()
        self.under = depth < -NO_RISK
        number = (~self.under).cum_sum().cast(pl.Float64)
        self.last = self.under & ~self.under.shift(-1, fill_value=False)
        self.lowest = (depth - number).cum_min() + number
        self.lowest_ahead = (depth + number).cum_min(reverse=True) - number


def ulcer_index(ret: pl.Expr, *, depth: pl.Expr | None = None, ddof: int = 0) -> pl.Expr:
    r"""Root mean square of the drawdown, in every period.

    $$ U = \sqrt{\frac{1}{n}\sum_t D_t^2} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.
        ddof: Taken off the number of periods divided by; -1 counts the start as one more.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Martin and McCann (1989), "The Investor's Guide to Fidelity Funds".

    >>> pl.DataFrame({"ret": [-0.5, 1.0, 0.1, 0.1]}).select(ulcer_index(pl.col("ret"))).item()
    0.25
    """
    depth = underwater(ret) if depth is None else depth
    n = depth.count().cast(pl.Int64) - ddof
    return known(pl.when(traceable(ret, depth)).then((depth.pow(2).sum() / n).sqrt()))


def pain_index(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Mean drawdown of every period, as a positive number.

    $$ P = \frac{1}{n}\sum_t |D_t| $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Becker, Zephyr Associates; Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(pain_index(pl.col("ret"))).item()
    0.25
    """
    return as_loss(average_drawdown(ret, per="period", depth=depth))


def drawdown_at_risk(ret: pl.Expr, *, confidence: float = 0.95, depth: pl.Expr | None = None) -> pl.Expr:
    """Drawdown that is exceeded in one period of twenty, as a positive number.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        confidence: 0.95 for one period in twenty.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Chekhlov, Uryasev and Zabarankin (2005), "Drawdown Measure in Portfolio Optimization".

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(drawdown_at_risk(pl.col("ret"))).item()
    0.5
    """
    depth = underwater(ret) if depth is None else depth
    return pl.when(traceable(ret, depth)).then(value_at_risk(depth, confidence=confidence, quantile="order"))


def conditional_drawdown_at_risk(ret: pl.Expr, *, confidence: float = 0.95, depth: pl.Expr | None = None) -> pl.Expr:
    """Mean of the deepest twentieth of all periods' drawdowns, as a positive number.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        confidence: 0.95 for the deepest twentieth; the last period counts in part.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Chekhlov, Uryasev and Zabarankin (2005), "Drawdown Measure in Portfolio Optimization".

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(conditional_drawdown_at_risk(pl.col("ret"))).item()
    0.5
    """
    depth = underwater(ret) if depth is None else depth
    return pl.when(traceable(ret, depth)).then(expected_shortfall(depth, confidence=confidence, tail="fraction"))


def entropic_drawdown_at_risk(
    ret: pl.Expr, *, confidence: float = 0.95, least_theta: float = 0.0, depth: pl.Expr | None = None
) -> pl.Expr:
    """Tightest entropic bound on the drawdown at risk, as a positive number.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        confidence: 0.95 for one period in twenty.
        least_theta: As for `entropic_value_at_risk`.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Ahmadi-Javid (2012), applied to drawdowns.

    >>> pl.DataFrame({"ret": [-0.5, 0.0]}).select(entropic_drawdown_at_risk(pl.col("ret"))).item()
    0.5
    """
    depth = underwater(ret) if depth is None else depth
    return pl.when(traceable(ret, depth)).then(
        entropic_value_at_risk(depth, confidence=confidence, least_theta=least_theta)
    )


def martin(ret: pl.Expr, *, growth: pl.Expr, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Growth per year per unit of ulcer index.

    $$ M = G / U $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        growth: Per year: `cagr` by the calendar or `annualised_return` by count, less a risk-free rate if any.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or where growth is null.

    Source:
        Martin and McCann (1989): the ulcer performance index.

    >>> pl.DataFrame({"ret": [-0.5, 1.0, 0.1, 0.1]}).select(martin(pl.col("ret"), growth=pl.lit(0.5))).item()
    2.0
    """
    return known(growth / risky(ulcer_index(ret, depth=depth)))


def pain_ratio(ret: pl.Expr, *, growth: pl.Expr, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Growth per year per unit of pain index.

    $$ G / P $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        growth: Per year, as for `martin`.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or where growth is null.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(pain_ratio(pl.col("ret"), growth=pl.lit(0.5))).item()
    2.0
    """
    return known(growth / risky(pain_index(ret, depth=depth)))


def sterling(ret: pl.Expr, *, growth: pl.Expr, excess: float = 0.1, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Growth per year per unit of the deepest drawdown and a margin.

    $$ \frac{G}{|D_{\max}| + 0.1} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        growth: Per year, as for `martin`.
        excess: The margin.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null without returns, or where growth is null.

    Source:
        Kestner (1996), "Getting a Handle on True Performance", Futures 25(1).

    >>> pl.DataFrame({"ret": [0.1, -0.4]}).select(sterling(pl.col("ret"), growth=pl.lit(0.5))).item()
    1.0
    """
    return known(growth / risky(excess - max_drawdown(ret, depth=depth)))


def burke(
    ret: pl.Expr,
    *,
    growth: pl.Expr,
    per: Literal["episode", "run"] = "episode",
    modified: bool = False,
    depth: pl.Expr | None = None,
) -> pl.Expr:
    r"""Growth per year per unit of the root of summed squared drawdowns.

    $$ \frac{G}{\sqrt{\sum_i D_i^2}} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        growth: Per year, as for `martin`.
        per: $D_i$ of each episode from peak to trough, or of each unbroken run of losses.
        modified: Times $\sqrt n$, so that longer histories are not punished.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or where growth is null.

    Source:
        Burke (1994), "A Sharper Sharpe Ratio", Computerized Trader.

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(burke(pl.col("ret"), growth=pl.lit(1.0))).item()
    2.0
    """
    depth = underwater(ret) if depth is None else depth
    if per == "episode":
        path = _Episodes(depth)
        depths = path.lowest.filter(path.last)
    else:
        depths = _run_depths(ret)
    pain = pl.when(traceable(ret, depth)).then(depths.pow(2).sum().sqrt())
    scale = observed(ret).count().cast(pl.Float64).sqrt() if modified else pl.lit(1.0)
    return known(growth / risky(pain) * scale)


def _run_depths(ret: pl.Expr) -> pl.Expr:
    """Compounded loss of each unbroken run of negative returns."""
    clean = observed(ret).drop_nulls()
    loss, value = clean < 0, wealth(clean)
    before = value.shift(1, fill_value=1.0).filter(loss & ~loss.shift(1, fill_value=False))
    after = value.filter(loss & ~loss.shift(-1, fill_value=False))
    return after / before - 1


def recovery_factor(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Total return per unit of the deepest drawdown; negative when money was lost.

    $$ \frac{R}{|D_{\max}|} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or where the total return is null.

    >>> pl.DataFrame({"ret": [-0.5]}).select(recovery_factor(pl.col("ret"))).item()
    -1.0
    """
    total = (observed(ret) + 1).product() - 1
    return known(total / risky(-max_drawdown(ret, depth=depth)))
