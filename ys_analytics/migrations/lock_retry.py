"""Retry a change of the schema while another session uses the table that it locks.

Depends on PostgreSQL's code for a lock that was not to be had in time. Does not know any migration.
"""

from collections.abc import Callable
from typing import TypeVar

import stamina

from ys_analytics.errors import YsError

_T = TypeVar("_T")

# How long a statement may wait for a table in use: all who come after it wait behind it.
LOCK_TIMEOUT = "2s"

# SQLSTATE lock_not_available: the lock timeout was over.
_LOCK_NOT_AVAILABLE = "55P03"

_ATTEMPTS = 12


def retry_on_lock(change: Callable[[], _T]) -> _T:
    """Make a change, retried after a pause while a lock is not available; some forty seconds in all.

    Args:
        change: A whole transaction under `LOCK_TIMEOUT`.

    Returns:
        What the change returned.

    Raises:
        YsError: as the change; of a lock, the last one.

    >>> retry_on_lock(lambda: 7)
    7
    """
    attempts = stamina.retry_context(
        on=_is_lock_timeout, attempts=_ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=2.0, wait_jitter=0.2
    )
    for attempt in attempts:
        with attempt:
            return change()
    raise AssertionError  # pragma: no cover - the context either returns or raises


def _is_lock_timeout(error: Exception) -> bool:
    cause: BaseException | None = error if isinstance(error, YsError) else None
    while cause is not None:
        if getattr(cause, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return True
        cause = cause.__cause__
    return False
