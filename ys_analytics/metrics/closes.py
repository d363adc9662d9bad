"""The close of a day: the last value of a UTC day; of several at that moment, the largest.

The rule as a Polars frame and as ClickHouse's SQL, side by side, so that a history condensed by the store and one
computed here are the same. Knows no table.
"""

from collections.abc import Sequence

import polars as pl


def daily_closes(rows: pl.DataFrame, value: str, *, by: Sequence[str], time: str = "timestamp") -> pl.DataFrame:
    """The last row of each day and series, oldest first within a series' days.

    Args:
        rows: Values with a moment.
        value: The column that closes, and that decides between rows of one moment.
        by: The columns of a series.
        time: Datetime(UTC).

    Returns:
        `by`, `day` Date, and the other columns of that row. A day without rows has none.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 11, 16, 12, tzinfo=UTC)
    >>> rows = pl.DataFrame({"coin": ["A", "A", "A"], "at": [noon, noon, noon.replace(hour=9)], "price": [3, 2, 9]})
    >>> daily_closes(rows, "price", by=["coin"], time="at").select("day", "price").rows()
    [(datetime.date(2026, 11, 16), 3)]
    """
    return (
        rows.sort(time, value, maintain_order=True)
        .group_by(*by, day=pl.col(time).dt.date(), maintain_order=True)
        .last()
    )


def day_sql(time: str = "timestamp") -> str:
    """The UTC day of a moment, in ClickHouse's SQL."""
    return f"toDate({time}, 'UTC')"


def close_sql(value: str, time: str = "timestamp") -> str:
    """The close of a group of rows, in ClickHouse's SQL.

    >>> close_sql("total_value")
    'argMax(total_value, tuple(timestamp, total_value))'
    """
    return f"argMax({value}, tuple({time}, {value}))"


def closes_sql(value: str, time: str = "timestamp") -> str:
    """The closes of a group of rows as an array `closes` of (moment, value), in ClickHouse's SQL: three columns.

    Arrays because windows over rows of days cost many times as much. In order of moment and value, a row is a close
    where the next one is of another day.
    """
    return f"""arraySort(groupArray(({time}, {value}))) AS snapshots,
        arrayMap(row -> {day_sql("tupleElement(row, 1)")}, snapshots) AS dates,
        arrayFilter(
            (row, date, next) -> date != next,
            snapshots, dates, arrayPushBack(arrayPopFront(dates), toDate(0))
        ) AS closes"""
