"""PostgreSQL over its own wire: statements in, typed frames out, exact to the last digit.

Knows connections, transactions and COPY; knows no table. Nothing here outlives a transaction on the
server (no session setting, no prepared statement), so it works through PgBouncer's transaction pooling.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, Self

import polars as pl
import psycopg
from psycopg import sql

from ys_analytics.stores.addresses import PostgresAddress
from ys_analytics.stores.common.progress import Arrived, counted, nobody
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import with_retries
from ys_analytics.stores.postgres import copy_format, copy_reader, write_checks
from ys_analytics.stores.postgres.connection import (
    SNAPSHOT,
    Connection,
    Transaction,
    begin,
    connect,
    is_transient,
    translate_errors,
)

Parameters = Mapping[str, object]
Schema = Mapping[str, pl.DataType]

# Of a replica that has replayed nothing since it began, no more is known than since when.
_LAG = """
    SELECT CASE
        WHEN NOT pg_is_in_recovery() THEN NULL
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(
            epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())
        )
    END
"""


class Postgres:
    """An open PostgreSQL: reads go to the replica where there is one, writes to the primary.

    One statement at a time; a `batches` that is being read counts as a statement. Text in `parameters` stays
    text: values are bound as literals by psycopg, written `%(name)s` in the SQL (and a percent sign `%%`).
    Without parameters the SQL is sent as it stands.
    """

    def __init__(self, address: PostgresAddress) -> None:
        """Connections are made when first used, and made again when the server went away between two reads."""
        self._address = address
        self._lines: dict[str, Connection] = {}
        self._snapshot: Transaction | None = None
        self._writing = False

    @classmethod
    @contextmanager
    def open(cls, address: PostgresAddress) -> Iterator[Self]:
        """The store at `address`, closed when the block ends.

        Raises:
            StoreError: it cannot be reached or refuses the login.
        """
        store = cls(address)
        try:
            with translate_errors():
                store._line("read")
            yield store
        finally:
            store.close()

    @property
    def address(self) -> PostgresAddress:
        """Where it is."""
        return self._address

    def close(self) -> None:
        """Give the connections back; the store may be used again and reconnects."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    # Reading

    def read(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Schema,
        refusals: RejectPolicy | None = None,
        arrived: Arrived = nobody,
    ) -> pl.DataFrame:
        """Run one read-only statement and return its rows, exactly.

        Args:
            statement: A SELECT; its columns are found by the names in `schema`.
            parameters: Values for `%(name)s`.
            schema: Name and type of every column of the frame.
            refusals: What to do with values that do not fit; an error by default.
            arrived: Told the rows so far.

        Returns:
            A frame of `schema`, NULL as null; typed the same when it is empty.

        Raises:
            StoreError: the statement was refused, or the server went away and did not come back.
            ContractError: a column is absent, or a value does not fit its type.
        """
        return self._collect(copy_reader.Query(f"({statement}\n)", parameters=parameters), schema, refusals, arrived)

    def scan(
        self,
        table: str,
        where: str = "",
        parameters: Parameters | None = None,
        *,
        schema: Schema,
        refusals: RejectPolicy | None = None,
        arrived: Arrived = nobody,
    ) -> pl.DataFrame:
        """The rows of one table, over two connections in one snapshot where it is large.

        Args:
            table: Its name.
            where: A condition in SQL; none takes every row.
            parameters: Values for `%(name)s` in `where`.
            schema: Name and type of the columns to read.
            refusals: What to do with values that do not fit; an error by default.
            arrived: Told the rows so far.

        Returns:
            A frame of `schema`, in no promised order.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = copy_reader.Query(copy_reader.quoted(table), where=where, parameters=parameters, table=table)
        return self._collect(query, schema, refusals, arrived)

    def batches(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Schema,
        refusals: RejectPolicy | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of one statement as they arrive, some 16 MiB of text at a time; at least one frame, maybe empty.

        A server that goes away in the middle is an error: what was handed out cannot be taken back.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = copy_reader.Query(f"({statement}\n)", parameters=parameters)
        with translate_errors(), self._view() as view:
            columns = copy_reader.describe(view.line, query, schema)
            copy = (view.line, copy_reader.statement(view.line, query, columns))
            with closing(copy_reader.copied([copy], columns, refusals or RejectPolicy())) as parts:
                for _, rows in parts:
                    yield rows

    def rows(self, statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small catalogue question as Python values; not for data.

        Raises:
            StoreError: the statement was refused or the server went away.
        """
        with translate_errors(), self._view() as view:
            return list(view.line.execute(statement, parameters).fetchall())

    def lag(self) -> float | None:
        """Seconds that the server reads go to is behind its primary; null where it is no replica.

        A replica that has replayed all it received is behind by nothing, however long the primary has rested.

        Raises:
            StoreError: the server went away.
        """
        [(seconds,)] = self.rows(_LAG)
        return None if seconds is None else max(0.0, float(seconds))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One REPEATABLE READ READ ONLY transaction for every read inside: all see the same moment.

        Inside another snapshot or transaction it is that one.

        Raises:
            StoreError: it cannot begin, or the server went away inside.
        """
        if self._snapshot is not None:
            yield
            return
        with translate_errors(), self._transaction("read", SNAPSHOT) as view:
            # The moment is that of the first statement, not of BEGIN; without one it would be later than promised.
            view.line.execute(b"SELECT 1")
            self._snapshot = view
            try:
                yield
            finally:
                self._snapshot = None

    # Writing

    def write(self, table: str, rows: pl.DataFrame) -> int:
        """Append a frame to a table by COPY, column by name, as exact text; all of it or nothing.

        Returns:
            The number of rows written.

        Raises:
            StoreError: the server refused a row, or the whole statement.
            ContractError: a value has more digits than its column keeps.
        """
        if not rows.height:
            return 0
        names = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        empty = sql.SQL("SELECT {} FROM {} LIMIT 0").format(names, sql.Identifier(table))
        with translate_errors(), self._write_line() as line, line.cursor() as cursor:
            write_checks.refuse_loss(rows, cursor.execute(empty).description or ())
            with cursor.copy(statement) as copy:
                for part in rows.iter_slices(50_000):
                    copy.write(copy_format.dump(part))
        return rows.height

    def run(self, statement: str, parameters: Parameters | None = None) -> int:
        """Run one statement that changes something; its own transaction outside `transaction()`.

        Returns:
            The number of rows it touched; -1 where that has no meaning.

        Raises:
            StoreError: the statement was refused or the server went away. It is never sent twice.
        """
        with translate_errors(), self._write_line() as line:
            return line.execute(statement, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Every statement inside, reads too, happens on the primary and at once or not at all.

        Raises:
            StoreError: it cannot begin or commit.
        """
        mode = "READ ONLY" if self._address.read_only else "READ WRITE"
        with translate_errors(), self._transaction("write", mode) as view:
            self._snapshot, outer, self._writing = view, self._snapshot, True
            try:
                yield
            finally:
                self._snapshot, self._writing = outer, False

    # Inside

    def _collect(
        self, query: copy_reader.Query, schema: Schema, refusals: RejectPolicy | None, arrived: Arrived
    ) -> pl.DataFrame:
        """All rows or an error; read again from the start when the server went away and nothing depends on it."""
        met = refusals if refusals is not None else RejectPolicy()
        before = list(met.met)

        def once() -> pl.DataFrame:
            met.met[:] = before
            with translate_errors(), self._view() as view:
                columns = copy_reader.describe(view.line, query, schema)
                return pl.concat(self._frames(view, query, columns, met, arrived))

        return with_retries(once, is_transient=self._may_retry, deadline=self._address.statement_timeout)

    def _frames(
        self,
        view: Transaction,
        query: copy_reader.Query,
        columns: tuple[copy_format.Field, ...],
        refusals: RejectPolicy,
        arrived: Arrived,
    ) -> list[pl.DataFrame]:
        middle = copy_reader.middle(view.line, query.table) if query.table and not self._writing else None
        if middle is None:
            copy = (view.line, copy_reader.statement(view.line, query, columns))
            return counted((rows for _, rows in copy_reader.copied([copy], columns, refusals)), arrived)
        halves = [query.also(f"ctid {sign} '({middle},0)'::tid") for sign in ("<", ">=")]
        texts = [copy_reader.statement(view.line, half, columns) for half in halves]
        frames: tuple[list[pl.DataFrame], ...] = ([], [])
        with self._transaction("second", SNAPSHOT, snapshot=view.exported()) as second:
            copies = list(zip((view.line, second.line), texts, strict=True))
            for half, rows in copy_reader.copied(copies, columns, refusals):
                frames[half].append(rows)
                arrived(sum(frame.height for parts in frames for frame in parts))
        return [*frames[0], *frames[1]]

    def _may_retry(self, error: Exception) -> bool:
        cause = error.__cause__
        return self._snapshot is None and isinstance(cause, psycopg.Error) and is_transient(cause)

    @contextmanager
    def _view(self) -> Iterator[Transaction]:
        """The transaction that is open, or one of its own for a single read."""
        if self._snapshot is not None:
            yield self._snapshot
            return
        with self._transaction("read", SNAPSHOT) as view:
            yield view

    @contextmanager
    def _transaction(self, name: str, mode: str, *, snapshot: str = "") -> Iterator[Transaction]:
        """A transaction whose settings end with it."""
        line = self._line(name)
        try:
            line.execute(begin(mode, timeout=self._address.statement_timeout, snapshot=snapshot).encode())
            yield Transaction(line)
            line.execute(b"COMMIT")
        except BaseException:
            # The cause is already on its way up; a line that cannot roll back is replaced at its next use.
            with suppress(psycopg.Error):
                line.execute(b"ROLLBACK")
            raise

    @contextmanager
    def _write_line(self) -> Iterator[Connection]:
        if self._writing and self._snapshot is not None:
            yield self._snapshot.line
            return
        if self._address.read_only:
            with self._transaction("write", "READ ONLY") as view:
                yield view.line
            return
        yield self._line("write")

    def _line(self, name: str) -> Connection:
        """The connection of that name, opened or opened again."""
        target = self._address.conninfo
        if name == "write":
            name = "write" if self._address.replica else "read"
        elif self._address.replica:
            target = self._address.replica
        known = self._lines.get(name)
        if known is not None and not known.closed:
            return known
        self._lines[name] = connect(target)
        return self._lines[name]
