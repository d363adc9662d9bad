"""Retention of ClickHouse's tables: for ever, unless the operator sets days.

Knows table TTLs; the days come from the caller. Only a TTL this module wrote is ever taken away again.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ys_analytics.errors import SettingsError
from ys_analytics.migrations.cluster import cluster_of, for_cluster
from ys_analytics.migrations.step import Applied, Step
from ys_analytics.schemas import STORES, TABLES

if TYPE_CHECKING:
    from ys_analytics.stores.clickhouse import ClickHouse

# How ClickHouse writes back what `_set_retention` asked for.
_OUR_TTL = re.compile(r" TTL toDateTime\(timestamp\) \+ toIntervalDay\((\d+)\)")

# Fifty years. A time beyond February 2106 begins again in 1970 in ClickHouse: every row would be too old at once.
MAX_DAYS = 18_250

_ENGINES = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"


def apply_retention(clickhouse: "ClickHouse", days: Mapping[str, int]) -> list[Applied]:
    """Make each table keep as many days as the setting says; tables it does not name keep everything.

    Rows beyond a new limit vanish when ClickHouse next merges their parts.

    Args:
        clickhouse: Opened for writing.
        days: Days to keep, by table.

    Raises:
        SettingsError: a table is not ClickHouse's, or it cannot keep so many days.
        StoreError: ClickHouse refused.
    """
    _check(days)
    return [
        _set_retention(clickhouse, table, days.get(table))
        for table, kept in _retention_by_table(clickhouse).items()
        if kept != days.get(table)
    ]


def retention_status(clickhouse: "ClickHouse", days: Mapping[str, int]) -> list[Step]:
    """One line for each table whose retention is set, or should be.

    Raises:
        SettingsError: as `apply_retention`.
        StoreError: ClickHouse refused.
    """
    _check(days)
    return [
        Step(
            store="clickhouse",
            version="retention",
            description=_description(table, days.get(table)),
            state="applied" if kept == days.get(table) else "pending",
            detail="" if kept == days.get(table) else f"{_description(table, kept)} until `ys migrate up`",
        )
        for table, kept in _retention_by_table(clickhouse).items()
        if kept is not None or table in days
    ]


def _check(days: Mapping[str, int]) -> None:
    known = sorted(table.name for table in TABLES.values() if STORES[table.store].retention)
    for table, kept in days.items():
        if table not in known:
            raise SettingsError(f"YS_RETENTION_DAYS: ClickHouse has no table {table!r}; it has {', '.join(known)}")
        if kept < 1:
            raise SettingsError(f"YS_RETENTION_DAYS: {table} cannot keep {kept} days; name at least 1, or leave it out")
        if kept > MAX_DAYS:
            raise SettingsError(
                f"YS_RETENTION_DAYS: {table} cannot keep {kept:,} days, for ClickHouse's times end in 2106; name"
                f" at most {MAX_DAYS:,}, or leave it out to keep everything"
            )


def _retention_by_table(clickhouse: "ClickHouse") -> dict[str, int | None]:
    """Days each declared table keeps now, by what its shards say where it is spread over some; None for ever."""
    engines: dict[str, str] = dict(clickhouse.rows(_ENGINES))
    kept: dict[str, int | None] = {}
    for table in sorted(engines.keys() & TABLES.keys()):
        limit = _OUR_TTL.search(engines.get(f"{table}_local", engines[table]))
        kept[table] = int(limit[1]) if limit else None
    return kept


def _set_retention(clickhouse: "ClickHouse", table: str, days: int | None) -> Applied:
    change = "REMOVE TTL" if days is None else f"MODIFY TTL toDateTime(timestamp) + toIntervalDay({days})"
    for statement in for_cluster(f"ALTER TABLE {table} {change}", cluster_of(clickhouse)):
        clickhouse.run(statement)
    return Applied(store="clickhouse", version="retention", description=_description(table, days))


def _description(table: str, days: int | None) -> str:
    return f"{table} keeps everything" if days is None else f"{table} keeps {days} days"
