"""Days with too few rows, too many, or none: counts against their own recent past, robustly.

Depends on rows per UTC day. Growth is no finding, because each day is compared with the four weeks around it, and
neither is a weekly or monthly pattern, because a similar day comes back.
"""

import polars as pl

_WINDOW = 29
_MIN_DAYS = 8
_MIN_DEVIATIONS = 6.0
# Days after which a habit repeats itself: one to four weeks, and a month. A day of which another at such a distance
# is at least this much as far off, the same way, follows a habit.
_REPEAT_DAYS, _REPEAT_SHARE = (7, 14, 21, 28, 29, 30, 31), 0.4
# In a table of which this share of days holds exactly the usual number, one row too few is a finding.
_FIXED_INTERVAL_SHARE = 0.93


def unusual_days(frame: pl.DataFrame, *, time: str, min_rows: int = 10, fixed_interval: bool = True) -> pl.DataFrame:
    """Days whose number of rows is far from the median around them; the first and last, being partial, are spared.

    Far is six deviations, where a deviation is the largest of the median absolute one, the square root of the
    median (chance) and a twentieth of it. A day that is far every week or month, such as a Sunday on which interest
    is credited, is a habit and no finding.

    Args:
        frame: Rows with a moment.
        time: When.
        min_rows: Rows a day usually holds before anything is said.
        fixed_interval: Whether a table that holds the same number of rows day after day must not miss one; not where
            rows follow work that may fail to come.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> hours = [start + timedelta(hours=n) for n in range(24 * 30) if not 24 * 9 <= n < 24 * 10]
    >>> unusual_days(pl.DataFrame({"at": hours}), time="at")["said"].to_list()
    ['0 rows, usually 24']
    """
    if frame.get_column(time).null_count() == frame.height:
        return pl.DataFrame(schema={"day": pl.Date, "said": pl.String})
    days = pl.col(time).dt.date()
    rows_by_day = frame.lazy().group_by(_day=days).agg(_rows=pl.len()).drop_nulls("_day")
    deviation = (pl.col("_rows") - pl.col("_usual")).abs()
    days_with_median = (
        rows_by_day.select(pl.date_range(pl.col("_day").min(), pl.col("_day").max()).alias("_day"))
        .join(rows_by_day, on="_day", how="left")
        .with_columns(pl.col("_rows").fill_null(0).cast(pl.Float64))
        .sort("_day")
        .slice(1)
        .reverse()
        .slice(1)
        .reverse()
        .with_columns(_usual=_median_around(pl.col("_rows")))
        .with_columns(_habit=_recurs(pl.col("_rows") - pl.col("_usual")))
        .with_columns(
            _interval_share=(deviation == 0).cast(pl.Float64).rolling_mean(_WINDOW, min_samples=_MIN_DAYS, center=True)
        )
        .with_columns(
            _spread=pl.max_horizontal(
                1.4826 * _median_around(deviation),
                pl.col("_usual").sqrt(),
                0.05 * pl.col("_usual"),
            )
        )
    )
    off_interval = pl.lit(fixed_interval) & (pl.col("_interval_share") >= _FIXED_INTERVAL_SHARE) & (deviation > 0)
    return (
        days_with_median.filter(
            (pl.col("_usual") >= min_rows)
            & ~pl.col("_habit")
            & ((deviation > _MIN_DEVIATIONS * pl.col("_spread")) | off_interval)
        )
        .sort(deviation / pl.col("_spread"), "_day", descending=[True, False])
        .select(
            day="_day",
            said=pl.format("{} rows, usually {}", pl.col("_rows").cast(pl.Int64), pl.col("_usual").cast(pl.Int64)),
        )
        .collect()
    )


def _median_around(value: pl.Expr) -> pl.Expr:
    """The median of the days around each."""
    return value.rolling_median(_WINDOW, min_samples=_MIN_DAYS, center=True)


def _recurs(deviation: pl.Expr) -> pl.Expr:
    """Whether some day a week or a month from each is about as far from its own median, on the same side."""
    similar = [
        (deviation.shift(days) / deviation) >= _REPEAT_SHARE for repeat in _REPEAT_DAYS for days in (repeat, -repeat)
    ]
    return pl.any_horizontal([condition.fill_null(value=False) for condition in similar])
