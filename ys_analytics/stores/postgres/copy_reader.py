"""Reading by COPY on one connection or several: which rows, in which form, and the bytes as they come.

Knows libpq's COPY and the size of a table; knows no transaction and decides nothing about retries.
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
from ys_analytics.stores.postgres.connection import CANCEL_WITHIN, Connection, cut, leave

Parameters = Mapping[str, object]

# Large enough that the parser's start-up does not show, small enough that memory stays bounded.
_BUFFER = 16 * 2**20

# Buffers that may wait for the parser before the next is filled.
_WAITING = 2

# Seconds. The server wakes us for every 8 KiB it writes, and its own buffer holds twenty times that: a moment's
# patience lets them gather, which is a tenth of the whole time.
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

    def also(self, condition: str) -> "Query":
        """The same with one more condition."""
        where = f"({self.where}) AND {condition}" if self.where else condition
        return Query(self.source, where, self.parameters, self.table)

    def select(self, line: Connection, wanted: sql.Composable) -> str:
        """`SELECT wanted FROM source WHERE …` with every parameter a literal."""
        ending = f" AS asked{f' WHERE {self.where}' if self.where else ''}"
        tail = f"{self.source}{ending}"
        if self.parameters:
            tail = psycopg.ClientCursor(line).mogrify(tail, self.parameters)
        return f"SELECT {wanted.as_string(line)} FROM {tail}"  # noqa: S608 - names quoted, values literals


def quoted(name: str) -> str:
    """A name as SQL reads it, with any characters in it."""
    return sql.Identifier(name).as_string()


def describe(line: Connection, query: Query, schema: Mapping[str, pl.DataType]) -> tuple[copy_format.Field, ...]:
    """Ask for no row, to learn what the server itself keeps within bounds: numerics, and texts without escapes."""
    names = sql.SQL(", ").join(map(sql.Identifier, schema))
    found = line.execute(f"{query.select(line, names)} LIMIT 0".encode()).description or []
    bounds = {
        column.name: (column.precision, column.scale)
        for column in found
        if column.type_code == _NUMERIC and column.precision is not None and column.scale is not None
    }
    plain = {column.name for column in found if column.type_code == _UUID}
    return copy_format.fields(schema, bounds=bounds, plain=plain)


def statement(line: Connection, query: Query, columns: tuple[copy_format.Field, ...]) -> str:
    """The COPY that asks for the columns in the form `copy_format` reads."""
    wanted = sql.SQL(", ").join(column.asked for column in columns)
    return f"COPY ({query.select(line, wanted)}) TO STDOUT"


def copied(
    copies: Sequence[tuple[Connection, str]], columns: tuple[copy_format.Field, ...], refusals: RejectPolicy
) -> Generator[tuple[int, pl.DataFrame], None, None]:
    """The rows of one COPY a connection, a buffer at a time, each parsed while the next ones arrive.

    Args:
        copies: Connections, each with its statement.
        columns: What the statements give.
        refusals: What becomes of values that do not fit.

    Yields:
        Which of the copies, and some of its rows; the rows of one copy come in their order.
    """
    parsing: deque[tuple[int, Future[pl.DataFrame]]] = deque()
    with ThreadPoolExecutor(1) as parser, closing(_buffers(copies)) as buffers:
        for place, buffer in buffers:
            parsing.append((place, parser.submit(copy_format.parse, buffer, columns, refusals)))
            if len(parsing) > _WAITING:
                first, rows = parsing.popleft()
                yield first, rows.result()
        for first, rows in parsing:
            yield first, rows.result()


def _buffers(copies: Sequence[tuple[Connection, str]]) -> Generator[tuple[int, bytes], None, None]:
    """What the copies bring, in buffers of whole rows; at least one of each.

    One thread serves all connections: two that fight for the interpreter at every row are slower. Leaving
    early, and Ctrl-C, cancel the statements; a server that does not confirm that in time loses its connection.
    """
    lines = [line for line, _ in copies]
    with _ended(lines) as end, ExitStack() as begun, DefaultSelector() as arrivals:
        for place, (line, statement) in enumerate(copies):
            cursor = begun.enter_context(line.cursor())
            begun.enter_context(cursor.copy(statement.encode()))
            arrivals.register(line.pgconn.socket, EVENT_READ, (place, line.pgconn, _Gathered()))
        try:
            yield from _gathered(arrivals)
        except BaseException:
            end()
            raise


def _gathered(arrivals: DefaultSelector) -> Generator[tuple[int, bytes], None, None]:
    """The buffers of all copies under way, each as soon as it is full or its copy has ended."""
    ready = list(arrivals.get_map().values())  # for the first rows came with the answer that COPY has begun
    while ready:
        unfinished = []
        for key in ready:
            place, pgconn, gathered = key.data
            if not _take(pgconn, gathered):
                arrivals.unregister(key.fileobj)
                yield place, gathered.emptied()
            elif gathered.full:
                unfinished.append(key)
                yield place, gathered.emptied()
        time.sleep(_PAUSE)
        if arrivals.get_map():
            arrived = [key for key, _ in arrivals.select(0 if unfinished else None)]
            ready = unfinished + [key for key in arrived if key not in unfinished]
        else:
            ready = []


@contextmanager
def _ended(lines: Sequence[Connection]) -> Iterator[Callable[[], None]]:
    """Bound the time that ending unfinished statements takes; gives what ends them."""
    cutting = [threading.Timer(CANCEL_WITHIN, cut, [line]) for line in lines]

    def end() -> None:
        for line, timer in zip(lines, cutting, strict=True):
            timer.daemon = True
            timer.start()
            leave(line)

    try:
        yield end
    finally:
        for timer in cutting:
            timer.cancel()


class _Gathered:
    """Rows as they came, one after another."""

    def __init__(self) -> None:
        self.rows = BytesIO()

    @property
    def full(self) -> bool:
        """Whether it is time to parse them."""
        return self.rows.tell() >= _BUFFER

    def emptied(self) -> bytes:
        """All of them; what follows is gathered anew."""
        rows, self.rows = self.rows, BytesIO()
        return rows.getvalue()


def _take(pgconn: pq.abc.PGconn, gathered: _Gathered) -> bool:
    """Move what has arrived into the buffer, until nothing more has or the buffer is full; whether more may come.

    Row by row, because that is how libpq hands them out; the loop is all Python does per row.
    """
    take, write = pgconn.get_copy_data, gathered.rows.write
    room = _BUFFER - gathered.rows.tell()
    asked = False
    while room > 0:
        size, row = take(1)
        if size > 0:
            write(row)
            room -= size
            asked = False
        elif size < 0:
            _finish(pgconn)
            return False
        elif asked:
            return True
        else:
            pgconn.consume_input()
            asked = True
    return True


def _finish(pgconn: pq.abc.PGconn) -> None:
    """Read the statement's final result: the end of rows is success only when the server says so."""
    ending = None
    while (result := pgconn.get_result()) is not None:
        ending = ending or result
    if ending is None or ending.status != pq.ExecStatus.COMMAND_OK:
        raise (psycopg.errors.error_from_result(ending) if ending else psycopg.OperationalError("the server went away"))


def middle(line: Connection, table: str) -> int | None:
    """The page that halves a large table, cutting each partition at the same page; None for a small one."""
    pages = [
        size // _PAGE
        for (size,) in line.execute(
            """
            SELECT pg_relation_size(coalesce(leaf.relid, %(table)s::regclass))
            FROM (SELECT 1) AS one LEFT JOIN pg_partition_tree(%(table)s::regclass) AS leaf ON leaf.isleaf
            """,
            {"table": quoted(table)},
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
