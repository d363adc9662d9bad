"""PostgreSQL over its own protocol: statements in, typed frames out, exact to the last digit.

Depends on connections, transactions and COPY. Does not know any table. Nothing here outlives a transaction on the
server (no session setting, no prepared statement), so it works through PgBouncer's transaction pooling.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from typing import Any, Self

import polars as pl
import psycopg
from psycopg import sql

from ys_analytics.errors import StoreError
from ys_analytics.stores.addresses import PostgresAddress
from ys_analytics.stores.common import versions
from ys_analytics.stores.common.deadline import GRACE_SECONDS, time_limit
from ys_analytics.stores.common.progress import RowCallback, collect_counted, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import with_retries
from ys_analytics.stores.postgres import copy_format, copy_reader, replica, write_checks
from ys_analytics.stores.postgres.connection import (
    CANCEL_WITHIN,
    SNAPSHOT,
    Connection,
    Transaction,
    begin,
    connect,
    cut,
)
from ys_analytics.stores.postgres.errors import is_transient, one_line, translate_errors

Parameters = Mapping[str, object]
Schema = Mapping[str, pl.DataType]

# Seconds a second connection has to join a read; a pooler with one server connection would let it wait for the first.
_JOIN_SECONDS = 3.0


class Postgres:
    """An open PostgreSQL: reads go to the replica where there is one, writes to the primary.

    One statement at a time; a `batches` that is being read counts as a statement. Text in `parameters` stays
    text: values are bound as literals by psycopg, written `%(name)s` in the SQL (and a percent sign `%%`).
    Without parameters the SQL is sent as it stands.
    """

    def __init__(self, address: PostgresAddress) -> None:
        """Connections are made when first used, and made again when the server went away between two reads."""
        self._address = address
        self._connections: dict[str, Connection] = {}
        self._snapshot: Transaction | None = None
        self._writing = False
        self._limit: float | None = address.statement_timeout + GRACE_SECONDS
        self._single_connection = False
        self._fallback_reason = ""

    @classmethod
    @contextmanager
    def open(cls, address: PostgresAddress) -> Iterator[Self]:
        """The store at `address`, closed when the block ends.

        Raises:
            StoreError: it cannot be reached, refuses the login or is too old, or the replica is further behind than
                `max_lag` allows and the address names no fallback.
        """
        store = cls(address)
        try:
            store._choose_server()
            yield store
        finally:
            store.close()

    @property
    def address(self) -> PostgresAddress:
        """Where it is."""
        return self._address

    def close(self) -> None:
        """Give the connections back; the store may be used again and reconnects."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    # Reading

    def read(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Schema,
        rejects: RejectPolicy | None = None,
        report_rows: RowCallback = no_progress,
    ) -> pl.DataFrame:
        """Run one read-only statement and return its rows, exactly.

        Args:
            statement: A SELECT; its columns are found by the names in `schema`.
            parameters: Values for `%(name)s`.
            schema: Name and type of every column of the frame.
            rejects: What to do with values that do not fit; an error by default.
            report_rows: Called with the rows so far.

        Returns:
            A frame of `schema`, NULL as null; typed the same when it is empty.

        Raises:
            StoreError: the statement was refused, or the server went away and did not come back.
            ContractError: a column is absent, or a value does not fit its type.
        """
        return self._collect(copy_reader.Query(f"({statement}\n)", parameters=parameters), schema, rejects, report_rows)

    def scan(
        self,
        table: str,
        where: str = "",
        parameters: Parameters | None = None,
        *,
        schema: Schema,
        rejects: RejectPolicy | None = None,
        report_rows: RowCallback = no_progress,
    ) -> pl.DataFrame:
        """The rows of one table, over two connections in one snapshot where it is large.

        Args:
            table: Its name.
            where: A condition in SQL; none takes every row.
            parameters: Values for `%(name)s` in `where`.
            schema: Name and type of the columns to read.
            rejects: What to do with values that do not fit; an error by default.
            report_rows: Called with the rows so far.

        Returns:
            A frame of `schema`, in no guaranteed order.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = copy_reader.Query(copy_reader.quote_name(table), where=where, parameters=parameters, table=table)
        return self._collect(query, schema, rejects, report_rows)

    def batches(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Schema,
        rejects: RejectPolicy | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of one statement as they arrive, some 16 MiB of text at a time; at least one frame, maybe empty.

        A server that goes away in the middle is an error: what was handed out cannot be taken back.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = copy_reader.Query(f"({statement}\n)", parameters=parameters)
        with translate_errors(self._address), self._read_transaction() as opened:
            with self._time_limit():
                columns = copy_reader.describe(opened.connection, query, schema)
            copy = (opened.connection, copy_reader.statement(opened.connection, query, columns))
            with closing(copy_reader.read_copies([copy], columns, rejects or RejectPolicy())) as parts:
                while True:
                    # What the reader does with a batch takes its own time.
                    with self._time_limit():
                        _, rows = next(parts, (0, None))
                    if rows is None:
                        break
                    yield rows

    def rows(self, statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small catalogue question as Python values; not for data.

        Raises:
            StoreError: the statement was refused or the server went away.
        """
        with self._time_limit(), translate_errors(self._address), self._read_transaction() as opened:
            return list(opened.connection.execute(statement, parameters).fetchall())

    def ping(self) -> None:
        """Ask the server whether it is there.

        Raises:
            StoreError: the server refused us or went away.
        """
        self.rows("SELECT 1")

    def server_info(self) -> dict[str, str]:
        """What the server says of itself: `engine`, `version`, and `role`: whom it takes us for.

        Raises:
            StoreError: the server refused us or went away.
        """
        ((version, user),) = self.rows("SELECT current_setting('server_version'), current_user")
        role = f"{user}, {'reads only' if self._address.read_only else 'reads and writes'}"
        return {"engine": "PostgreSQL", "version": str(version), "role": role}

    def lag(self) -> replica.Lag | None:
        """How far the server that reads go to is behind its primary; None where reads go to the primary itself.

        Raises:
            StoreError: the server that reads go to went away.
        """
        with self._time_limit(), translate_errors(self._address):
            return replica.lag(self._connection("read"), lambda: self._connection("write"))

    @property
    def reads_conninfo(self) -> str:
        """What libpq connects to for a read: the replica, or the primary where there is none or it was given up."""
        replica_conninfo = self._address.replica
        return self._address.conninfo if replica_conninfo is None or self._fallback_reason else replica_conninfo

    def reads_from(self) -> str:
        """Which server reads go to, for people: the primary, a replica with its lag, or the primary and why.

        Raises:
            StoreError: the server that reads go to went away.
        """
        if self._fallback_reason:
            return f"the primary, because {self._fallback_reason}"
        lag = self.lag()
        return "the primary" if lag is None else f"a replica, {lag}"

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
        with translate_errors(self._address), self._transaction("read", SNAPSHOT) as opened:
            # The moment is that of the first statement, not of BEGIN; without one it would be later than stated.
            with self._time_limit():
                opened.connection.execute(b"SELECT 1")
            self._snapshot = opened
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
        with (
            self._time_limit(),
            translate_errors(self._address),
            self._write_connection() as connection,
            connection.cursor() as cursor,
        ):
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
        with self._time_limit(), translate_errors(self._address), self._write_connection() as connection:
            return connection.execute(statement, parameters).rowcount

    @contextmanager
    def unlimited(self) -> Iterator[None]:
        """Statements inside an open `transaction` may take as long as they need, such as those of a migration.

        Raises:
            StoreError: the server refused it.
        """
        self.run("SET LOCAL statement_timeout = 0")
        limit, self._limit = self._limit, None
        try:
            yield
        finally:
            self._limit = limit

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Every statement inside, reads too, happens on the primary and at once or not at all.

        Raises:
            StoreError: it cannot begin or commit.
        """
        mode = "READ ONLY" if self._address.read_only else "READ WRITE"
        with translate_errors(self._address), self._transaction("write", mode) as opened:
            self._snapshot, outer, self._writing = opened, self._snapshot, True
            try:
                yield
            finally:
                self._snapshot, self._writing = outer, False

    # Inside

    def _collect(
        self, query: copy_reader.Query, schema: Schema, rejects: RejectPolicy | None, report_rows: RowCallback
    ) -> pl.DataFrame:
        """All rows or an error; read again from the start when the server went away and nothing depends on it."""
        policy = rejects if rejects is not None else RejectPolicy()
        rejected_before = list(policy.rejected)

        def read_all() -> pl.DataFrame:
            policy.rejected[:] = rejected_before
            with self._read_transaction() as opened:
                columns = copy_reader.describe(opened.connection, query, schema)
                return pl.concat(self._frames(opened, query, columns, policy, report_rows))

        with translate_errors(self._address):
            if self._snapshot is not None:  # what was read before is of this snapshot, and so must this be
                with self._time_limit():
                    return read_all()
            return with_retries(
                read_all,
                is_transient=is_transient,
                deadline=self._address.statement_timeout,
                abort=self.abort,
                peer=self._peer,
            )

    def _frames(
        self,
        opened: Transaction,
        query: copy_reader.Query,
        columns: tuple[copy_format.Field, ...],
        rejects: RejectPolicy,
        report_rows: RowCallback,
    ) -> list[pl.DataFrame]:
        unsplit = self._writing or self._single_connection or not query.table
        middle_page = None if unsplit else copy_reader.middle_page(opened.connection, query.table)
        with self._second_transaction(opened) if middle_page is not None else nullcontext() as second:
            if second is None:
                copy = (opened.connection, copy_reader.statement(opened.connection, query, columns))
                return collect_counted(
                    (rows for _, rows in copy_reader.read_copies([copy], columns, rejects)), report_rows
                )
            halves = [query.with_condition(f"ctid {sign} '({middle_page},0)'::tid") for sign in ("<", ">=")]
            texts = [copy_reader.statement(opened.connection, half, columns) for half in halves]
            frames: tuple[list[pl.DataFrame], ...] = ([], [])
            copies = list(zip((opened.connection, second.connection), texts, strict=True))
            for half, rows in copy_reader.read_copies(copies, columns, rejects):
                frames[half].append(rows)
                report_rows(sum(frame.height for parts in frames for frame in parts))
            second.require_unreplaced()
            return [*frames[0], *frames[1]]

    @contextmanager
    def _second_transaction(self, opened: Transaction) -> Iterator[Transaction | None]:
        """A second transaction that sees what the first one sees; None where there can be none.

        Behind a load balancer a second connection may reach another server, and a pooler may have no second one to
        give. One connection then reads it all, now and later.
        """
        with ExitStack() as stack:
            try:
                with time_limit(_JOIN_SECONDS, abort=lambda: self._cut("second"), peer=self._peer):
                    second = stack.enter_context(self._transaction("second", SNAPSHOT, snapshot=opened.exported()))
                    same = second.snapshot_identity() == opened.snapshot_identity()
            except (psycopg.Error, StoreError):
                if opened.connection.closed:
                    raise
                same = False
            if not same:
                self._single_connection = True
                stack.close()
            yield second if same else None

    @contextmanager
    def _read_transaction(self) -> Iterator[Transaction]:
        """The transaction that is open, or one of its own for a single read; either refuses replaced tables."""
        if self._snapshot is not None:
            yield self._snapshot
            if not self._writing:
                self._snapshot.require_unreplaced()
            return
        with self._transaction("read", SNAPSHOT) as opened:
            yield opened
            opened.require_unreplaced()

    def _time_limit(self) -> AbstractContextManager[object]:
        if self._limit is None:
            return nullcontext()
        return time_limit(self._limit, abort=self.abort, peer=self._peer)

    def abort(self) -> None:
        """Cut every connection, so that a thread that waits on one stops waiting."""
        for name in tuple(self._connections):
            self._cut(name)

    def _cut(self, name: str) -> None:
        connection = self._connections.get(name)
        if connection is not None and not connection.closed:
            cut(connection)

    @property
    def _peer(self) -> str:
        return f"postgres: {self._address.masked}"

    @contextmanager
    def _transaction(self, name: str, mode: str, *, snapshot: str = "") -> Iterator[Transaction]:
        """A transaction whose settings end with it."""
        connection = self._connection(name)
        try:
            connection.execute(begin(mode, timeout=self._address.statement_timeout, snapshot=snapshot).encode())
            yield Transaction(connection)
            connection.execute(b"COMMIT")
        except BaseException:
            # The cause is already on its way up; a connection that cannot roll back is replaced at its next use.
            self._roll_back(connection)
            raise

    def _roll_back(self, connection: Connection) -> None:
        """Undo the transaction, or close the connection where the server does not confirm that in time."""
        limit = time_limit(CANCEL_WITHIN, abort=lambda: cut(connection), peer=self._peer)
        with suppress(psycopg.Error, StoreError), limit:
            connection.execute(b"ROLLBACK")
            return
        connection.close()

    @contextmanager
    def _write_connection(self) -> Iterator[Connection]:
        if self._writing and self._snapshot is not None:
            yield self._snapshot.connection
            return
        if self._address.read_only:
            with self._transaction("write", "READ ONLY") as opened:
                yield opened.connection
            return
        yield self._connection("write")

    def _connection(self, name: str) -> Connection:
        """The connection of that name, opened or opened again.

        A replica that does not answer gives way to the primary where the address says so; a snapshot that is open stays
        where it is.
        """
        separate = self._address.replica is not None and not self._fallback_reason
        name = "read" if name == "write" and not separate else name
        target = self._address.conninfo if name == "write" else self.reads_conninfo
        open_connection = self._connections.get(name)
        if open_connection is not None and not open_connection.closed:
            return open_connection
        try:
            self._connections[name] = connect(target, self._address.tls, seconds=self._address.statement_timeout)
        except psycopg.Error as error:
            if name == "write" or not separate or not self._address.fallback or self._snapshot is not None:
                raise
            self._fall_back(f"the replica does not answer ({one_line(error)})")
            return self._connection(name)
        server_version = self._connections[name].info.parameter_status("server_version") or ""
        versions.require("PostgreSQL", server_version.partition(" ")[0])
        return self._connections[name]

    def _choose_server(self) -> None:
        """Connect, and refuse or leave a replica that is too far behind.

        Raises:
            StoreError: as `open`.
        """
        with self._time_limit(), translate_errors(self._address):
            self._connection("read")
        if self._address.replica is None or self._address.max_lag is None or self._fallback_reason:
            return
        lag = self.lag()
        if lag is None or (lag.seconds is not None and lag.seconds <= self._address.max_lag):
            return
        if not self._address.fallback:
            raise StoreError(
                f"postgres: the replica is refused: {lag}, and YS_REPLICA_MAX_LAG allows"
                f" {self._address.max_lag:g} s; wait for it, or set YS_REPLICA_FALLBACK=true to read from the primary"
            )
        self._fall_back(f"the replica is not near enough ({lag})")

    def _fall_back(self, reason: str) -> None:
        """Read from the primary from now on."""
        self.close()
        self._fallback_reason = reason
