"""Age of a table's last rows: in words, and compared with the usual interval between its rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from ys_analytics.doctor.answer import Answer
from ys_analytics.quality.detectors.freshness import overdue_rows
from ys_analytics.schemas import TIME, Store

# Newest distinct moments that are read, and the fewest from which an interval is usual: a registry has few.
MOMENTS = 500
_MIN_MOMENTS = 30


def ago(last: datetime, as_of: datetime) -> str:
    """The age of a moment at `as_of` in words, in its largest unit.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, 5, tzinfo=UTC))
    '2 days ago'
    """
    age = as_of - last
    if age < timedelta():
        return "ahead of the clock"
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = age // length
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def freshness(store: Store, tables: Iterable[tuple[str, Sequence[datetime]]], as_of: datetime) -> Iterator[Answer]:
    """One answer for each table that is late by its usual interval, and one for all others.

    Late is what the check of a run calls late: older than twice the longest pause but one in two hundred, and than
    three usual ones.

    Args:
        store: The store of the tables.
        tables: Each with its newest distinct moments, in any order; empty for a table without rows.
        as_of: The moment from which ages are counted.

    >>> from datetime import UTC
    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> hourly = [start + timedelta(hours=hour) for hour in range(100)]
    >>> [(one.overdue, one.text) for one in freshness("clickhouse", [("market_data", hourly)], hourly[-1])]
    [(False, 'market_data: 2026-01-05 03:00 (just now)')]
    >>> [
    ...     (one.overdue, one.text)
    ...     for one in freshness("clickhouse", [("market_data", hourly)], hourly[-1] + timedelta(days=4))
    ... ]
    [(True, 'market_data: late; last row 2026-01-05 03:00, 4 days ago; usually every 1h')]
    """
    in_time = []
    for name, moments in tables:
        if not moments:
            in_time.append(f"{name}: empty")
            continue
        last = max(moments)
        moment_rows = pl.DataFrame({"at": list(moments)}, schema={"at": TIME})
        overdue = (
            overdue_rows(moment_rows, time="at", as_of=as_of)
            if len(set(moments)) >= _MIN_MOMENTS
            else moment_rows.clear()
        )
        if overdue.height:
            usual = str(overdue["said"].item()).rpartition("usually every ")[2]
            text = f"{name}: late; last row {last:%Y-%m-%d %H:%M}, {ago(last, as_of)}; usually every {usual}"
            yield Answer(store, "freshness", text, overdue=True)
        else:
            in_time.append(f"{name}: {last:%Y-%m-%d %H:%M} ({ago(last, as_of)})")
    if in_time:
        yield Answer(store, "freshness", "; ".join(in_time))
