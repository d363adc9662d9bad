"""Base class of figures and tables: texts for people, and the data JSON for machines.

Depends on mime types and the shape of the data JSON, `application/vnd.ys.v1+json`. Does not know a table or a chart.
The same view gives the same bytes: no ids, no clock, sorted keys.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Self

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.templates import render

DATA_TYPE = "application/vnd.ys.v1+json"

Size = Literal["page", "half", "third"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a view.

    Attributes:
        name: Of the frame's column.
        title: For people.
        unit: A unit that `formats.text` can write; empty for labels.
        unit_from: The column that holds each row's own unit, where rows differ.
        suffix: The column whose text follows the value: a token's symbol.
        reason: The column that says why a value is null; it becomes a footnote.
        tone: Whether a negative value is coloured.
        width: Share of the table's width, in per cent; 0 leaves it to the browser.
    """

    name: str
    title: str
    unit: str = ""
    unit_from: str = ""
    suffix: str = ""
    reason: str = ""
    tone: bool = False
    width: int = 0

    @property
    def numeric(self) -> bool:
        """Whether its cells stand to the right."""
        return bool(self.unit_from) or self.unit in formats.NUMERIC


@dataclass(frozen=True, slots=True, kw_only=True)
class View(ABC):
    """A figure or table, and the numbers in it.

    Attributes:
        title: What it shows, as a sentence would say it.
        subtitle: Window, units or method, in smaller type.
        fields: The columns of the data JSON.
        rows: The values of the data JSON, one tuple a row.
        alt: Text for a reader who cannot see it, made from the numbers.
        notes: Footnotes and reasons.
        warnings: What the checks found wrong with the data it is made from.
        labels: Every other text with a number in it: ticks, marks, direct labels.
        size: How wide it stands on the page.
    """

    title: str
    subtitle: str = ""
    fields: tuple[Field, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    alt: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    size: Size = "page"
    kind: str = field(default="view", kw_only=True)

    def data_json(self) -> dict[str, object]:
        """The view as plain JSON values: decimals as strings, times in ISO 8601, undefined as null."""
        return {
            "kind": self.kind,
            "title": self.title,
            "subtitle": self.subtitle,
            "alt": self.alt,
            "size": self.size,
            "columns": [{"name": item.name, "title": item.title, "unit": item.unit} for item in self.fields],
            "rows": [[plain(value) for value in row] for row in self.rows],
            "written": [list(row) for row in self.printed_rows()],
            "labels": list(self.labels),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    def with_warnings(self, warnings: Iterable[str]) -> Self:
        """The same view with warnings printed next to it.

        >>> statement("Alerts", "None was raised.").with_warnings(["Warning: a day is missing."]).warnings
        ('Warning: a day is missing.',)
        """
        return replace(self, warnings=(*self.warnings, *warnings))

    def unless(self, reason: str) -> "View":
        """The same view, or where there is a reason not to show it, the reason under its title.

        >>> statement("Positions", "Two of them.").unless("the ledger does not explain its value").alt
        'Not known: the ledger does not explain its value.'
        """
        return statement(self.title, f"Not known: {reason}.", size=self.size) if reason else self

    def printed_rows(self) -> tuple[tuple[str, ...], ...]:
        """The rows as they are printed."""
        return ()

    @abstractmethod
    def to_html(self) -> str:
        """The view as one self-contained piece of HTML."""

    def _repr_mimebundle_(self, **_requested: object) -> dict[str, object]:
        """What Jupyter shows and stores: HTML, plain text and the data JSON."""
        return {"text/html": self.to_html(), "text/plain": self.alt or self.title, DATA_TYPE: self.data_json()}


def plain(value: object) -> object:
    """A value as JSON holds it, without losing a digit; zero has no sign.

    >>> plain(Decimal("0.100")), plain(date(2026, 1, 2)), plain(float("nan")), plain(-0.0)
    ('0.100', '2026-01-02', None, 0.0)
    """
    match value:
        case Decimal():
            converted: object = format(value, "f")
        case datetime() | date():
            converted = value.isoformat()
        case float():
            converted = value + 0.0 if math.isfinite(value) else None
        case pl.Series() | list() | tuple():
            converted = [plain(item) for item in value]
        case dict():
            converted = {str(key): plain(item) for key, item in value.items()}
        case _:
            converted = value
    return converted


def script_json(value: object) -> str:
    """JSON, the same bytes for the same value, safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\u2028", "\\u2028")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(View):
    """One sentence in place of a figure or table: nothing happened, or the reason why it is not shown."""

    kind: str = "statement"

    def to_html(self) -> str:
        """A quiet line under the title."""
        return render("statement", view=self)


def not_shown(title: str, reason: str, *, size: Size = "page") -> Statement:
    """A statement in place of a view that cannot be shown, with the reason.

    >>> not_shown("Volatility", "needs 30 days, has 1").alt
    'Not shown: needs 30 days, has 1.'
    """
    return Statement(title=title, alt=f"Not shown: {reason}.", size=size)


def statement(title: str, sentence: str, *, size: Size = "page") -> Statement:
    """A sentence in place of an empty table or figure."""
    return Statement(title=title, alt=sentence, size=size)
