"""What a report is made of, as `reports/weekly.toml` says it.

Knows that file's form; opens no notebook.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ys_analytics.errors import ReportError
from ys_analytics.resources import NOTEBOOKS, REPORTS

WEEKLY = REPORTS / "weekly.toml"


@dataclass(frozen=True, slots=True)
class Weekly:
    """A report's title, publisher and notebooks, in order."""

    title: str
    publisher: str
    notebooks: tuple[Path, ...]


def read_weekly(path: Path = WEEKLY) -> Weekly:
    """Read what the weekly report is made of.

    Raises:
        ReportError: the file is absent, broken, or names a notebook that is not there.
    """
    try:
        stated = tomllib.loads(path.read_text())
        title, publisher = str(stated["title"]), str(stated["publisher"])
        names = [str(one["path"]) for one in stated["notebook"]]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ReportError(
            f"{path.name} cannot be read: {error}; it needs title, publisher and [[notebook]] path"
        ) from error
    notebooks = tuple(NOTEBOOKS / name for name in names)
    for notebook in notebooks:
        if not notebook.is_file():
            raise ReportError(f"{path.name} names {notebook.name}, which is not in notebooks/")
    return Weekly(title, publisher, notebooks)
