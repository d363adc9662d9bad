"""Bytes of an Arrow stream from ClickHouse: from a pipe in this process, or from an HTTP response.

Depends on the end mark of a stream, which shows one that was cut short. Does not know a table or frame.
"""

import os
import re
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

# How much of the end of a stream is kept, to find what a server wrote there, and how much of that is told.
_TAIL_BYTES = 2**14
_MAX_MESSAGE = 240
_FAULT = re.compile(rb"Code: (\d+)\. DB::Exception: ")

_PIPE = 2**20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux; elsewhere a pipe keeps its size


class CutShortError(StoreError):
    """A stream that ended without its end mark: what came is not the whole answer."""


class ByteStream(Protocol):
    """Bytes of an Arrow stream, as pyarrow reads them."""

    def read(self, size: int = -1) -> memoryview | bytes:
        """So many bytes, or fewer at the end."""

    def require_complete(self) -> None:
        """Raise where the stream was cut short."""


class ServerFaultError(StoreError):
    """The error that the server wrote into the stream when it failed in the middle of an answer.

    Attributes:
        code: ClickHouse's own number of the fault.
    """

    def __init__(self, code: int, message: str) -> None:
        """Name the fault by its number and in the server's words."""
        super().__init__(f"clickhouse: the server failed in the middle of the answer: {code}. {message}")
        self.code = code


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
        remaining = size
        while remaining > 0 and (part := self._body.read(remaining)):
            parts.append(part)
            remaining -= len(part)
        whole = b"".join(parts)
        self._tail = (self._tail + whole[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        return whole

    def close(self) -> None:
        """Leave the body to the client."""

    def require_complete(self) -> None:
        """Raise where the answer was cut short, with what the server said of it."""
        if not self._tail.endswith(_END_OF_STREAM):
            self.raise_fault()
            raise CutShortError("clickhouse: the answer was cut short; try again")

    def raise_fault(self, error: BaseException | None = None) -> None:
        """Raise what the server wrote into a stream that broke; nothing where it wrote nothing.

        The status of an answer is sent before its rows, so a server that fails later can only write text among them.

        Args:
            error: What broke the stream; a line cut short keeps what came of it.

        Raises:
            ServerFaultError: with the server's number and words.
        """
        with suppress(Exception):  # the stream is broken already: whatever can still be read of it is read
            while part := self._body.read(_TAIL_BYTES):
                self._tail = (self._tail + part)[-_TAIL_BYTES:]
        while error is not None:
            partial = getattr(error, "partial", b"")
            self._tail += partial if isinstance(partial, bytes) else b""
            error = error.__cause__ or error.__context__
        *_, last = [None, *_FAULT.finditer(self._tail)]
        message = self._tail[last.end() :] if last is not None else b""
        # Rows that hold such a text are followed by more of the stream, which is no text.
        if last is None or b"(version" not in message or b"\0" in message:
            return
        words = " ".join(message.partition(b"(version")[0].decode(errors="replace").split())
        raise ServerFaultError(int(last[1]), words[:_MAX_MESSAGE]) from error


class Pipe:
    """The embedded engine writing its answer into a pipe, in a thread of its own, while we read the other end.

    Nothing is held but one block. Leaving early closes our end and kills the statement: the engine alone
    would compute on to the end, for no reader.
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
        self._outcome: Future[None] = Future()
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
        if not self._outcome.done():
            self._kill(self._pipe_path)
        self._thread.join()
        # What the engine said explains a broken stream better than the stream does.
        failed = self._outcome.exception()
        if failed is not None and isinstance(error, (pa.ArrowInvalid, OSError)):
            raise failed

    def _answer(self, client: "Client", statement: str, parameters: dict[str, Any]) -> None:
        into = f"INTO OUTFILE '{self._pipe_path}' TRUNCATE FORMAT ArrowStream"
        try:
            client.command(f"{statement} {into}", parameters)
        except BaseException as error:  # noqa: BLE001 - handed to the reader, in whose thread it is raised
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(None)
        finally:
            os.close(self._writer)

    @property
    def _pipe_path(self) -> str:
        """Our end of the pipe as a file; while it is open no other statement names it."""
        return f"/dev/fd/{self._writer}"

    def read(self, size: int = -1) -> memoryview:
        """So many bytes, or fewer at the end, straight into the memory that becomes the columns."""
        whole = memoryview(bytearray(size))
        filled = 0
        while filled < size and (received := os.readv(self._reader, [whole[filled:]])):
            filled += received
        part = whole[:filled]
        self._tail = (self._tail + bytes(part[-8:]))[-8:]
        return part

    def close(self) -> None:
        """Leave the pipe to the block."""

    def require_complete(self) -> None:
        """Raise what stopped the engine, or where the answer was cut short."""
        self._thread.join()
        self._outcome.result()
        if self._tail != _END_OF_STREAM:
            raise CutShortError("clickhouse: the answer was cut short; try again")
