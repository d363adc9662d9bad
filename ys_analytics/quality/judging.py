"""Hold a frozen run against the suites, write down what was found, and stop a report over it.

Knows runs and findings; knows neither Great Expectations nor a single rule.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from ys_analytics.errors import ExpectationFailed, UsageError
from ys_analytics.quality import findings, process, suites
from ys_analytics.quality.promise import CROSS_STORE
from ys_analytics.schemas import TABLES, Finding, Span


class Frozen(Protocol):
    """What judging needs of a run."""

    @property
    def folder(self) -> Path:
        """Where `frames/*.parquet` and `manifest.json` lie."""


def judge(run: Frozen, *, tables: Iterable[str] | None = None, suites_in: Path = suites.FOLDER) -> list[Finding]:
    """The verdict on every promise about a frozen run, written to its `findings.json`.

    Args:
        run: An open run (`frames.open_run`); its frames are read, never changed.
        tables: Suites to judge: table names, or `cross_store`; every table the run holds, and
            `cross_store`, when left out. A partial verdict leaves `findings.json` alone.
        suites_in: Folder of the suite files.

    Returns:
        One finding per promise, in the order of `schemas.TABLES` and of the suite files. A promise that could
        not be put to the test is a finding with outcome `error`.

    Raises:
        SuiteError: a suite is absent or broken.
        UsageError: there is no such table, or this run does not hold it.
        ExpectationFailed: the judge itself failed.
    """
    files = frames_of(run.folder)
    asked = suites.names(tables)
    absent = [name for name in asked if name not in files and name != CROSS_STORE]
    if tables is not None and absent:
        raise UsageError(f"{absent[0]} is not in the run {run.folder.name}; freeze it first")
    found = _absent(absent) + process.ask(
        {
            "kind": "frozen",
            "tables": [name for name in asked if name not in absent],
            "files": {name: str(path) for name, path in files.items()},
            "as_of": as_of(run.folder).isoformat(),
            "suites": str(suites_in),
        }
    )
    if tables is None:
        findings.write(found, run.folder)
    return found


def _absent(names: Sequence[str]) -> list[Finding]:
    """What cannot be judged because the run does not hold it; sessions are never held, and nothing is asked of them."""
    return [
        Finding(
            suite=name,
            rule="is in the run",
            severity="warning",
            outcome="error",
            notes="Nothing is known of what was not frozen; a report that needs it has nothing to print.",
            observed="this run does not hold it",
            rows=-1,
        )
        for name in names
        if TABLES[name].schema
    ]


def frames_of(folder: Path) -> dict[str, Path]:
    """The frames a run holds, by table."""
    return {path.stem: path.resolve() for path in sorted((folder / "frames").glob("*.parquet"))}


def as_of(folder: Path) -> datetime:
    """The moment a run speaks of: when it was taken, or the end of its week where that came first.

    A week frozen again next year is as fresh as it was then.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    taken = datetime.fromisoformat(manifest["as_of"])
    return min(taken, Span.week(manifest["week"]).end)


def gate(found: Sequence[Finding]) -> None:
    """Let a report pass only when no critical promise was broken or left untested.

    Raises:
        ExpectationFailed: one or more stop the report; the line names them.
    """
    stopping = [finding for finding in found if finding.stops]
    if stopping:
        named = "; ".join(f"{each.suite} {each.rule}: {each.observed or each.outcome}" for each in stopping[:5])
        more = f"; and {len(stopping) - 5} more" if len(stopping) > 5 else ""  # noqa: PLR2004 - a line holds five
        raise ExpectationFailed(
            f"{len(stopping)} critical promise{'s' if len(stopping) > 1 else ''} broken, so no report: {named}{more}; "
            "mend the data, or print it with --provisional"
        )
