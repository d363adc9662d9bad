"""Make ClickHouse's client, in process or over HTTP, and translate its errors.

Depends on clickhouse-connect, its settings and urllib3's connections. Does not know any table.
"""

import logging
import math
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import SettingsError, StoreError
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.clickhouse.arrow_transport import CutShortError
from ys_analytics.stores.common.deadline import GRACE
from ys_analytics.stores.common.sockets import OpenSockets

Parameters = Mapping[str, object]

if TYPE_CHECKING:  # importing the client imports NumPy and its codecs
    from clickhouse_connect.driver.client import Client
    from urllib3 import PoolManager

# What the client logs it also raises; without a handler Python would print it on stderr beside our one line.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

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

# How much of the engine's own words an error line carries.
_SAID = 240


def client(address: ClickHouseAddress, sockets: OpenSockets | None = None) -> "Client":
    """The one client class: over HTTP for a URL, in process for a folder.

    Args:
        address: Where the server or the folder is.
        sockets: Where connections to a server are recorded; nowhere when left out.
    """
    import clickhouse_connect

    settings = _SETTINGS | {"max_execution_time": f"{address.statement_timeout:g}"}
    if address.read_only:
        settings["readonly"] = "2"  # 2, not 1: a reader may still say how its answer is written
    if address.folder is not None:
        address.folder.mkdir(parents=True, exist_ok=True)
        settings |= {"output_format_arrow_compression_method": "none"}
        embedded = clickhouse_connect.get_client(
            interface="chdb",
            path=str(address.folder),
            settings=settings,
            tz_mode="aware",
        )
        _give_back_ctrl_z()
        return embedded
    url = _server(address.url or "")
    return clickhouse_connect.get_client(
        interface=url.scheme,
        host=url.hostname,
        port=url.port or (8443 if url.scheme == "https" else 8123),
        username=None if url.username is None else unquote(url.username),
        password=unquote(url.password or ""),
        database=url.path.strip("/") or "__default__",
        settings=settings,
        tz_mode="aware",
        pool_mgr=_recorded(sockets or OpenSockets()),
        # the server's own limit comes first, and says more; then that of the read
        send_receive_timeout=math.ceil(address.statement_timeout + 2 * GRACE),
        autogenerate_session_id=False,
    )


def _give_back_ctrl_z() -> None:
    """Let SIGTSTP suspend the process again, or do what its program had set; chDB takes the signal when it opens.

    Python changes signals in its main thread only: an engine opened in another leaves the signal taken.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTSTP, signal.getsignal(signal.SIGTSTP) or signal.SIG_DFL)


def _recorded(sockets: OpenSockets) -> "PoolManager":
    """urllib3's connection pools as the client makes them, every socket recorded."""
    from clickhouse_connect.driver.httputil import get_pool_manager
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class Encrypted(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    manager: PoolManager = get_pool_manager()
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
    return manager


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


def bound(parameters: Parameters | None) -> dict[str, Any]:
    """Values as the client binds them; a time as text, which keeps its microseconds."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
        for name, value in (parameters or {}).items()
    }


def is_transient(error: Exception) -> bool:
    """Whether the same read may succeed on another try: the way to the server failed, not the question."""
    from clickhouse_connect.driver.exceptions import Error, OperationalError
    from urllib3.exceptions import HTTPError

    cause = error.__cause__
    if isinstance(cause, Error):
        code = getattr(cause, "code", None)
        return code in _PASSING_CODES or (code is None and isinstance(cause, OperationalError))
    return isinstance(error, CutShortError) or isinstance(cause, (HTTPError, OSError, pa.ArrowException))


@contextmanager
def translate_errors(address: ClickHouseAddress) -> Iterator[None]:
    """A driver's error as ours, in one line."""
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (ClickHouseError, HTTPError, pa.ArrowException, OSError, pl.exceptions.PanicException) as error:
        lost = None if address.embedded else _lost(error)
        if lost is not None:
            raise StoreError(
                f"clickhouse: {address.masked} cannot be reached: {lost}; start the server or correct YS_CLICKHOUSE_URL"
            ) from error
        raise StoreError(f"clickhouse: {_line_of(error)}") from error


def _lost(error: BaseException) -> str | None:
    """Why the way to a server failed, in the system's own words; None where it is the server that speaks."""
    from urllib3.exceptions import HTTPError

    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    if not any(isinstance(one, (HTTPError, OSError)) for one in chain):
        return None
    root = chain[-1]
    return (isinstance(root, OSError) and root.strerror) or " ".join(str(root).split()) or type(root).__name__


def _line_of(error: BaseException) -> str:
    """What was said, without the version trailer; cut where it goes on for long."""
    text = " ".join(str(error).split("(version")[0].split()).removeprefix("Code: ")
    return f"{text[:_SAID].rsplit(' ', 1)[0]} …" if len(text) > _SAID else text or type(error).__name__
