"""The demo's twelve portfolios, frozen as of several weeks, and every view of each, made once.

The stores are filled and frozen by the command in processes of their own, since an embedded ClickHouse admits one
folder per process and this one belongs to the other tests.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import pytest

import ys_analytics as ys
from ys_analytics.reporting.weekly import NOTEBOOKS, read_weekly

from .plain_market import WEEK
from .plain_run import Run, monday_of

# This week, and the third week of all; in `make test-servers` also the last one, and one of half a year back.
QUICK = ("2026-W47", "2025-W45")
WEEKS = [*QUICK, *(pytest.param(week, marks=pytest.mark.servers) for week in ("2026-W46", "2026-W20"))]


@dataclass(frozen=True)
class Seen:
    """A view of a page: its data JSON, and the words that stand at ticks of axes."""

    cell: str
    view_data: dict[str, Any]
    ticks: tuple[str, ...]


def cells() -> list[str]:
    """Every cell of the notebooks that shows something, each once, in the order of the weekly report's pages."""
    found: dict[str, None] = {}
    for path in dict.fromkeys((*read_weekly().notebooks, *sorted(NOTEBOOKS.glob("*.ipynb")))):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and cell.source.startswith(("ys.figures", "ys.tables")):
                found[cell.source] = None
    return list(found)


class Pages:
    """Every view of every portfolio of one frozen week."""

    def __init__(self, folder: Path) -> None:
        """Of a run's folder; nothing is looked at yet."""
        self.run = Run(folder)
        self._seen: dict[str, list[Seen]] = {}

    @cached_property
    def portfolios(self) -> list[dict[str, Any]]:
        """Those that were open by the week's end, by name."""
        rows = [row for row in self.run.rows("portfolios") if row["created_at"] < monday_of(self.run.week) + WEEK]
        return sorted(rows, key=lambda row: row["name"])

    def of(self, portfolio: str) -> list[Seen]:
        """The views of one portfolio, as the notebooks show them."""
        if portfolio not in self._seen:
            desk = ys.open(str(self.run.folder), portfolio_id=portfolio, week=self.run.week)
            self._seen[portfolio] = [seen_by(cell, desk) for cell in cells()]
        return self._seen[portfolio]


def seen_by(cell: str, desk: Any) -> Seen:
    """What a cell shows at a desk."""
    view = eval(cell, {"ys": ys, "desk": desk})  # noqa: S307 - our own notebook's words
    layout = getattr(view, "layout", None) or {}
    axes = [axis for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))]
    return Seen(cell, view.data_json(), tuple(text for axis in axes for text in axis.get("ticktext", ())))


class Weeks(dict[str, Pages]):
    """The demo's pages by week; a week is frozen when it is first asked for."""

    def __init__(self, home: Path, runner: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        """Of a home that is empty yet, and the process that runs the commands over it."""
        super().__init__()
        own = {name: value for name, value in os.environ.items() if not name.startswith("YS_")}
        self._known = own | {"YS_HOME": str(home / "stores"), "YS_OUT": str(home / "out"), "YS_ENV_FILE": os.devnull}
        self._out, self._runner = home / "out", runner

    def __missing__(self, week: str) -> Pages:
        """Freeze it."""
        self.command("freeze", "--week", week)
        self[week] = Pages(self._out / week)
        return self[week]

    def command(self, *words: str, check: bool = True) -> None:
        """Run the command to its end."""
        done = self._runner(*words, environment=self._known)
        assert not check or done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, new_runner: Callable[[], Any]) -> Iterator[Weeks]:
    """The demo's pages, by week."""
    made = Weeks(tmp_path_factory.mktemp("agreement"), new_runner())
    try:
        made.command("migrate", "up")
        made.command("demo")
        yield made
    finally:
        made.command("down", check=False)
