"""How a PostgreSQL connection is made, begun and understood, so that it leaves no trace on the server.

Knows transactions and the driver's errors; knows no statement of anybody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import psycopg.errors
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ys_analytics.errors import ContractError, SettingsError, StoreError
from ys_analytics.stores.common.retry import with_retries

Connection = psycopg.Connection[Any]

SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

# Seconds a server may take to start before it counts as gone.
_CONNECT_WITHIN = 15.0

# The server stopped, or two transactions met: the same read may succeed again.
_PASSING = (
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
    psycopg.errors.ConnectionException,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)


@dataclass(slots=True)
class Transaction:
    """An open transaction, and the name under which another connection may share its moment."""

    line: Connection
    _exported: str = ""

    def exported(self) -> str:
        """The snapshot's name; PostgreSQL keeps it as long as this transaction lasts."""
        if not self._exported:
            self._exported = str(_one(self.line, "SELECT pg_export_snapshot()"))
        return self._exported


def begin(mode: str, *, timeout: float, snapshot: str) -> str:
    """The transaction and everything about it, in one message."""
    settings = {
        "statement_timeout": f"{timeout * 1000:.0f}",
        "timezone": "UTC",
        "datestyle": "ISO",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "client_encoding": "UTF8",
    }
    share = f"SET TRANSACTION SNAPSHOT {sql.quote(snapshot)};" if snapshot else ""
    return f"BEGIN {mode}; {share} " + "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def connect(conninfo: str) -> Connection:
    """A connection that leaves no trace on the server: literals in the client, nothing prepared.

    Raises:
        SettingsError: the address is malformed.
        psycopg.Error: after a few tries where the server is only starting, at once otherwise.
    """
    _read(conninfo)

    def once() -> Connection:
        return psycopg.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
            connect_timeout=10,
        )

    return with_retries(once, is_transient=_starting, deadline=_CONNECT_WITHIN)


def _read(conninfo: str) -> None:
    """Refuse what libpq would misread and then repeat in its errors: a password's `/` or `@` as port or host.

    Raises:
        SettingsError: the line holds nothing of the address.
    """
    try:
        known = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        known = {"host": "@"}  # its text quotes the piece it stumbled over
    ports = str(known.get("port") or "").replace(",", "")
    misread = any("@" in str(known.get(part) or "") for part in ("host", "dbname"))
    if misread or (ports and not ports.isdecimal()):
        raise SettingsError(
            "YS_POSTGRES_URL or YS_POSTGRES_REPLICA_URL: not an address libpq can read; "
            "write postgresql://user:password@host:port/database, the password percent-encoded"
        )


def _starting(error: Exception) -> bool:
    """Whether a refused connection may be accepted soon; a wrong password or database never is."""
    text = str(error)
    return isinstance(error, psycopg.OperationalError) and (
        "FATAL" not in text or "starting up" in text or "shutting down" in text or "recovery" in text
    )


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same read may succeed on another try."""
    return isinstance(error, _PASSING) or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None)


@contextmanager
def translate_errors() -> Iterator[None]:
    """A driver's error as ours: one line, no detail that could hold a row."""
    try:
        yield
    except psycopg.errors.UndefinedColumn as error:
        raise ContractError(f"postgres: {_line_of(error)}; run `ys migrate status`") from error
    except psycopg.Error as error:
        raise StoreError(f"postgres: {_line_of(error)}") from error


def _line_of(error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error)
    return " ".join(text.split()) or type(error).__name__


def _one(line: Connection, statement: str) -> object:
    row = line.execute(statement).fetchone()
    assert row is not None  # noqa: S101 - the statements passed here always give a row
    return row[0]
