"""ClickHouse through one client class, in process or over HTTP: statements in, typed frames out, exact.

Depends on the client, its Arrow stream and its errors. Does not know any table. The embedded engine writes its stream
into a pipe and a server into its response; from there both are read the same way, batch by batch.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import ContractError
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.clickhouse import arrow_reader, arrow_writer
from ys_analytics.stores.clickhouse.arrow_transport import ByteStream, Pipe, Response
from ys_analytics.stores.clickhouse.client import bind_values, changeable, client, complete
from ys_analytics.stores.clickhouse.errors import is_transient, translate_errors
from ys_analytics.stores.common import versions
from ys_analytics.stores.common.deadline import GRACE_SECONDS, time_limit
from ys_analytics.stores.common.progress import RowCallback, collect_counted, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import with_retries
from ys_analytics.stores.common.sockets import OpenSockets

if TYPE_CHECKING:  # importing the client imports NumPy and its codecs
    from clickhouse_connect.driver.client import Client

Parameters = Mapping[str, object]

# Rows of a table looked at to learn which of its text columns repeat.
_SAMPLE = 20_000

# For a stream: small blocks, none read ahead, and what must be sorted goes to the disk rather than into memory.
_BOUNDED = {
    "max_block_size": "16384",
    "read_in_order_use_buffering": "0",
    "max_bytes_before_external_sort": "268435456",
    "max_bytes_ratio_before_external_sort": "0",
}


class ClickHouse:
    """An open ClickHouse.

    One statement at a time; a `batches` that is being read counts as a statement. Text in `parameters` stays
    text: values travel with the SQL, which names them `{name:Type}`.
    """

    def __init__(self, address: ClickHouseAddress, client: "Client", sockets: OpenSockets) -> None:
        """Use `open`, which also closes the client."""
        self._address = address
        self._client = client
        self._sockets = sockets

    @classmethod
    @contextmanager
    def open(cls, address: ClickHouseAddress) -> Iterator[Self]:
        """The store at `address`, closed when the block ends; an embedded folder is released with it.

        Raises:
            StoreError: it cannot be reached or is too old, or the folder belongs to another engine of this process.
        """
        sockets = OpenSockets()
        limit = time_limit(address.statement_timeout + GRACE_SECONDS, abort=sockets.shut_down, peer=_peer(address))
        with limit, translate_errors(address):
            new_client = client(address, sockets)
        try:
            versions.require("ClickHouse", str(new_client.server_version))
            yield cls(address, new_client, sockets)
        finally:
            new_client.close()

    @property
    def address(self) -> ClickHouseAddress:
        """Where it is."""
        return self._address

    def complete_settings(self) -> dict[str, str]:
        """The settings that another client must send for every row or an error; none in process."""
        return {} if self._address.embedded else complete(self._client)

    # Reading

    def read(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        rejects: RejectPolicy | None = None,
        report_rows: RowCallback = no_progress,
    ) -> pl.DataFrame:
        """Run one SELECT and return its rows, exactly.

        Args:
            statement: A SELECT; its columns are found by the names in `schema`.
            parameters: Values for `{name:Type}`.
            schema: Name and type of every column of the frame.
            rejects: What to do with values that do not fit; an error by default.
            report_rows: Called with the rows so far.

        Returns:
            A frame of `schema`, typed the same when it is empty.

        Raises:
            StoreError: the statement was refused, or the server went away and did not come back.
            ContractError: a column is absent or of a type that cannot be exact, or a value does not fit.
        """
        return self._collect(_Query(f"({statement}\n)", parameters=parameters), schema, rejects, report_rows)

    def scan(
        self,
        table: str,
        where: str = "",
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        rejects: RejectPolicy | None = None,
        report_rows: RowCallback = no_progress,
    ) -> pl.DataFrame:
        """The rows of one table, its repeating texts carried as dictionaries.

        Args:
            table: Its name.
            where: A condition in SQL; none takes every row.
            parameters: Values for `{name:Type}` in `where`.
            schema: Name and type of the columns to read.
            rejects: What to do with values that do not fit; an error by default.
            report_rows: Called with the rows so far.

        Returns:
            A frame of `schema`, in no guaranteed order.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = _Query(arrow_reader.quote_name(table), where=where, parameters=parameters, table=True)
        return self._collect(query, schema, rejects, report_rows)

    def batches(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        rejects: RejectPolicy | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of one SELECT as they arrive, a block of the engine at a time; at least one frame, maybe empty.

        A server that goes away in the middle is an error: what was handed out cannot be taken back.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        query = _Query(f"({statement}\n)", parameters=parameters)
        with translate_errors(self._address):
            frames = self._frames(query, schema, rejects or RejectPolicy(), settings=changeable(self._client, _BOUNDED))
            with closing(frames):
                while True:
                    # What the reader does with a batch takes its own time.
                    with self._time_limit():
                        rows = next(frames, None)
                    if rows is None:
                        break
                    yield rows

    def rows(self, statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small catalogue question as Python values; not for data.

        Raises:
            StoreError: the statement was refused or the server went away.
        """
        with self._time_limit(), translate_errors(self._address):
            return [tuple(row) for row in self._client.query(statement, bind_values(parameters)).result_rows]

    def ping(self) -> None:
        """Ask the server whether it is there.

        Raises:
            StoreError: the server refused us or went away.
        """
        self.rows("SELECT 1")

    def abort(self) -> None:
        """End every statement that is being read, so that what waits for it stops waiting."""
        if self._address.embedded:
            self._kill("")
        else:
            self._sockets.shut_down()

    def server_info(self) -> dict[str, str]:
        """What the server says of itself: `engine`, `version`, and `role`: whom it takes us for.

        Raises:
            StoreError: the server refused us or went away.
        """
        ((version, user),) = self.rows("SELECT version(), currentUser()")
        role = f"{user}, {'reads only' if self._address.read_only else 'reads and writes'}"
        return {"engine": "ClickHouse", "version": str(version), "role": role}

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
        with self._time_limit(), translate_errors(self._address):
            natives = {
                name: native for name, native, *_ in self.rows(f"DESCRIBE TABLE {arrow_reader.quote_name(table)}")
            }
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
        with self._time_limit(), translate_errors(self._address):
            self._client.command(statement, bind_values(parameters))

    # Inside

    def _collect(
        self, query: "_Query", schema: Mapping[str, pl.DataType], rejects: RejectPolicy | None, report_rows: RowCallback
    ) -> pl.DataFrame:
        """All rows or an error; read again from the start when the server went away."""
        policy = rejects if rejects is not None else RejectPolicy()
        rejected_before = list(policy.rejected)

        def read_all() -> pl.DataFrame:
            policy.rejected[:] = rejected_before
            with translate_errors(self._address):
                return pl.concat(collect_counted(self._frames(query, schema, policy), report_rows))

        if self._address.embedded:
            return read_all()
        return with_retries(
            read_all,
            is_transient=is_transient,
            deadline=self._address.statement_timeout,
            abort=self._sockets.shut_down,
            peer=_peer(self._address),
        )

    def _time_limit(self) -> AbstractContextManager[object]:
        """A limit on one exchange with a server; the engine in this process keeps its own."""
        if self._address.embedded:
            return nullcontext()
        limit = self._address.statement_timeout + GRACE_SECONDS
        return time_limit(limit, abort=self._sockets.shut_down, peer=_peer(self._address))

    def _frames(
        self,
        query: "_Query",
        schema: Mapping[str, pl.DataType],
        rejects: RejectPolicy,
        *,
        settings: Mapping[str, str] = {},
    ) -> Generator[pl.DataFrame, None, None]:
        columns = self._describe(query, schema)
        selected = ", ".join(
            f"{column.select_expression} AS {arrow_reader.quote_name(column.name)}" for column in columns
        )
        settings_text = ", ".join(f"{name} = {value}" for name, value in (settings or {}).items())
        with self._stream(
            query.select(selected) + (settings_text and f" SETTINGS {settings_text}"), query.parameters
        ) as stream_bytes:
            stream = pa.ipc.open_stream(stream_bytes)
            yield arrow_reader.frame(pa.RecordBatch.from_pylist([], schema=stream.schema), columns, rejects)
            for batch in stream:
                yield arrow_reader.frame(batch, columns, rejects)
            stream_bytes.require_complete()

    def _describe(self, query: "_Query", schema: Mapping[str, pl.DataType]) -> tuple[arrow_reader.Field, ...]:
        """What the columns are, and which texts repeat enough to travel as a dictionary."""
        statement = f"DESCRIBE ({query.select('*')})"
        natives = {name: native for name, native, *_ in self.rows(statement, query.parameters)}
        if missing := [name for name in schema if name not in natives]:
            raise ContractError(f"clickhouse: column {missing[0]} does not exist; run `ys migrate status`")
        texts = [name for name, dtype in schema.items() if isinstance(dtype, pl.String)]
        repeating = self._repeating(query, texts) if query.table and texts else frozenset()
        return tuple(
            arrow_reader.Field(name=name, dtype=dtype, native_type=natives[name], repeats=name in repeating)
            for name, dtype in schema.items()
        )

    def _repeating(self, query: "_Query", texts: list[str]) -> frozenset[str]:
        names = [arrow_reader.quote_name(name) for name in texts]
        counts = ", ".join(f"uniq({name}) * 4 < count()" for name in names)
        sample = f"SELECT {', '.join(names)} FROM {query.source} LIMIT {_SAMPLE}"  # noqa: S608 - names quoted
        (row,) = self.rows(f"SELECT {counts} FROM ({sample})")  # noqa: S608 - names quoted
        return frozenset(name for name, repeats in zip(texts, row, strict=True) if repeats)

    @contextmanager
    def _stream(self, statement: str, parameters: Parameters | None) -> Iterator[ByteStream]:
        from urllib3.exceptions import HTTPError

        if self._address.embedded:
            with Pipe(self._client, statement, bind_values(parameters), kill=self._kill) as pipe:
                yield pipe
        else:
            settings = changeable(self._client, {"output_format_arrow_compression_method": "lz4_frame"})
            response: Any = self._client.raw_stream(
                statement, bind_values(parameters), settings=settings, fmt="ArrowStream"
            )
            with response:
                stream_bytes = Response(response)
                try:
                    yield stream_bytes
                except (pa.ArrowException, HTTPError, OSError) as error:
                    stream_bytes.raise_fault(error)
                    raise

    def _kill(self, place: str) -> None:
        """Stop the statement that writes to a place, or every one; from a second session, for the first is busy."""
        second = client(replace(self._address, read_only=False))
        try:
            kill = "KILL QUERY WHERE position(query, concat('OUTFILE ', char(39), {place:String})) > 0 ASYNC"
            second.command(kill, {"place": f"{place}'" if place else ""})
        finally:
            second.close()


@dataclass(frozen=True, slots=True)
class _Query:
    """What to read: a source in SQL with its condition; `table` where the source is one table."""

    source: str
    where: str = ""
    parameters: Parameters | None = None
    table: bool = False

    def select(self, columns: str) -> str:
        ending = f" WHERE {self.where}" if self.where else ""
        return f"SELECT {columns} FROM {self.source}{ending}"  # noqa: S608 - names quoted, values travel with it


def _peer(address: ClickHouseAddress) -> str:
    return f"clickhouse: {address.masked}"
