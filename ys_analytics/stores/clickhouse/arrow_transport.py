"""Bytes of an Arrow stream on their way from ClickHouse: out of a pipe in this process, or out of an HTTP answer.

Knows where a stream ends and tells one that was cut short; knows no table and no frame.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError

if TYPE_CHECKING:  # importing the client imports NumPy and its codecs
    from clickhouse_connect.driver.client import Client

# An Arrow stream ends with these bytes; one that ends without them was cut short.
_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"

_PIPE = 2**20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux; elsewhere a pipe keeps its size


class CutShortError(StoreError):
    """A stream that ended without its end mark: what came is not the whole answer."""


class Wire(Protocol):
    """Bytes of an Arrow stream, as pyarrow reads them."""

    def read(self, size: int = -1) -> memoryview | bytes:
        """So many bytes, or fewer at the end."""

    def finish(self) -> None:
        """Raise where the stream was cut short."""


class Response:
    """The body of an HTTP answer."""

    closed = False

    def __init__(self, body: Any) -> None:
        """Take the open answer; closing it is the caller's."""
        self._body = body
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or fewer at the end."""
        parts = []
        missing = size
        while missing > 0 and (part := self._body.read(missing)):
            parts.append(part)
            missing -= len(part)
        whole = b"".join(parts)
        self._tail = (self._tail + whole[-8:])[-8:]
        return whole

    def close(self) -> None:
        """Leave the body to the client."""

    def finish(self) -> None:
        """Raise where the answer was cut short."""
        if self._tail != _END_OF_STREAM:
            raise CutShortError("clickhouse: the answer was cut short; try again")


class Pipe:
    """The embedded engine writing its answer into a pipe, in a thread of its own, while we read the other end.

    Nothing is held but one block. Leaving early closes our end and kills the statement: the engine alone
    would compute on to the end, for nobody.
    """

    closed = False

    def __init__(
        self, client: "Client", statement: str, parameters: dict[str, Any], *, kill: Callable[[str], None]
    ) -> None:
        """Lay the pipe; the engine begins when the block does. `kill` stops the statement that holds a text."""
        self._kill = kill
        self._reader, self._writer = os.pipe()
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.fcntl(self._writer, _SET_PIPE_SIZE, _PIPE)
        self._tail = b""
        self._verdict: Future[None] = Future()
        self._thread = threading.Thread(target=self._answer, args=(client, statement, parameters), daemon=True)

    def __enter__(self) -> Self:
        """Let the engine begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close our end and wait until the engine has noticed."""
        os.close(self._reader)
        if not self._verdict.done():
            self._kill(self._place)
        self._thread.join()
        # What the engine said explains a broken stream better than the stream does.
        failed = self._verdict.exception()
        if failed is not None and isinstance(error, (pa.ArrowInvalid, OSError)):
            raise failed

    def _answer(self, client: "Client", statement: str, parameters: dict[str, Any]) -> None:
        into = f"INTO OUTFILE '{self._place}' TRUNCATE FORMAT ArrowStream"
        try:
            client.command(f"{statement} {into}", parameters)
        except BaseException as error:  # noqa: BLE001 - handed to the reader, in whose thread it is raised
            self._verdict.set_exception(error)
        else:
            self._verdict.set_result(None)
        finally:
            os.close(self._writer)

    @property
    def _place(self) -> str:
        """Our end of the pipe as a file; while it is open no other statement names it."""
        return f"/dev/fd/{self._writer}"

    def read(self, size: int = -1) -> memoryview:
        """So many bytes, or fewer at the end, straight into the memory that becomes the columns."""
        whole = memoryview(bytearray(size))
        filled = 0
        while filled < size and (got := os.readv(self._reader, [whole[filled:]])):
            filled += got
        part = whole[:filled]
        self._tail = (self._tail + bytes(part[-8:]))[-8:]
        return part

    def close(self) -> None:
        """Leave the pipe to the block."""

    def finish(self) -> None:
        """Raise what stopped the engine, or where the answer was cut short."""
        self._thread.join()
        self._verdict.result()
        if self._tail != _END_OF_STREAM:
            raise CutShortError("clickhouse: the answer was cut short; try again")
