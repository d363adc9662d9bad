"""Days with too few rows, too many, or none: counts against their own recent past, robustly.

Knows rows per UTC day; growth is no finding, because each day is compared with the four weeks around it, and neither
is a rhythm of weeks or months, because a day like it comes back.
"""

import polars as pl

_WINDOW = 29
_ENOUGH = 8
_FAR = 6.0
# Days after which a habit repeats itself: one to four weeks, and a month. A day of which another at such a distance
# is at least this much as far off, the same way, follows a habit.
_REPEATS, _ALIKE = (7, 14, 21, 28, 29, 30, 31), 0.4
# A table of which this share of days holds exactly the usual number keeps time like a clock: one row too few is news.
_CLOCKWORK = 0.93


def unusual_days(frame: pl.DataFrame, *, time: str, least: int = 10, clockwork: bool = True) -> pl.DataFrame:
    """Days whose number of rows is far from the median around them; the first and last, being partial, are spared.

    Far is six deviations, where a deviation is the largest of the median absolute one, the square root of the
    median (chance) and a twentieth of it. A day that is far every week or month, such as a Sunday on which interest
    is credited, is a habit and no finding.

    Args:
        frame: Rows with a moment.
        time: When.
        least: Rows a day usually holds before anything is said.
        clockwork: Whether a table that holds the same number of rows day after day must not miss one; not where
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
    counted = frame.lazy().group_by(_day=days).agg(_rows=pl.len()).drop_nulls("_day")
    off = (pl.col("_rows") - pl.col("_usual")).abs()
    whole = (
        counted.select(pl.date_range(pl.col("_day").min(), pl.col("_day").max()).alias("_day"))
        .join(counted, on="_day", how="left")
        .with_columns(pl.col("_rows").fill_null(0).cast(pl.Float64))
        .sort("_day")
        .slice(1)
        .reverse()
        .slice(1)
        .reverse()
        .with_columns(_usual=_around(pl.col("_rows")))
        .with_columns(_habit=_habit(pl.col("_rows") - pl.col("_usual")))
        .with_columns(_clockwork=(off == 0).cast(pl.Float64).rolling_mean(_WINDOW, min_samples=_ENOUGH, center=True))
        .with_columns(
            _spread=pl.max_horizontal(
                1.4826 * _around(off),
                pl.col("_usual").sqrt(),
                0.05 * pl.col("_usual"),
            )
        )
    )
    missed_a_beat = pl.lit(clockwork) & (pl.col("_clockwork") >= _CLOCKWORK) & (off > 0)
    return (
        whole.filter(
            (pl.col("_usual") >= least) & ~pl.col("_habit") & ((off > _FAR * pl.col("_spread")) | missed_a_beat)
        )
        .sort(off / pl.col("_spread"), "_day", descending=[True, False])
        .select(
            day="_day",
            said=pl.format("{} rows, usually {}", pl.col("_rows").cast(pl.Int64), pl.col("_usual").cast(pl.Int64)),
        )
        .collect()
    )


def _around(value: pl.Expr) -> pl.Expr:
    """The median of the days around each."""
    return value.rolling_median(_WINDOW, min_samples=_ENOUGH, center=True)


def _habit(away: pl.Expr) -> pl.Expr:
    """Whether some day a week or a month from each is about as far from its own median, on the same side."""
    like = [(away.shift(days) / away) >= _ALIKE for repeat in _REPEATS for days in (repeat, -repeat)]
    return pl.any_horizontal([each.fill_null(value=False) for each in like])
