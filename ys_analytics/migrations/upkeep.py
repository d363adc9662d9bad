"""Regular upkeep of PostgreSQL's schema: refresh materialized views and make monthly partitions.

Knows which tables are partitioned and which views are kept; what they hold is in their migrations.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from ys_analytics.migrations.lock_retry import LOCK_TIMEOUT, retry_on_lock
from ys_analytics.schemas import TABLES, Span

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# The tables 0010 and 0011 partition by month.
PARTITIONED = ("transactions", "risk_assessments")

# The stores that have such tables or views.
STORES_KEPT_UP = tuple({TABLES[name].store: None for name in PARTITIONED})

# Months that partitions are made for at once; older rows go to the default partition. PostgreSQL's table of locks has
# room for each partition and its indexes when a statement reads them all.
MAX_MONTHS = 120

# Days by which an empty partition is far from every row.
_MAX_DAYS_FROM_ROWS = 730

# The partitions that the migrations themselves make.
_MIGRATED_MONTHS = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


def refresh(stores: "Stores") -> list[str]:
    """Compute the materialized views again from what the tables hold now, while readers go on reading.

    Wanted after every load of transactions or positions; the views show nothing newer than the last refresh.

    Args:
        stores: PostgreSQL opened as the owner.

    Returns:
        The names of the views.

    Raises:
        StoreError: PostgreSQL refused, or the views are not there (`ys migrate up` makes them).
    """
    views = [table.name for table in TABLES.values() if table.view]
    for view in views:
        stores.postgres.run(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}")
    return views


def make_partitions(stores: "Stores", span: Span) -> list[str]:
    """Make the monthly partitions of every month a span touches, and move rows that wait in the default one.

    Without them nothing is refused: rows go to the default partition, which is only slower to search. So do the rows
    before the last `MAX_MONTHS` months of a longer span.

    Args:
        stores: PostgreSQL opened as the owner.
        span: From the first month to the last; each month costs two small tables.

    Returns:
        The names of the partitions that were missing, oldest first.

    Raises:
        StoreError: PostgreSQL refused.
    """
    if span.start == span.end:
        return []
    first = max(span.start.date(), span.last_day - timedelta(days=MAX_MONTHS * 30))
    months = [{"table": table, "first": first, "last": span.last_day} for table in PARTITIONED]
    made: list[str] = []
    for month_range in months:
        made += retry_on_lock(partial(_make, stores, month_range))
    return made


def _make(stores: "Stores", month_range: dict[str, object]) -> list[str]:
    """The missing partitions of one table; a session that holds the table long is not waited for."""
    with stores.postgres.transaction():
        stores.postgres.run(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        [(names,)] = stores.postgres.rows("SELECT make_month_partitions(%(table)s, %(first)s, %(last)s)", month_range)
    return list(names)


def drop_far_partitions(stores: "Stores", *, now: datetime) -> list[str]:
    """Drop the empty partitions that are years from every row, one in a transaction of its own.

    What a mistyped year leaves: so many partitions that PostgreSQL has no room to lock them all, and refuses every
    statement that reads the table.

    Args:
        stores: PostgreSQL opened as the owner.
        now: The months of the year after it stay, empty or not.

    Returns:
        The names of the partitions dropped, oldest first.

    Raises:
        StoreError: PostgreSQL refused.
    """
    dropped: list[str] = []
    max_distance = timedelta(days=_MAX_DAYS_FROM_ROWS)
    for table in PARTITIONED:
        parts = [(name, start) for name, start in stores.postgres.rows(_PARTS, {"table": table}) if start is not None]
        empty = {name for name, _ in parts if not stores.postgres.rows(f'SELECT 1 FROM "{name}" LIMIT 1')}  # noqa: S608 - the catalogue's names
        partitions_with_rows = [start for name, start in parts if name not in empty]
        for name, start in parts:
            is_near = (
                any(abs(start - other) <= max_distance for other in partitions_with_rows)
                or now - max_distance <= start <= now + max_distance
            )
            if name in empty and not is_near and not _MIGRATED_MONTHS[0] <= start < _MIGRATED_MONTHS[1]:
                retry_on_lock(lambda name=name: _drop(stores, name))  # type: ignore[misc]
                dropped.append(name)
    return dropped


def _drop(stores: "Stores", name: str) -> None:
    """One partition; a session that holds the table long is not waited for."""
    with stores.postgres.transaction():
        stores.postgres.run(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        stores.postgres.run(f'DROP TABLE "{name}"')


# The month a partition begins, from its name; the default one has none.
_PARTS = """
SELECT relname::text,
       to_timestamp(substring(relname FROM '_(\\d{4}_\\d\\d)$') || '_01', 'YYYY_MM_DD')::timestamp AT TIME ZONE 'UTC'
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = %(table)s::regclass
ORDER BY relname
"""
