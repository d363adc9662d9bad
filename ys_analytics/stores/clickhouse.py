"""ClickHouse through one client class, in process or over HTTP: statements in, typed frames out, exact.

Knows the client, its Arrow stream and its errors; knows no table. The embedded engine writes its stream
into a pipe and a server into its response; from there both are read the same way, batch by batch.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, unquote, urlsplit

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import ContractError, SettingsError, StoreError
from ys_analytics.stores import arrowstream
from ys_analytics.stores.address import ClickHouseAddress
from ys_analytics.stores.arrivals import Arrived, counted, nobody
from ys_analytics.stores.arrowwire import CutShortError, Pipe, Response, Wire
from ys_analytics.stores.patience import patiently
from ys_analytics.stores.refusals import Refusals

if TYPE_CHECKING:  # importing the client imports NumPy and its codecs
    from clickhouse_connect.driver.client import Client

Parameters = Mapping[str, object]

# What the client logs it also raises; without a handler Python would print it on stderr beside our one line.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

# Rows of a table looked at to learn which of its text columns repeat.
_SAMPLE = 20_000

# For a stream: small blocks, none read ahead, and what must be sorted goes to the disk rather than into memory.
_BOUNDED = (
    " SETTINGS max_block_size = 16384, read_in_order_use_buffering = 0,"
    " max_bytes_before_external_sort = 268435456, max_bytes_ratio_before_external_sort = 0"
)

# Too many queries, or a network that failed between servers: the same read may succeed again.
_PASSING_CODES = frozenset({202, 209, 210, 279, 425})

_SETTINGS = {
    "output_format_arrow_string_as_string": "1",
    "output_format_arrow_low_cardinality_as_dictionary": "1",
    "output_format_arrow_fixed_string_as_fixed_byte_array": "0",
    "output_format_arrow_date_as_uint16": "0",
    # Blocks by rows, not by bytes: a tenth of the batches for the same rows, and so of what each batch costs.
    "preferred_block_size_bytes": "0",
    "max_block_size": "131072",
    # Over a cluster, a write is done when every shard has its rows.
    "distributed_foreground_insert": "1",
}


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
        with _told():
            client = _client(address)
        try:
            yield cls(address, client)
        finally:
            client.close()

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
        refusals: Refusals | None = None,
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
        refusals: Refusals | None = None,
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
        query = _Query(arrowstream.quoted(table), where=where, parameters=parameters, table=True)
        return self._collect(query, schema, refusals, arrived)

    def batches(
        self,
        statement: str,
        parameters: Parameters | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        refusals: Refusals | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of one SELECT as they arrive, a block of the engine at a time; at least one frame, maybe empty.

        A server that goes away in the middle is an error: what was handed out cannot be taken back.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        with _told():
            query = _Query(f"({statement}\n)", parameters=parameters)
            yield from self._frames(query, schema, refusals or Refusals(), settings=_BOUNDED)

    def rows(self, statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small catalogue question as Python values; not for data.

        Raises:
            StoreError: the statement was refused or the server went away.
        """
        with _told():
            return [tuple(row) for row in self._client.query(statement, _bound(parameters)).result_rows]

    # Writing

    def write(self, table: str, rows: pl.DataFrame) -> int:
        """Append a frame to a table through Arrow, column by name; values that would change are refused first.

        Returns:
            The number of rows written.

        Raises:
            StoreError: the server refused the rows. ClickHouse is no transactional store: of an insert into
                several partitions it may have kept some.
            ContractError: a column is absent, or keeps fewer decimals than a value has.
        """
        if not rows.height:
            return 0
        with _told():
            natives = {name: native for name, native, *_ in self.rows(f"DESCRIBE TABLE {arrowstream.quoted(table)}")}
            if unknown := [name for name in rows.columns if name not in natives]:
                raise ContractError(f"clickhouse: {table} has no column {unknown[0]}; run `ys migrate status`")
            arrow = arrowstream.table(rows, natives)
            self._client.insert_arrow(table, arrow)
        return rows.height

    def run(self, statement: str, parameters: Parameters | None = None) -> None:
        """Run one statement that changes something.

        Raises:
            StoreError: the statement was refused or the server went away. It is never sent twice.
        """
        with _told():
            self._client.command(statement, _bound(parameters))

    # Inside

    def _collect(
        self, query: "_Query", schema: Mapping[str, pl.DataType], refusals: Refusals | None, arrived: Arrived
    ) -> pl.DataFrame:
        """All rows or an error; read again from the start when the server went away."""
        met = refusals if refusals is not None else Refusals()
        before = list(met.met)

        def once() -> pl.DataFrame:
            met.met[:] = before
            with _told():
                return pl.concat(counted(self._frames(query, schema, met), arrived))

        passes = _never if self._address.embedded else _passes
        return patiently(once, passes=passes, deadline=self._address.statement_timeout)

    def _frames(
        self, query: "_Query", schema: Mapping[str, pl.DataType], refusals: Refusals, *, settings: str = ""
    ) -> Iterator[pl.DataFrame]:
        columns = self._describe(query, schema)
        wanted = ", ".join(f"{column.asked} AS {arrowstream.quoted(column.name)}" for column in columns)
        with self._stream(query.select(wanted) + settings, query.parameters) as wire:
            stream = pa.ipc.open_stream(wire)
            yield arrowstream.frame(pa.RecordBatch.from_pylist([], schema=stream.schema), columns, refusals)
            for batch in stream:
                yield arrowstream.frame(batch, columns, refusals)
            wire.finish()

    def _describe(self, query: "_Query", schema: Mapping[str, pl.DataType]) -> tuple[arrowstream.Field, ...]:
        """What the columns are, and which texts repeat enough to travel as a dictionary."""
        asked = f"DESCRIBE ({query.select('*')})"
        natives = {name: native for name, native, *_ in self.rows(asked, query.parameters)}
        if absent := [name for name in schema if name not in natives]:
            raise ContractError(f"clickhouse: column {absent[0]} does not exist; run `ys migrate status`")
        texts = [name for name, dtype in schema.items() if isinstance(dtype, pl.String)]
        repeating = self._repeating(query, texts) if query.table and texts else frozenset()
        return tuple(
            arrowstream.Field(name=name, dtype=dtype, native=natives[name], repeats=name in repeating)
            for name, dtype in schema.items()
        )

    def _repeating(self, query: "_Query", texts: list[str]) -> frozenset[str]:
        names = [arrowstream.quoted(name) for name in texts]
        counts = ", ".join(f"uniq({name}) * 4 < count()" for name in names)
        sample = f"SELECT {', '.join(names)} FROM {query.source} LIMIT {_SAMPLE}"  # noqa: S608 - names quoted
        (row,) = self.rows(f"SELECT {counts} FROM ({sample})")  # noqa: S608 - names quoted
        return frozenset(name for name, repeats in zip(texts, row, strict=True) if repeats)

    @contextmanager
    def _stream(self, statement: str, parameters: Parameters | None) -> Iterator[Wire]:
        if self._address.embedded:
            with Pipe(self._client, statement, _bound(parameters), kill=self._kill) as pipe:
                yield pipe
        else:
            settings = {"output_format_arrow_compression_method": "lz4_frame"}
            response: Any = self._client.raw_stream(statement, _bound(parameters), settings=settings, fmt="ArrowStream")
            with response:
                yield Response(response)

    def _kill(self, place: str) -> None:
        """Stop the statement that writes to a place, from a second session, for the first is busy with it."""
        second = _client(replace(self._address, read_only=False))
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


def _client(address: ClickHouseAddress) -> "Client":
    """The one client class: over HTTP for a URL, in process for a folder."""
    import clickhouse_connect

    settings = dict(_SETTINGS)
    if address.read_only:
        settings["readonly"] = "2"  # 2, not 1: a reader may still say how its answer is written
    if address.folder is not None:
        address.folder.mkdir(parents=True, exist_ok=True)
        settings |= {"output_format_arrow_compression_method": "none"}
        return clickhouse_connect.get_client(
            interface="chdb",
            path=str(address.folder),
            settings=settings | {"max_execution_time": f"{address.statement_timeout:.0f}"},
            tz_mode="aware",
        )
    url = _server(address.url or "")
    return clickhouse_connect.get_client(
        interface=url.scheme,
        host=url.hostname,
        port=url.port or (8443 if url.scheme == "https" else 8123),
        username=None if url.username is None else unquote(url.username),
        password=unquote(url.password or ""),
        database=url.path.strip("/") or "__default__",
        settings=settings | {"max_execution_time": f"{address.statement_timeout:.0f}"},
        tz_mode="aware",
        send_receive_timeout=address.statement_timeout,
        autogenerate_session_id=False,
    )


def _server(address: str) -> SplitResult:
    """The parts of a server's URL.

    Raises:
        SettingsError: it is not one; the client would go to localhost instead. The line holds nothing of it.
    """
    try:
        url = urlsplit(address)
        cut = "@" in address and "@" not in url.netloc  # by a / or # of a password that was not percent-encoded
        whole = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0 and not cut
    except ValueError:
        whole = False
    if not whole:
        raise SettingsError(
            "YS_CLICKHOUSE_URL: not a URL; write http(s)://user:password@host:port/database, the password "
            "percent-encoded"
        )
    return url


def _bound(parameters: Parameters | None) -> dict[str, Any]:
    """Values as the client binds them; a time as text, which keeps its microseconds."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
        for name, value in (parameters or {}).items()
    }


def _never(error: Exception) -> bool:  # noqa: ARG001 - the form `patiently` asks with
    """In process nothing gets lost on the way: the engine would say the same again."""
    return False


def _passes(error: Exception) -> bool:
    """Whether the same read may succeed on another try: the way to the server failed, not the question."""
    from clickhouse_connect.driver.exceptions import Error, OperationalError
    from urllib3.exceptions import HTTPError

    cause = error.__cause__
    if isinstance(cause, Error):
        code = getattr(cause, "code", None)
        return code in _PASSING_CODES or (code is None and isinstance(cause, OperationalError))
    return isinstance(error, CutShortError) or isinstance(cause, (HTTPError, OSError, pa.ArrowException))


@contextmanager
def _told() -> Iterator[None]:
    """A driver's error as ours, in one line."""
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (ClickHouseError, HTTPError, pa.ArrowException, OSError, pl.exceptions.PanicException) as error:
        raise StoreError(f"clickhouse: {_line_of(error)}") from error


def _line_of(error: BaseException) -> str:
    """The first line of what was said, without the version trailer."""
    text = " ".join(str(error).split("(version")[0].split())
    return text.removeprefix("Code: ")[:300] or type(error).__name__
