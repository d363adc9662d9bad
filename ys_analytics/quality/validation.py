"""Checks a frozen run against the suites, writes its findings, and stops a report by them.

Depends on runs and findings. Does not know Great Expectations or a rule.
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from uuid import uuid4

from ys_analytics.errors import ExpectationFailed, StoreError, UsageError, file_errors
from ys_analytics.frames import Manifest, atomic
from ys_analytics.frames import findings as findings_file
from ys_analytics.quality import docs_pages, findings, report_gate, suites, worker_process
from ys_analytics.quality.dependents import Dependents
from ys_analytics.quality.history import History
from ys_analytics.quality.suite_types import CROSS_STORE
from ys_analytics.schemas import TABLES, Finding


class RunFolder(Protocol):
    """What checking needs of a run."""

    @property
    def folder(self) -> Path:
        """Where `frames/*.parquet` and `manifest.json` lie."""


def validate(run: RunFolder, *, tables: Iterable[str] | None = None, suites_in: Path = suites.FOLDER) -> list[Finding]:
    """The finding of every rule about a frozen run, written to its `findings.json` and to the history next to it.

    Args:
        run: An open run (`frames.open_run`); its frames are read, never changed.
        tables: Suites to check: table names, or `cross_store`; every table the run holds, and
            `cross_store`, when left out. A partial result is written nowhere.
        suites_in: Folder of the suite files.

    Returns:
        One finding per rule, in the order of `schemas.TABLES` and of the suite files. A rule that could
        not be put to the test is a finding with outcome `error`.

    Raises:
        SuiteError: a suite is absent or broken.
        UsageError: there is no such table, or this run does not hold it.
        RunError: the run was frozen again meanwhile.
        ExpectationFailed: the checking process itself failed, or was interrupted.
    """
    subject = findings.subject(run.folder, suites_in)
    files, moment = frames_of(run.folder), as_of(run.folder)
    suite_names = suites.names(tables)
    missing = [name for name in suite_names if name not in files and name != CROSS_STORE]
    if tables is not None and missing:
        raise UsageError(f"{missing[0]} is not in the run {run.folder.name}; freeze it first")
    results = worker_process.ask(
        {
            "kind": "frozen",
            "tables": [name for name in suite_names if name not in missing],
            "files": {name: str(path) for name, path in files.items()},
            "as_of": moment.isoformat(),
            "frozen_at": frozen_at(run.folder).isoformat(),
            "suites": str(suites_in),
        }
    )
    reach = Dependents.of(files)
    results = [reach.resolve(finding) for finding in results]
    results = sorted([*results, *_missing_findings(missing)], key=lambda finding: suite_names.index(finding.suite))
    if tables is None:
        findings_file.write(results, run.folder, subject)
        History.of_run(run.folder).record(results, label=run.folder.name, moment=moment)
    return results


def data_docs(
    run: RunFolder, *, into: Path, tables: Iterable[str] | None = None, suites_in: Path = suites.FOLDER
) -> Path:
    """Great Expectations' own pages on a run, for those who know them; slower than the scorecard, and shapes alone.

    Args:
        run: An open run.
        into: Folder to write them to. Opened in a browser, the pages fetch nothing.
        tables: Suites to show; those of all tables the run holds when left out.
        suites_in: Folder of the suite files.

    Returns:
        The first page.

    Raises:
        SuiteError, UsageError, ExpectationFailed: as `validate`.
    """
    files = frames_of(run.folder)
    suite_names = [
        name for name in suites.names(tables) if name in files or (name == CROSS_STORE and tables is not None)
    ]
    draft = into.parent / f".{uuid4().hex[:12]}.tmp"
    with file_errors(into), atomic.unfinished(draft):
        draft.mkdir(parents=True)
        worker_process.ask(
            {
                "kind": "docs",
                "tables": suite_names,
                "files": {name: str(path) for name, path in files.items()},
                "suites": str(suites_in),
                "into": str(draft.resolve()),
                "named": str(into),
            }
        )
        docs_pages.make_self_contained(draft)
        if into.exists():  # what else lies there stays
            shutil.copytree(draft, into, dirs_exist_ok=True)
        else:
            draft.rename(into)
    return into / "index.html"


def _missing_findings(names: Sequence[str]) -> list[Finding]:
    """A finding for each table that the run does not hold; sessions are never held, and nothing is asked of them."""
    return [
        Finding(
            suite=name,
            rule="the run holds the table",
            severity="warning",
            outcome="error",
            notes="The run holds no data of this table, so a report cannot show the figures that need it.",
            observed="this run does not hold it",
            rows=-1,
            portfolios=[] if TABLES[name].affects == () else None,
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
    manifest = Manifest.read(folder / "manifest.json")
    return min(manifest.as_of, manifest.week.end)


def frozen_at(folder: Path) -> datetime:
    """The moment a run was taken; its tables of current state and its caches are of this moment."""
    return Manifest.read(folder / "manifest.json").as_of


def gate(results: Sequence[Finding], *, fail_on: Literal["warning", "critical"] = "critical") -> None:
    """Raise unless every rule of that severity ran and passed.

    Args:
        results: The findings.
        fail_on: The least weight that stops: by default only what stops a report.

    Raises:
        ExpectationFailed: one or more stop it; the line names them, and how many portfolios they concern.
    """
    severities = {"critical"} if fail_on == "critical" else {"critical", "warning"}
    stopping = [finding for finding in findings.by_severity(results) if finding.severity in severities]
    if not stopping:
        return
    rules = "1 check" if len(stopping) == 1 else f"{len(stopping)} checks"
    raise ExpectationFailed(
        f"{rules} failed: {report_gate.list_rules(stopping)}; {report_gate.affected_reports(stopping)}; "
        "correct the data, or print with --provisional"
    )


def gate_live(results: Sequence[Finding], *, fail_on: Literal["warning", "critical"] = "critical") -> None:
    """The gate for live stores: a rule that a store did not answer says nothing of the data, nor that it is sound.

    Args:
        results: The findings of `validate_live`.
        fail_on: The least weight that stops.

    Raises:
        ExpectationFailed: a rule of that weight was broken.
        StoreError: none was, and a rule of any weight could not run; the line names those.
    """
    not_run = [
        finding
        for finding in findings.by_severity(results)
        if finding.outcome == "error" and finding.rule != findings.LOADS_AS_DECLARED
    ]
    gate([finding for finding in results if finding not in not_run], fail_on=fail_on)
    if not_run:
        rules = "1 rule" if len(not_run) == 1 else f"{len(not_run)} rules"
        raise StoreError(
            f"{rules} could not run, and the data was not checked by them: {report_gate.list_rules(not_run)}"
        )
