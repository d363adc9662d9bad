"""Frames as one XLSX sheet from which every value can be read back exactly.

A spreadsheet keeps 15 digits of a number: what has more is written as text, and counted. Does not know tables or
stores.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.frames import csvfile

# Rows of a sheet, the header among them, and digits of a number, as Excel keeps them.
ROWS, DIGITS = 1_048_576, 15
# Characters of a cell.
_MAX_CHARACTERS = 32_767


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """Counts of a sheet that was written.

    Attributes:
        rows: Rows under the header.
        as_text: Numbers that a spreadsheet would have rounded, written as text.
    """

    rows: int
    as_text: int


def write(path: Path, frames: Iterable[pl.DataFrame], *, sheet: str) -> WrittenSheet:
    """Write frames of one schema as one sheet, names in its first row.

    A number of up to 15 digits is a number, a longer one is text, so that no digit is lost. A time is ISO 8601 in UTC
    as text, since a spreadsheet has no zone; nothing is an empty cell.

    Args:
        path: Where; must not be there yet.
        frames: In order.
        sheet: The name of the sheet, cut to the 31 characters that one may have.

    Raises:
        UsageError: there are more rows than a sheet has, or a text is longer than a cell; nothing is left behind.
    """
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    rows = texts = 0
    with path.open("xb") as file, Workbook(file, options) as book:
        worksheet = book.add_worksheet(sheet[:31])
        for frame in frames:
            if not rows:
                worksheet.write_row(0, 0, frame.columns, book.add_format({"bold": True}))
                worksheet.freeze_panes(1, 0)
            if rows + frame.height >= ROWS:
                raise UsageError(
                    f"{path.name}: a sheet has {ROWS:,} rows; write to a file that ends in .parquet or .csv"
                )
            for cells in csvfile.with_json_text(frame).iter_rows():
                rows += 1
                for column, value in enumerate(cells):
                    texts += _write_cell(worksheet, rows, column, value)
    return WrittenSheet(rows, texts)


def _write_cell(worksheet: Any, row: int, column: int, value: object) -> bool:
    """Write one cell; whether a number had to be text."""
    if value is None:
        return False
    if isinstance(value, bool):
        worksheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal):
        if _fits(value):
            worksheet.write_number(row, column, float(value))
            return False
        worksheet.write_string(row, column, format(value, "f") if isinstance(value, Decimal) else repr(value))
        return True
    else:
        text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
        if len(text) > _MAX_CHARACTERS:
            raise UsageError(f"row {row}: a text has more than {_MAX_CHARACTERS:,} characters, more than a cell holds")
        worksheet.write_string(row, column, text)
    return False


def _fits(value: float | Decimal) -> bool:
    """Whether a spreadsheet shows a number with all its digits.

    >>> _fits(Decimal("0.1234567890")), _fits(Decimal("1.123456789012345678")), _fits(2**60)
    (True, False, False)
    """
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number.is_finite() and len(number.normalize().as_tuple().digits) <= DIGITS
