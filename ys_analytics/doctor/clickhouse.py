"""Questions to ClickHouse: retention, partitions, age of the last rows."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from ys_analytics.doctor.ages import MOMENTS, freshness
from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import tables_of
from ys_analytics.stores import Stores
from ys_analytics.stores.clickhouse import ClickHouse

_TABLES = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
_MONTHS = """
    SELECT table, uniqExact(partition) FROM system.parts
    WHERE database = currentDatabase() AND active GROUP BY table
"""


def examine(stores: Stores, as_of: datetime) -> Iterator[Answer]:
    """Retention, partitions and ages."""
    store = stores.clickhouse
    declared = [table.name for table in tables_of("clickhouse")]
    engines: dict[str, str] = dict(store.rows(_TABLES))
    retention = [
        f"{name} {days[1]} days" for name in declared if (days := _retention(engines.get(_rows(name, engines), "")))
    ]
    yield Answer("clickhouse", "retention", ", ".join(retention) or "off: everything is kept")
    parts = dict(store.rows(_MONTHS))
    months = [f"{name} {parts.get(_rows(name, engines), 0)} months" for name in declared if name in engines]
    yield Answer("clickhouse", "partitions", ", ".join(months))
    timed = [table for table in tables_of("clickhouse") if table.time and table.name in engines]
    yield from freshness(
        "clickhouse", [(table.name, _moments(store, table.name, str(table.time))) for table in timed], as_of
    )


def _moments(store: ClickHouse, table: str, time: str) -> list[datetime]:
    """The newest distinct moments of a table, to the second."""
    query = f"SELECT DISTINCT toUnixTimestamp({time}) AS at FROM {table} ORDER BY at DESC LIMIT {MOMENTS}"  # noqa: S608 - declared names
    return [datetime.fromtimestamp(row[0], UTC) for row in store.rows(query)]


def _rows(name: str, engines: dict[str, str]) -> str:
    """The name of the table that holds the rows: on a cluster, the local one."""
    return f"{name}_local" if f"{name}_local" in engines else name


def _retention(engine: str) -> re.Match[str] | None:
    return re.search(r"TTL .*?toIntervalDay\((\d+)\)", engine)
