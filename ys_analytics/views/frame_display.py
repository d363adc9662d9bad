"""HTML of a plain frame in a notebook: sixty rows, short ids, decimals by unit, text to the left.

Depends on the schema for the units of columns. Does not change a value: a cell that shows less than it holds has the
whole of it as its tooltip. Text is never typeset as a formula.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import polars as pl

from ys_analytics.views.formats import count, number
from ys_analytics.views.templates import render

# Rows and columns that are shown unless `polars.Config` says otherwise; rows half from the top, half from the end.
_MAX_ROWS, _MAX_COLUMNS = 60, 40

# Characters of a text that are shown; of its tooltip.
_MAX_TEXT, _MAX_TOOLTIP = 60, 2_000

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HASH = re.compile(r"(?:0x)?[0-9a-f]{32,}", re.IGNORECASE)

_MIN_DECIMALS, _MAX_DECIMALS = 2, 6


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell as it is shown, and the whole of it where that is more."""

    shown: str
    style: str
    full: str = ""


def frame_html(value: pl.DataFrame | pl.Series) -> str:
    """A frame or series as an HTML table for people.

    Numbers stand to the right with two to six decimals: two for USD, otherwise by the largest of the column; what is
    too small for six is written in powers of ten. Ids and hashes show their beginning.

    >>> frame = pl.DataFrame({"symbol": ["$PEPE"], "tvl": [1234.5], "apy": [0.03125]})
    >>> html = frame_html(frame)
    >>> "1,234.50" in html, "0.031250" in html, "1 row × 3 columns" in html
    (True, True, True)
    """  # noqa: RUF002 - a multiplication sign
    frame = value.to_frame(value.name or "value") if isinstance(value, pl.Series) else value
    most_rows, most_columns = _limits()
    left_part = frame[:, :most_columns]
    rows = _row_indices(left_part.height, most_rows)
    columns = [_column(left_part[name], rows) for name in left_part.columns]
    lines = [list(line) for line in zip(*columns, strict=True)]
    if len(rows) < frame.height:
        lines.insert(len(rows) - len(rows) // 2, [_Cell("…", _style(number=False))] * left_part.width)
    return render(
        "frame", heads=[_head(left_part[name]) for name in left_part.columns], lines=lines, size=_size(frame, left_part)
    )


def _limits() -> tuple[int, int]:
    """Rows and columns to show: the analyst's own `polars.Config` where it is set."""
    state = pl.Config.state(if_set=True, env_only=True)
    limits = []
    for name, default in (("POLARS_FMT_MAX_ROWS", _MAX_ROWS), ("POLARS_FMT_MAX_COLS", _MAX_COLUMNS)):
        configured = int(state.get(name) or default)
        limits.append(configured if configured >= 0 else 2**31)
    return limits[0], limits[1]


def _row_indices(height: int, max_rows: int) -> list[int]:
    """Which rows are shown: all, or as many from the top as from the end."""
    if height <= max_rows:
        return list(range(height))
    end = max_rows // 2
    return [*range(max_rows - end), *range(height - end, height)]


def _size(frame: pl.DataFrame, left_part: pl.DataFrame) -> str:
    """How large the frame is, and which columns are left out."""
    hidden = frame.width - left_part.width
    more = (
        f"; {count(hidden, 'column')} not shown: {', '.join(frame.columns[left_part.width :][:10])}" if hidden else ""
    )
    return f"{count(frame.height, 'row')} × {count(frame.width, 'column')}{more}"  # noqa: RUF001


def _head(series: pl.Series) -> dict[str, str]:
    return {"name": series.name, "type": _type(series.dtype), "style": _style(number=series.dtype.is_numeric())}


def _type(dtype: pl.DataType) -> str:
    """A type in a word or two.

    >>> _type(pl.Datetime("us", "UTC")), _type(pl.Decimal(38, 18)), _type(pl.List(pl.String))
    ('time, UTC', 'decimal', 'list of text')
    """
    match dtype:
        case pl.Datetime():
            return f"time, {dtype.time_zone}" if dtype.time_zone else "time"
        case pl.List() | pl.Array():
            return f"list of {_type(dtype.inner)}"  # type: ignore[arg-type]
        case pl.Decimal():
            return "decimal"
        case _:
            plain = {"String": "text", "Boolean": "yes or no", "Float64": "float", "Int64": "integer"}
            return plain.get(str(dtype), str(dtype).partition("(")[0].lower())


def _style(*, number: bool) -> str:
    return "text-align:right;white-space:nowrap" if number else "text-align:left"


def _column(series: pl.Series, rows: list[int]) -> list[_Cell]:
    """The cells of one column at some rows."""
    values = series.gather(rows).to_list()
    style = _style(number=series.dtype.is_numeric())
    if series.dtype.is_float() or series.dtype.is_decimal():
        places = _decimals(series.name, values)
        return [_number(value, places, style) for value in values]
    if isinstance(series.dtype, pl.Datetime):
        time_format = _time_format(values)
        return [
            _Cell("null" if value is None else f"{value:{time_format}}", f"{style};white-space:nowrap")
            for value in values
        ]
    return [_plain(value, style) for value in values]


@cache
def _usd_columns() -> frozenset[str]:
    """Names of columns that hold amounts in USD; a price is none, it may be very small."""
    from ys_analytics.schemas import TABLES

    units: dict[str, set[str]] = {}
    for table in TABLES.values():
        for column in table.columns:
            units.setdefault(column.name, set()).add(column.unit)
    return frozenset(
        name
        for name, column_units in units.items()
        if "USD" in column_units and name not in {"price", "profit", "value"}
    )


def _decimals(name: str, values: Sequence[Decimal | float | None]) -> int:
    """How many decimals a column is shown with: two for USD, else two to six by the largest of its numbers.

    >>> _decimals("tvl", [0.5]), _decimals("weight", [1500.0]), _decimals("weight", [1.5]), _decimals("weight", [0.1])
    (2, 2, 4, 6)
    """
    if name in _usd_columns():
        return _MIN_DECIMALS
    largest = max(
        (abs(Decimal(value)) for value in values if value is not None and Decimal(value).is_finite()), default=0
    )
    if largest >= 1000:  # noqa: PLR2004 - an amount
        return _MIN_DECIMALS
    return 4 if largest >= 1 else _MAX_DECIMALS


def _number(value: Decimal | float | None, places: int, style: str) -> _Cell:
    """A number with so many decimals; in powers of ten where they would all be zero."""
    if value is None:
        return _Cell("null", f"{style};opacity:0.75")
    full = format(value, "f") if isinstance(value, Decimal) else repr(value)
    if not Decimal(value).is_finite():
        return _Cell(full, style)
    vanishes = value != 0 and abs(Decimal(value)) < Decimal(5).scaleb(-places - 1)
    shown = f"{value:.2e}" if vanishes else number(value, places)
    exact = shown.replace(",", "").replace("\N{MINUS SIGN}", "-")
    return _Cell(shown, style, "" if Decimal(exact) == Decimal(full) else full)


def _time_format(values: Sequence[datetime | None]) -> str:
    """The shortest form in which no moment of a column loses anything."""
    known = [value for value in values if value is not None]
    if any(value.microsecond for value in known):
        return "%Y-%m-%d %H:%M:%S.%f"
    return "%Y-%m-%d %H:%M:%S" if any(value.second for value in known) else "%Y-%m-%d %H:%M"


def _plain(value: object, style: str) -> _Cell:
    """Anything that is no decimal number: text, ids, days, lists."""
    match value:
        case None:
            return _Cell("null", f"{style};opacity:0.75")
        case bool():
            return _Cell(str(value).lower(), style)
        case int():
            return _Cell(str(value), style)
        case date() | time() | timedelta():
            return _Cell(str(value), f"{style};white-space:nowrap")
        case str():
            full = value
        case list() | tuple() | pl.Series():
            full = ", ".join("null" if item is None else str(item) for item in value)
        case dict():
            full = ", ".join(f"{key}: {item}" for key, item in value.items())
        case _:
            full = str(value)
    shown = _short(full)
    return _Cell(shown, style, "" if shown == full else full[:_MAX_TOOLTIP])


def _short(text: str) -> str:
    """A text as it fits a cell: an id or a hash by its beginning, a long text up to an ellipsis.

    >>> _short("0192f0c1-7a2b-7c3d-8e4f-001122334455"), _short("0x" + "ab" * 20), _short("two words")
    ('0192f0c1…', '0xababab…abab', 'two words')
    """
    if _ID.fullmatch(text):
        return f"{text[:8]}…"
    if _HASH.fullmatch(text):
        return f"{text[:8]}…{text[-4:]}"
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1].rstrip()}…"
