"""A CSV or Parquet file as raw columns, with the line each row begins on; decides nothing about values."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from ys_analytics.errors import ContractError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as it stands.

    Attributes:
        path: Where it is.
        rows: Its columns: text from CSV, whatever it declares from Parquet.
        origin: file, place (`line` or `row`) and number of each row.
    """

    path: Path
    rows: pl.DataFrame
    origin: pl.DataFrame


def read(path: Path) -> Source:
    """One file.

    Raises:
        UsageError: there is no such file, or it is neither CSV nor Parquet by its name.
        ContractError: it cannot be read as what it claims to be; a line of another length is named.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    match path.suffix.lower():
        case ".csv":
            rows, place, numbers = _csv(path)
        case ".parquet" | ".pq":
            rows, place, numbers = _parquet(path)
        case _:
            raise UsageError(f"{path.name}: an import is .csv or .parquet")
    origin = pl.DataFrame({"number": numbers}).select(file=pl.lit(path.name), place=pl.lit(place), number="number")
    return Source(path=path, rows=rows, origin=origin)


def _parquet(path: Path) -> tuple[pl.DataFrame, str, pl.Series]:
    try:
        rows = pl.read_parquet(path, glob=False)
    except (PolarsError, OSError) as error:
        raise ContractError(f"{path.name}: not a readable Parquet file: {_said(error)}") from error
    return rows, "row", pl.Series(np.arange(1, rows.height + 1))


def _csv(path: Path) -> tuple[pl.DataFrame, str, pl.Series]:
    """Every field as text: empty is null, quoted empty is empty. Blank lines are no rows."""
    lines, blank = _lines(path)
    try:
        rows = pl.read_csv(path, infer_schema=False, glob=False)
    except (PolarsError, OSError) as error:
        raise ContractError(f"{path.name}: not a readable CSV file: {_said(error)}") from error
    return rows.filter(~pl.Series(blank, dtype=pl.Boolean)), "line", pl.Series(lines, dtype=pl.Int64)


def _lines(path: Path) -> tuple[list[int], list[bool]]:
    """The line each row begins on, and which rows of the file are blank; a quoted field may span lines."""
    lines: list[int] = []
    blank: list[bool] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.reader(text, strict=True)
            heads = next(reader, None)
            if not heads:
                raise ContractError(f"{path.name}: the first line must name the columns")
            begins = reader.line_num + 1
            for row in reader:
                blank.append(not row)
                if row:
                    _same_length(path, row, heads, begins)
                    lines.append(begins)
                begins = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise ContractError(f"{path.name} after line {lines[-1] if lines else 1}: {_said(error)}") from error
    return lines, blank


def _same_length(path: Path, row: list[str], heads: list[str], line: int) -> None:
    if len(row) != len(heads):
        raise ContractError(
            f"{path.name} line {line}: {len(row)} fields where the first line names {len(heads)}; nothing was imported"
        )


def _said(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
