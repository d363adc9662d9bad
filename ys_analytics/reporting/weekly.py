"""What a report is made of, as `reports/weekly.toml` says it.

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
_OWN = WORKSPACE / "reports" / "weekly.toml"
WEEKLY = _OWN if _OWN.is_file() else REPORTS / "weekly.toml"

_FORM = "it needs title, publisher and [[notebook]] with path, and may have [notebook.parameters]"


@dataclass(frozen=True, slots=True)
class Weekly:
    """What a report is made of.

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
    """Read what the weekly report is made of.

    Raises:
        ReportError: the file is absent, broken, has a word it may not have, or names a notebook that is not there.
    """
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        title, publisher = str(stated["title"]), str(stated["publisher"])
        entries = [dict(one) for one in stated["notebook"]]
        named = [(str(one.pop("path")), dict(one.pop("parameters", {}))) for one in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path.name} cannot be read: {error}; {_FORM}") from error
    unknown = sorted({*stated} - {"title", "publisher", "notebook"} | {word for one in entries for word in one})
    if unknown:
        raise ReportError(f"{path.name} does not take {', '.join(unknown)}; {_FORM}")
    notebooks = tuple(_find(name, said_in=path.name) for name, _ in named)
    given = {found.name: own for found, (_, own) in zip(notebooks, named, strict=True) if own}
    return Weekly(title, publisher, notebooks, given)


def _find(name: str, *, said_in: str) -> Path:
    """A notebook by its path below the workspace's notebooks, or the kit's own."""
    for folder in (WORKSPACE / "notebooks", NOTEBOOKS):
        if (folder / name).is_file():
            return folder / name
    raise ReportError(f"{said_in} names {name}, which is not in notebooks/")
