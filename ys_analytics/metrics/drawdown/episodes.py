"""The table of drawdown episodes: peak, trough, recovery or none, depth, lengths.

Takes the frame of returns and gives a frame. Does not read a store, clock or setting.
"""

from datetime import timedelta

import polars as pl

from ys_analytics.metrics.drawdown.path import underwater
from ys_analytics.metrics.histories import in_order
from ys_analytics.metrics.sample import NO_RISK
from ys_analytics.metrics.spans import first_day
from ys_analytics.schemas.arguments import checked

_COLUMNS = (
    *("rank", "peak", "trough", "recovery", "depth"),
    *("fall_days", "recovery_days", "days", "fall_periods", "recovery_periods", "periods"),
)


@checked
def drawdowns(
    returns: pl.DataFrame | pl.LazyFrame, *, by: str = "portfolio_id", top: int | None = None
) -> pl.DataFrame:
    """Every fall from a peak of every portfolio, deepest first.

    Args:
        returns: Columns `by`, day Date, ret Float64, and perhaps days Int64, which each return spans.
        by: The column that tells the portfolios apart.
        top: Keep the deepest so many of each portfolio; all when None.

    Returns:
        `by`; rank Int64 (1 is the deepest); peak Date, the last day at the peak (the day
        before the first one a return covers when the fall began at once); trough Date; recovery Date,
        null while the peak is not regained; depth Float64, negative; fall_days and
        recovery_days Int64, peak to trough and trough to recovery; days Int64, peak to
        recovery or to the last day so far; fall_periods, recovery_periods, periods Int64, the
        same in returns instead of days. No rows for a portfolio that never fell.

    >>> from datetime import date
    >>> day = pl.date_range(date(2025, 1, 1), date(2025, 1, 4), eager=True)
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": day, "ret": [0.1, -0.2, 0.1, 0.2]})
    >>> drawdowns(frame).select("peak", "trough", "recovery", "days").row(0)
    (datetime.date(2025, 1, 1), datetime.date(2025, 1, 2), datetime.date(2025, 1, 4), 3)
    """
    day, depth = pl.col("day"), pl.col("depth")
    begin_day = first_day(day=day, days=pl.col("days"))
    episodes = (
        in_order(returns, by=by)
        .with_columns(depth=underwater(pl.col("ret")).over(by), at=pl.int_range(1, pl.len() + 1).over(by))
        # A value back at its peak but for rounding has recovered.
        .with_columns(under=depth < -NO_RISK)
        .with_columns(
            peak=pl.when(~pl.col("under"))
            .then(day)
            .forward_fill()
            .fill_null(begin_day.min() - timedelta(days=1))
            .over(by),
            peak_at=pl.when(~pl.col("under")).then(pl.col("at")).forward_fill().fill_null(0).over(by),
            after=day.shift(-1).over(by),
        )
        .filter("under")
        .group_by(by, "peak", maintain_order=True)
        .agg(
            trough=day.get(depth.arg_min()),
            recovery=pl.col("after").last(),
            depth=depth.min(),
            last=day.last(),
            peak_at=pl.col("peak_at").first(),
            trough_at=pl.col("at").get(depth.arg_min()),
            last_at=pl.col("at").last(),
        )
        .with_columns(
            fall_days=(pl.col("trough") - pl.col("peak")).dt.total_days(),
            recovery_days=(pl.col("recovery") - pl.col("trough")).dt.total_days(),
            length=(pl.coalesce("recovery", "last") - pl.col("peak")).dt.total_days(),
            fall_periods=pl.col("trough_at") - pl.col("peak_at"),
            recovery_periods=pl.when(pl.col("recovery").is_not_null()).then(
                pl.col("last_at") + 1 - pl.col("trough_at")
            ),
            periods=pl.col("last_at") - pl.col("peak_at") + pl.col("recovery").is_not_null().cast(pl.Int64),
            rank=depth.rank("ordinal").over(by).cast(pl.Int64),
        )
        .sort(by, "rank")
    )
    if top is not None:
        episodes = episodes.filter(pl.col("rank") <= top)
    return episodes.rename({"length": "days"}).select(by, *_COLUMNS).collect()
