"""PostgreSQL's ledger: a migration and its row are one transaction, and runners exclude each other.

Knows the table schema_migrations and PostgreSQL's catalogue; knows no particular migration.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ys_analytics.errors import MigrationError, StoreError
from ys_analytics.migrations.files import CreatedObject, MigrationFile
from ys_analytics.migrations.ledger import Row
from ys_analytics.migrations.lock_retry import LOCK_TIMEOUT
from ys_analytics.schemas import Store
from ys_analytics.stores.common.table_reader import Catalogue

if TYPE_CHECKING:
    from ys_analytics.stores.postgres import Postgres

# "ys_migr" as a number: the advisory lock every runner takes. It ends with its transaction, so it holds
# through PgBouncer's transaction pooling, and with its connection, so a killed runner leaves none behind.
_LOCK = 0x79735F6D696772

# The setting of a transaction in which migrations find the name of the analyst's role.
ROLE_SETTING = "ys.analyst_role"

_COLUMNS = ("version", "description", "checksum", "rollback_sql", "applied_at")


@dataclass(frozen=True, slots=True)
class PostgresLedger:
    """The ledger of one open PostgreSQL. Every method wants to be inside `exclusive`.

    Attributes:
        postgres: Opened as the owner.
        analyst_role: Whom the migrations let read.
    """

    postgres: "Postgres"
    analyst_role: str = ""

    @property
    def store(self) -> Store:
        """PostgreSQL."""
        return "postgres"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One transaction on the primary, entered once every other runner's is over.

        Raises:
            StoreError: another runner took longer than the statement timeout.
            MigrationError: there is no schema to make tables in.
        """
        with self.postgres.transaction():
            [(schema, path)] = self.postgres.rows("SELECT current_schema()::text, current_setting('search_path')")
            if schema is None:
                raise MigrationError(
                    f"postgres: no schema of the search_path ({path}) exists; create one or correct it"
                )
            self.postgres.rows(
                "SELECT set_config(%(setting)s, %(role)s, true)", {"setting": ROLE_SETTING, "role": self.analyst_role}
            )
            try:
                self.postgres.rows("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _LOCK})
            except StoreError as error:
                raise StoreError(f"{error}; another `ys migrate` may be at work, wait for it to end") from error
            yield

    def rows(self) -> tuple[Row, ...]:
        """What was applied, oldest first; empty where there is no ledger yet.

        Raises:
            MigrationError: a table of that name is there, but it is not this ledger.
        """
        columns = {name for (name,) in self.postgres.rows(_LEDGER_COLUMNS)}
        if not columns:
            return ()
        if not columns.issuperset(_COLUMNS):
            missing = ", ".join(sorted(set(_COLUMNS) - columns))
            raise MigrationError(
                f"postgres: schema_migrations is another program's (it lacks {missing}); use a database of our own"
            )
        return tuple(
            Row(version=version, description=description, checksum=checksum, rollback=rollback or "", applied_at=at)
            for version, description, checksum, rollback, at in self.postgres.rows(_LEDGER_ROWS)
        )

    def apply(self, file: MigrationFile) -> None:
        """Run the file and remember it; both or neither, with the transaction of `exclusive`."""
        with self.postgres.unlimited():
            self._limit_lock_wait()
            self.postgres.run(file.up)
        self.postgres.run(
            "INSERT INTO schema_migrations (version, description, rollback_sql, checksum)"
            " VALUES (%(version)s, %(description)s, %(rollback)s, %(checksum)s)",
            {
                "version": file.version,
                "description": file.description,
                "rollback": file.rollback,
                "checksum": file.checksum,
            },
        )

    def undo(self, row: Row) -> None:
        """Forget the migration and run its rollback; both or neither, with the transaction of `exclusive`."""
        with self.postgres.unlimited():
            self._limit_lock_wait()
            # Forgotten first: the oldest rollback takes the ledger itself away.
            self.postgres.run("DELETE FROM schema_migrations WHERE version = %(version)s", {"version": row.version})
            self.postgres.run(row.rollback)

    def _limit_lock_wait(self) -> None:
        """Set a lock timeout for the transaction, so that others do not queue behind a waiting statement."""
        self.postgres.run(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")

    def existing_objects(self) -> frozenset[CreatedObject]:
        """Every table, index, type, view, function, live trigger and role of this schema."""
        return frozenset(CreatedObject(kind=kind, name=name) for kind, name in self.postgres.rows(_EXISTING_OBJECTS))

    def catalogue(self) -> Catalogue:
        """What the store itself describes."""
        from ys_analytics.stores.postgres.table_reader import Tables

        return Tables(self.postgres).describe()


_LEDGER_COLUMNS = """
SELECT attname::text FROM pg_attribute
WHERE attrelid = to_regclass(quote_ident(current_schema()) || '.schema_migrations') AND attnum > 0 AND NOT attisdropped
"""

_LEDGER_ROWS = """
SELECT version::text, description, checksum, rollback_sql, applied_at FROM schema_migrations ORDER BY version
"""

# A disabled trigger protects nothing, so it is not there.
_EXISTING_OBJECTS = """
SELECT CASE relkind WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END,
       relname::text
FROM pg_class
WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'p', 'm', 'i', 'I')
UNION ALL
SELECT 'type', typname::text FROM pg_type WHERE typnamespace = quote_ident(current_schema())::regnamespace
  AND typtype = 'e'
UNION ALL
SELECT 'function', proname::text FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace
UNION ALL
SELECT 'trigger', tgname::text
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = quote_ident(current_schema())::regnamespace
  AND tgparentid = 0 AND NOT tgisinternal AND tgenabled <> 'D'
UNION ALL
SELECT 'role', rolname::text FROM pg_roles
"""
