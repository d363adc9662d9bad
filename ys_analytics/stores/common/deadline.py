"""Time limits on the client, for a server that goes silent or answers too slowly.

Depends on threads and the clock; does not know any store. A socket timeout is not enough: it starts again with
every byte that arrives.
"""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ys_analytics.errors import StoreError

# Seconds the server has to report its own time limit first, which says more.
GRACE_SECONDS = 2.0

# When the limit around this one ends, by `time.monotonic`, and how many seconds it had.
_OUTER_LIMIT: ContextVar[tuple[float, float]] = ContextVar("time_limit", default=(math.inf, math.inf))

# Seconds between two calls of what closes connections, once the time is over.
_ABORT_INTERVAL = 0.2


def let_ctrl_c_interrupt() -> None:
    """Let Ctrl-C end a wait at once.

    Polars sets a SIGINT handler of its own, under which the system begins an interrupted wait again: a wait for another
    thread then lasts until that thread is done. The handler stays; only that restart is turned off.
    """
    signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - takes no keyword


@contextmanager
def time_limit(seconds: float, *, abort: Callable[[], None], peer: str) -> Iterator[threading.Event]:
    """Run a block that may take so long; then `abort` makes what it waits for fail.

    Inside another limit it ends with that one at the latest: a read of several exchanges has one limit, not one for
    each in series. What a block hands out before its end, as a generator does, counts against the limit too.

    Args:
        seconds: From now, more than zero.
        abort: Closes the connections the block waits on. It runs in another thread and must not block; it is called
            again until the block ends, for a driver may have opened another connection and be waiting on that.
        peer: The store and its address without secrets, for the message.

    Yields:
        An event that is set once the time is over; a block that retries must not begin again after that.

    Raises:
        StoreError: the time was over before the block was.

    >>> with time_limit(5.0, abort=lambda: None, peer="redis") as expired:
    ...     expired.is_set()
    False
    """
    let_ctrl_c_interrupt()
    expired, done = threading.Event(), threading.Event()
    ends, stated = min((time.monotonic() + seconds, seconds), _OUTER_LIMIT.get())

    def watch() -> None:
        if done.wait(max(0.0, ends - time.monotonic())):
            return
        expired.set()
        abort()
        while not done.wait(_ABORT_INTERVAL):
            abort()

    outer_limit = _OUTER_LIMIT.set((ends, stated))
    threading.Thread(target=watch, name="ys-time-limit", daemon=True).start()
    try:
        yield expired
    except Exception as error:
        if expired.is_set():
            raise StoreError(
                f"{peer}: no complete answer within {stated:g} s; check the server and the network, "
                "or raise YS_STATEMENT_TIMEOUT"
            ) from error
        raise
    finally:
        done.set()
        _OUTER_LIMIT.reset(outer_limit)


def time_left() -> float:
    """Seconds until the limit around the caller ends; infinite where there is none.

    >>> time_left()
    inf
    >>> with time_limit(5.0, abort=lambda: None, peer="redis"):
    ...     4 < time_left() <= 5
    True
    """
    ends, _ = _OUTER_LIMIT.get()
    return max(0.0, ends - time.monotonic())
