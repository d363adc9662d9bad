"""ClickHouse's ledger: a row after each file, because nothing rolls back there.

Knows the table schema_migrations and ClickHouse's system tables; knows no particular migration. Every file is
one statement that may be repeated, so a runner killed between file and row does no harm.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ys_analytics.migrations.cluster import for_cluster
from ys_analytics.migrations.files import CreatedObject, MigrationFile
from ys_analytics.migrations.ledger import Row
from ys_analytics.schemas import Store
from ys_analytics.stores.common.table_reader import Catalogue

if TYPE_CHECKING:
    from ys_analytics.stores.clickhouse import ClickHouse


@dataclass(frozen=True, slots=True)
class ClickHouseLedger:
    """The ledger of one open ClickHouse.

    Attributes:
        clickhouse: Opened for writing.
        cluster: Over whose shards its tables are spread; empty where each is one.
    """

    clickhouse: "ClickHouse"
    cluster: str = ""

    @property
    def store(self) -> Store:
        """ClickHouse."""
        return "clickhouse"

    def rows(self) -> tuple[Row, ...]:
        """What was applied, oldest first; empty where there is no ledger yet."""
        if CreatedObject(kind="table", name="schema_migrations") not in self.existing_objects():
            return ()
        return tuple(
            Row(version=version, description=description, checksum=checksum, rollback=rollback, applied_at=at)
            for version, description, checksum, rollback, at in self.clickhouse.rows(_LEDGER_ROWS)
        )

    def apply(self, file: MigrationFile) -> None:
        """Run the file, then remember it."""
        self._run(file.up.rstrip(";"))
        self.clickhouse.write(
            "schema_migrations",
            pl.DataFrame(
                {
                    "version": [file.version],
                    "description": [file.description],
                    "rollback_sql": [file.rollback],
                    "checksum": [file.checksum],
                }
            ),
        )

    def undo(self, row: Row) -> None:
        """Run the rollback, then forget the migration, unless the ledger itself went with it."""
        self._run(row.rollback.rstrip(";"))
        if CreatedObject(kind="table", name="schema_migrations") in self.existing_objects():
            self._run(
                f"ALTER TABLE schema_migrations DELETE WHERE version = '{int(row.version):04}'"
                " SETTINGS mutations_sync = 2"
            )

    def _run(self, statement: str) -> None:
        for part in for_cluster(statement, self.cluster):
            self.clickhouse.run(part)

    def existing_objects(self) -> frozenset[CreatedObject]:
        """Every table and projection of this database."""
        return frozenset(CreatedObject(kind=kind, name=name) for kind, name in self.clickhouse.rows(_EXISTING_OBJECTS))

    def catalogue(self) -> Catalogue:
        """What the store itself describes."""
        from ys_analytics.stores.clickhouse.table_reader import Tables

        return Tables(self.clickhouse).describe()


# Two runners against a server without a PostgreSQL to take turns by may both have written the row.
_LEDGER_ROWS = """
SELECT version, description, checksum, rollback_sql, applied_at
FROM schema_migrations ORDER BY version, applied_at LIMIT 1 BY version
"""

_EXISTING_OBJECTS = """
SELECT 'table', name FROM system.tables WHERE database = currentDatabase()
UNION ALL
SELECT 'projection', name FROM system.projections WHERE database = currentDatabase()
"""
