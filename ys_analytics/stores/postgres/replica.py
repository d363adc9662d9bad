"""Measures how far a PostgreSQL replica is behind its primary, and whether that can be known.

Depends on the statistics views of both servers. Does not decide where to read. A replica that receives nothing has
replayed all it received, however long it has been cut off: only the primary, or the age of the last message from it,
tells the two apart.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from ys_analytics.stores.postgres.connection import Connection

# Seconds a replica is given to replay what its primary had written when it was asked.
_CATCH_UP_SECONDS = 1.0
_PAUSE = 0.02

_REPLAYED = """
    SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()::text,
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
"""
_RECEIVER = """
    SELECT status, extract(epoch FROM clock_timestamp() - last_msg_receipt_time),
        pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
    FROM pg_stat_wal_receiver
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a replica is behind.

    Attributes:
        seconds: At most so many; None where it is not known.
        reason: Why it is not known; empty otherwise.

    >>> print(Lag(0.0)), print(Lag(None, "it is not connected to its primary"))
    0 s behind its primary
    how far behind its primary is not known: it is not connected to its primary
    (None, None)
    """

    seconds: float | None
    reason: str = ""

    def __str__(self) -> str:
        """For people."""
        if self.seconds is None:
            return f"how far behind its primary is not known: {self.reason}"
        return f"{self.seconds:.0f} s behind its primary"


def lag(connection: Connection, primary: Callable[[], Connection]) -> Lag | None:
    """How far the server at the end of a connection is behind its primary; None where it is no replica.

    The primary is asked what it has written; a replica that has replayed that is behind by nothing. Where the primary
    does not answer, the age of its last message to the replica counts, and where the role may not see that either, the
    lag is not known.

    Args:
        connection: To the replica.
        primary: Connects to the primary.

    Raises:
        psycopg.Error: the replica itself does not answer.
    """
    replica, _, _ = _single_row(connection, _REPLAYED)
    if not replica:
        return None
    try:
        (written_position,) = _single_row(primary(), "SELECT pg_current_wal_lsn()::text")
    except psycopg.Error:
        return _by_receiver(connection)
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    while True:
        _, replayed, age = _single_row(connection, _REPLAYED)
        if replayed is not None and _wal_position(str(replayed)) >= _wal_position(str(written_position)):
            return Lag(0.0)
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    return Lag(None, "it has replayed no transaction since it started") if age is None else Lag(_seconds(age))


def _by_receiver(connection: Connection) -> Lag:
    """The lag by what the replica itself knows of its primary."""
    receiver_rows = connection.execute(_RECEIVER).fetchall()
    if not receiver_rows:
        return Lag(None, "it is not connected to its primary, which does not answer either")
    status, message_age, caught_up = receiver_rows[0]
    if status is None:
        return Lag(None, "the primary does not answer, and this role may not see pg_stat_wal_receiver")
    if status != "streaming" or message_age is None:
        return Lag(None, f"the primary does not answer, and the replica's receiver is {status}")
    _, _, age = _single_row(connection, _REPLAYED)
    return Lag(_seconds(message_age if caught_up or age is None else max(message_age, age)))


def _single_row(connection: Connection, statement: str) -> tuple[object, ...]:
    row = connection.execute(statement).fetchone()
    return tuple(row or ())


def _seconds(age: object) -> float:
    return max(0.0, float(str(age)))


def _wal_position(text: str) -> int:
    """A place in the write-ahead log as a number.

    >>> _wal_position("1/A0") - _wal_position("0/A0") == 2**32
    True
    """
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
