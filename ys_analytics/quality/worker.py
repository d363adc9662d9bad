"""The processes that check: jobs in on stdin, findings out on the stream that was stdout.

A process of its own because chDB holds one folder per process, because what
Great Expectations imports should not stay in the caller's, and because its
warnings are not ours. Lives as long as its parent holds the pipe, so no killed
parent leaves it behind. Run as `python -m ys_analytics.quality.worker`.
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ys_analytics.errors import ExpectationFailed, YsError, file_error, file_errors
from ys_analytics.quality import checks, suites
from ys_analytics.quality.run_detectors import run_detectors
from ys_analytics.quality.suite_types import CROSS_STORE, Snapshot, Suite
from ys_analytics.schemas import Finding

# Bytes of Parquet files that are copied into the engine's memory, where they take some ten times as much.
_MAX_COPIED_BYTES = 32 << 20


def validate_frozen(job: Mapping[str, Any]) -> Iterator[Finding]:
    """Check Parquet files against their suites, in ClickHouse's engine."""
    files = {name: Path(path) for name, path in job["files"].items()}
    read = [suites.read(name, Path(job["suites"])) for name in job["tables"]]
    snapshot = Snapshot(files, datetime.fromisoformat(job["as_of"]), datetime.fromisoformat(job["frozen_at"]))
    with tempfile.TemporaryDirectory(prefix="ys-check-", ignore_cleanup_errors=True) as folder:
        address = f"clickhousedb://?interface=chdb&path={folder}"
        with checks.Checker(address, "clickhouse", frozenset(files)) as checker:
            _open_files(checker, files)
            for suite in read:
                yield from _validate_one(suite, checker, snapshot, in_place=suite.name in job.get("in_place", ()))


def validate_live(job: Mapping[str, Any]) -> Iterator[Finding]:
    """Check suites against tables in place, by SQL."""
    read = [suites.read(name, Path(job["suites"])) for name in job["tables"]]
    with checks.Checker(checks.address(job["driver"], job["parts"], job.get("server")), job["dialect"]) as checker:
        for suite in read:
            yield from checker.validate(suite, checks.Relation(suite.name, job["queries"][suite.name]))


def document(job: Mapping[str, Any]) -> Iterator[Finding]:
    """Write Data Docs on frozen frames; finds nothing."""
    files = {name: Path(path) for name, path in job["files"].items()}
    read = [suites.read(name, Path(job["suites"])) for name in job["tables"]]
    with tempfile.TemporaryDirectory(prefix="ys-docs-", ignore_cleanup_errors=True) as folder:
        address = f"clickhousedb://?interface=chdb&path={folder}"
        with checks.Checker(address, "clickhouse", frozenset(files)) as checker:
            _open_files(checker, files)
            with file_errors(Path(job["named"])):
                checker.document(read, job["into"])
    yield from ()


def _validate_one(suite: Suite, checker: checks.Checker, snapshot: Snapshot, *, in_place: bool) -> Iterator[Finding]:
    """Shape by SQL, unless that was checked where the rows lie; detectors by our detectors."""
    results: list[Finding] = []
    if not in_place:
        relation = checks.Relation("nothing") if suite.name == CROSS_STORE else checks.Relation(suite.name)
        results += checker.validate(suite, relation)
    results += run_detectors(suite, snapshot)
    snapshot.forget()
    expected = len(suite.detectors) + (0 if in_place else len(suite.expectations))
    if len(results) != expected:
        raise ExpectationFailed(f"{suite.name}: {len(results)} results of {expected} checks; nothing was checked")
    yield from results


def _open_files(checker: checks.Checker, files: Mapping[str, Path]) -> None:
    """Make each file a table of the engine: copied into its memory while all copies together are small, else a view.

    A suite asks some twenty queries of its table, and a view decodes the Parquet file again for each.
    """
    # Rules across stores name their own tables; Great Expectations still asks for one to begin with.
    checker.run(["CREATE VIEW nothing AS SELECT 1 AS one"])
    bytes_left = _MAX_COPIED_BYTES
    for name, path in sorted(files.items(), key=lambda item: item[1].stat().st_size):
        bytes_left -= path.stat().st_size
        quoted = str(path).replace("\\", "\\\\").replace("'", "\\'")
        kind = f"TABLE {name} ENGINE = Memory" if bytes_left >= 0 else f"VIEW {name}"
        checker.run([f"CREATE {kind} AS SELECT * FROM file('{quoted}', 'Parquet')"])  # noqa: S608 - quoted above


JOBS = {"frozen": validate_frozen, "live": validate_live, "docs": document}


# What ends the process: taken by a thread of its own, and blocked everywhere else, so that no signal can cut a query
# of ClickHouse's engine short and have the rows it did not read pass for rows without a fault.
_END_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})


def answer(line: str) -> dict[str, object]:
    """The findings of one job, or the error that stopped it; with the job's ticket, so that it answers that job."""
    job = json.loads(line)
    try:
        return {"ticket": job["ticket"], "findings": [finding.to_json() for finding in JOBS[job["kind"]](job)]}
    except YsError as error:
        return {"ticket": job["ticket"], "error": type(error).__name__, "message": str(error)}
    except OSError as error:
        reported = file_error(error) or ExpectationFailed(f"the check failed to run: {checks.one_line(repr(error))}")
        return {"ticket": job["ticket"], "error": type(reported).__name__, "message": str(reported)}
    except Exception as error:  # noqa: BLE001 - the parent must hear of any error
        message = f"the check failed to run: {checks.one_line(repr(error))}"
        return {"ticket": job["ticket"], "error": "ExpectationFailed", "message": message}


# Linux's number of the call that ends a process with the one that forked it.
_PR_SET_PDEATHSIG = 1


def _end_on_signal() -> None:
    """Wait for a signal that ends the process, and end without an answer."""
    os._exit(128 + signal.sigwait(_END_SIGNALS))


def main() -> None:
    """Serve jobs until the pipe closes; with the ends of two more pipes as arguments, in a second process as well."""
    warnings.simplefilter("ignore")
    signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
    threading.Thread(target=_end_on_signal, daemon=True).start()
    # Libraries print; only answers may reach the parent.
    jobs, answers = os.dup(sys.stdin.fileno()), os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    checks.preload()
    if len(sys.argv) > 1:
        jobs, answers = _fork_second((jobs, answers), (int(sys.argv[1]), int(sys.argv[2])))
    with os.fdopen(jobs, encoding="utf-8") as lines, os.fdopen(answers, "w", encoding="utf-8") as replies:
        for line in lines:
            replies.write(json.dumps(answer(line)) + "\n")
            replies.flush()
    os._exit(0)  # nothing is open; to end as Python does takes the engine's threads seconds


def _fork_second(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Fork a process that has imported as much as this one and has opened nothing; the pipes that each serves."""
    leader = os.getpid()
    if os.fork():
        own, other = first, second
    else:
        own, other = second, first
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != leader:  # it ended before that call
            os._exit(1)
        threading.Thread(target=_end_on_signal, daemon=True).start()
    for end in other:
        os.close(end)
    return own


if __name__ == "__main__":
    main()
