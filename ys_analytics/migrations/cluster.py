"""Adapt migrations to a cluster of shards: a local table on each, and a Distributed table over them.

Knows the few shapes of our own statements and by what each table is sharded (ruling C7); knows no data. Code that
reads or inserts uses the table's own name and never learns of the shards.
"""

import re
from typing import TYPE_CHECKING

from ys_analytics.errors import MigrationError
from ys_analytics.schemas import tables_of

if TYPE_CHECKING:
    from ys_analytics.stores.clickhouse import ClickHouse

# The column by which each table is sharded: whom its rows affect, else the first of its series. What one portfolio,
# asset or pool is made of stays on one shard, so that a GROUP BY over it is done there.
SHARDED_BY = {
    "schema_migrations": "version",
    **{table.name: table.affects[0] if table.affects else table.series[0] for table in tables_of("clickhouse")},
}

_STATEMENT = re.compile(
    r"^(?P<verb>CREATE TABLE IF NOT EXISTS|DROP TABLE IF EXISTS|ALTER TABLE|TRUNCATE TABLE) (?P<table>\w+)",
    re.MULTILINE,
)
_DISTRIBUTED = re.compile(r"^Distributed\('(?P<cluster>[^']+)'")
_ENGINE = "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'"


def for_cluster(statement: str, cluster: str) -> tuple[str, ...]:
    """The statements that apply a statement to all shards, to run on any one of them.

    Args:
        statement: One CREATE TABLE, DROP TABLE, ALTER TABLE or TRUNCATE TABLE of a table in `SHARDED_BY`.
        cluster: Its name; empty where each table is one, and the statement stays as it is.

    Raises:
        MigrationError: the statement is of no such shape.

    >>> for_cluster("ALTER TABLE market_data MODIFY TTL timestamp", "ys")
    ('ALTER TABLE market_data_local ON CLUSTER `ys` MODIFY TTL timestamp',)
    >>> for_cluster("DROP TABLE IF EXISTS market_data", "ys")[0]
    'DROP TABLE IF EXISTS market_data ON CLUSTER `ys`'
    """
    if not cluster:
        return (statement,)
    match_ = _STATEMENT.search(statement)
    if match_ is None or match_["table"] not in SHARDED_BY:
        raise MigrationError(f"no way to run this on the shards of {cluster}: {statement.strip()[:80]}")
    verb, table = match_["verb"], match_["table"]
    on_cluster = f"ON CLUSTER `{cluster}`"
    local = _STATEMENT.sub(f"{verb} {table}_local {on_cluster}", statement, count=1)
    if verb == "CREATE TABLE IF NOT EXISTS":
        distributed = (
            f"CREATE TABLE IF NOT EXISTS {table} {on_cluster} AS {table}_local "
            f"ENGINE = Distributed(`{cluster}`, currentDatabase(), {table}_local, cityHash64({SHARDED_BY[table]}))"
        )
        return (local, distributed)
    if verb == "DROP TABLE IF EXISTS":
        return (f"DROP TABLE IF EXISTS {table} {on_cluster}", local)
    return (local,)


def cluster_of(clickhouse: "ClickHouse") -> str:
    """The cluster over which the tables of this database are spread; empty where each is one, or none is there.

    Raises:
        StoreError: ClickHouse refused.
    """
    for (engine,) in clickhouse.rows(_ENGINE):
        if engine_match := _DISTRIBUTED.match(engine):
            return engine_match["cluster"]
    return ""


def check_cluster(clickhouse: "ClickHouse", wanted: str) -> None:
    """Refuse to migrate a database that was made for another cluster than the setting says.

    Args:
        clickhouse: Open.
        wanted: What the setting says; empty for none.

    Raises:
        MigrationError: the database was made otherwise, or is the embedded one.
        StoreError: ClickHouse refused.
    """
    existing = cluster_of(clickhouse)
    if existing != wanted and clickhouse.rows(_ENGINE):
        made_for = f"for the cluster {existing!r}" if existing else "for one server"
        raise MigrationError(
            f"YS_CLICKHOUSE_CLUSTER is {wanted!r}, but this database was made {made_for}; set it back, or name an "
            "empty database and import into it"
        )
    if wanted and clickhouse.address.embedded:
        raise MigrationError(
            f"YS_CLICKHOUSE_CLUSTER: {wanted!r} needs a server of it in YS_CLICKHOUSE_URL; the embedded engine has none"
        )


def empty_table(clickhouse: "ClickHouse", table: str) -> None:
    """Take every row out of a table, on every shard that has some.

    Raises:
        StoreError: ClickHouse refused.
    """
    for statement in for_cluster(f"TRUNCATE TABLE {table}", cluster_of(clickhouse)):
        clickhouse.run(statement)


def delete_rows(clickhouse: "ClickHouse", table: str, where: str) -> None:
    """Delete the rows of a condition, on every shard, and wait until they are gone.

    Args:
        clickhouse: Open as its owner.
        table: One of `SHARDED_BY`.
        where: A condition in SQL, of values of our own.

    Raises:
        StoreError: ClickHouse refused.
    """
    for statement in for_cluster(f"ALTER TABLE {table} DELETE WHERE {where}", cluster_of(clickhouse)):
        clickhouse.run(f"{statement} SETTINGS mutations_sync = 2")
