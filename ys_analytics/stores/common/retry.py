"""Retry a read that a lost connection cut short; never a write.

Depends on stamina for the pauses. Does not know any store. A read begins again from its start, so a server that
restarts in the middle gives the same frame or an error, never part of one.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import stamina

from ys_analytics.stores.common.deadline import GRACE_SECONDS, time_left, time_limit

_T = TypeVar("_T")

_ATTEMPTS = 5

# Seconds between two attempts, at most: less than `GRACE_SECONDS`, so that the last attempt still says why it failed.
_WAIT_MAX = 1.0
_JITTER = 0.1

# Retries are reported by the progress of a load; without a handler stamina would print its events on stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Interrupted(Exception):  # noqa: N818 - not a failure yet: the read begins again
    """The server that answers is no longer the one a read began with, or what it serves was replaced meanwhile."""


class LayoutChanged(Interrupted):
    """The servers of a cluster are moving their keys; the read begins again for as long as its time lasts."""


def with_retries(
    read: Callable[[], _T],
    *,
    is_transient: Callable[[Exception], bool],
    deadline: float,
    abort: Callable[[], None] = lambda: None,
    peer: str = "the store",
) -> _T:
    """Run a read, and again with growing pauses while what stops it is likely to pass.

    Args:
        read: Begins from its start whenever it is called, and changes nothing.
        is_transient: Whether an error is likely to pass: a refused or a lost connection.
        deadline: Seconds in which an attempt may begin; all of them end `GRACE_SECONDS` later at the latest.
        abort: Closes the connections that an attempt waits on, when the time is over.
        peer: The store and its address without secrets, for the message.

    Returns:
        What the read returned.

    Raises:
        StoreError: the time was over first.
        Exception: the last error of the read, where it is not transient or the attempts are used up.

    >>> with_retries(lambda: 7, is_transient=lambda error: False, deadline=1)
    7
    """
    with time_limit(deadline + GRACE_SECONDS, abort=abort, peer=peer) as expired:

        def is_over() -> bool:
            # A limit around this one may close the connections a moment before this one is marked as expired.
            return expired.is_set() or not time_left()

        def is_retryable(error: Exception) -> bool:
            return not is_over() and (isinstance(error, Interrupted) or is_transient(error))

        def is_rearranged(error: Exception) -> bool:
            return not is_over() and isinstance(error, LayoutChanged)

        for outer in stamina.retry_context(
            on=is_rearranged,
            attempts=None,
            timeout=deadline,
            wait_initial=0.05,
            wait_max=_WAIT_MAX,
            wait_jitter=_JITTER,
        ):
            with outer:
                for attempt in stamina.retry_context(
                    on=lambda error: is_retryable(error) and not is_rearranged(error),
                    attempts=_ATTEMPTS,
                    timeout=deadline,
                    wait_initial=0.1,
                    wait_max=_WAIT_MAX,
                    wait_jitter=_JITTER,
                ):
                    with attempt:
                        return read()
    raise AssertionError  # pragma: no cover - the contexts either return or raise
