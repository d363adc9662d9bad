"""Translates errors of ClickHouse's client into one line, and says whether the same read may succeed again.

Depends on clickhouse-connect, urllib3 and Arrow. Does not know any table.
"""

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.clickhouse.arrow_transport import CutShortError, ServerFaultError
from ys_analytics.stores.common.driver_errors import translation

# Too many queries, or a network that failed between servers: the same read may succeed again.
_PASSING_CODES = frozenset({202, 209, 210, 279, 425})

# The server's number for a right that its user lacks, and the rights that reading takes.
_ACCESS_DENIED = 497
_GRANTS = "reading needs GRANT SELECT on the tables of the database, and on system.* where the server asks for that"

# How much of the engine's own words an error line carries.
_MAX_MESSAGE = 240


def is_transient(error: Exception) -> bool:
    """Whether the same read may succeed on another try: the connection failed, not the query."""
    from clickhouse_connect.driver.exceptions import Error, OperationalError
    from urllib3.exceptions import HTTPError

    if isinstance(error, ServerFaultError):
        return error.code in _PASSING_CODES
    cause = error.__cause__
    if isinstance(cause, Error):
        code = getattr(cause, "code", None)
        return code in _PASSING_CODES or (code is None and isinstance(cause, OperationalError))
    return isinstance(error, CutShortError) or isinstance(cause, (HTTPError, OSError, pa.ArrowException))


def kinds() -> tuple[type[BaseException], ...]:
    """The errors of the client, of the connection and of the stream."""
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    return (ClickHouseError, HTTPError, pa.ArrowException, OSError, pl.exceptions.PanicException)


def explain(error: BaseException, address: ClickHouseAddress) -> StoreError:
    """The error in one line: where the server cannot be reached, or what it said."""
    failure = None if address.embedded else _connection_failure(error)
    if failure is not None:
        return StoreError(
            f"clickhouse: {address.masked} cannot be reached: {failure}; start the server or correct YS_CLICKHOUSE_URL"
        )
    hint = f"; {_GRANTS}" if getattr(error, "code", None) == _ACCESS_DENIED else ""
    return StoreError(f"clickhouse: {_one_line(error)}{hint}")


def _connection_failure(error: BaseException) -> str | None:
    """The system's message where the connection failed; None where the server answered with an error."""
    from urllib3.exceptions import HTTPError

    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    if not any(isinstance(error_of_chain, (HTTPError, OSError)) for error_of_chain in chain):
        return None
    root = chain[-1]
    return (isinstance(root, OSError) and root.strerror) or " ".join(str(root).split()) or type(root).__name__


def _one_line(error: BaseException) -> str:
    """The message in one line, without the version at its end, cut where it is long."""
    text = " ".join(str(error).split("(version")[0].split()).removeprefix("Code: ")
    return f"{text[:_MAX_MESSAGE].rsplit(' ', 1)[0]} …" if len(text) > _MAX_MESSAGE else text or type(error).__name__


translate_errors = translation(kinds, explain)
