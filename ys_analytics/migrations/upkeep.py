"""What PostgreSQL's schema wants now and then: fresh views, and a partition for each month.

Knows which tables are partitioned and which views are kept; what they hold is in their migrations.
"""

from typing import TYPE_CHECKING

from ys_analytics.schemas import TABLES, Span

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# The tables 0010 and 0011 partition by month.
PARTITIONED = ("transactions", "risk_assessments")


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
    views = [table.name for table in TABLES.values() if table.store == "postgres" and table.view]
    for view in views:
        stores.postgres.run(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}")
    return views


def make_partitions(stores: "Stores", span: Span) -> list[str]:
    """Make the monthly partitions of every month a span touches, and move rows that wait in the default one.

    Without them nothing is refused: rows go to the default partition, which is only slower to search.

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
    made: list[str] = []
    with stores.postgres.transaction():
        for table in PARTITIONED:
            asked = {"table": table, "first": span.start.date(), "last": span.last_day}
            [(names,)] = stores.postgres.rows("SELECT make_month_partitions(%(table)s, %(first)s, %(last)s)", asked)
            made += names
    return made
