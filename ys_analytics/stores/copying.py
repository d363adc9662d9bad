"""Reading by COPY on one connection: which rows, in which form, and the bytes as they come.

Knows libpq's COPY and the size of a table; knows no transaction and decides nothing about retries.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import psycopg
from psycopg import pq, sql
from psycopg.waiting import Ready, Wait

from ys_analytics.stores import copytext
from ys_analytics.stores.refusals import Refusals

Parameters = Mapping[str, object]
Line = psycopg.Connection[Any]

# Large enough that the parser's start-up does not show, small enough that memory stays bounded.
_BUFFER = 16 * 2**20

# A table smaller than this is not worth a second connection.
_SPLIT_FROM = 32 * 2**20

_PAGE = 8192
_NUMERIC = 1700


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

    def select(self, line: Line, wanted: sql.Composable) -> str:
        """`SELECT wanted FROM source WHERE …` with every parameter a literal."""
        ending = f" AS asked{f' WHERE {self.where}' if self.where else ''}"
        tail = f"{self.source}{ending}"
        if self.parameters:
            tail = psycopg.ClientCursor(line).mogrify(tail, self.parameters)
        return f"SELECT {wanted.as_string(line)} FROM {tail}"  # noqa: S608 - names quoted, values literals


def quoted(name: str) -> str:
    """A name as SQL reads it, whatever is in it."""
    return sql.Identifier(name).as_string()


def describe(line: Line, query: Query, schema: Mapping[str, pl.DataType]) -> tuple[copytext.Field, ...]:
    """Ask for no row, to learn which numerics the server itself keeps within bounds."""
    names = sql.SQL(", ").join(map(sql.Identifier, schema))
    found = line.execute(f"{query.select(line, names)} LIMIT 0".encode()).description or []
    bounds = {
        column.name: (column.precision, column.scale)
        for column in found
        if column.type_code == _NUMERIC and column.precision is not None and column.scale is not None
    }
    return copytext.fields(schema, bounds=bounds)


def statement(line: Line, query: Query, columns: tuple[copytext.Field, ...]) -> str:
    """The COPY that asks for the columns in the form `copytext` reads."""
    wanted = sql.SQL(", ").join(column.asked for column in columns)
    return f"COPY ({query.select(line, wanted)}) TO STDOUT"


def copied(
    line: Line, statement: str, columns: tuple[copytext.Field, ...], refusals: Refusals
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


def middle(line: Line, table: str) -> int | None:
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
