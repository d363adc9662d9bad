"""A receipt for each report: of what it was made and which bytes were put, or why it was not made.

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
_PACKAGES = ("polars", "plotly", "playwright", "nbconvert", "papermill", "ipython", "pypdf", "jinja2", "latex2mathml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one report.

    Attributes:
        stem: Of its files.
        portfolio_id: Whose; empty of the ranking.
        portfolio: What the owner calls it.
        key: Of all it was made from.
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
        held = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(held, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"

    def whole(self, folder: Path) -> bool:
        """Whether each file it names is in the folder, byte for byte."""
        try:
            return bool(self.files) and all(_hash(folder / name) == known for name, known in self.files.items())
        except OSError:
            return False


def path(folder: Path, stem: str) -> Path:
    """Where the receipt of a report lies in its run."""
    return folder / FOLDER / f"{stem}.json"


def receipt_of(content: Mapping[Path, bytes], **known: Any) -> Receipt:
    """The receipt of files that are about to be put."""
    return Receipt(files={target.name: sha256(held).hexdigest() for target, held in content.items()}, **known)


def headline_of(data: bytes) -> dict[str, Any]:
    """The week's numbers out of a page's data JSON, by name; none where the page has no headline."""
    views = [view for section in json.loads(data)["sections"] for view in section["views"]]
    found = next((view for view in views if view["kind"] == "headline"), None)
    if found is None or not found["rows"]:
        return {}
    return dict(zip((column["name"] for column in found["columns"]), found["rows"][0], strict=True))


def read(folder: Path, stem: str) -> Receipt | None:
    """The receipt of a report; None where there is none, or none that can be read."""
    return _read(path(folder, stem))


def read_all(folder: Path) -> list[Receipt]:
    """Every receipt of a run, by the name of its files."""
    found = (_read(each) for each in sorted((folder / FOLDER).glob("*.json")))
    return [each for each in found if each is not None]


def _read(where: Path) -> Receipt | None:
    try:
        return Receipt(**json.loads(where.read_text(encoding="utf-8")))
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
        "title": [job.weekly.title, job.weekly.publisher, [one.name for one in job.weekly.notebooks]],
        "parameters": [job.run.week, portfolio_id, *sorted(job.weekly.parameters.items())],
        "settings": [str(job.settings.risk_free), job.settings.benchmark],
        "data": [job.about.run, job.about.suites],
        "findings": [one.to_json() for one in job.findings if one.touches(portfolio_id)],
        "provisional": [job.provisional, job.running],
        "others": others,
        "program": _program(),
    }
    return sha256(json.dumps(made_from, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _program() -> Sequence[str]:
    """The program's own files, and the versions of what it stands on."""
    package = Path(ys_analytics.__file__).parent
    held = sha256()
    for each in sorted([*package.rglob("*"), *REPORTS.glob("*.css"), *REPORTS.glob("template/*")]):
        if each.is_file() and each.suffix in {".py", ".j2", ".js", ".css", ".sql", ".json"}:
            held.update(each.name.encode() + b"\0" + each.read_bytes() + b"\0")
    return [held.hexdigest(), platform.python_version(), *(f"{name} {version(name)}" for name in _PACKAGES)]


def _hash(where: Path) -> str:
    return sha256(where.read_bytes()).hexdigest()
