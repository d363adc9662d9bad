"""PostgreSQL over its own wire: statements in, typed frames out, exact to the last digit.

Knows connections, transactions and COPY; knows no table. Nothing here outlives a transaction on the
server (no session setting, no prepared statement), so it works through PgBouncer's transaction pooling.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import polars as pl
import psycopg
import psycopg.errors
from psycopg import pq, sql
from psycopg.waiting import Ready, Wait

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores import copytext
from ys_analytics.stores.address import PostgresAddress
from ys_analytics.stores.patience import patiently
from ys_analytics.stores.refusals import Refusals

# Large enough that the parser's start-up does not show, small enough that memory stays bounded.
_BUFFER = 16 * 2**20

# A table smaller than this is not worth a second connection.
_SPLIT_FROM = 32 * 2**20

_NUMERIC = 1700

# Seconds a server may take to start before it counts as gone.
_CONNECT_WITHIN = 15.0

# Wrong by the question, or right again only by luck: never asked twice.
_PASSING = (
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
    psycopg.errors.ConnectionException,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)

Parameters = Mapping[str, object]


class Postgres:
    """An open PostgreSQL: reads go to the replica where there is one, writes to the primary.

    One statement at a time; a `batches` that is being read counts as a statement. Text in `parameters` stays
    text: values are bound as literals by psycopg, written `%(name)s` in the SQL (and a percent sign `%%`).
    Without parameters the SQL is sent as it stands.
    """

    def __init__(self, address: PostgresAddress) -> None:
        """Connections are made when first used, and made again when the server went away between two reads."""
        self._address = address
        self._lines: dict[str, psycopg.Connection[Any]] = {}
        self._snapshot: _View | None = None
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
        schema: Mapping[str, pl.DataType],
        refusals: Refusals | None = None,
    ) -> pl.DataFrame:
        """Run one read-only statement and return its rows, exactly.

        Args:
            statement: A SELECT; its columns are found by the names in `schema`.
            parameters: Values for `%(name)s`.
            schema: Name and type of every column of the frame.
            refusals: What to do with values that do not fit; an error by default.

        Returns:
            A frame of `schema`, NULL as null; typed the same when it is empty.

        Raises:
            StoreError: the statement was refused, or the server went away and did not come back.
            ContractError: a column is absent, or a value does not fit its type.
        """
        return self._collect(_Query(f"({statement}\n)", parameters=parameters), schema, refusals)

    def scan(
        self,
        table: str,
        where: str = "",
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        refusals: Refusals | None = None,
    ) -> pl.DataFrame:
        """The rows of one table, over two connections in one snapshot where it is large.

        Args:
            table: Its name.
            where: A condition in SQL; none takes every row.
            parameters: Values for `%(name)s` in `where`.
            schema: Name and type of the columns to read.
            refusals: What to do with values that do not fit; an error by default.

        Returns:
            A frame of `schema`, in no promised order.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = _Query(_quoted(table), where=where, parameters=parameters, table=table)
        return self._collect(query, schema, refusals)

    def batches(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        refusals: Refusals | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of one statement as they arrive, some 16 MiB of text at a time; at least one frame, maybe empty.

        A server that goes away in the middle is an error: what was handed out cannot be taken back.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = _Query(f"({statement}\n)", parameters=parameters)
        with _told(), self._view() as view:
            columns = _describe(view.line, query, schema)
            yield from _copied(view.line, _copy(view.line, query, columns), columns, refusals or Refusals())

    def rows(self, statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small catalogue question as Python values; not for data.

        Raises:
            StoreError: the statement was refused or the server went away.
        """
        with _told(), self._view() as view:
            return list(view.line.execute(statement, parameters).fetchall())

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
        with _told(), self._transaction("read", "ISOLATION LEVEL REPEATABLE READ READ ONLY") as view:
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
        """
        if not rows.height:
            return 0
        names = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with _told(), self._write_line() as line, line.cursor() as cursor, cursor.copy(statement) as copy:
            for part in rows.iter_slices(50_000):
                copy.write(copytext.dump(part))
        return rows.height

    def run(self, statement: str, parameters: Parameters | None = None) -> int:
        """Run one statement that changes something; its own transaction outside `transaction()`.

        Returns:
            The number of rows it touched; -1 where that has no meaning.

        Raises:
            StoreError: the statement was refused or the server went away. It is never sent twice.
        """
        with _told(), self._write_line() as line:
            return line.execute(statement, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Every statement inside, reads too, happens on the primary and at once or not at all.

        Raises:
            StoreError: it cannot begin or commit.
        """
        mode = "READ ONLY" if self._address.read_only else "READ WRITE"
        with _told(), self._transaction("write", mode) as view:
            self._snapshot, outer, self._writing = view, self._snapshot, True
            try:
                yield
            finally:
                self._snapshot, self._writing = outer, False

    # Inside

    def _collect(self, query: "_Query", schema: Mapping[str, pl.DataType], refusals: Refusals | None) -> pl.DataFrame:
        """All rows or an error; read again from the start when the server went away and nothing depends on it."""
        met = refusals if refusals is not None else Refusals()
        before = list(met.met)

        def once() -> pl.DataFrame:
            met.met[:] = before
            with _told(), self._view() as view:
                columns = _describe(view.line, query, schema)
                return pl.concat(self._frames(view, query, columns, met))

        return patiently(once, passes=self._may_retry, deadline=self._address.statement_timeout)

    def _frames(
        self, view: "_View", query: "_Query", columns: tuple[copytext.Field, ...], refusals: Refusals
    ) -> list[pl.DataFrame]:
        middle = _middle(view.line, query.table) if query.table and not self._writing else None
        if middle is None:
            return list(_copied(view.line, _copy(view.line, query, columns), columns, refusals))
        halves = [query.also(f"ctid {sign} '({middle},0)'::tid") for sign in ("<", ">=")]
        texts = [_copy(view.line, half, columns) for half in halves]
        mode = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._transaction("second", mode, snapshot=view.exported()) as second, ThreadPoolExecutor(1) as pool:
            theirs = pool.submit(lambda: list(_copied(second.line, texts[1], columns, refusals)))
            try:
                ours = list(_copied(view.line, texts[0], columns, refusals))
            except BaseException:
                second.line.cancel()
                raise
            return ours + theirs.result()

    def _may_retry(self, error: Exception) -> bool:
        cause = error.__cause__
        return self._snapshot is None and isinstance(cause, psycopg.Error) and _passes(cause)

    @contextmanager
    def _view(self) -> Iterator["_View"]:
        """The transaction that is open, or one of its own for a single read."""
        if self._snapshot is not None:
            yield self._snapshot
            return
        with self._transaction("read", "ISOLATION LEVEL REPEATABLE READ READ ONLY") as view:
            yield view

    @contextmanager
    def _transaction(self, name: str, mode: str, *, snapshot: str = "") -> Iterator["_View"]:
        """A transaction whose settings end with it."""
        line = self._line(name)
        try:
            line.execute(_begin(mode, timeout=self._address.statement_timeout, snapshot=snapshot).encode())
            yield _View(line)
            line.execute(b"COMMIT")
        except BaseException:
            # The cause is already on its way up; a line that cannot roll back is replaced at its next use.
            with suppress(psycopg.Error):
                line.execute(b"ROLLBACK")
            raise

    @contextmanager
    def _write_line(self) -> Iterator[psycopg.Connection[Any]]:
        if self._writing and self._snapshot is not None:
            yield self._snapshot.line
            return
        if self._address.read_only:
            with self._transaction("write", "READ ONLY") as view:
                yield view.line
            return
        yield self._line("write")

    def _line(self, name: str) -> psycopg.Connection[Any]:
        """The connection of that name, opened or opened again."""
        target = self._address.conninfo
        if name == "write":
            name = "write" if self._address.replica else "read"
        elif self._address.replica:
            target = self._address.replica
        known = self._lines.get(name)
        if known is not None and not known.closed:
            return known
        self._lines[name] = _connect(target)
        return self._lines[name]


@dataclass(slots=True)
class _View:
    """An open transaction, and the name under which another connection may share its moment."""

    line: psycopg.Connection[Any]
    _exported: str = ""

    def exported(self) -> str:
        if not self._exported:
            self._exported = str(_one(self.line, "SELECT pg_export_snapshot()")[0])
        return self._exported


@dataclass(frozen=True, slots=True)
class _Query:
    """What to read: a source in SQL with its condition; `table` where the source is one table."""

    source: str
    where: str = ""
    parameters: Parameters | None = None
    table: str = ""

    def also(self, condition: str) -> "_Query":
        where = f"({self.where}) AND {condition}" if self.where else condition
        return _Query(self.source, where, self.parameters, self.table)

    def select(self, line: psycopg.Connection[Any], wanted: sql.Composable) -> str:
        """`SELECT wanted FROM source WHERE …` with every parameter a literal."""
        ending = f" AS asked{f' WHERE {self.where}' if self.where else ''}"
        tail = f"{self.source}{ending}"
        if self.parameters:
            tail = psycopg.ClientCursor(line).mogrify(tail, self.parameters)
        return f"SELECT {wanted.as_string(line)} FROM {tail}"  # noqa: S608 - names quoted, values literals


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


def _begin(mode: str, *, timeout: float, snapshot: str) -> str:
    """The transaction and everything about it, in one message."""
    settings = {
        "statement_timeout": f"{timeout * 1000:.0f}",
        "timezone": "UTC",
        "datestyle": "ISO",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "client_encoding": "UTF8",
    }
    share = f"SET TRANSACTION SNAPSHOT {sql.quote(snapshot)};" if snapshot else ""
    return f"BEGIN {mode}; {share} " + "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def _connect(conninfo: str) -> psycopg.Connection[Any]:
    """A connection that leaves no trace on the server: literals in the client, nothing prepared.

    Raises:
        psycopg.Error: after a few tries where the server is only starting, at once otherwise.
    """

    def once() -> psycopg.Connection[Any]:
        return psycopg.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
            connect_timeout=10,
        )

    return patiently(once, passes=_starting, deadline=_CONNECT_WITHIN)


def _starting(error: Exception) -> bool:
    """Whether a refused connection may be accepted soon; a wrong password or database never is."""
    text = str(error)
    return isinstance(error, psycopg.OperationalError) and (
        "FATAL" not in text or "starting up" in text or "shutting down" in text or "recovery" in text
    )


def _passes(error: psycopg.Error) -> bool:
    """Whether the same read may succeed on another try."""
    return isinstance(error, _PASSING) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None)


def _one(line: psycopg.Connection[Any], statement: str, parameters: Sequence[object] | None = None) -> tuple[Any, ...]:
    row = line.execute(statement, parameters).fetchone()
    assert row is not None  # noqa: S101 - the statements passed here always give a row
    return tuple(row)


def _describe(
    line: psycopg.Connection[Any], query: _Query, schema: Mapping[str, pl.DataType]
) -> tuple[copytext.Field, ...]:
    """Ask for no row, to learn which numerics the server itself keeps within bounds."""
    names = sql.SQL(", ").join(map(sql.Identifier, schema))
    found = line.execute(f"{query.select(line, names)} LIMIT 0".encode()).description or []
    bounds = {
        column.name: (column.precision, column.scale)
        for column in found
        if column.type_code == _NUMERIC and column.precision is not None and column.scale is not None
    }
    return copytext.fields(schema, bounds=bounds)


def _copy(line: psycopg.Connection[Any], query: _Query, columns: tuple[copytext.Field, ...]) -> str:
    wanted = sql.SQL(", ").join(column.asked for column in columns)
    return f"COPY ({query.select(line, wanted)}) TO STDOUT"


def _copied(
    line: psycopg.Connection[Any], statement: str, columns: tuple[copytext.Field, ...], refusals: Refusals
) -> Iterator[pl.DataFrame]:
    """The rows of a COPY, a buffer at a time."""
    with line.cursor() as cursor, cursor.copy(statement.encode()):
        more = True
        while more:
            buffer = bytearray()
            more = line.wait(_fill(line.pgconn, buffer))
            yield copytext.parse(bytes(buffer), columns, refusals)


def _fill(pgconn: pq.abc.PGconn, buffer: bytearray) -> Generator[Wait, Ready | int, bool]:
    """Move rows from libpq into the buffer until it is full; whether there may be more.

    A generator, so that psycopg waits for the socket and Ctrl-C cancels the statement. Row by row, because
    that is how libpq hands them out; the loop is all Python does per row.
    """
    take = pgconn.get_copy_data
    while len(buffer) < _BUFFER:
        size, row = take(1)
        if size > 0:
            buffer += row
        elif size == 0:
            while not (yield Wait.R):
                pass
            pgconn.consume_input()
        else:
            _finish(pgconn)
            return False
    return True


def _finish(pgconn: pq.abc.PGconn) -> None:
    """Take the statement's verdict: the end of rows is success only when the server says so."""
    verdict = None
    while (result := pgconn.get_result()) is not None:
        verdict = verdict or result
    if verdict is None or verdict.status != pq.ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(verdict) if verdict else psycopg.OperationalError("the server went away")


def _middle(line: psycopg.Connection[Any], table: str) -> int | None:
    """The page that halves a large table, cutting each partition at the same page; None for a small one."""
    pages = [
        size // 8192
        for (size,) in line.execute(
            """
            SELECT pg_relation_size(coalesce(leaf.relid, %(table)s::regclass))
            FROM (SELECT 1) AS one LEFT JOIN pg_partition_tree(%(table)s::regclass) AS leaf ON leaf.isleaf
            """,
            {"table": _quoted(table)},
        )
    ]
    if sum(pages) * 8192 < _SPLIT_FROM:
        return None
    low, high = 0, max(pages)
    while low < high:
        page = (low + high) // 2
        if 2 * sum(min(size, page) for size in pages) < sum(pages):
            low = page + 1
        else:
            high = page
    return low


@contextmanager
def _told() -> Iterator[None]:
    """A driver's error as ours: one line, no detail that could hold a row."""
    try:
        yield
    except psycopg.errors.UndefinedColumn as error:
        raise ContractError(f"postgres: {_line_of(error)}; run `ys migrate status`") from error
    except psycopg.Error as error:
        raise StoreError(f"postgres: {_line_of(error)}") from error


def _line_of(error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error)
    return " ".join(text.split()) or type(error).__name__
