"""The path of wealth, its distance from the peak, and the deepest fall with its dates.

Takes return expressions in time order and gives back one expression. Does not read a store, clock or
setting. A fall is negative: -0.25 is a quarter below the peak.
"""

from datetime import timedelta
from typing import Literal

import polars as pl

from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.sample import NO_RISK, finite_or_null, present
from ys_analytics.metrics.spans import first_day


def wealth(ret: pl.Expr) -> pl.Expr:
    """Value of 1 invested before the first return, after each of them, in time order.

    Args:
        ret: Simple returns per period, as fractions, in time order.

    Returns:
        One Float64 a row; null where the return is missing, and unbroken by it, and where wealth overflows.

    >>> pl.DataFrame({"ret": [0.5, None, -0.5]}).select(wealth(pl.col("ret"))).to_series().to_list()
    [1.5, None, 0.75]
    """
    return finite_or_null(_running(ret))


def underwater(
    ret: pl.Expr, *, compounding: Literal["geometric", "additive"] = "geometric", from_start: bool = True
) -> pl.Expr:
    r"""Distance of the value from its highest so far, the start included.

    $$ D_t = \frac{W_t}{\max(1, \max_{s \le t} W_s)} - 1 $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        compounding: "additive" sums returns instead, and measures falls in points of return.
        from_start: Whether the start is the first peak; without it a loss on the first day is none.

    Returns:
        One Float64 a row, 0 at a peak and negative below it; null where the return is missing or
        wealth overflows; meaningless after a return below -1, which every aggregate over it refuses.

    >>> pl.DataFrame({"ret": [-0.5, 1.5, -0.2]}).select(underwater(pl.col("ret"))).to_series().to_list()
    [-0.5, 0.0, -0.19...]
    """
    if compounding == "additive":
        points = finite_or_null(ret).cum_sum()
        peak = points.cum_max()
        return finite_or_null(points - (peak.clip(lower_bound=0.0) if from_start else peak))
    return finite_or_null(raw_depth(ret, from_start=from_start))


def raw_depth(ret: pl.Expr, *, from_start: bool = True) -> pl.Expr:
    """What `underwater` guards, NaN from where wealth overflows: for aggregates, which are `is_traceable` or null."""
    # No `when` here: over running values it makes Polars leave its fast path in `group_by`.
    value = _running(ret)
    peak = value.cum_max()
    return value / (peak.clip(lower_bound=1.0) if from_start else peak) - 1


def _running(ret: pl.Expr) -> pl.Expr:
    return (finite_or_null(ret) + 1).cum_prod()


def is_traceable(ret: pl.Expr, depth: pl.Expr) -> pl.Expr:
    """Whether the path can be followed: no return below -1, nothing that overflowed."""
    returns = finite_or_null(ret)
    return (returns.min() >= -1) & ~depth.is_nan().any() & (depth.count() == returns.count())


@metric(
    title="Maximum drawdown",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="a return is below -100 %",
    why="The largest fall at daily closes since inception, the start counted as a peak, is what a limit on "
    "losses is set against.",
    basis="linked",
    of=lambda f, s: f(s.ret, depth=s.depth),
    at=lambda s: trough_date(s.ret, day=s.day, depth=s.depth),
    since=lambda s: peak_date(s.ret, day=s.day, days=s.days, depth=s.depth),
    until=lambda s: recovery_date(s.ret, day=s.day, depth=s.depth),
)
def max_drawdown(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Deepest fall from a peak, the start counted as one.

    $$ D_{\max} = \min_t D_t, \qquad D_t = \frac{W_t}{\max(1, \max_{s \le t} W_s)} - 1 $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction from -1 to 0; 0 when the value never fell. Null without
        returns, or when one is below -1.

    Source:
        Magdon-Ismail and Atiya (2004), "Maximum Drawdown", Risk 17(10).

    >>> pl.DataFrame({"ret": [0.5, -0.5, 0.2]}).select(max_drawdown(pl.col("ret"))).item()
    -0.5
    """
    depth = raw_depth(ret) if depth is None else depth
    return pl.when(is_traceable(ret, depth)).then(depth.min())


def trough_date(ret: pl.Expr, *, day: pl.Expr, depth: pl.Expr | None = None) -> pl.Expr:
    """Day the deepest drawdown was at its bottom, the first of them if several are as deep.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        day: The Date each return ends on.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Date per group. Null when the value never fell.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.1, -0.2], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(trough_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 2)
    """
    depth = raw_depth(ret) if depth is None else depth
    return pl.when(depth.min() < -NO_RISK).then(day.get(depth.index_of(depth.min()), null_on_oob=True))


def peak_date(ret: pl.Expr, *, day: pl.Expr, days: pl.Expr | None = None, depth: pl.Expr | None = None) -> pl.Expr:
    """Last day at the peak that the deepest drawdown fell from.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        day: The Date each return ends on.
        days: The days each return spans; one each when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Date per group: the day before the first one a return covers when the fall began at once.
        Null when the value never fell.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.1, -0.2], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(peak_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 1)
    """
    depth = raw_depth(ret) if depth is None else depth
    trough = trough_date(ret, day=day, depth=depth)
    peak = day.filter((depth >= -NO_RISK) & (day < trough)).max()
    begun = day if days is None else first_day(day=day, days=days)
    first = pl.when(present(ret)).then(begun).min() - timedelta(days=1)
    return pl.when(trough.is_not_null()).then(pl.coalesce(peak, first))


def recovery_date(ret: pl.Expr, *, day: pl.Expr, depth: pl.Expr | None = None) -> pl.Expr:
    """First day the value was back at the peak that the deepest drawdown fell from.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        day: The Date each return ends on.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Date per group. Null while it is not back, and when the value never fell.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [-0.5, 1.0], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(recovery_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 2)
    """
    depth = raw_depth(ret) if depth is None else depth
    trough = trough_date(ret, day=day, depth=depth)
    return day.filter((depth >= -NO_RISK) & (day > trough)).min()
