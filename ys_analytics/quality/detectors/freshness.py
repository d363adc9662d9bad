"""Freshness: rows that are overdue, in the future or missing, each against the table's usual interval.

Depends on moments. The usual interval is learnt from the table, never set. A series that ended long ago has no gap.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

# Observations from which a usual interval is known.
_MIN_OBSERVATIONS = 5
# A series silent for this many of its beats has ended; that is known, or was a finding when it happened.
_MAX_SILENT_PAUSES = 30
_OVERDUE_PAUSES = 3.0
# The same of one series while others go on: half as much again as its longest usual pause, and never one missed beat.
_SILENT_FACTOR, _MIN_SILENT_PAUSES = 1.5, 1.9
# Pauses, half on each side, from which the habit of one is read; and those before it, where the pace has just changed.
_PAUSES_AROUND, _PAUSES_BEFORE = 81, 20


def overdue_rows(frame: pl.DataFrame, *, time: str, as_of: datetime) -> pl.DataFrame:
    """The last moment of a table whose next rows are overdue at `as_of`; empty while they are not.

    Overdue is twice the longest pause but one in two hundred, and at least three usual ones.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> daily = pl.DataFrame({"at": [start + timedelta(days=n) for n in range(20)]})
    >>> overdue_rows(daily, time="at", as_of=start + timedelta(days=21)).height
    0
    >>> overdue_rows(daily, time="at", as_of=start + timedelta(days=24))["said"].item()
    'last seen 2024-01-20 00:00:00 UTC, 5d before the snapshot was taken; usually every 1d'
    """
    moments = frame.select(pl.col(time).drop_nulls().unique().sort()).get_column(time)
    pauses = moments.diff().drop_nulls().dt.total_seconds()
    if pauses.len() < _MIN_OBSERVATIONS:
        return pl.DataFrame(schema={time: frame.schema[time], "said": pl.String})
    usual, longest = float(pauses.median() or 0.0), float(pauses.quantile(0.995) or 0.0)  # type: ignore[arg-type]
    last = moments[-1]
    age = (as_of - last).total_seconds()
    if age <= max(_OVERDUE_PAUSES * usual, 2 * longest):
        return pl.DataFrame(schema={time: frame.schema[time], "said": pl.String})
    ago = f"{_duration_text(age)} before the snapshot was taken; usually every {_duration_text(usual)}"
    text = f"last seen {last:%Y-%m-%d %H:%M:%S} UTC, {ago}"
    return pl.DataFrame({time: [last], "said": [text]}, schema={time: frame.schema[time], "said": pl.String})


def future_rows(frame: pl.DataFrame, *, key: Sequence[str], time: str, as_of: datetime) -> pl.DataFrame:
    """Rows from after the day on which the snapshot was taken: a clock runs ahead, or a zone was added twice.

    The day itself may be whole already: a close is often stamped with the end of its day.
    """
    last = (as_of - timedelta(microseconds=1)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (
        frame.lazy()
        .filter(pl.col(time) > last)
        .sort(time, *key, descending=[True, *[False] * len(key)])
        .select(*dict.fromkeys([*key, time]), said=pl.format("lies in the future, at {}", pl.col(time)))
        .collect()
    )


def gaps(frame: pl.DataFrame, *, series: Sequence[str], time: str) -> pl.DataFrame:
    """Pauses inside a series, one row each, by the last observation before it.

    A pause is measured in the usual one around it, so a series may change its pace; it is too long beyond half as
    much again as nineteen in twenty of the series' own, so a series may be used to pauses. `said` tells whether the
    other series were silent too: then the collector slept, not the market.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> days = [start + timedelta(days=n) for n in range(60) if n not in (7, 8)]
    >>> gaps(pl.DataFrame({"coin": "A", "at": days}), series=["coin"], time="at")["said"].item()
    '2 missing before 2024-01-10 00:00:00 UTC, in 1 of 1 series'
    """
    by = list(series)
    around = {"window_size": _PAUSES_AROUND, "min_samples": _MIN_OBSERVATIONS, "center": True}
    return (
        frame.lazy()
        .select(*by, time)
        .unique()
        .sort(*by, time)
        .with_columns(_next=pl.col(time).shift(-1).over(by), _of=pl.struct(by).n_unique())
        .with_columns(_pause=(pl.col("_next") - pl.col(time)).dt.total_seconds().cast(pl.Float64))
        .with_columns(
            _usual=pl.max_horizontal(
                pl.col("_pause").rolling_median(**around).over(by),  # type: ignore[arg-type]
                pl.col("_pause").shift(1).rolling_median(_PAUSES_BEFORE, min_samples=_MIN_OBSERVATIONS).over(by),
            )
        )
        .with_columns(_beats=pl.col("_pause") / pl.col("_usual"))
        .with_columns(_habit=pl.col("_beats").quantile(0.95, interpolation="lower").over(by))
        .filter(pl.col("_beats") > 1.5 * pl.max_horizontal("_habit", pl.lit(1.0)))
        .with_columns(_also=pl.len().over(time, "_next"))
        .sort("_pause", *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time,
            said=pl.format(
                "{} missing before {} UTC, in {} of {} series",
                pl.col("_beats").round(0).cast(pl.Int64) - 1,
                pl.col("_next").dt.strftime("%Y-%m-%d %H:%M:%S"), pl.col("_also"), pl.col("_of"),
            ),
        )
        .collect()
    )  # fmt: skip


def silent_series(frame: pl.DataFrame, *, series: Sequence[str], time: str) -> pl.DataFrame:
    """Series that stopped while the table went on; not those that ended long ago.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> rows = [("A", start + timedelta(days=n)) for n in range(90)]
    >>> rows += [("stopped", start + timedelta(days=n)) for n in range(80)]
    >>> rows += [("ended", start + timedelta(days=n)) for n in range(40)]
    >>> table = pl.DataFrame(rows, schema=["coin", "at"], orient="row")
    >>> silent_series(table, series=["coin"], time="at")["coin"].to_list()
    ['stopped']
    """
    by = list(series)
    last = frame.get_column(time).max()
    return (
        frame.lazy()
        .select(*by, time)
        .unique()
        .sort(*by, time)
        .with_columns(_pause=pl.col(time).diff().dt.total_seconds().over(by))
        .group_by(by)
        .agg(
            pl.col(time).last(),
            _usual=pl.col("_pause").tail(_PAUSES_AROUND).median(),
            _longest=pl.col("_pause").quantile(0.95, interpolation="lower"),
            _many=pl.len(),
        )
        .with_columns(_beats=(pl.lit(last, frame.schema[time]) - pl.col(time)).dt.total_seconds() / pl.col("_usual"))
        .with_columns(
            _allowed=pl.max_horizontal(
                _SILENT_FACTOR * pl.col("_longest") / pl.col("_usual"), pl.lit(_MIN_SILENT_PAUSES)
            )
        )
        .filter(
            (pl.col("_many") >= _MIN_OBSERVATIONS)
            & (pl.col("_beats") > pl.col("_allowed"))
            & (pl.col("_beats") <= _MAX_SILENT_PAUSES)
        )
        .sort("_beats", *by, descending=[True, *[False] * len(by)])
        .select(
            *by,
            time,
            said=pl.format(
                "silent since {} UTC, for {} of its intervals",
                pl.col(time).dt.strftime("%Y-%m-%d %H:%M:%S"),
                pl.col("_beats").round(0).cast(pl.Int64),
            ),
        )
        .collect()
    )


def _duration_text(seconds: float) -> str:
    """Seconds as one or two units.

    >>> _duration_text(90061)
    '1d 1h'
    """
    parts = []
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(int(seconds), size)
        parts += [f"{count}{letter}"] if count else []
    return " ".join(parts[:2]) or "0s"
