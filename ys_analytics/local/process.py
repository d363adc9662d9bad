"""Our servers as processes: found, recognised, and stopped.

Knows pids and what a process says of itself; knows no engine. A pid by itself proves nothing, for the
system gives it to another process once its process ends: a server is ours only when its command says so.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError

# Is this process the server in question?
Recognise = Callable[[psutil.Process], bool]

# Seconds between two looks at a process that is to end.
_LOOK = 0.005


def find(pid_file: Path, ours: Recognise) -> psutil.Process | None:
    """The running server a pid file speaks of; None when the file is absent, stale, or names a stranger."""
    pid = _read_pid(pid_file)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    return process if recognised(process, ours) else None


def every(ours: Recognise) -> list[psutil.Process]:
    """All processes that are ours, also those no pid file speaks of: left by one killed in the middle."""
    return [process for process in psutil.process_iter() if recognised(process, ours)]


def recognised(process: psutil.Process, ours: Recognise) -> bool:
    """Whether a process is ours; one that is gone, dead but not buried, or shut to us is not."""
    try:
        return runs(process) and ours(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def stop(process: psutil.Process, *, politely: signal.Signals, patience: float = 30.0) -> None:
    """Ask a server to end, wait for it, and insist when it does not.

    Raises:
        StoreError: it runs as another user, so it is not ours to stop.
    """
    for request in (politely, signal.SIGKILL):
        try:
            process.send_signal(request)
        except psutil.NoSuchProcess:
            return
        except psutil.AccessDenied as error:
            raise StoreError(f"process {process.pid} runs as another user; stop it as that user") from error
        deadline = time.monotonic() + patience
        while runs(process):
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK)
        else:
            return


def runs(process: psutil.Process) -> bool:
    """Whether a process still does anything; one that ended and waits to be buried does not.

    `psutil` waits for the burial, which is its new parent's business and may take seconds.
    """
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def runs_at(pid: int) -> bool:
    """The same of a process known by its pid alone."""
    try:
        return runs(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def _read_pid(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
    except OSError:
        return None
    return int(first) if first.isascii() and first.isdigit() and int(first) > 1 else None
