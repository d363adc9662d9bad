"""Capture of a rising and of a falling market, and the share of periods ahead of the benchmark.

Takes two return expressions of the same periods and gives back one expression; a period
that one of them lacks counts for neither. Does not read a store, clock or setting.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.growth import annualised_return, geometric_mean_return
from ys_analytics.metrics.performance.relative import Market
from ys_analytics.metrics.sample import NO_RISK, nan_to_null, nonzero, only_where, paired

CaptureMethod = Literal["geometric mean", "annualised", "sum"]


def _side(ret: pl.Expr, benchmark: pl.Expr, market: Market, *, flat: bool = False) -> tuple[pl.Expr, pl.Expr]:
    if market == "all":
        return paired(ret, benchmark)
    of_side = benchmark > 0 if market == "up" else (benchmark <= 0 if flat else benchmark < 0)
    return paired(only_where(of_side, ret), benchmark)


def capture(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    market: Market = "all",
    method: CaptureMethod = "geometric mean",
    periods_per_year: float | None = None,
) -> pl.Expr:
    r"""Return per unit of the benchmark's, over one side of the market.

    $$ g(r \mid b > 0) / g(b \mid b > 0), \qquad g = \Big(\prod_{t=1}^{n} (1 + r_t)\Big)^{1/n} - 1 $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        market: "all", or periods where the benchmark was "up" or "down".
        method: "geometric mean" compounds the periods of that side to their mean, as Morningstar's factsheets do.
            "annualised" raises the mean to a year of nothing but such periods, as empyrical does: with daily returns
            that is far from the ratio an analyst expects. "sum" adds, and counts a flat market as down, as
            PerformanceAnalytics does in UpDownRatios.
        periods_per_year: Of the growth; used by "annualised" alone, and needed there.

    Returns:
        One dimensionless Float64. Null without such a period, or when the benchmark's part is nothing.

    Raises:
        ValueError: "annualised" without a positive `periods_per_year`.

    Source:
        Morningstar (2010), "Upside/Downside Capture Ratio"; empyrical; PerformanceAnalytics, UpDownRatios.

    >>> frame = pl.DataFrame({"r": [0.5, -0.5], "b": [0.25, -0.25]})
    >>> frame.select(capture(pl.col("r"), pl.col("b"), market="up")).item()
    2.0
    """
    r, b = _side(ret, benchmark, market, flat=method == "sum")
    if method == "sum":
        return nan_to_null(r.sum() / nonzero(b.sum()))
    if method == "geometric mean":
        return nan_to_null(geometric_mean_return(r) / nonzero(geometric_mean_return(b)))
    if periods_per_year is None:
        raise ValueError("the annualised capture needs periods_per_year, as 365")
    portfolio_side = annualised_return(r, periods_per_year=periods_per_year)
    return nan_to_null(portfolio_side / nonzero(annualised_return(b, periods_per_year=periods_per_year)))


@metric(
    title="Up capture",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark never rose",
    why="Morningstar's factsheets divide the geometric mean returns of the periods in which the benchmark "
    "rose; here of days.",
    of=lambda f, s: f(s.daily, s.benchmark),
    benchmark=True,
)
def up_capture(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    method: CaptureMethod = "geometric mean",
    periods_per_year: float | None = None,
) -> pl.Expr:
    r"""`capture` where the benchmark rose; above 1 is good.

    $$ g(r \mid b > 0) / g(b \mid b > 0) $$

    Source:
        Morningstar (2010), "Upside/Downside Capture Ratio".

    >>> frame = pl.DataFrame({"r": [0.5, -0.5], "b": [0.25, -0.25]})
    >>> frame.select(up_capture(pl.col("r"), pl.col("b"))).item()
    2.0
    """
    return capture(ret, benchmark, periods_per_year=periods_per_year, market="up", method=method)


@metric(
    title="Down capture",
    unit="ratio",
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the benchmark never fell",
    why="Morningstar's factsheets divide the geometric mean returns of the periods in which the benchmark "
    "fell; here of days.",
    of=lambda f, s: f(s.daily, s.benchmark),
    benchmark=True,
)
def down_capture(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    method: CaptureMethod = "geometric mean",
    periods_per_year: float | None = None,
) -> pl.Expr:
    r"""`capture` where the benchmark fell; below 1 is good.

    $$ g(r \mid b < 0) / g(b \mid b < 0) $$

    Source:
        Morningstar (2010), "Upside/Downside Capture Ratio".

    >>> frame = pl.DataFrame({"r": [0.5, -0.5], "b": [0.25, -0.25]})
    >>> frame.select(down_capture(pl.col("r"), pl.col("b"))).item()
    2.0
    """
    return capture(ret, benchmark, periods_per_year=periods_per_year, market="down", method=method)


def up_down_capture(
    ret: pl.Expr,
    benchmark: pl.Expr,
    *,
    method: CaptureMethod = "geometric mean",
    periods_per_year: float | None = None,
) -> pl.Expr:
    """Up capture per unit of down capture; above 1 is good.

    >>> frame = pl.DataFrame({"r": [0.5, -0.5], "b": [0.25, -0.25]})
    >>> frame.select(up_down_capture(pl.col("r"), pl.col("b"))).item()
    1.0
    """
    down = down_capture(ret, benchmark, method=method, periods_per_year=periods_per_year)
    up = up_capture(ret, benchmark, method=method, periods_per_year=periods_per_year)
    return nan_to_null(up / nonzero(down))


@metric(
    title="Days ahead of the benchmark",
    unit="share",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="The share of days ahead of the benchmark is the batting average of active managers.",
    of=lambda f, s: f(s.daily, s.benchmark),
    benchmark=True,
)
def hit_rate(
    ret: pl.Expr, benchmark: pl.Expr, *, market: Market = "all", hit: Literal["beats", "follows"] = "beats"
) -> pl.Expr:
    r"""Share of periods in which the portfolio beats the benchmark, or goes its way.

    $$ \#\{t : r_t > b_t\} / n $$

    Args:
        ret: Simple returns per period, as fractions.
        benchmark: Those of the benchmark, in the same rows.
        market: "all", or periods where the benchmark was "up" or "down".
        hit: "beats" is a higher return; "follows" is a gain in a rising market and a loss in a falling one.

    Returns:
        One Float64 from 0 to 1. Null without such a period.

    Source:
        Bacon (2008), ch. 4: the batting average, up and down number and percentage ratios.

    >>> pl.DataFrame({"r": [0.5, -0.5], "b": [0.25, -0.25]}).select(hit_rate(pl.col("r"), pl.col("b"))).item()
    0.5
    """
    r, b = _side(ret, benchmark, market)
    # A difference that is rounding puts nobody ahead.
    return ((r - b > NO_RISK) if hit == "beats" else (r.sign() == b.sign())).mean()
