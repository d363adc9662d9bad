"""ClickHouse through one client class, in process or over HTTP: statements in, typed frames out, exact.

Knows the client, its Arrow stream and its errors; knows no table. The embedded engine writes its stream
into a pipe and a server into its response; from there both are read the same way, batch by batch.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import ContractError
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.clickhouse import arrow_reader, arrow_writer
from ys_analytics.stores.clickhouse.arrow_transport import Pipe, Response, Wire
from ys_analytics.stores.clickhouse.client import bound, client, is_transient, translate_errors
from ys_analytics.stores.common.progress import Arrived, counted, nobody
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import with_retries

if TYPE_CHECKING:  # importing the client imports NumPy and its codecs
    from clickhouse_connect.driver.client import Client

Parameters = Mapping[str, object]

# Rows of a table looked at to learn which of its text columns repeat.
_SAMPLE = 20_000

# For a stream: small blocks, none read ahead, and what must be sorted goes to the disk rather than into memory.
_BOUNDED = (
    " SETTINGS max_block_size = 16384, read_in_order_use_buffering = 0,"
    " max_bytes_before_external_sort = 268435456, max_bytes_ratio_before_external_sort = 0"
)


class ClickHouse:
    """An open ClickHouse.

    One statement at a time; a `batches` that is being read counts as a statement. Text in `parameters` stays
    text: values travel beside the SQL, which names them `{name:Type}`.
    """

    def __init__(self, address: ClickHouseAddress, client: "Client") -> None:
        """Use `open`; the client's life belongs to whoever made it."""
        self._address = address
        self._client = client

    @classmethod
    @contextmanager
    def open(cls, address: ClickHouseAddress) -> Iterator[Self]:
        """The store at `address`, closed when the block ends; an embedded folder is released with it.

        Raises:
            StoreError: it cannot be reached, or the folder belongs to another engine of this process.
        """
        with translate_errors(address):
            made = client(address)
        try:
            yield cls(address, made)
        finally:
            made.close()

    @property
    def address(self) -> ClickHouseAddress:
        """Where it is."""
        return self._address

    # Reading

    def read(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        refusals: RejectPolicy | None = None,
        arrived: Arrived = nobody,
    ) -> pl.DataFrame:
        """Run one SELECT and return its rows, exactly.

        Args:
            statement: A SELECT; its columns are found by the names in `schema`.
            parameters: Values for `{name:Type}`.
            schema: Name and type of every column of the frame.
            refusals: What to do with values that do not fit; an error by default.
            arrived: Told the rows so far.

        Returns:
            A frame of `schema`, typed the same when it is empty.

        Raises:
            StoreError: the statement was refused, or the server went away and did not come back.
            ContractError: a column is absent or of a type that cannot be exact, or a value does not fit.
        """
        return self._collect(_Query(f"({statement}\n)", parameters=parameters), schema, refusals, arrived)

    def scan(
        self,
        table: str,
        where: str = "",
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        refusals: RejectPolicy | None = None,
        arrived: Arrived = nobody,
    ) -> pl.DataFrame:
        """The rows of one table, its repeating texts carried as dictionaries.

        Args:
            table: Its name.
            where: A condition in SQL; none takes every row.
            parameters: Values for `{name:Type}` in `where`.
            schema: Name and type of the columns to read.
            refusals: What to do with values that do not fit; an error by default.
            arrived: Told the rows so far.

        Returns:
            A frame of `schema`, in no promised order.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = _Query(arrow_reader.quoted(table), where=where, parameters=parameters, table=True)
        return self._collect(query, schema, refusals, arrived)

    def batches(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        refusals: RejectPolicy | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of one SELECT as they arrive, a block of the engine at a time; at least one frame, maybe empty.

        A server that goes away in the middle is an error: what was handed out cannot be taken back.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        with translate_errors(self._address):
            query = _Query(f"({statement}\n)", parameters=parameters)
            yield from self._frames(query, schema, refusals or RejectPolicy(), settings=_BOUNDED)

    def rows(self, statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small catalogue question as Python values; not for data.

        Raises:
            StoreError: the statement was refused or the server went away.
        """
        with translate_errors(self._address):
            return [tuple(row) for row in self._client.query(statement, bound(parameters)).result_rows]

    # Writing

    def write(self, table: str, rows: pl.DataFrame) -> int:
        """Append a frame to a table through Arrow, column by name; values that would change are refused first.

        Returns:
            The number of rows written.

        Raises:
            StoreError: the server refused the rows. ClickHouse is no transactional store: of an insert into
                several partitions it may have kept some.
            ContractError: a column is absent, or has no room for a value: see `arrow_writer.table`.
        """
        if not rows.height:
            return 0
        with translate_errors(self._address):
            natives = {name: native for name, native, *_ in self.rows(f"DESCRIBE TABLE {arrow_reader.quoted(table)}")}
            if unknown := [name for name in rows.columns if name not in natives]:
                raise ContractError(f"clickhouse: {table} has no column {unknown[0]}; run `ys migrate status`")
            arrow = arrow_writer.table(rows, natives)
            self._client.insert_arrow(table, arrow)
        return rows.height

    def run(self, statement: str, parameters: Parameters | None = None) -> None:
        """Run one statement that changes something.

        Raises:
            StoreError: the statement was refused or the server went away. It is never sent twice.
        """
        with translate_errors(self._address):
            self._client.command(statement, bound(parameters))

    # Inside

    def _collect(
        self, query: "_Query", schema: Mapping[str, pl.DataType], refusals: RejectPolicy | None, arrived: Arrived
    ) -> pl.DataFrame:
        """All rows or an error; read again from the start when the server went away."""
        met = refusals if refusals is not None else RejectPolicy()
        before = list(met.met)

        def once() -> pl.DataFrame:
            met.met[:] = before
            with translate_errors(self._address):
                return pl.concat(counted(self._frames(query, schema, met), arrived))

        may = _never if self._address.embedded else is_transient
        return with_retries(once, is_transient=may, deadline=self._address.statement_timeout)

    def _frames(
        self, query: "_Query", schema: Mapping[str, pl.DataType], refusals: RejectPolicy, *, settings: str = ""
    ) -> Iterator[pl.DataFrame]:
        columns = self._describe(query, schema)
        wanted = ", ".join(f"{column.asked} AS {arrow_reader.quoted(column.name)}" for column in columns)
        with self._stream(query.select(wanted) + settings, query.parameters) as wire:
            stream = pa.ipc.open_stream(wire)
            yield arrow_reader.frame(pa.RecordBatch.from_pylist([], schema=stream.schema), columns, refusals)
            for batch in stream:
                yield arrow_reader.frame(batch, columns, refusals)
            wire.finish()

    def _describe(self, query: "_Query", schema: Mapping[str, pl.DataType]) -> tuple[arrow_reader.Field, ...]:
        """What the columns are, and which texts repeat enough to travel as a dictionary."""
        asked = f"DESCRIBE ({query.select('*')})"
        natives = {name: native for name, native, *_ in self.rows(asked, query.parameters)}
        if absent := [name for name in schema if name not in natives]:
            raise ContractError(f"clickhouse: column {absent[0]} does not exist; run `ys migrate status`")
        texts = [name for name, dtype in schema.items() if isinstance(dtype, pl.String)]
        repeating = self._repeating(query, texts) if query.table and texts else frozenset()
        return tuple(
            arrow_reader.Field(name=name, dtype=dtype, native=natives[name], repeats=name in repeating)
            for name, dtype in schema.items()
        )

    def _repeating(self, query: "_Query", texts: list[str]) -> frozenset[str]:
        names = [arrow_reader.quoted(name) for name in texts]
        counts = ", ".join(f"uniq({name}) * 4 < count()" for name in names)
        sample = f"SELECT {', '.join(names)} FROM {query.source} LIMIT {_SAMPLE}"  # noqa: S608 - names quoted
        (row,) = self.rows(f"SELECT {counts} FROM ({sample})")  # noqa: S608 - names quoted
        return frozenset(name for name, repeats in zip(texts, row, strict=True) if repeats)

    @contextmanager
    def _stream(self, statement: str, parameters: Parameters | None) -> Iterator[Wire]:
        if self._address.embedded:
            with Pipe(self._client, statement, bound(parameters), kill=self._kill) as pipe:
                yield pipe
        else:
            settings = {"output_format_arrow_compression_method": "lz4_frame"}
            response: Any = self._client.raw_stream(statement, bound(parameters), settings=settings, fmt="ArrowStream")
            with response:
                yield Response(response)

    def _kill(self, place: str) -> None:
        """Stop the statement that writes to a place, from a second session, for the first is busy with it."""
        second = client(replace(self._address, read_only=False))
        try:
            kill = "KILL QUERY WHERE position(query, concat('OUTFILE ', char(39), {place:String}, char(39))) > 0 ASYNC"
            second.command(kill, {"place": place})
        finally:
            second.close()


@dataclass(frozen=True, slots=True)
class _Query:
    """What to read: a source in SQL with its condition; `table` where the source is one table."""

    source: str
    where: str = ""
    parameters: Parameters | None = None
    table: bool = False

    def select(self, wanted: str) -> str:
        ending = f" WHERE {self.where}" if self.where else ""
        return f"SELECT {wanted} FROM {self.source}{ending}"  # noqa: S608 - names quoted, values travel beside it


def _never(error: Exception) -> bool:  # noqa: ARG001 - the form `with_retries` asks with
    """In process nothing gets lost on the way: the engine would say the same again."""
    return False
