"""Live tables for DuckDB to scan: only the columns and rows that a query needs leave a store.

Depends on the reader of each store and on DuckDB's way of scanning an Arrow dataset: it asks for columns and hands over
a filter. Does not know any query. Rows come in batches; a store answers one statement at a time, so when a second scan
of it begins, what is left of the first is put aside, in memory at first and on disk beyond that.
"""

import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.dataset as ds  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError, YsError
from ys_analytics.frames import contract
from ys_analytics.frames.pushed_filters import parse_filter
from ys_analytics.schemas import STORES, Span, Store, Table
from ys_analytics.stores import Stores
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import Alternatives, Group, Measure, TableQuery

# Bytes of a scan put aside that stay in memory.
_MEMORY_LIMIT = 64 * 2**20


@dataclass(slots=True)
class Scan:
    """What one scan asked of a store, and what left it.

    Attributes:
        table: The table.
        statement: What the store was asked, with the values of its parameters.
        rows: How many rows left the store.
        bytes: How large they were as a frame.
        seconds: How long the store took to give them.
    """

    table: Table
    statement: str
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class LiveTables:
    """The tables of open stores for the length of one query.

    Attributes:
        stores: The open stores.
        span: Only rows placed in it, of tables with a time.
        portfolio: Only rows of this id, of tables with a portfolio.
        scans: What the stores were asked so far.
        failure: What stopped a scan, which DuckDB passes on as text only.
    """

    stores: Stores
    span: Span | None = None
    portfolio: str | None = None
    scans: list[Scan] = field(default_factory=list)
    failure: BaseException | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _locks: dict[Store, threading.RLock] = field(default_factory=dict)
    _running: dict[Store, "_TableScan"] = field(default_factory=dict)

    @contextmanager
    def opened(self, tables: Sequence[Table]) -> Iterator[Mapping[str, "ds.Dataset"]]:
        """The tables by name, to be scanned within the block; all of a store see one moment where it can do that.

        Raises:
            ContractError: a table has drifted from its declaration.
            StoreError: a store refused us or went away.
        """
        with ExitStack() as stack:
            for store in dict.fromkeys(table.store for table in tables):
                self._locks[store] = threading.RLock()
                stack.enter_context(self.stores.reader(store).snapshot())
            for table in tables:
                contract.check(self.stores, table)
            stack.callback(self._close)
            yield {table.name: _Dataset(self, table) for table in tables}

    def stop(self) -> None:
        """Make every scan fail, also one that waits for its store; from any thread."""
        self._stopped.set()
        for store in self._locks:
            with suppress(YsError, OSError):
                self.stores.reader(store).abort()

    def scan(self, table: Table, columns: Sequence[str] | None, expression: Any, schema: "pa.Schema") -> "_TableScan":
        """Begin a scan.

        Raises:
            StoreError: the store refused us, or the query was stopped.
        """
        selected = list(columns) if columns is not None else schema.names
        text = "" if expression is None else str(expression)
        query = TableQuery(table, self.span, self._portfolios)
        # A store that gives every row leaves the choice to us, which takes these columns.
        filter_columns = (
            [] if STORES[table.store].sql else [part[0] for part in (query.span_filter, query.portfolio_filter) if part]
        )
        columns_read = [name for name in schema.names if name in selected or name in filter_columns or name in text]
        query = TableQuery(
            table,
            self.span,
            self._portfolios,
            columns=tuple(columns_read),
            conditions=parse_filter(expression, schema).conditions,
            distinct=True,
        )
        with self._locks[table.store]:
            if (running := self._running.get(table.store)) is not None:
                running.spill()
            reader = self.stores.reader(table.store)
            record = Scan(table, reader.statement_with_values(query))
            self.scans.append(record)
            rejects = RejectPolicy(source=table.name, key=table.key)
            frames = reader.batches(query, rejects=rejects, ordered=False)
            scan = _TableScan(self, query, frames, selected, expression, schema, record)
            self._running[table.store] = scan
        return scan

    def aggregate(
        self,
        table: Table,
        conditions: tuple[Alternatives, ...],
        groups: Sequence[Group],
        measures: Sequence[Measure],
    ) -> "pa.Table | None":
        """Measures by group, added up by the store; None where it cannot do that exactly.

        Raises:
            StoreError: the store refused us, or the query was stopped.
        """
        query = TableQuery(table, self.span, self._portfolios, conditions=conditions, distinct=True)
        self.require_running()
        begun = time.perf_counter()
        reader = self.stores.reader(table.store)
        try:
            found = reader.aggregate(query, groups, measures)
        except BaseException as error:
            self.failure = self.failure or error
            raise
        if found is None:
            return None
        seconds, size = time.perf_counter() - begun, int(found.estimated_size())
        self.scans.append(Scan(table, reader.aggregate_statement(query, groups, measures), found.height, size, seconds))
        return found.with_columns(pl.col(pl.Enum).cast(pl.String)).to_arrow()

    @property
    def _portfolios(self) -> list[str] | None:
        return None if self.portfolio is None else [self.portfolio]

    def require_running(self) -> None:
        """Refuse to go on with a query that was stopped.

        Raises:
            StoreError: it was.
        """
        if self._stopped.is_set():
            raise StoreError("the query was stopped")

    def _close(self) -> None:
        for scan in self._running.values():
            scan.close()


@dataclass(slots=True)
class _TableScan:
    """The batches of one scan, filtered as DuckDB asked."""

    tables: LiveTables
    query: TableQuery
    frames: Generator[pl.DataFrame, None, None]
    selected: Sequence[str]
    expression: Any
    schema: "pa.Schema"
    record: Scan
    _spilled: "_SpillBuffer | None" = None
    _finished: bool = False

    @property
    def projected_schema(self) -> "pa.Schema":
        """Name and type of the columns asked for."""
        return pa.schema([self.schema.field(name) for name in self.selected])

    def to_reader(self) -> "pa.RecordBatchReader":
        """The batches, as DuckDB takes them."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self._batches())

    def _batches(self) -> Iterator["pa.RecordBatch"]:
        lock = self.tables._locks[self.query.table.store]  # noqa: SLF001 - the two belong together
        while True:
            with lock:
                rows = self._spilled.next_rows() if self._spilled is not None else self._next()
            if rows is None:
                return
            yield from rows.to_batches()

    def _next(self) -> "pa.Table | None":
        """The next rows from the store; None when there are no more."""
        if self._finished:
            return None
        try:
            self.tables.require_running()
            started = time.perf_counter()
            frame = next(self.frames, None)
            self.record.seconds += time.perf_counter() - started
        except BaseException as error:
            self._finished = True
            self.tables.failure = self.tables.failure or error
            raise
        if frame is None:
            self._finished = True
            return None
        self.record.rows += frame.height
        self.record.bytes += int(frame.estimated_size())
        if not STORES[self.query.table.store].sql:
            frame = self.query.filter_rows(frame)
        rows = frame.with_columns(pl.col(pl.Enum).cast(pl.String)).to_arrow()
        return (rows if self.expression is None else rows.filter(self.expression)).select(list(self.selected))

    def spill(self) -> None:
        """Read what is left, so that the store can answer another statement."""
        if self._finished or self._spilled is not None:
            return
        buffer = _SpillBuffer(self.projected_schema)
        while (rows := self._next()) is not None:
            buffer.append(rows)
        self._spilled = buffer

    def close(self) -> None:
        """Stop the statement."""
        self._finished = True
        with suppress(ValueError):  # a query that could not be stopped still reads
            self.frames.close()
        if self._spilled is not None:
            self._spilled.close()


@dataclass(slots=True)
class _SpillBuffer:
    """Rows put aside: the first in memory, the others in a file that has no name."""

    schema: "pa.Schema"
    in_memory: deque["pa.Table"] = field(default_factory=deque)
    size: int = 0
    file: IO[bytes] | None = None
    _writer: Any = None
    _reader: Any = None

    def append(self, rows: "pa.Table") -> None:
        """Add rows."""
        self.size += rows.nbytes
        if self.size <= _MEMORY_LIMIT:
            self.in_memory.append(rows)
            return
        if self.file is None:
            self.file = tempfile.TemporaryFile(prefix="ys-sql-")  # noqa: SIM115 - closed by `close`
            self._writer = pa.ipc.new_stream(self.file, self.schema)
        self._writer.write_table(rows)

    def next_rows(self) -> "pa.Table | None":
        """The next rows, in the order they came; None when there are no more."""
        if self.in_memory:
            return self.in_memory.popleft()
        if self.file is None:
            return None
        if self._reader is None:
            self._writer.close()
            self.file.seek(0)
            self._reader = pa.ipc.open_stream(self.file)
        try:
            return pa.Table.from_batches([self._reader.read_next_batch()])
        except StopIteration:
            return None

    def close(self) -> None:
        """Give the file back."""
        if self.file is not None:
            self.file.close()


class _Dataset(ds.Dataset):  # type: ignore[misc] # Arrow's is untyped; DuckDB asks for one by its class
    """One table as an Arrow dataset, of which DuckDB asks the columns and rows that it needs."""

    def __init__(self, tables: LiveTables, table: Table) -> None:
        """Open nothing: a scan begins when DuckDB asks for it."""
        self._tables, self._table = tables, table
        self._schema = arrow_schema(table)

    @property
    def schema(self) -> "pa.Schema":
        """Name and type of every visible column, enumerations as text."""
        return self._schema

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: object) -> _TableScan:  # noqa: A002 - Arrow's name for it
        """Begin a scan of these columns and rows."""
        return self._tables.scan(self._table, columns, filter, self._schema)


def arrow_schema(table: Table) -> "pa.Schema":
    """Name and type of every visible column of a table in Arrow, enumerations as text.

    >>> from ys_analytics.schemas import TABLES
    >>> str(arrow_schema(TABLES["portfolio_snapshots"]).field("total_value").type)
    'decimal128(38, 18)'
    """
    columns = {name: pl.String() if isinstance(dtype, pl.Enum) else dtype for name, dtype in table.schema.items()}
    return pl.DataFrame(schema=columns).to_arrow().schema
