"""Connect to PostgreSQL, begin a transaction, and end a connection at once.

Depends on psycopg. Does not know any table. A connection leaves no trace on the server: every setting ends with its
transaction.
"""

import math
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from ys_analytics.stores.common.deadline import time_left
from ys_analytics.stores.common.retry import Interrupted, with_retries
from ys_analytics.stores.common.tls import DEFAULT_TLS, Tls
from ys_analytics.stores.postgres.url import keywords

Connection = psycopg.Connection[Any]

# Tables this transaction holds a lock on that its snapshot does not know, or knows with another file.
_REPLACED = """
    SELECT held.relation::regclass::text
    FROM pg_catalog.pg_locks AS held LEFT JOIN pg_catalog.pg_class AS class ON class.oid = held.relation
    WHERE held.pid = pg_backend_pid() AND held.locktype = 'relation' AND (
        class.oid IS NULL
        OR class.relkind IN ('r', 'm') AND class.relfilenode <> 0
            AND class.relfilenode IS DISTINCT FROM pg_relation_filenode(class.oid)
    )
"""

SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

# Seconds a server may take to start before it counts as gone.
_CONNECT_WITHIN = 15.0

# Seconds one attempt to connect may take; libpq counts fewer than two as two.
_CONNECT_TIMEOUT, _MIN_CONNECT_TIMEOUT = 10, 2

# Seconds a cancelled statement has to end before its connection is closed under it.
CANCEL_WITHIN = 1.0

# A peer that vanished is noticed by the kernel too, where the address does not say otherwise: seconds, and tries.
_KEEPALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_USER_TIMEOUT_MS = 60_000


@dataclass(slots=True)
class Transaction:
    """An open transaction, and the name under which another connection may share its snapshot."""

    connection: Connection
    _exported: str = ""

    def require_unreplaced(self) -> None:
        """Refuse what was read where a table was emptied or rewritten after the transaction took its snapshot.

        TRUNCATE gives a table a new, empty file, although older snapshots should see the old one: a read that waited
        for it finds no rows and no error. The snapshot still names the old file, the catalogue's cache the new one. A
        table that was dropped and made again under its name is one the snapshot does not know at all.

        Raises:
            Interrupted: a table that this transaction read was replaced; it can be read again.
        """
        replaced = [str(name) for (name,) in self.connection.execute(_REPLACED).fetchall()]
        if replaced:
            raise Interrupted(f"{', '.join(replaced)} was emptied or rewritten while it was read; read again")

    def snapshot_identity(self) -> tuple[object, ...]:
        """What tells this server and this snapshot from any other."""
        row = self.connection.execute("SELECT pg_postmaster_start_time(), pg_current_snapshot()::text").fetchone()
        return tuple(row or ())

    def exported(self) -> str:
        """The snapshot's name; PostgreSQL keeps it as long as this transaction lasts."""
        if not self._exported:
            self._exported = str(_single_value(self.connection, "SELECT pg_export_snapshot()"))
        return self._exported


def begin(mode: str, *, timeout: float, snapshot: str) -> str:
    """The statement that begins a transaction with all its settings, in one message."""
    settings = {
        "statement_timeout": f"{timeout * 1000:.0f}",
        "timezone": "UTC",
        "datestyle": "ISO",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",
        "array_nulls": "on",
        "quote_all_identifiers": "off",
        "idle_in_transaction_session_timeout": "0",  # a snapshot waits while another store is read
    }
    if mode == SNAPSHOT:
        settings["row_security"] = "off"  # a policy that would leave rows out is an error
    share = f"SET TRANSACTION SNAPSHOT {sql.quote(snapshot)};" if snapshot else ""
    return f"BEGIN {mode}; {share} " + "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def connect(conninfo: str, tls: Tls = DEFAULT_TLS, *, seconds: float = _CONNECT_WITHIN) -> Connection:
    """A connection that leaves no trace on the server: literals in the client, nothing prepared.

    Args:
        conninfo: As `url.keywords` takes it.
        tls: How a server is verified where the address does not say so; as libpq does by default when left out.
        seconds: Seconds in which an attempt may begin, at most fifteen; one attempt lasts ten at most.

    Raises:
        SettingsError: the address is malformed.
        psycopg.Error: after a few tries where the server is only starting, at once otherwise.
    """
    options = keywords(conninfo, tls)
    timeout = max(_MIN_CONNECT_TIMEOUT, math.ceil(min(_CONNECT_TIMEOUT, seconds, time_left())))
    defaults: dict[str, Any] = {"connect_timeout": timeout, **_KEEPALIVE, "tcp_user_timeout": _USER_TIMEOUT_MS}

    def once() -> Connection:
        return psycopg.connect(
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
            **defaults | options,
        )

    return with_retries(once, is_transient=_is_starting, deadline=min(seconds, _CONNECT_WITHIN))


def cut(connection: Connection) -> None:
    """Close a connection's socket at once, from any thread; a thread that waits on it gets an error.

    The socket is shut, not closed: closing it under libpq could hand its number to another file.
    """
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


def end_statement(connection: Connection) -> None:
    """End the statement that is running, whether or not the server still answers.

    The statement is cancelled; where that is not confirmed in time, the connection is cut.
    """
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=CANCEL_WITHIN)
        return
    cut(connection)


def _is_starting(error: Exception) -> bool:
    """Whether a refused connection may be accepted soon; a wrong password or database never is."""
    text = str(error)
    return isinstance(error, psycopg.OperationalError) and (
        "FATAL" not in text or "starting up" in text or "shutting down" in text or "recovery" in text
    )


def _single_value(connection: Connection, statement: str) -> object:
    row = connection.execute(statement).fetchone()
    assert row is not None  # noqa: S101 - the statements passed here always give a row
    return row[0]
