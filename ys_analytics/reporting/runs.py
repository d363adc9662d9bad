"""The list of runs: which weeks were frozen and when, what was found in each, and what was printed from it.

Reads manifests, findings and names. Verifies no frame, which opening a run does, and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ys_analytics.errors import RunError
from ys_analytics.frames import Manifest
from ys_analytics.quality import by_severity, judged_whole, read_findings
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
        findings: What is broken, the most severe first; None where it was not judged whole.
        pages: Names of what was printed, without their suffixes.
        trouble: Why it cannot be opened; empty where it can.
    """

    week: str
    as_of: datetime | None = None
    rows: int = 0
    bytes: int = 0
    commit: str = ""
    findings: tuple[Finding, ...] | None = None
    pages: tuple[str, ...] = ()
    trouble: str = ""

    def broken(self, severity: str) -> int | None:
        """How many promises of a severity are broken; None where the run was not judged."""
        if self.findings is None:
            return None
        return sum(found.severity == severity for found in self.findings)

    @property
    def stopped(self) -> int | None:
        """How many portfolios a critical finding stops; -1 where it stops all, None where the run was not judged."""
        if self.findings is None:
            return None
        stopping = [found for found in self.findings if found.stops]
        if any(found.portfolios is None for found in stopping):
            return -1
        return len({one for found in stopping for one in found.portfolios or ()})


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
        findings = tuple(by_severity(read_findings(folder))) if judged_whole(folder) else None
    except RunError as error:
        return RunEntry(week=folder.name, pages=pages, trouble=str(error))
    return RunEntry(
        week=manifest.week,
        as_of=manifest.as_of,
        rows=sum(frame.rows for frame in manifest.frames.values()),
        bytes=sum(frame.bytes for frame in manifest.frames.values()),
        commit=manifest.git_commit,
        findings=findings,
        pages=pages,
    )
