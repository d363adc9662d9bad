"""Ratios of growth to drawdown.

Takes return expressions in time order and gives back one expression. Does not read a store, clock or
setting. Undefined is null, never NaN.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.drawdown.measures import Episodes, conditional_drawdown_at_risk, pain_index, ulcer_index
from ys_analytics.metrics.drawdown.path import is_traceable, max_drawdown, raw_depth, wealth
from ys_analytics.metrics.growth import cagr
from ys_analytics.metrics.sample import dispersion, finite_or_null, nan_to_null, null_if_negligible


@metric(
    title="Martin ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the value never fell, or a return is below -100 %",
    why="Growth per year over the ulcer index, without a risk-free rate, is the ratio in its first form.",
    basis="linked",
    of=lambda f, s: f(s.ret, growth=cagr(s.ret, day=s.day, days=s.days), depth=s.depth),
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
    return nan_to_null(growth / null_if_negligible(ulcer_index(ret, depth=depth)))


@metric(
    title="Pain ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the value never fell, or a return is below -100 %",
    why="Growth per year over the pain index, without a risk-free rate, as for the Martin ratio.",
    basis="linked",
    of=lambda f, s: f(s.ret, growth=cagr(s.ret, day=s.day, days=s.days), depth=s.depth),
)
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
    return nan_to_null(growth / null_if_negligible(pain_index(ret, depth=depth)))


@metric(
    title="Sterling ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %",
    why="The ten points added to the fall are Kestner's, who gave the ratio its published form.",
    basis="linked",
    of=lambda f, s: f(s.ret, growth=cagr(s.ret, day=s.day, days=s.days), depth=s.depth),
)
def sterling(
    ret: pl.Expr,
    *,
    growth: pl.Expr,
    excess: float = 0.1,
    largest: int | None = None,
    depth: pl.Expr | None = None,
) -> pl.Expr:
    r"""Growth per year per unit of the deepest drawdown, or of the mean of the deepest few, and a margin.

    $$ \frac{G}{|D_{\max}| + 0.1} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        growth: Per year, as for `martin`.
        excess: The margin; 0 for Bacon's form without one.
        largest: Mean of so many of the deepest episodes, of all there are when fewer; the deepest when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null without returns, or where growth is null.

    Source:
        Kestner (1996), "Getting a Handle on True Performance", Futures 25(1); Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.1, -0.4]}).select(sterling(pl.col("ret"), growth=pl.lit(0.5))).item()
    1.0
    """
    if largest is None:
        return nan_to_null(growth / null_if_negligible(excess - max_drawdown(ret, depth=depth)))
    depth = raw_depth(ret) if depth is None else depth
    mean = pl.when(is_traceable(ret, depth)).then(_deepest(depth, largest).mean().fill_null(0.0))
    return nan_to_null(growth / null_if_negligible(excess - mean))


def _deepest(depth: pl.Expr, largest: int | None) -> pl.Expr:
    """Depth of each episode, or of the deepest few."""
    path = Episodes(depth)
    depths = path.lowest.filter(path.last)
    return depths if largest is None else depths.bottom_k(largest)


@metric(
    title="Burke ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the value never fell, or a return is below -100 %",
    why="All episodes, each squared, is Burke's own form; PerformanceAnalytics' is available by argument.",
    basis="linked",
    of=lambda f, s: f(s.ret, growth=cagr(s.ret, day=s.day, days=s.days), depth=s.depth),
)
def burke(
    ret: pl.Expr,
    *,
    growth: pl.Expr,
    per: Literal["episode", "run"] = "episode",
    modified: bool = False,
    largest: int | None = None,
    depth: pl.Expr | None = None,
) -> pl.Expr:
    r"""Growth per year per unit of the root of summed squared drawdowns.

    $$ \frac{G}{\sqrt{\sum_i D_i^2}} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        growth: Per year, as for `martin`.
        per: $D_i$ of each episode from peak to trough, or of each unbroken run of losses.
        modified: Times $\sqrt n$, so that longer histories are not punished.
        largest: Only so many of the deepest episodes; all when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or where growth is null.

    Source:
        Burke (1994), "A Sharper Sharpe Ratio", Computerized Trader.

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(burke(pl.col("ret"), growth=pl.lit(1.0))).item()
    2.0
    """
    depth = raw_depth(ret) if depth is None else depth
    depths = _deepest(depth, largest) if per == "episode" else _run_depths(ret)
    pain = pl.when(is_traceable(ret, depth)).then(depths.pow(2).sum().sqrt())
    scale = finite_or_null(ret).count().cast(pl.Float64).sqrt() if modified else pl.lit(1.0)
    return nan_to_null(growth / null_if_negligible(pain) * scale)


def _run_depths(ret: pl.Expr) -> pl.Expr:
    """Compounded loss of each unbroken run of negative returns."""
    clean = finite_or_null(ret).drop_nulls()
    loss, value = clean < 0, wealth(clean)
    previous = value.shift(1, fill_value=1.0).filter(loss & ~loss.shift(1, fill_value=False))
    following = value.filter(loss & ~loss.shift(-1, fill_value=False))
    return following / previous - 1


@metric(
    title="Recovery factor",
    unit="ratio",
    direction="higher",
    minimum=1,
    null_reason="the value never fell, or a return is below -100 %",
    why="Total return over the deepest fall is what traders call it; the sign is kept, so that a loss shows.",
    basis="linked",
    of=lambda f, s: f(s.ret, depth=s.depth),
)
def recovery_factor(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Total return per unit of the deepest drawdown; negative when money was lost.

    $$ \frac{R}{|D_{\max}|} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or where the total return is null.

    Source:
        As quantstats' recovery_factor, with its sign.

    >>> pl.DataFrame({"ret": [-0.5]}).select(recovery_factor(pl.col("ret"))).item()
    -1.0
    """
    total = (finite_or_null(ret) + 1).product() - 1
    return nan_to_null(total / null_if_negligible(-max_drawdown(ret, depth=depth)))


@metric(
    title="Serenity index",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the value never fell",
    why="Sum of returns over ulcer index and pitfall is KeyQuant's definition, which quantstats prints too.",
    of=lambda f, s: f(s.ret, daily=s.daily, confidence=s.confidence, depth=s.depth),
)
def serenity_index(
    ret: pl.Expr,
    *,
    risk_free: float = 0.0,
    confidence: float = 0.95,
    daily: pl.Expr | None = None,
    depth: pl.Expr | None = None,
) -> pl.Expr:
    r"""Sum of returns per unit of ulcer index and of pitfall, the deepest drawdowns per unit of deviation.

    $$ \frac{\sum_t r_t - f}{U \cdot \mathrm{CDaR} / \operatorname{std}(r)} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        risk_free: $f$, a simple return over all periods together.
        confidence: Of the conditional drawdown at risk.
        daily: The returns of one day, whose deviation is taken; `ret` when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One dimensionless Float64. Null when the value never fell, or the returns do not vary.

    Source:
        KeyQuant (2015), "Introducing the Serenity Ratio".

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(serenity_index(pl.col("ret")).round(9)).item()
    3.0
    """
    pitfall_ratio = null_if_negligible(conditional_drawdown_at_risk(ret, confidence=confidence, depth=depth))
    ulcer, risk = (
        null_if_negligible(ulcer_index(ret, depth=depth)),
        dispersion(finite_or_null(ret if daily is None else daily)),
    )
    return nan_to_null((finite_or_null(ret).sum() - risk_free) * risk / ulcer / pitfall_ratio)
