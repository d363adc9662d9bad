"""`index.html` in the folder of runs: weeks, portfolios, headline numbers, change on the week before, status, links.

Depends on receipts. Does not open a run or a page.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ys_analytics.errors import UsageError
from ys_analytics.frames.atomic import write_file
from ys_analytics.reporting import page, ranking, receipts
from ys_analytics.reporting.receipts import Receipt
from ys_analytics.schemas import Week
from ys_analytics.views import formats

NAME = "index.html"

_STATUS = {
    "printed": "printed",
    "provisional": "provisional",
    "stopped": "stopped by its data",
    "failed": "failed",
    "missing": "files are missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """One report of a week.

    Attributes:
        receipt: The report's receipt.
        status: A key of `_STATUS`.
        links: Kind and address of each file that is there.
        numbers: Title and text of each headline number.
        negative: Titles of the numbers that are below zero.
    """

    receipt: Receipt
    status: str
    links: tuple[tuple[str, str], ...]
    numbers: Mapping[str, str]
    negative: frozenset[str]

    @property
    def status_text(self) -> str:
        """The status in words."""
        return _STATUS[self.status]


def write_index(out: Path) -> Path:
    """Write the index of all weeks, whole or not at all.

    Args:
        out: Folder of runs, as `settings.out`.
    """
    weeks = sorted(folder.parent.name for folder in out.glob(f"*/{receipts.FOLDER}") if _is_week(folder.parent.name))
    receipts_by_week: dict[str, dict[str, Receipt]] = {}
    for week in weeks:
        receipts_by_week[week] = {receipt.stem: receipt for receipt in receipts.read_all(out / week)}
    sections = [
        {
            "week": week,
            "days": _days(week),
            "ranking": _links(out, week, receipts_by_week[week].get(ranking.STEM)),
            "rows": rows(out, week, receipts_by_week[week].values(), receipts_by_week.get(Week(week).before, {})),
        }
        for week in reversed(weeks)
    ]
    html = page.template("index.html.j2").render(
        weeks=sections,
        heads=("Net value, USD", *_TITLES, "Open alerts"),
        script=Markup(page.read("index.js")),  # noqa: S704 - our own file
    )
    target = out / NAME
    with write_file(target) as draft_file, draft_file.open("w", encoding="utf-8") as file:
        file.write(html)
        file.flush()
        os.fsync(file.fileno())
    return target


def due(out: Path, *, now: datetime) -> list[str]:
    """The weeks that are over and whose reports were not printed yet, the oldest first.

    They begin after the last week printed; where none was, only the last week that is over is due.

    Args:
        out: Folder of runs.
        now: The moment, in UTC.

    >>> from datetime import UTC
    >>> due(Path("nowhere"), now=datetime(2026, 11, 23, 6, tzinfo=UTC))
    ['2026-W47']
    """
    last = Week.of((now - timedelta(days=7)).date())
    printed = [
        path.parent.parent.name
        for path in out.glob(f"*/{receipts.FOLDER}/{ranking.STEM}.json")
        if _is_week(path.parent.parent.name)
    ]
    if not printed:
        return [str(last)]
    weeks, week = [], Week(max(printed))
    while week < last:
        week = Week.of(week.end.date())
        weeks.append(week)
    return list(map(str, weeks))


def rows(out: Path, week: str, week_receipts: Iterable[Receipt], previous: Mapping[str, Receipt]) -> list[IndexRow]:
    """The reports of a week, those that need a look first, then by name."""
    portfolios = [receipt for receipt in week_receipts if receipt.stem != ranking.STEM]
    before_by_id = {receipt.portfolio_id: receipt for receipt in previous.values()}
    entries = [_row(out, week, receipt, before_by_id.get(receipt.portfolio_id)) for receipt in portfolios]
    order = list(_STATUS)
    return sorted(entries, key=lambda row: (-max(order.index(row.status) - 1, 0), row.receipt.portfolio.casefold()))


# Headline numbers after the value, and the units they are written in.
_TITLES = {
    "On the week before, USD": "USD whole signed",
    "Return of the week": "fraction",
    "Since inception": "fraction",
    "Below its peak": "rate",
}


def _row(out: Path, week: str, receipt: Receipt, previous: Receipt | None) -> IndexRow:
    links = _links(out, week, receipt)
    if receipt.reason:
        status = "stopped" if receipt.stopped else "failed"
    elif len(links) < len(receipt.files) or not links:
        status = "missing"
    else:
        status = "provisional" if receipt.provisional else "printed"
    current, earlier_numbers = receipt.headline, previous.headline if previous is not None else {}
    value, previous_value = _decimal(current.get("value")), _decimal(earlier_numbers.get("value"))
    change = value - previous_value if value is not None and previous_value is not None else None
    raw: dict[str, Any] = dict(
        zip(
            _TITLES,
            (change, current.get("week_return"), current.get("since_return"), current.get("underwater")),
            strict=True,
        )
    )
    numbers = {"Net value, USD": formats.text(value, "USD whole")}
    numbers |= {title: formats.text(raw[title], unit) for title, unit in _TITLES.items()}
    alerts = current.get("open_alerts")
    numbers["Open alerts"] = formats.DASH if alerts is None else f"{alerts:,}"
    negative = frozenset(title for title, number in raw.items() if number is not None and number < 0)
    return IndexRow(receipt=receipt, status=status, links=links, numbers=numbers, negative=negative)


def _links(out: Path, week: str, receipt: Receipt | None) -> tuple[tuple[str, str], ...]:
    """The files of a report that are there; PDF, HTML, JSON."""
    if receipt is None:
        return ()
    kinds = {name.rsplit(".", 1)[-1]: name for name in receipt.files}
    present = [kind for kind in ("pdf", "html", "json") if kind in kinds and (out / week / kinds[kind]).is_file()]
    return tuple((kind.upper(), f"{quote(week)}/{quote(kinds[kind])}") for kind in present)


def _decimal(text: object) -> Decimal | None:
    try:
        return None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None


def _is_week(name: str) -> bool:
    try:
        Week(name)
    except UsageError:
        return False
    return True


def _days(week: str) -> str:
    span = Week(week).span
    return formats.days_between(span.start.date(), span.last_day)
