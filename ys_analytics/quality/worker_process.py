"""Client of the checking process: start it, send it jobs, stop it.

Depends on pipes and the form of an answer. Does not know a suite. Importing Great
Expectations costs seconds, so one process serves every job of its parent, and
`start_worker` starts it while the parent still does something else.
"""

import atexit
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from ys_analytics import errors
from ys_analytics.errors import ExpectationFailed
from ys_analytics.schemas import Finding

# What the process may know of the environment: enough to run Python, and none of our settings, which hold secrets.
_PASSED_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SYSTEMROOT", "XDG_RUNTIME_DIR", "VIRTUAL_ENV")


class _Worker:
    """One process, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._stderr: IO[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """The running process."""
        if self._process is None or self._process.poll() is not None:
            self.stop()
            environment = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
            # A file and not a pipe: nothing reads along, and a full pipe would stop the checking process.
            self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - lives as long
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ys_analytics.quality.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True, encoding="utf-8",
                env=environment | {"GX_ANALYTICS_ENABLED": "false", "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        return self._process

    def ask(self, job: Mapping[str, object]) -> dict[str, Any]:
        """Send one job, and wait for its answer.

        The answer carries the job's ticket. A wait that is interrupted ends the process, so that a late answer is
        never taken for the answer to the next job.
        """
        ticket = uuid4().hex
        with self._lock:
            try:
                line = self._exchange(json.dumps({**job, "ticket": ticket}))
                answer: dict[str, Any] = json.loads(line) if line.endswith("\n") else {}
            except BaseException:
                self.kill()
                raise
            if answer.get("ticket") != ticket:
                last_line = self._last_error_line()
                self.kill()
                raise ExpectationFailed(f"the check ended without a result ({last_line}); nothing was checked")
            return answer

    def _exchange(self, job: str) -> str:
        """Send one line and read one; empty, or without its end, when the process died."""
        process = self.start()
        with suppress(BrokenPipeError):
            process.stdin.write(job + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return process.stdout.readline()  # type: ignore[union-attr]
        return ""

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def stop(self) -> None:
        """Close its pipe, at which it ends."""
        process, self._process = self._process, None
        stderr, self._stderr = self._stderr, None
        if stderr is not None:
            stderr.close()
        if process is None:
            return
        with suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr]
        process.stdout.close()  # type: ignore[union-attr]
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _last_error_line(self) -> str:
        """The last line it wrote to stderr."""
        if self._stderr is None:
            return "it never started"
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr if line.strip()]
        return lines[-1][:200] if lines else "it said nothing"


# Bytes of frames from which a second process saves more time than its import of Great Expectations takes.
_TWO_PROCESSES_FROM = 6 << 20

# What a suite costs in bytes of frames: its rules take their time over an empty table too, and those across all
# stores ask more of it than those of a table.
_SUITE_COST = 400_000
_CROSS_STORE_COST = 4_000_000

_FIRST, _SECOND = _Worker(), _Worker()
atexit.register(_FIRST.stop)
atexit.register(_SECOND.stop)


def start_worker() -> None:
    """Start the checking process now, so that it is ready when it is asked."""
    _FIRST.start()


def stop_worker() -> None:
    """End the checking processes; the next job starts them anew."""
    _FIRST.stop()
    _SECOND.stop()


def ask_here(job: Mapping[str, object]) -> list[Finding]:
    """The same in this process, for an engine that no other process can reach."""
    from ys_analytics.quality import worker

    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return _findings(worker.answer(json.dumps({**job, "ticket": ""})))


def ask(job: Mapping[str, object]) -> list[Finding]:
    """What the checking process finds; two share the suites of a large run, where there are two cores.

    Raises:
        SuiteError: a suite is absent or broken.
        ExpectationFailed: a checking process itself failed, so nothing was checked.
    """
    first, second = _halves(job)
    if not second:
        return _findings(_FIRST.ask(job))
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(_SECOND.ask, {**job, "tables": second})
        try:
            found = _findings(_FIRST.ask({**job, "tables": first}))
        except BaseException:
            _SECOND.kill()
            raise
        return found + _findings(answer.result())


def _halves(job: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The suites of a job in two lots that take about as long; the second is empty where one process does all."""
    files = {name: Path(path).stat().st_size for name, path in job.get("files", {}).items()}
    if job["kind"] != "frozen" or os.cpu_count() in (None, 1) or sum(files.values()) < _TWO_PROCESSES_FROM:
        return job["tables"], []
    cost = {name: files.get(name, _CROSS_STORE_COST) + _SUITE_COST for name in job["tables"]}
    lots: tuple[list[str], list[str]] = ([], [])
    for name in sorted(cost, key=cost.__getitem__, reverse=True):
        min(lots, key=lambda lot: sum(cost[suite] for suite in lot)).append(name)
    return lots


def _findings(answer: Mapping[str, Any]) -> list[Finding]:
    """The findings of an answer; raises the error that stopped the check."""
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    return [Finding.from_json(values) for values in answer["findings"]]
