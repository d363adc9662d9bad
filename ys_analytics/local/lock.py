"""An exclusive lock on an embedded store's folder: one process at a time, the others wait.

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

from ys_analytics.errors import BusyError, file_errors
from ys_analytics.printable import printable

# Seconds between two attempts at a lock that another process holds.
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class LockOwner:
    """The process that holds an embedded store, and its purpose."""

    pid: int
    purpose: str
    since: str

    def __str__(self) -> str:
        """As a line of a message has it."""
        return f"process {self.pid} ({self.purpose}, since {self.since})"


# Called once with the store's name and the lock's owner, when a lock must be waited for.
OnWait = Callable[[str, LockOwner | None], None]


def announce_wait(store: str, holder: LockOwner | None) -> None:
    """Print on stderr which process is waited for."""
    sys.stderr.write(printable(f"waiting for {store}: {holder or 'another process'} holds it") + "\n")
    sys.stderr.flush()


@dataclass
class _ExclusiveLock:
    """The lock of one folder that this process's blocks share, and how many of them hold it."""

    lock: FileLock
    gate: threading.RLock = field(default_factory=threading.RLock)
    count: int = 0


_locks: dict[Path, _ExclusiveLock] = {}
_locks_gate = threading.Lock()


def _forget_locks() -> None:
    """Forget the locks in a forked child: they are its parent's."""
    global _locks_gate  # noqa: PLW0603 - the parent's gate may be shut for ever in the child
    _locks.clear()
    _locks_gate = threading.Lock()


os.register_at_fork(after_in_child=_forget_locks)


@contextmanager
def exclusive(lock: Path, *, store: str, purpose: str, wait: float, on_wait: OnWait = announce_wait) -> Iterator[None]:
    """Hold the lock of an embedded folder for the length of a block; blocks of one process share it.

    Args:
        lock: The file to lock; its sidecar lies next to it.
        store: The store's name, for messages.
        purpose: The caller's purpose, shown to processes that wait.
        wait: Seconds to wait for another process.
        on_wait: Called once with the owner that is waited for.

    Raises:
        BusyError: another process held it for longer than `wait`; the message names it.
    """
    with _locks_gate:
        held = _locks.setdefault(lock, _ExclusiveLock(FileLock(lock, thread_local=False)))
    _acquire(held, lock, store=store, purpose=purpose, wait=wait, on_wait=on_wait)
    try:
        yield
    finally:
        with held.gate:
            held.count -= 1
            if held.count == 0:
                _sidecar(lock).unlink(missing_ok=True)
                held.lock.release()


def holder(lock: Path) -> LockOwner | None:
    """The owner of a folder's lock; None when it is free. Never waits."""
    if not lock.exists():
        return None
    probe = FileLock(lock, thread_local=False)
    try:
        probe.acquire(blocking=False)
    except Timeout:
        return _read_owner(lock) or LockOwner(pid=0, purpose="unknown", since="unknown")
    probe.release()
    return None


def _acquire(held: _ExclusiveLock, lock: Path, *, store: str, purpose: str, wait: float, on_wait: OnWait) -> None:
    """Add a block to the count; the first block of this process takes the file lock for all."""
    deadline = time.monotonic() + wait
    # a thread of ours that waits for another process holds the gate; a later one waits for the same
    if not held.gate.acquire(timeout=wait):
        raise _busy_error(store, lock, wait)
    try:
        if held.count == 0:
            with file_errors(lock):
                _take_file_lock(held.lock, lock, store=store, deadline=deadline, wait=wait, on_wait=on_wait)
                _write_owner(lock, purpose)
        held.count += 1
    finally:
        held.gate.release()


def _take_file_lock(flock: FileLock, lock: Path, *, store: str, deadline: float, wait: float, on_wait: OnWait) -> None:
    try:
        flock.acquire(blocking=False)
    except Timeout:
        on_wait(store, _read_owner(lock))
        try:
            flock.acquire(timeout=max(0.0, deadline - time.monotonic()), poll_interval=_POLL_SECONDS)
        except Timeout:
            raise _busy_error(store, lock, wait) from None


def _busy_error(store: str, lock: Path, wait: float) -> BusyError:
    owner = _read_owner(lock) or "another process"
    return BusyError(f"{store} is held by {owner}; gave up after {wait:g} s, set YS_WAIT to wait longer")


def _sidecar(lock: Path) -> Path:
    return lock.with_suffix(".holder")


def _write_owner(lock: Path, purpose: str) -> None:
    """Write this process's entry into the sidecar file, atomically."""
    owner = LockOwner(os.getpid(), purpose, datetime.now(UTC).isoformat(timespec="seconds"))
    draft = lock.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(owner)), encoding="utf-8")
    draft.replace(_sidecar(lock))


def _read_owner(lock: Path) -> LockOwner | None:
    """The owner that the sidecar file names; None when it is absent or cannot be read."""
    try:
        return LockOwner(**json.loads(_sidecar(lock).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
