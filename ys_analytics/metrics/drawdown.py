"""Falls from a peak: how deep, how long, and whether they ended.

Takes return expressions in time order and gives back one expression; `drawdowns`
takes the frame of returns and gives the table of episodes. Knows no store, clock
or setting. A fall is negative: -0.25 is a quarter below the peak.
"""

from datetime import timedelta

import polars as pl

from ys_analytics.metrics.sample import NO_RISK, observed


def wealth(ret: pl.Expr) -> pl.Expr:
    """Value of 1 invested before the first return, after each of them, in time order.

    Args:
        ret: Simple returns per period, as fractions, in time order.

    Returns:
        One Float64 a row; null where the return is missing, and unbroken by it.

    >>> pl.DataFrame({"ret": [0.5, None, -0.5]}).select(wealth(pl.col("ret"))).to_series().to_list()
    [1.5, None, 0.75]
    """
    return (observed(ret) + 1).cum_prod()


def underwater(ret: pl.Expr) -> pl.Expr:
    r"""Distance of the value from its highest so far, the start included.

    $$ D_t = \frac{W_t}{\max(1, \max_{s \le t} W_s)} - 1 $$

    Args:
        ret: Simple returns per period, as fractions, in time order.

    Returns:
        One Float64 a row, 0 at a peak and negative below it; null where the return is missing;
        meaningless after a return below -1, which every aggregate over it refuses.

    >>> pl.DataFrame({"ret": [-0.5, 1.5, -0.2]}).select(underwater(pl.col("ret"))).to_series().to_list()
    [-0.5, 0.0, -0.19...]
    """
    # No `when` here: over running values it makes Polars leave its fast path in `group_by`.
    # Infinity over infinity is NaN, and stays NaN to the end, so the aggregates can tell.
    value = wealth(ret)
    return value / value.cum_max().clip(lower_bound=1.0) - 1


def _deepest(depth: pl.Expr) -> pl.Expr:
    """The lowest depth, null where the path went below nothing or overflowed."""
    lowest = depth.min()
    return pl.when((lowest >= -1) & ~depth.is_nan().any()).then(lowest)


def max_drawdown(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Deepest fall from a peak, the start counted as one.

    $$ D_{\max} = \min_t D_t $$

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
    return _deepest(underwater(ret) if depth is None else depth)


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
    depth = underwater(ret) if depth is None else depth
    return pl.when(depth.min() < -NO_RISK).then(day.get(depth.arg_min(), null_on_oob=True))


def peak_date(ret: pl.Expr, *, day: pl.Expr, depth: pl.Expr | None = None) -> pl.Expr:
    """Last day at the peak that the deepest drawdown fell from.

    Args:
        ret: Simple returns per period, as fractions, in time order.
        day: The Date each return ends on.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Date per group: the day before the first return when the fall began at once.
        Null when the value never fell.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.1, -0.2], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(peak_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 1)
    """
    depth = underwater(ret) if depth is None else depth
    trough = trough_date(ret, day=day, depth=depth)
    peaks = day.filter(depth >= -NO_RISK)
    first = pl.when(ret.is_finite()).then(day).min() - timedelta(days=1)
    return pl.when(trough.is_not_null()).then(pl.coalesce(peaks.filter(peaks < trough).max(), first))


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
    depth = underwater(ret) if depth is None else depth
    trough = trough_date(ret, day=day, depth=depth)
    peaks = day.filter(depth >= -NO_RISK)
    return peaks.filter(peaks > trough).min()


def drawdowns(
    returns: pl.DataFrame | pl.LazyFrame, *, by: str = "portfolio_id", top: int | None = None
) -> pl.DataFrame:
    """Every fall from a peak of every portfolio, deepest first.

    Args:
        returns: Columns `by`, day Date, ret Float64.
        by: The column that tells the portfolios apart.
        top: Keep the deepest so many of each portfolio; all when None.

    Returns:
        `by`; rank Int64 (1 is the deepest); peak Date, the last day at the peak (the day
        before the first return when the fall began at once); trough Date; recovery Date,
        null while the peak is not regained; depth Float64, negative; fall_days and
        recovery_days Int64, peak to trough and trough to recovery; days Int64, peak to
        recovery or to the last day so far. No rows for a portfolio that never fell.

    >>> from datetime import date
    >>> day = pl.date_range(date(2025, 1, 1), date(2025, 1, 4), eager=True)
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": day, "ret": [0.1, -0.2, 0.1, 0.2]})
    >>> drawdowns(frame).select("peak", "trough", "recovery", "days").row(0)
    (datetime.date(2025, 1, 1), datetime.date(2025, 1, 2), datetime.date(2025, 1, 4), 3)
    """
    day, depth = pl.col("day"), pl.col("depth")
    episodes = (
        returns.lazy()
        .filter(pl.col("ret").is_finite())
        .sort(by, "day")
        .with_columns(depth=underwater(pl.col("ret")).over(by))
        # A value back at its peak but for rounding has recovered.
        .with_columns(under=depth < -NO_RISK)
        .with_columns(
            peak=pl.when(~pl.col("under")).then(day).forward_fill().fill_null(day.min() - timedelta(days=1)).over(by),
            after=day.shift(-1).over(by),
        )
        .filter("under")
        .group_by(by, "peak", maintain_order=True)
        .agg(
            trough=day.get(depth.arg_min()),
            recovery=pl.col("after").last(),
            depth=depth.min(),
            last=day.last(),
        )
        .with_columns(
            fall_days=(pl.col("trough") - pl.col("peak")).dt.total_days(),
            recovery_days=(pl.col("recovery") - pl.col("trough")).dt.total_days(),
            days=(pl.coalesce("recovery", "last") - pl.col("peak")).dt.total_days(),
            rank=depth.rank("ordinal").over(by).cast(pl.Int64),
        )
        .sort(by, "rank")
    )
    if top is not None:
        episodes = episodes.filter(pl.col("rank") <= top)
    columns = ("rank", "peak", "trough", "recovery", "depth", "fall_days", "recovery_days", "days")
    return episodes.select(by, *columns).collect()
