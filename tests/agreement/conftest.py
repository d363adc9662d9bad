"""The demo's twelve portfolios, frozen as of four weeks, and every view of each, made once.

The stores are filled and frozen by the command in processes of their own, since an embedded ClickHouse admits one
folder per process and this one belongs to the other tests.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
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

YS = Path(sys.executable).parent / "ys"

# This week; the last one; half a year back; the third week of all.
WEEKS = ("2026-W47", "2026-W46", "2026-W20", "2025-W45")


@dataclass(frozen=True)
class Seen:
    """A view of a page: its twin, and the words that stand at ticks of axes."""

    cell: str
    twin: dict[str, Any]
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


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Pages]]:
    """The demo's pages, by week."""
    home = tmp_path_factory.mktemp("agreement")
    own = {name: value for name, value in os.environ.items() if not name.startswith("YS_")}
    known = own | {"YS_HOME": str(home / "stores"), "YS_OUT": str(home / "out"), "YS_ENV_FILE": os.devnull}

    def command(*words: str, check: bool = True) -> None:
        subprocess.run([YS, *words], env=known, capture_output=True, text=True, check=check)

    try:
        command("migrate", "up")
        command("demo")
        for week in WEEKS:
            command("freeze", "--week", week)
        yield {week: Pages(home / "out" / week) for week in WEEKS}
    finally:
        command("down", check=False)
