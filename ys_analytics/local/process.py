"""Find, recognise and stop the processes of embedded servers.

Knows pids and what a process says of itself; knows no engine. A pid by itself proves nothing, for the
system gives it to another process once its process ends: a server is ours only when its command says so.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError

# Decides whether a process is the server in question.
Recognise = Callable[[psutil.Process], bool]

# Seconds between two checks of a process that is to end.
_POLL_SECONDS = 0.005


def find(pid_file: Path, is_ours: Recognise) -> psutil.Process | None:
    """The running server that a pid file names; None when the file is absent, stale, or names another process."""
    pid = _read_pid(pid_file)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    return process if recognised(process, is_ours) else None


def all_processes(is_ours: Recognise) -> list[psutil.Process]:
    """All processes of the server, also those that no pid file names."""
    return [process for process in psutil.process_iter() if recognised(process, is_ours)]


def recognised(process: psutil.Process, is_ours: Recognise) -> bool:
    """Whether a process is ours; False for one that ended, is a zombie, or may not be read."""
    try:
        return is_running(process) and is_ours(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def stop(process: psutil.Process, *, end_signal: signal.Signals, wait_seconds: float = 30.0) -> None:
    """Ask a server to end, wait for it, and kill it when it does not.

    Raises:
        StoreError: it runs as another user, so it is not ours to stop.
    """
    for request in (end_signal, signal.SIGKILL):
        try:
            process.send_signal(request)
        except psutil.NoSuchProcess:
            return
        except psutil.AccessDenied as error:
            raise StoreError(f"process {process.pid} runs as another user; stop it as that user") from error
        deadline = time.monotonic() + wait_seconds
        while is_running(process):
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        else:
            return


def is_running(process: psutil.Process) -> bool:
    """Whether a process is running and no zombie.

    `psutil` waits until a zombie is reaped, which its new parent does and may take seconds.
    """
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_pid_running(pid: int) -> bool:
    """`runs` for a process given by its pid."""
    try:
        return is_running(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def _read_pid(pid_file: Path) -> int | None:
    try:
        first = pid_file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
    except OSError:
        return None
    return int(first) if first.isascii() and first.isdigit() and int(first) > 1 else None
