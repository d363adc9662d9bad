"""What is tried again, and how: a read that a lost connection cut short, never a write.

Knows backoff and deadlines; knows no store. A read begins again from its start, so that a server
restarted in the middle gives the same frame or an error, never half of one.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import stamina

_T = TypeVar("_T")

_ATTEMPTS = 5

# What is tried again is ours to tell; without a handler of its own stamina would print its events bare.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Interrupted(Exception):  # noqa: N818 - not a failure yet: the read begins again
    """The server that answers is no longer the one a read began with."""


def patiently(read: Callable[[], _T], *, passes: Callable[[Exception], bool], deadline: float) -> _T:
    """Do a read, and again with growing pauses while what stops it is likely to pass.

    Args:
        read: Begins from its start whenever it is called, and changes nothing.
        passes: Whether an error is one that passes: a refused or a lost connection.
        deadline: Seconds after which the last error stands.

    >>> patiently(lambda: 7, passes=lambda error: False, deadline=1)
    7
    """
    for attempt in stamina.retry_context(
        on=lambda error: isinstance(error, Interrupted) or passes(error),
        attempts=_ATTEMPTS,
        timeout=deadline,
        wait_initial=0.1,
        wait_max=2.0,
    ):
        with attempt:
            return read()
    raise AssertionError  # pragma: no cover - the context either returns or raises
