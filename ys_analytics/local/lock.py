"""A lock on an embedded store's folder: one process at a time, the others wait in order.

Knows files and pids; opens no store. The lock is the kernel's (`flock`), so `kill -9` releases it; the
sidecar next to it only says who holds it, and is believed only while the lock is held.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ys_analytics.errors import BusyError, reaching
from ys_analytics.printable import printable

# Seconds between two looks at a lock another process holds.
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Who holds an embedded store, and what for."""

    pid: int
    purpose: str
    since: str

    def __str__(self) -> str:
        """As a line of a message has it."""
        return f"process {self.pid} ({self.purpose}, since {self.since})"


# Called once with the store's name and its holder, when a turn must be waited for.
OnWait = Callable[[str, LockOwner | None], None]


def say(store: str, holder: LockOwner | None) -> None:
    """Tell the person at the terminal for whom they wait."""
    sys.stderr.write(printable(f"waiting for {store}: {holder or 'another process'} holds it") + "\n")
    sys.stderr.flush()


@dataclass
class _ExclusiveLock:
    """This process's place at one folder: how many of its blocks hold it, and the lock they share."""

    lock: FileLock
    gate: threading.RLock = field(default_factory=threading.RLock)
    count: int = 0


_turns: dict[Path, _ExclusiveLock] = {}
_turns_gate = threading.Lock()


def _forget() -> None:
    """A forked child holds nothing; its parent's locks are its parent's."""
    global _turns_gate  # noqa: PLW0603 - the parent's gate may be shut for ever in the child
    _turns.clear()
    _turns_gate = threading.Lock()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def turn(lock: Path, *, store: str, purpose: str, wait: float, on_wait: OnWait = say) -> Iterator[None]:
    """Hold an embedded folder for the length of a block; blocks of one process share it.

    Args:
        lock: The file to lock; its sidecar lies next to it.
        store: What the folder is, for messages.
        purpose: What the caller does with it, for the messages of others.
        wait: Seconds to wait for another process.
        on_wait: Called once for whom we wait.

    Raises:
        BusyError: another process held it for longer than `wait`; the message names it.
    """
    with _turns_gate:
        mine = _turns.setdefault(lock, _ExclusiveLock(FileLock(lock, thread_local=False)))
    _enter(mine, lock, store=store, purpose=purpose, wait=wait, on_wait=on_wait)
    try:
        yield
    finally:
        with mine.gate:
            mine.count -= 1
            if mine.count == 0:
                _sidecar(lock).unlink(missing_ok=True)
                mine.lock.release()


def holder(lock: Path) -> LockOwner | None:
    """Who holds a folder now; None when no process does. Never waits."""
    if not lock.exists():
        return None
    probe = FileLock(lock, thread_local=False)
    try:
        probe.acquire(blocking=False)
    except Timeout:
        return _read(lock) or LockOwner(pid=0, purpose="unknown", since="unknown")
    probe.release()
    return None


def _enter(mine: _ExclusiveLock, lock: Path, *, store: str, purpose: str, wait: float, on_wait: OnWait) -> None:
    """Count ourselves in; the first of this process takes the lock, the others find it taken for them."""
    deadline = time.monotonic() + wait
    # a thread of ours that waits for another process holds the gate; a later one waits for the same
    if not mine.gate.acquire(timeout=wait):
        raise _busy(store, lock, wait)
    try:
        if mine.count == 0:
            with reaching(lock):
                _take(mine.lock, lock, store=store, deadline=deadline, wait=wait, on_wait=on_wait)
                _write(lock, purpose)
        mine.count += 1
    finally:
        mine.gate.release()


def _take(flock: FileLock, lock: Path, *, store: str, deadline: float, wait: float, on_wait: OnWait) -> None:
    try:
        flock.acquire(blocking=False)
    except Timeout:
        on_wait(store, _read(lock))
        try:
            flock.acquire(timeout=max(0.0, deadline - time.monotonic()), poll_interval=_LOOK)
        except Timeout:
            raise _busy(store, lock, wait) from None


def _busy(store: str, lock: Path, wait: float) -> BusyError:
    who = _read(lock) or "another process"
    return BusyError(f"{store} is held by {who}; gave up after {wait:g} s, set YS_WAIT to wait longer")


def _sidecar(lock: Path) -> Path:
    return lock.with_suffix(".holder")


def _write(lock: Path, purpose: str) -> None:
    """Say who we are, whole or not at all."""
    us = LockOwner(os.getpid(), purpose, datetime.now(UTC).isoformat(timespec="seconds"))
    draft = lock.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(us)), encoding="utf-8")
    draft.replace(_sidecar(lock))


def _read(lock: Path) -> LockOwner | None:
    """What the sidecar says; None when it is absent or is not one."""
    try:
        return LockOwner(**json.loads(_sidecar(lock).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
