"""Reads by COPY on one connection or several: the statement, and the bytes as they arrive.

Depends on libpq's COPY and the size of a table. Does not begin transactions or retry.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from selectors import EVENT_READ, DefaultSelector

import polars as pl
import psycopg
from psycopg import pq, sql

from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.postgres import copy_format
from ys_analytics.stores.postgres.connection import CANCEL_WITHIN, Connection, cut, end_statement

Parameters = Mapping[str, object]

# Large enough that the parser's start-up does not show, small enough that memory stays bounded.
_BUFFER = 16 * 2**20

# Buffers that may wait for the parser before the next is filled.
_MAX_PENDING = 2

# Seconds. The server wakes the client for every 8 KiB it writes, and its own buffer holds twenty times that: a short
# pause lets them gather, which saves a tenth of the whole time.
_PAUSE = 0.0003

# A table smaller than this is not worth a second connection.
_SPLIT_FROM = 32 * 2**20

_PAGE = 8192
_NUMERIC = 1700
_UUID = 2950


@dataclass(frozen=True, slots=True)
class Query:
    """What to read: a source in SQL with its condition; `table` where the source is one table."""

    source: str
    where: str = ""
    parameters: Parameters | None = None
    table: str = ""

    def with_condition(self, condition: str) -> "Query":
        """The same with one more condition."""
        where = f"({self.where}) AND {condition}" if self.where else condition
        return Query(self.source, where, self.parameters, self.table)

    def select(self, connection: Connection, columns_sql: sql.Composable) -> str:
        """`SELECT wanted FROM source WHERE …` with every parameter a literal."""
        ending = f" AS asked{f' WHERE {self.where}' if self.where else ''}"
        tail = f"{self.source}{ending}"
        if self.parameters:
            tail = psycopg.ClientCursor(connection).mogrify(tail, self.parameters)
        return f"SELECT {columns_sql.as_string(connection)} FROM {tail}"  # noqa: S608 - names quoted, values literals


def quote_name(name: str) -> str:
    """A name as SQL reads it, with any characters in it."""
    return sql.Identifier(name).as_string()


def describe(connection: Connection, query: Query, schema: Mapping[str, pl.DataType]) -> tuple[copy_format.Field, ...]:
    """Ask for no row, to learn what the server itself keeps within bounds: numerics, and texts without escapes."""
    names = sql.SQL(", ").join(map(sql.Identifier, schema))
    description = connection.execute(f"{query.select(connection, names)} LIMIT 0".encode()).description or []
    bounds = {
        column.name: (column.precision, column.scale)
        for column in description
        if column.type_code == _NUMERIC and column.precision is not None and column.scale is not None
    }
    never_escaped = {column.name for column in description if column.type_code == _UUID}
    return copy_format.fields(schema, bounds=bounds, never_escaped=never_escaped)


def statement(connection: Connection, query: Query, columns: tuple[copy_format.Field, ...]) -> str:
    """The COPY that asks for the columns in the form `copy_format` reads."""
    columns_sql = sql.SQL(", ").join(column.select_expression for column in columns)
    return f"COPY ({query.select(connection, columns_sql)}) TO STDOUT"


def read_copies(
    copies: Sequence[tuple[Connection, str]], columns: tuple[copy_format.Field, ...], rejects: RejectPolicy
) -> Generator[tuple[int, pl.DataFrame], None, None]:
    """The rows of one COPY a connection, a buffer at a time, each parsed while the next ones arrive.

    Args:
        copies: Connections, each with its statement.
        columns: What the statements give.
        rejects: What becomes of values that do not fit.

    Yields:
        Which of the copies, and some of its rows; the rows of one copy come in their order.
    """
    parsing: deque[tuple[int, Future[pl.DataFrame]]] = deque()
    with ThreadPoolExecutor(1) as parser, closing(_buffers(copies)) as buffers:
        for index, buffer in buffers:
            parsing.append((index, parser.submit(copy_format.parse, buffer, columns, rejects)))
            if len(parsing) > _MAX_PENDING:
                first, rows = parsing.popleft()
                yield first, rows.result()
        for first, rows in parsing:
            yield first, rows.result()


def _buffers(copies: Sequence[tuple[Connection, str]]) -> Generator[tuple[int, bytes], None, None]:
    """What the copies bring, in buffers of whole rows; at least one of each.

    One thread serves all connections: two that fight for the interpreter at every row are slower. Leaving
    early, and Ctrl-C, cancel the statements; a server that does not confirm that in time loses its connection.
    """
    lines = [connection for connection, _ in copies]
    with _ending_statements(lines) as end, ExitStack() as copies_open, DefaultSelector() as selector:
        for index, (connection, statement) in enumerate(copies):
            cursor = copies_open.enter_context(connection.cursor())
            copies_open.enter_context(cursor.copy(statement.encode()))
            selector.register(connection.pgconn.socket, EVENT_READ, (index, connection.pgconn, _RowBuffer()))
        try:
            yield from _full_buffers(selector)
        except BaseException:
            end()
            raise


def _full_buffers(selector: DefaultSelector) -> Generator[tuple[int, bytes], None, None]:
    """The buffers of all copies under way, each as soon as it is full or its copy has ended."""
    ready = list(selector.get_map().values())  # for the first rows came with the answer that COPY has begun
    while ready:
        unfinished = []
        for key in ready:
            index, pgconn, row_buffer = key.data
            if not _receive(pgconn, row_buffer):
                selector.unregister(key.fileobj)
                yield index, row_buffer.take_all()
            elif row_buffer.is_full:
                unfinished.append(key)
                yield index, row_buffer.take_all()
        time.sleep(_PAUSE)
        if selector.get_map():
            report_rows = [key for key, _ in selector.select(0 if unfinished else None)]
            ready = unfinished + [key for key in report_rows if key not in unfinished]
        else:
            ready = []


@contextmanager
def _ending_statements(lines: Sequence[Connection]) -> Iterator[Callable[[], None]]:
    """Bound the time that ending unfinished statements takes; gives what ends them."""
    timers = [threading.Timer(CANCEL_WITHIN, cut, [connection]) for connection in lines]

    def end() -> None:
        for connection, timer in zip(lines, timers, strict=True):
            timer.daemon = True
            timer.start()
            end_statement(connection)

    try:
        yield end
    finally:
        for timer in timers:
            timer.cancel()


class _RowBuffer:
    """Rows as they came, one after another."""

    def __init__(self) -> None:
        self.rows = BytesIO()

    @property
    def is_full(self) -> bool:
        """Whether it is time to parse them."""
        return self.rows.tell() >= _BUFFER

    def take_all(self) -> bytes:
        """All of them; what follows is gathered anew."""
        rows, self.rows = self.rows, BytesIO()
        return rows.getvalue()


def _receive(pgconn: pq.abc.PGconn, row_buffer: _RowBuffer) -> bool:
    """Move what has arrived into the buffer, until nothing more has or the buffer is full; whether more may come.

    Row by row, because that is how libpq hands them out; the loop is all Python does per row.
    """
    receive, write = pgconn.get_copy_data, row_buffer.rows.write
    capacity = _BUFFER - row_buffer.rows.tell()
    consumed = False
    while capacity > 0:
        size, row = receive(1)
        if size > 0:
            write(row)
            capacity -= size
            consumed = False
        elif size < 0:
            _finish(pgconn)
            return False
        elif consumed:
            return True
        else:
            pgconn.consume_input()
            consumed = True
    return True


def _finish(pgconn: pq.abc.PGconn) -> None:
    """Read the statement's final result: the end of rows is success only when the server says so."""
    ending = None
    while (result := pgconn.get_result()) is not None:
        ending = ending or result
    if ending is None or ending.status != pq.ExecStatus.COMMAND_OK:
        raise (psycopg.errors.error_from_result(ending) if ending else psycopg.OperationalError("the server went away"))


def middle_page(connection: Connection, table: str) -> int | None:
    """The page that halves a large table, cutting each partition at the same page; None for a small one."""
    pages = [
        size // _PAGE
        for (size,) in connection.execute(
            """
            SELECT pg_relation_size(coalesce(leaf.relid, %(table)s::regclass))
            FROM (SELECT 1) AS one LEFT JOIN pg_partition_tree(%(table)s::regclass) AS leaf ON leaf.isleaf
            """,
            {"table": quote_name(table)},
        )
    ]
    if sum(pages) * _PAGE < _SPLIT_FROM:
        return None
    low, high = 0, max(pages)
    while low < high:
        page = (low + high) // 2
        if 2 * sum(min(size, page) for size in pages) < sum(pages):
            low = page + 1
        else:
            high = page
    return low
