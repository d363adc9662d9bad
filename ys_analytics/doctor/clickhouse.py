"""What ClickHouse is asked: retention, parts, the last rows."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from ys_analytics.doctor.ages import latest
from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import TABLES
from ys_analytics.stores import Stores

_TABLES = "SELECT name, engine_full, total_rows FROM system.tables WHERE database = currentDatabase()"
_MONTHS = """
    SELECT table, uniqExact(partition) FROM system.parts
    WHERE database = currentDatabase() AND active GROUP BY table
"""


def examine(stores: Stores, as_of: datetime) -> Iterator[Answer]:
    """Retention, partitions and ages."""
    store = stores.clickhouse
    declared = [table.name for table in TABLES.values() if table.store == "clickhouse"]
    found = {name: (engine, rows) for name, engine, rows in store.rows(_TABLES)}
    kept = [f"{name} {days.group(1)} days" for name in declared if (days := _retention(found.get(name, ("", 0))[0]))]
    yield Answer("clickhouse", "retention", ", ".join(kept) or "off: everything is kept")
    parts = dict(store.rows(_MONTHS))
    yield Answer("clickhouse", "partitions", ", ".join(f"{name} {parts.get(name, 0)} months" for name in declared))
    ends = []
    for name in declared:
        filled = found.get(name, ("", 0))[1]
        last = store.rows(f"SELECT toUnixTimestamp(max(timestamp)) FROM {name}")[0][0] if filled else None  # noqa: S608 - declared names
        ends.append((name, None if last is None else datetime.fromtimestamp(last, UTC)))
    yield Answer("clickhouse", "last rows", latest(ends, as_of))


def _retention(engine: str) -> re.Match[str] | None:
    return re.search(r"TTL .*?toIntervalDay\((\d+)\)", engine)
