"""The list of runs: which weeks were frozen and when, their findings, and what was printed from them.

Depends on manifests, findings and names of files. Does not verify a frame, as opening a run does, or change anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ys_analytics.errors import RunError
from ys_analytics.frames import Manifest
from ys_analytics.quality import by_severity, has_complete_findings, read_findings
from ys_analytics.schemas import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One run.

    Attributes:
        week: The folder's name, the ISO week it was frozen for.
        as_of: When it was frozen, in UTC; None where it has no whole manifest.
        rows: In all its frames.
        bytes: Of all its frames.
        commit: Of the program that froze it; empty outside a checkout.
        findings: Rules that failed or could not run, the most severe first; None where it was not checked completely.
        pages: Names of what was printed, without their suffixes.
        problem: Why it cannot be opened; empty where it can.
    """

    week: str
    as_of: datetime | None = None
    rows: int = 0
    bytes: int = 0
    commit: str = ""
    findings: tuple[Finding, ...] | None = None
    pages: tuple[str, ...] = ()
    problem: str = ""

    def count_failed(self, severity: str) -> int | None:
        """How many rules of a severity failed; None where the run was not checked."""
        if self.findings is None:
            return None
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def stopped(self) -> int | None:
        """How many portfolios a critical finding stops; -1 where it stops all, None where the run was not checked."""
        if self.findings is None:
            return None
        stopping = [finding for finding in self.findings if finding.stops]
        if any(finding.portfolios is None for finding in stopping):
            return -1
        return len({portfolio_id for finding in stopping for portfolio_id in finding.portfolios or ()})


def list_runs(out: Path) -> list[RunEntry]:
    """Every run in a folder of runs, the newest week first; none where there is no such folder.

    Args:
        out: Folder of runs, as `settings.out`.
    """
    return sorted(_entries(out), key=lambda entry: entry.week, reverse=True)


def _entries(out: Path) -> Iterator[RunEntry]:
    for path in out.glob("*/manifest.json"):
        folder = path.parent
        if not folder.name.startswith("."):  # a freeze under way
            yield _entry(folder)


def _entry(folder: Path) -> RunEntry:
    pages = tuple(sorted(page.stem for page in folder.glob("*.pdf")))
    try:
        manifest = Manifest.read(folder / "manifest.json")
        findings = tuple(by_severity(read_findings(folder))) if has_complete_findings(folder) else None
    except RunError as error:
        return RunEntry(week=folder.name, pages=pages, problem=str(error))
    return RunEntry(
        week=manifest.week,
        as_of=manifest.as_of,
        rows=sum(frame.rows for frame in manifest.frames.values()),
        bytes=sum(frame.bytes for frame in manifest.frames.values()),
        commit=manifest.git_commit,
        findings=findings,
        pages=pages,
    )
