"""A receipt for each report: hashes of its input and its files, or why it was not made.

Depends on hashes. Does not print anything. A report whose receipt has the key of now, and whose files are those of the
receipt, need not be made again.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ys_analytics
from ys_analytics.resources import REPORTS

if TYPE_CHECKING:
    from ys_analytics.reporting.plan import ReportJob

FOLDER = ".receipts"
_VERSIONED_PACKAGES = (
    "polars",
    "plotly",
    "playwright",
    "nbconvert",
    "papermill",
    "ipython",
    "pypdf",
    "jinja2",
    "latex2mathml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Outcome of one report.

    Attributes:
        stem: Name of its files without the suffix.
        portfolio_id: The portfolio's id; empty for the ranking.
        portfolio: Its name.
        key: Hash of all it was made from.
        files: SHA-256 of each file by its name; none where it was not made.
        reason: Why it was not made; empty where it was.
        stopped: Whether its data stopped it.
        provisional: Whether it was made over findings that would have stopped it, or of a week still running.
        headline: The week's numbers by name, as the data JSON holds them; none of the ranking.
    """

    stem: str
    portfolio_id: str
    portfolio: str
    key: str
    files: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    stopped: bool = False
    provisional: bool = False
    headline: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """The receipt as it is stored."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"

    def is_complete(self, folder: Path) -> bool:
        """Whether each file it names is in the folder, byte for byte."""
        try:
            return bool(self.files) and all(_hash(folder / name) == digest for name, digest in self.files.items())
        except OSError:
            return False


def path(folder: Path, stem: str) -> Path:
    """Where the receipt of a report lies in its run."""
    return folder / FOLDER / f"{stem}.json"


def receipt_of(content: Mapping[Path, bytes], **facts: Any) -> Receipt:
    """The receipt of files that are about to be put."""
    return Receipt(
        files={target.name: sha256(file_content).hexdigest() for target, file_content in content.items()}, **facts
    )


def headline_of(data: bytes) -> dict[str, Any]:
    """The week's numbers out of a page's data JSON, by name; none where the page has no headline."""
    views = [view for section in json.loads(data)["sections"] for view in section["views"]]
    headline = next((view for view in views if view["kind"] == "headline"), None)
    if headline is None or not headline["rows"]:
        return {}
    return dict(zip((column["name"] for column in headline["columns"]), headline["rows"][0], strict=True))


def read(folder: Path, stem: str) -> Receipt | None:
    """The receipt of a report; None where there is none, or none that can be read."""
    return _read(path(folder, stem))


def read_all(folder: Path) -> list[Receipt]:
    """Every receipt of a run, by the name of its files."""
    receipts = (_read(receipt) for receipt in sorted((folder / FOLDER).glob("*.json")))
    return [receipt for receipt in receipts if receipt is not None]


def _read(file: Path) -> Receipt | None:
    try:
        return Receipt(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def key(job: "ReportJob", portfolio_id: str, *others: object) -> str:
    """A hash of all that a report is made from: notebooks, parameters, data, findings, program and versions.

    Args:
        job: The report.
        portfolio_id: Whose page; empty of the ranking.
        others: What else decides how the page looks.
    """
    made_from = {
        "notebook": [[cell.cell_type, cell.source] for cell in job.notebook.cells],
        "title": [job.weekly.title, job.weekly.publisher, [finding.name for finding in job.weekly.notebooks]],
        "parameters": [job.run.week, portfolio_id, *sorted(job.weekly.parameters.items())],
        "settings": [str(job.settings.risk_free), job.settings.benchmark],
        "data": [job.subject.run, job.subject.suites],
        "findings": [finding.to_json() for finding in job.findings if finding.affects_portfolio(portfolio_id)],
        "provisional": [job.provisional, job.not_final],
        "others": others,
        "program": _program_versions(),
    }
    return sha256(json.dumps(made_from, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _program_versions() -> Sequence[str]:
    """A hash of the program's files, and the versions of Python and the packages it depends on."""
    package = Path(ys_analytics.__file__).parent
    digest = sha256()
    for file in sorted([*package.rglob("*"), *REPORTS.glob("*.css"), *REPORTS.glob("template/*")]):
        if file.is_file() and file.suffix in {".py", ".j2", ".js", ".css", ".sql", ".json"}:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return [digest.hexdigest(), platform.python_version(), *(f"{name} {version(name)}" for name in _VERSIONED_PACKAGES)]


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
