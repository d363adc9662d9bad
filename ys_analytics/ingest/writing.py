"""Write rows into a table at once; checks none of them.

PostgreSQL takes an import in one transaction. ClickHouse has none: the rows go into a staging table first,
where a broken connection or a killed process costs nothing, and from there by one `INSERT SELECT` as one
block. The server prepares the parts of every partition before it shows the first of them, so a refusal
leaves nothing; and should it be killed in the instant in which parts are shown one after the other, the
same import again adds exactly what is missing, because rows that are there already are left out.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import cast as typed
from uuid import uuid4

import polars as pl

from ys_analytics import migrations
from ys_analytics.schemas import STORES, Span, Table

if TYPE_CHECKING:
    from datetime import datetime

    from ys_analytics.stores import Stores

_PARTITIONED = frozenset({"transactions", "risk_assessments"})
_VIEW_SOURCES = frozenset({"transactions", "portfolio_positions", "assets"})

# Sent to the staging table at a time: the engine holds what is sent twice while it reads it.
_ROWS_AT_A_TIME = 100_000

# One block, whatever its size and however many months it spans.
_ONE_BLOCK = {
    "max_threads": 1,
    "max_insert_threads": 1,
    "max_block_size": 10**9,
    "min_insert_block_size_rows": 10**12,
    "min_insert_block_size_bytes": 0,
    "max_partitions_per_insert_block": 0,
}


def write(
    stores: "Stores", table: Table, rows: pl.DataFrame, assets: pl.DataFrame, *, instead_of: Sequence[str] = ()
) -> None:
    """Add rows, and the assets they need, at once.

    Args:
        stores: PostgreSQL, and ClickHouse for its tables; as the owner.
        table: Where they go.
        rows: All its columns, checked.
        assets: Rows of `assets` to add first; may be empty.
        instead_of: Ids of rows that give way to them, in the same transaction; of PostgreSQL alone.

    Raises:
        StoreError: a store refused; nothing was added.
    """
    if table.name in _PARTITIONED:
        moment = rows[typed("str", table.time)]
        first, last = typed("datetime", moment.min()), typed("datetime", moment.max())
        migrations.make_partitions(stores, Span(first, last + timedelta(microseconds=1)))
    touches_postgres = STORES[table.store].transactions or assets.height
    with stores.postgres.transaction() if touches_postgres else nullcontext():
        if assets.height:
            stores.postgres.write("assets", assets)
        if instead_of:
            delete(stores, table, instead_of)
        if STORES[table.store].transactions:
            stores.opened(table.store).write(table.name, rows)
        else:
            _write_at_once(stores, table, rows)
    if table.name in _VIEW_SOURCES:
        migrations.refresh(stores)


def delete(stores: "Stores", table: Table, ids: Sequence[str]) -> int:
    """Delete the rows of a PostgreSQL table by their ids; how many there were."""
    (key,) = table.key
    return stores.postgres.run(
        f"DELETE FROM {table.name} WHERE {key}::text = ANY(%(ids)s)",  # noqa: S608 - our own names
        {"ids": list(ids)},
    )


def _write_at_once(stores: "Stores", table: Table, rows: pl.DataFrame) -> None:
    names = ", ".join(rows.columns)
    settings = ", ".join(f"{name} = {value}" for name, value in _ONE_BLOCK.items())
    with staging(stores, table) as staging_table:
        for part in rows.iter_slices(_ROWS_AT_A_TIME):
            stores.clickhouse.write(staging_table, part)
        stores.clickhouse.run(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {staging_table} SETTINGS {settings}"  # noqa: S608 - our own names
        )


@contextmanager
def staging(stores: "Stores", table: Table) -> Iterator[str]:
    """Create a table with the columns of another, dropped afterwards; leftovers of killed imports are too."""
    leftover = (
        "name LIKE 'import\\\\_%' AND engine IN ('Memory', 'Log')"
        " AND metadata_modification_time < now() - INTERVAL 1 DAY"
    )
    for (name,) in stores.clickhouse.rows(
        f"SELECT name FROM system.tables WHERE database = currentDatabase() AND {leftover}"  # noqa: S608 - no value in it
    ):
        stores.clickhouse.run(f"DROP TABLE IF EXISTS {name}")
    # Two imports at once must not meet in one table.
    staging_name = f"import_{uuid4().hex}"
    stores.clickhouse.run(f"CREATE TABLE {staging_name} AS {table.name} ENGINE = Log")
    try:
        yield staging_name
    finally:
        stores.clickhouse.run(f"DROP TABLE IF EXISTS {staging_name}")
