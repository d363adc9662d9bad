"""Pages made side by side, each in a process of its own that is forked from one which has imported everything.

Depends on multiprocessing's fork server. Does not know what a page is: `worker` does. A process that takes too long is
ended, one that dies says so, and neither touches another.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

from ys_analytics.errors import ReportError, YsError
from ys_analytics.reporting.task import PREPARED, MadePage, Task

_WORKER = "ys_analytics.reporting.worker"
_EXIT_SECONDS = 5.0  # seconds a process has to end after its answer
_LOG_FILE = "log.txt"  # what a process writes to its terminal
_MAX_CHARACTERS = 300  # characters of it, or of an error, that fit a line

# One frame of one portfolio is small: processes share the cores better with a thread each, and Polars' streaming engine
# takes four times as long as the one in memory to begin. Polars reads both on import.
_CHILD_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "POLARS_ENGINE_AFFINITY": "in-memory", PREPARED: "1"}

_start_lock = threading.Lock()


@dataclass(slots=True)
class Executor:
    """Processes of one batch.

    Attributes:
        limit: Seconds one page may take.
    """

    limit: float
    _running: set[BaseProcess] = field(default_factory=set)
    _busy: Counter[int] = field(default_factory=Counter)
    _closed: bool = False

    def make(self, task: Task) -> MadePage:
        """Make one page in a new process, and wait for it.

        Raises:
            ReportError: a cell failed, or the process died or took too long.
            YsError: as the process raised it.
        """
        receiver, sender = _context().Pipe(duplex=False)
        core = self._take_core()
        process: BaseProcess = _context().Process(target=_run, args=(task, sender, core), daemon=True)  # type: ignore[attr-defined]
        with receiver:
            with sender:
                self._start(process)
            try:
                in_time = bool(wait([receiver, process.sentinel], timeout=self.limit))
                answer = _receive(receiver) if in_time else None
                process.join(_EXIT_SECONDS if answer is not None else 0)
            finally:
                process.kill()
                process.join()
                self._running.discard(process)
                self._busy[core] -= 1
        if not in_time:
            raise ReportError(f"took more than {self.limit:g} s and was ended; --time-limit allows more")
        if answer is None:
            raise ReportError(_describe_exit(process, task.folder))
        if isinstance(answer, YsError):
            raise answer
        return answer

    def _take_core(self) -> int:
        """The core that fewest processes of the batch are on; -1 where a process may not be kept on one."""
        cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
        with _start_lock:
            core = min(cores, key=lambda each: self._busy[each], default=-1)
            self._busy[core] += 1
        return core

    def _start(self, process: BaseProcess) -> None:
        """Start it, unless the batch was closed."""
        with _clean_start():
            if self._closed:
                raise ReportError("interrupted")
            process.start()
            self._running.add(process)

    def close(self) -> None:
        """End every process of the batch, and start no other."""
        with _start_lock:
            self._closed = True
        for process in tuple(self._running):
            process.kill()


@contextmanager
def open_executor(limit: float) -> Iterator[Executor]:
    """An executor, none of whose processes is left afterwards.

    Args:
        limit: Seconds one page may take.
    """
    executor = Executor(limit)
    try:
        yield executor
    finally:
        executor.close()


def warm() -> None:
    """Start the process from which the others are forked, so that it imports while something else is done."""
    if sys.platform == "linux":
        from multiprocessing import forkserver

        _context()
        with _clean_start():
            forkserver.ensure_running()


@cache
def _context() -> BaseContext:
    """Forked where that is safe; elsewhere each process imports for itself."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_WORKER])
    return context


@contextmanager
def _clean_start() -> Iterator[None]:
    """Start processes one at a time, without this one's main program, and with a thread each.

    Multiprocessing would import the main program in every process: a script without a guard would run again.
    """
    with _start_lock:
        main, saved = sys.modules["__main__"], {name: os.environ.get(name) for name in _CHILD_ENVIRONMENT}
        sys.modules["__main__"] = ModuleType("__main__")
        # A Dask worker is a daemon, which may have no children; ours end with it by themselves (`_end_with_parent`).
        process_config = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001
        daemon = process_config.pop("daemon", None)
        os.environ.update(_CHILD_ENVIRONMENT)
        try:
            yield
        finally:
            sys.modules["__main__"] = main
            if daemon is not None:
                process_config["daemon"] = daemon
            for name, value in saved.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _receive(answer: Connection) -> MadePage | YsError | None:
    """The answer of a process; None where it ended without one."""
    try:
        received: MadePage | YsError = answer.recv()
    except (EOFError, OSError):
        return None
    return received


def _describe_exit(process: BaseProcess, folder: Path) -> str:
    """Say how a process ended that made no page, with the last line it wrote."""
    code = process.exitcode or 0
    ending = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    try:
        lines = (folder / _LOG_FILE).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return f"its process ended {ending} before the page was made" + (
        f": {lines[-1][-_MAX_CHARACTERS:]}" if lines else ""
    )


def _run(task: Task, answer: Connection, core: int) -> None:
    """Make a page in this process, which was started for it, and send the page or the error."""
    if core >= 0:
        # Polars hands each of some four thousand small queries to a thread of its own: on another core that costs an
        # eighth of a page's time.
        os.sched_setaffinity(0, {core})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its processes itself
    os.environ.clear()
    os.environ.update(task.environment)
    os.chdir(task.folder)
    with (task.folder / _LOG_FILE).open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    try:
        from ys_analytics.reporting import worker

        answer.send(worker.make(task))
    except YsError as error:
        answer.send(error)
    except Exception as error:  # noqa: BLE001 - nothing else would report it
        answer.send(ReportError(f"{type(error).__name__}: {' '.join(str(error).split())[:_MAX_CHARACTERS]}"))


def _end_with_parent() -> None:
    """Stop this process when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
