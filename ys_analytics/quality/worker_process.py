"""Client of the checking processes: start them, send them jobs, stop them.

Depends on pipes and the form of an answer. Does not know a suite. Importing Great
Expectations costs seconds, so the same processes serve every job of their parent, and
`start_worker` starts them while the parent still does something else.
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


class CheckingProcesses:
    """One process that imports Great Expectations, and on Linux a second forked from it: they start when first needed.

    The second costs no import of its own, and ends with the first.
    """

    def __init__(self) -> None:
        """None runs yet."""
        self._starting = threading.Lock()
        self._leader: subprocess.Popen[bytes] | None = None
        self._pipes: list[_Pipes] = []
        self._stderr: IO[str] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The first process, running; it forks the second."""
        return self._running()[0]

    def _running(self) -> "tuple[subprocess.Popen[bytes], list[_Pipes]]":
        """The first process, and the pipes of each."""
        with self._starting:
            if self._leader is None or self._leader.poll() is not None:
                self.stop()
                environment = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
                # A file and not a pipe: nothing reads along, and a full pipe would stop the checking process.
                self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - lives as long
                ends = [(os.pipe(), os.pipe()) for _ in range(PROCESSES)]
                theirs = [(jobs[0], answers[1]) for jobs, answers in ends]
                (stdin, stdout), others = theirs[0], [end for pair in theirs[1:] for end in pair]
                self._leader = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "ys_analytics.quality.worker", *map(str, others)],
                    stdin=stdin, stdout=stdout, stderr=self._stderr, pass_fds=others,
                    env=environment | {"GX_ANALYTICS_ENABLED": "false", "PYTHONWARNINGS": "ignore"},
                )  # fmt: skip
                for pair in theirs:
                    for end in pair:
                        os.close(end)
                self._pipes = [_Pipes(jobs[1], answers[0]) for jobs, answers in ends]
            return self._leader, self._pipes

    def ask(self, job: Mapping[str, object], *, process: int = 0) -> dict[str, Any]:
        """Send one job to one of the processes, and wait for its answer.

        The answer carries the job's ticket. A wait that is interrupted ends the processes, so that a late answer is
        never taken for the answer to the next job.
        """
        ticket = uuid4().hex
        pipes = self._running()[1][process]
        with pipes.in_use:
            try:
                line = pipes.exchange(json.dumps({**job, "ticket": ticket}))
                answer: dict[str, Any] = json.loads(line) if line.endswith("\n") else {}
            except BaseException:
                self.kill()
                raise
            if answer.get("ticket") != ticket:
                last_line = self._last_error_line()
                self.kill()
                raise ExpectationFailed(f"the check ended without a result ({last_line}); nothing was checked")
            return answer

    def kill(self) -> None:
        """End the processes at once."""
        if self._leader is not None:
            self._leader.kill()
        self.stop()

    def stop(self) -> None:
        """Close their pipes, at which they end."""
        leader, self._leader = self._leader, None
        pipes, self._pipes = self._pipes, []
        stderr, self._stderr = self._stderr, None
        if stderr is not None:
            stderr.close()
        for each in pipes:
            each.close_jobs()
        if leader is None:
            return
        try:
            leader.wait(timeout=10)
        except subprocess.TimeoutExpired:
            leader.kill()
            leader.wait()
        for each in pipes:
            each.answers.close()

    def _last_error_line(self) -> str:
        """The last line they wrote to stderr."""
        if self._stderr is None:
            return "it never started"
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr if line.strip()]
        return lines[-1][:200] if lines else "it said nothing"


class _Pipes:
    """The jobs that one process reads and the answers that it writes, a line each."""

    def __init__(self, jobs: int, answers: int) -> None:
        self.in_use = threading.Lock()
        self.jobs = os.fdopen(jobs, "w", encoding="utf-8")
        self.answers = os.fdopen(answers, "r", encoding="utf-8")

    def exchange(self, job: str) -> str:
        """Send one line and read one; empty, or without its end, when the process died."""
        with suppress(BrokenPipeError):
            self.jobs.write(job + "\n")
            self.jobs.flush()
            return self.answers.readline()
        return ""

    def close_jobs(self) -> None:
        """Say that no job follows."""
        with suppress(BrokenPipeError):
            self.jobs.close()


# How many processes check: the second is forked, which is safe on Linux alone.
PROCESSES = 2 if sys.platform == "linux" and (os.cpu_count() or 1) > 1 else 1

# What a suite costs in bytes of frames: its rules take their time over an empty table too, and those across all
# stores ask more of it than those of a table.
_SUITE_COST = 400_000
_CROSS_STORE_COST = 4_000_000

# The cost from which a second process saves more time than it takes to open its engine: some fifteen suites.
_SHARED_FROM = 10_000_000

_PROCESSES = CheckingProcesses()
atexit.register(_PROCESSES.stop)


def start_worker() -> None:
    """Start the checking processes now, so that they are ready when they are asked."""
    _PROCESSES.start()


def stop_worker() -> None:
    """End the checking processes; the next job starts them anew."""
    _PROCESSES.stop()


def ask_here(job: Mapping[str, object]) -> list[Finding]:
    """The same in this process, for an engine that no other process can reach."""
    from ys_analytics.quality import worker

    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return _findings(worker.answer(json.dumps({**job, "ticket": ""})))


def ask(job: Mapping[str, object]) -> list[Finding]:
    """What the checking processes find; two share the suites of a run, where there are two cores.

    Raises:
        SuiteError: a suite is absent or broken.
        ExpectationFailed: a checking process itself failed, so nothing was checked.
    """
    first, second = _halves(job)
    if not second:
        return _findings(_PROCESSES.ask(job))
    _PROCESSES.start()
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(_PROCESSES.ask, {**job, "tables": second}, process=1)
        try:
            found = _findings(_PROCESSES.ask({**job, "tables": first}))
        except BaseException:
            _PROCESSES.kill()
            raise
        return found + _findings(answer.result())


def _halves(job: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The suites of a job in two lots that take about as long; the second is empty where one process does all."""
    files = {name: Path(path).stat().st_size for name, path in job.get("files", {}).items()}
    cost = {name: files.get(name, _CROSS_STORE_COST) + _SUITE_COST for name in job["tables"]}
    if job["kind"] != "frozen" or PROCESSES == 1 or sum(cost.values()) < _SHARED_FROM:
        return job["tables"], []
    lots: tuple[list[str], list[str]] = ([], [])
    for name in sorted(cost, key=cost.__getitem__, reverse=True):
        min(lots, key=lambda lot: sum(cost[suite] for suite in lot)).append(name)
    return lots


def _findings(answer: Mapping[str, Any]) -> list[Finding]:
    """The findings of an answer; raises the error that stopped the check."""
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    return [Finding.from_json(values) for values in answer["findings"]]
