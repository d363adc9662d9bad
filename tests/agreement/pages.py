"""How a page's numbers are held against the second implementation's: every one is found again, or it is an error.

A view's data JSON has rows (typed values), cells as they are printed, and words with numbers in them. Rows are compared
with expected rows column by column; a printed cell must be its value rounded at its own last digit; a number in the
words must be one of the view's numbers, rounded at its own last digit, or one of the few constants named here.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from .comparing import same

MISSING = object()

# Stands in text for things that are no quantities: contracts, weeks, days and moments.
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_WEEKDAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DATES = re.compile(
    rf"0x[0-9a-f]+|\(…[0-9a-f]{{6}}\)|\d{{4}}-W\d\d|\d{{4}}-\d\d-\d\d(?: \d\d:\d\d)?|{_WEEKDAY} \d{{1,2}}|"
    rf"(?:\d{{1,2}}[–-])?\d{{1,2}} {_MONTH}(?: \d{{4}})?(?: \d\d:\d\d)?"  # noqa: RUF001
)
_NEEDS = re.compile(r"needs (\d+) (?:whole )?\w+, has (\d+)")
_LEAST = {1, 2, 3, 4, 7, 10, 30, 90, 180, 365}
_NUMBER = re.compile(r"(?<![A-Za-z\d])[−+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:k|M|B)?(?: ?%)?")  # noqa: RUF001
_SCALES = {"k": 1e3, "M": 1e6, "B": 1e9}


@dataclass
class ViewData:
    """A view as its data JSON holds it."""

    raw: dict[str, Any]

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.raw["title"])

    @property
    def names(self) -> list[str]:
        """Its columns."""
        return [column["name"] for column in self.raw["columns"]]

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        place = self.names.index(name) if name in self.names else -1
        return [row[place] for row in self.raw["rows"]] if place >= 0 else []


@dataclass
class Page:
    """What the second implementation expects of a view.

    Attributes:
        rows: One mapping a row; a column left out is text, a `MISSING` value is not looked at. None: the view has
            nothing but words.
        facts: Other numbers that its words may hold.
        dates: Days that its words may hold.
        copied: Columns that are read from a store as they are, not computed.
        per_cent: Whether printed cells leave out the sign of per cent.
        checked: Columns whose defining properties were looked at where the view was expected.
    """

    rows: list[dict[str, Any]] | None
    facts: Iterable[Any] = ()
    dates: Iterable[date] = ()
    copied: set[str] = field(default_factory=set)
    per_cent: bool = False
    checked: set[str] = field(default_factory=set)


_PAGES: dict[str, Callable[[Any, ViewData], Page]] = {}


def page(*titles: str) -> Callable[[Callable[[Any, ViewData], Page]], Callable[[Any, ViewData], Page]]:
    """Name the views that a function expects."""

    def register(expected: Callable[[Any, ViewData], Page]) -> Callable[[Any, ViewData], Page]:
        _PAGES.update(dict.fromkeys(titles, expected))
        return expected

    return register


def named() -> set[str]:
    """Titles of all views that are expected."""
    return set(_PAGES)


@dataclass
class Tally:
    """What was compared, and what was not as expected.

    Attributes:
        counts: Numbers by how they were found again.
        wrong: A line for each that was not.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def compare(self, report: Any, view: dict[str, Any], *, ticks: Iterable[str] = ()) -> None:
        """Find every number of a view again."""
        view_data = ViewData(view)
        expected = _PAGES.get(view_data.title) or _PAGES.get(view["kind"])
        if expected is None:
            self.wrong.append(f"{view_data.title}: nobody computes this view again")
            return
        known = expected(report, view_data)
        where = f"{report.run.week} {report.portfolio['name']}, {view_data.title}"
        self._rows(where, view_data, known)
        self._cells(where, view_data, known)
        self._words(report, view_data, known, list(ticks))

    def _rows(self, where: str, view_data: ViewData, known: Page) -> None:
        shown = view_data.raw["rows"]
        if known.rows is None:
            numbers = [value for row in shown for value in row if _plain(value) is not None]
            self.wrong += [f"{where}: {value} stands among words" for value in numbers]
            return
        if len(shown) != len(known.rows):
            self.wrong.append(f"{where}: {len(shown)} rows, {len(known.rows)} expected; {view_data.raw['alt'][:90]}")
            return
        for place, (row, right) in enumerate(zip(shown, known.rows, strict=True)):
            for name, value in zip(view_data.names, row, strict=True):
                if name not in right:
                    if _quantity(value) is not None:
                        self.wrong.append(f"{where}: {name} of row {place} is {value}, and nobody computes it again")
                    continue
                if right[name] is MISSING:
                    continue
                self._value(f"{where}: {name} of row {place}", value, right[name],
                            "copied from a store" if name in known.copied
                            else "checked by properties" if name in known.checked else "computed again")  # fmt: skip

    def _value(self, where: str, value: Any, right: Any, how: str) -> None:
        if right is None or value is None:
            if right is not value:
                self.wrong.append(f"{where} is {value}, expected {right}")
            self.counts["refused by both"] += right is value
        elif not same(value, right):
            self.wrong.append(f"{where} is {value}, expected {right}")
        else:
            self.counts[how] += 1

    def _cells(self, where: str, view_data: ViewData, known: Page) -> None:
        written = view_data.raw["written"]
        if view_data.raw["kind"] != "table" or not written:
            return
        rows = view_data.raw["rows"]
        if totals := written[len(rows) :]:
            self._totals(where, view_data, known, totals)
        for place, (row, cells) in enumerate(zip(rows, written[: len(rows)], strict=True)):
            for name, value, cell in zip(view_data.names, row, cells, strict=True):
                number = _quantity(value)
                if number is None:
                    continue
                text = cell.replace("\N{NO-BREAK SPACE}", " ")
                found = _NUMBER.match(text)
                if found is None or not rounds(found[0], number, per_cent=known.per_cent and name != "year"):
                    self.wrong.append(f"{where}: {name} of row {place} is {value} and is printed as {cell!r}")
                else:
                    self.counts["printed as computed"] += 1

    def _totals(self, where: str, view_data: ViewData, known: Page, totals: list[list[str]]) -> None:
        """One line below the rows: each number in it is the sum of its column."""
        if len(totals) != 1:
            self.wrong.append(f"{where}: {len(totals)} lines below the rows")
        for at, (name, cell) in enumerate(zip(view_data.names, totals[0], strict=True)):
            found = _NUMBER.match(cell.replace("\N{NO-BREAK SPACE}", " "))
            if found is None:
                continue
            column = [number for row in view_data.raw["rows"] if (number := _quantity(row[at])) is not None]
            if rounds(found[0], math.fsum(column), per_cent=known.per_cent):
                self.counts["sums of columns"] += 1
            else:
                self.wrong.append(
                    f"{where}: the total of {name} is printed as {cell!r}, its rows add up to {sum(column)}"
                )

    def _words(self, report: Any, view_data: ViewData, known: Page, ticks: list[str]) -> None:
        where = f"{report.run.week} {report.portfolio['name']}, {view_data.title}"
        if known.rows is None:
            return
        numbers = [n for row in known.rows for value in row.values() if (n := _plain(value)) is not None]
        numbers += [n for value in known.facts if (n := _plain(value)) is not None]
        numbers.append(len(known.rows))
        for text in self._texts(view_data, ticks):
            said = text.replace("\N{NO-BREAK SPACE}", " ").replace("<br>", " ")
            for named in (*_CONSTANT_WORDS, *sorted(report.symbols.values(), key=len, reverse=True)):
                said = said.replace(named, " ")
            for needed, had in _NEEDS.findall(said):
                if int(needed) in _LEAST and int(had) < int(needed):
                    self.counts["in reasons"] += 2
                else:
                    self.wrong.append(f"{where}: {text[:80]!r} is no reason")
            for token in _NUMBER.findall(_NEEDS.sub(" ", _DATES.sub(" ", said))):
                if any(rounds(token, number, sign=False) for number in numbers):
                    self.counts["in words"] += 1
                else:
                    self.wrong.append(
                        f"{where}: its words say {token!r} in {text[:80]!r}, which is none of its numbers"
                    )

    def _texts(self, view_data: ViewData, ticks: list[str]) -> list[str]:
        """What a view says in words; ticks of axes are where the drawer put them."""
        labels = list(view_data.raw["labels"])
        for tick in ticks:
            if tick in labels:
                labels.remove(tick)
                self.counts["ticks of axes"] += 1
        tiles = (
            [text for tile in view_data.raw["written"] for text in tile] if view_data.raw["kind"] == "headline" else []
        )
        return [view_data.raw["alt"], view_data.raw["subtitle"], *labels, *view_data.raw["notes"], *tiles]


# Words with a number in them that is no result: what a method is called.
_CONSTANT_WORDS = (
    "CVaR 95 %", "VaR 95 %", "one day at 95 %", "worst 5 % of days within 7 days", "95 %, one day",
    "365 days a year", "last 13 weeks", "13 weeks", "1 / Herf",
    "−1 negative", "+1 positive", "0 none to 1 now", "N: 365", "30 days rolling", "last 30 days", "below -100 %",  # noqa: RUF001
    "the health factor is 1", "within 24 hours", "below 1 a loan",
)  # fmt: skip


def _plain(value: Any) -> float | None:
    """A number, or nothing for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return float(value)


def _quantity(value: Any) -> float | None:
    """What a data JSON's value is as a number: decimals stand as text in JSON."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d+\.\d+", value) else None
    return _plain(value)


def rounds(token: str, number: float, *, sign: bool = True, per_cent: bool = False) -> bool:
    """Whether a text is a number, rounded at the text's last digit."""
    body = token.replace("−", "-").replace(",", "").strip()  # noqa: RUF001
    scale = 1.0
    if body.endswith("%") or per_cent:
        body, scale = body.removesuffix("%").strip(), 100.0
    unit = _SCALES.get(body[-1:], 1.0)
    body = body.rstrip("kMB")
    places = len(body.partition(".")[2])
    said, right = float(body) * unit, number * scale
    if not sign:
        said, right = abs(said), abs(right)
    return abs(said - right) <= 0.5 * 10.0**-places * unit * (1 + 1e-9) + 1e-9 * abs(right)
