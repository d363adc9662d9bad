"""Numbers that the page of an earlier week printed: read from the data JSON next to the PDF.

Reads one file of a run's folder; computes nothing. A file that cannot be read as such a page counts as none.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

_WEEK_TITLE, _PERFORMANCE_TITLE = "The week in numbers", "The week and since inception"


def page_of(folder: Path | None, portfolio_id: str) -> Mapping[str, Any]:
    """The data JSON of a portfolio's page in a run's folder; empty where there is none."""
    if folder is None or not folder.is_dir():
        return {}
    for path in sorted(folder.glob(f"*{portfolio_id[:8]}.json")):
        try:
            page = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(page, dict) and page.get("portfolio_id") == portfolio_id:
            return page
    return {}


def value(page: Mapping[str, Any]) -> Decimal | None:
    """The net value it printed."""
    for row in _rows(page, _WEEK_TITLE):
        try:
            return Decimal(str(row.get("value")))
        except InvalidOperation:
            return None
    return None


def since_inception(page: Mapping[str, Any]) -> Mapping[str, float] | None:
    """What it printed since inception, by the metric's title; None where it printed no such table."""
    rows = {
        str(row.get("shown")).partition(", ")[0] if str(row.get("shown", "")).startswith("Maximum drawdown")
        else str(row.get("shown")): row.get("since")
        for row in _rows(page, _PERFORMANCE_TITLE)
    }  # fmt: skip
    return {title: float(number) for title, number in rows.items() if isinstance(number, int | float)} or None


def _rows(page: Mapping[str, Any], title: str) -> Iterator[dict[str, Any]]:
    """The rows of a view, by column."""
    for section in page.get("sections", ()):
        for view in section.get("views", ()):
            if view.get("title") == title:
                names = [column["name"] for column in view.get("columns", ())]
                for row in view.get("rows", ()):
                    yield dict(zip(names, row, strict=True))
