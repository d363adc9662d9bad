"""Definition of a report: title, publisher and notebooks, read from `reports/weekly.toml`.

Depends on that file's form. Does not open a notebook.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ys_analytics.errors import ReportError
from ys_analytics.resources import NOTEBOOKS, REPORTS
from ys_analytics.settings import WORKSPACE

# An installed kit's own file is read where the workspace has none.
_WORKSPACE_FILE = WORKSPACE / "reports" / "weekly.toml"
WEEKLY = _WORKSPACE_FILE if _WORKSPACE_FILE.is_file() else REPORTS / "weekly.toml"

_FORM = "it needs title, publisher and [[notebook]] with path, and may have [notebook.parameters]"


@dataclass(frozen=True, slots=True)
class Weekly:
    """Definition of a report.

    Attributes:
        title: Of each page.
        publisher: Who publishes it.
        notebooks: In order.
        parameters: What each notebook is given besides run, portfolio_id and week, by its file's name.
    """

    title: str
    publisher: str
    notebooks: tuple[Path, ...]
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def read_weekly(path: Path = WEEKLY) -> Weekly:
    """Read the definition of the weekly report.

    Raises:
        ReportError: the file is absent, broken, has a word it may not have, or names a notebook that is not there.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        title, publisher = str(document["title"]), str(document["publisher"])
        entries = [dict(entry) for entry in document["notebook"]]
        notebook_entries = [(str(entry.pop("path")), dict(entry.pop("parameters", {}))) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path.name} cannot be read: {error}; {_FORM}") from error
    unknown = sorted(
        {*document} - {"title", "publisher", "notebook"} | {entry_key for entry in entries for entry_key in entry}
    )
    if unknown:
        raise ReportError(f"{path.name} does not take {', '.join(unknown)}; {_FORM}")
    notebooks = tuple(_find(name, file_name=path.name) for name, _ in notebook_entries)
    parameters = {found.name: own for found, (_, own) in zip(notebooks, notebook_entries, strict=True) if own}
    return Weekly(title, publisher, notebooks, parameters)


def _find(name: str, *, file_name: str) -> Path:
    """A notebook by its path below the workspace's notebooks, or the kit's own."""
    for folder in (WORKSPACE / "notebooks", NOTEBOOKS):
        if (folder / name).is_file():
            return folder / name
    raise ReportError(f"{file_name} names {name}, which is not in notebooks/")
