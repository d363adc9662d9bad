"""A table as a view: heads, units, right-aligned figures, dashes with their reasons below.

Depends on HTML tables. Does not know a portfolio. Each null prints as a dash whose reason, where the frame has one, is
a footnote.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase

import polars as pl
from markupsafe import Markup, escape

from ys_analytics.views import formats
from ys_analytics.views.templates import render
from ys_analytics.views.view import Field, Size, Statement, View, statement

# A table of so many rows is never broken over two pages.
_UNBROKEN_ROWS = 8

_MAX_WORD = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(View):
    """Rows and columns, as they are printed.

    Attributes:
        cells: Every cell as text.
        marks: The footnote letter of each cell; empty for most.
        strong: Rows that stand out (totals).
        groups: The row each group begins at, and its name.
        tints: The background of each cell; empty for none.
        html_columns: Columns whose cells are set by a function from text to HTML: formulas.
        compact: Whether it needs narrow columns.
        totals: The row under the others that adds up their columns, and the value of each of its cells; empty for none.
    """

    kind: str = "table"
    cells: tuple[tuple[str, ...], ...] = ()
    marks: tuple[tuple[str, ...], ...] = ()
    strong: frozenset[int] = field(default_factory=frozenset)
    groups: tuple[tuple[int, str], ...] = ()
    tints: tuple[tuple[str, ...], ...] = ()
    html_columns: dict[str, Callable[[str], Markup]] = field(default_factory=dict)
    compact: bool = False
    totals: tuple[tuple[str, object], ...] = ()

    def with_html_column(self, column: str, to_html_text: Callable[[str], Markup]) -> "Table":
        """The same table with one column's cells set by `to_html_text`."""
        return replace(self, html_columns={**self.html_columns, column: to_html_text})

    def printed_rows(self) -> tuple[tuple[str, ...], ...]:
        """The cells, each with its footnote letter, and the totals."""
        rows = tuple(
            tuple(f"{cell} {mark}".rstrip() for cell, mark in zip(row, marks, strict=True))
            for row, marks in zip(self.cells, self.marks, strict=True)
        )
        return (*rows, tuple(text for text, _ in self.totals)) if self.totals else rows

    def to_html(self) -> str:
        """The table, its head repeated by the browser on every page it runs over."""
        return render(
            "table",
            view=self,
            short=len(self.cells) <= _UNBROKEN_ROWS,
            widths=[column.width for column in self.fields] if any(column.width for column in self.fields) else [],
            heads=[_head(column) for column in self.fields],
            lines=self._lines(),
            totals=[
                {
                    "kind": "ys-down" if column.tone and _is_negative(value) else "",
                    "style": _align(column),
                    "shown": text,
                }
                for column, (text, value) in zip(self.fields, self.totals, strict=True)
            ]
            if self.totals
            else [],
        )

    def _lines(self) -> list[dict[str, object]]:
        """Each row with the name of the group it begins."""
        groups = dict(self.groups)
        return [
            {
                "group": groups.get(index),
                "strong": index in self.strong,
                "cells": [self._cell(index, column_index) for column_index in range(len(self.fields))],
            }
            for index in range(len(self.cells))
        ]

    def _cell(self, index: int, column_index: int) -> dict[str, str]:
        column, text = self.fields[column_index], self.cells[index][column_index]
        too_long = max(map(len, text.split()), default=0) > _MAX_WORD
        kinds = [
            *(["ys-down"] if column.tone and _is_negative(self.rows[index][column_index]) else []),
            # A word longer than any column may break anywhere, or it would push the table off the page.
            *(["ys-breaks"] if too_long else []),
        ]
        tint = (
            f";background:{self.tints[index][column_index]}" if self.tints and self.tints[index][column_index] else ""
        )
        to_html_text = self.html_columns.get(column.name, _breaking if too_long else str)
        return {
            "kind": " ".join(kinds),
            "style": f"{_align(column)}{tint}",
            "shown": to_html_text(text),
            "mark": self.marks[index][column_index],
        }


def _breaking(text: str) -> Markup:
    """The text as HTML that breaks after an underscore before it breaks anywhere.

    >>> _breaking("<portfolio_id>")
    Markup('&lt;portfolio_<wbr>id&gt;')
    """
    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))


def _head(column: Field) -> dict[str, str]:
    unit = formats.unit_label(column.unit) if column.title else ""
    return {"title": column.title, "unit": unit, "align": _align(column)}


def _align(column: Field) -> str:
    if column.numeric:
        return "text-align:right"
    return "text-align:left;white-space:nowrap" if column.unit in {"date", "UTC"} else "text-align:left"


def _is_negative(value: object) -> bool:
    try:
        return float(value) < 0  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def table(
    frame: pl.DataFrame,
    *,
    title: str,
    fields: Sequence[Field],
    subtitle: str = "",
    empty: str = "There is nothing to list.",
    notes: Sequence[str] = (),
    group: str = "",
    strong: frozenset[int] = frozenset(),
    totals: Sequence[str] = (),
    size: Size = "page",
    alt: str = "",
) -> Table | Statement:
    """Set a frame as a table.

    Args:
        frame: Has every field's column, in reading order; columns without a field are left out.
        title: What it shows.
        fields: Which columns, in which order and unit.
        subtitle: Window or method.
        empty: The sentence that stands in place of no rows.
        notes: Lines under the table, before the reasons.
        group: The column whose changes start a group with a head of its own.
        strong: Rows that stand out.
        totals: Columns whose sum stands under them; one with a null has none. Not for a table of one row.
        size: How wide it stands.
        alt: What it says; made of title and number of rows when empty.

    >>> frame = pl.DataFrame({"name": ["Sharpe ratio"], "value": [None], "why": ["needs 30 days, has 2"]})
    >>> sheet = table(
    ...     frame,
    ...     title="Week",
    ...     fields=(Field(name="name", title=""), Field(name="value", title="Value", unit="ratio", reason="why")),
    ... )
    >>> sheet.printed_rows(), sheet.notes
    ((('Sharpe ratio', '— a'),), ('a needs 30 days, has 2',))
    """
    if frame.is_empty():
        return statement(title, empty, size=size)
    reasons: dict[str, str] = {}
    cells, marks = [], []
    for record in frame.iter_rows(named=True):
        cells.append(tuple(_text(record, column) for column in fields))
        marks.append(tuple(_mark(record, column, reasons) for column in fields))
    rows = tuple(frame.select(column.name for column in fields).iter_rows())
    return Table(
        title=title,
        subtitle=subtitle,
        fields=tuple(fields),
        rows=rows,
        cells=tuple(cells),
        marks=tuple(marks),
        notes=(*notes, *(f"{letter} {reason}" for reason, letter in reasons.items())),
        alt=alt or f"{title}: {formats.count(len(rows), 'row')}.",
        groups=_groups(frame, group),
        strong=strong,
        totals=_totals(frame, fields, totals),
        size=size,
    )


def _totals(frame: pl.DataFrame, fields: Sequence[Field], names: Sequence[str]) -> tuple[tuple[str, object], ...]:
    """The row of sums: text and value of each cell; nothing where there is one row, or no column can be added up."""
    summed = {name: frame[name].sum() for name in names if not frame[name].null_count()}
    if frame.height < 2 or not summed:  # noqa: PLR2004 - one row is its own sum
        return ()
    cells: list[tuple[str, object]] = [
        (formats.text(summed[column.name], column.unit), summed[column.name]) if column.name in summed else ("", None)
        for column in fields
    ]
    first = next(index for index, (text, _) in enumerate(cells) if not text)
    return (*cells[:first], ("Total", None), *cells[first + 1 :])


def _text(record: dict[str, object], column: Field) -> str:
    unit = str(record[column.unit_from]) if column.unit_from else column.unit
    text = formats.text(record[column.name], unit)  # type: ignore[arg-type]
    suffix = record.get(column.suffix) if column.suffix and record[column.name] is not None else None
    return f"{text}{formats.HARD_SPACE}{suffix}" if suffix else text


def _mark(record: dict[str, object], column: Field, reasons: dict[str, str]) -> str:
    reason = record.get(column.reason) if column.reason and record[column.name] is None else None
    if not reason:
        return ""
    return reasons.setdefault(str(reason), _letter(len(reasons)))


def _letter(index: int) -> str:
    return ascii_lowercase[index] if index < len(ascii_lowercase) else str(index)


def _groups(frame: pl.DataFrame, group: str) -> tuple[tuple[int, str], ...]:
    if not group:
        return ()
    names = frame[group].to_list()
    return tuple((index, str(name)) for index, name in enumerate(names) if index == 0 or names[index - 1] != name)
