"""Read a CSV or Parquet file as raw columns, with the line each row begins on; values stay as written.

Depends on `csv` and Polars, which must agree on every field of a CSV file: one reads the lines, the other separates an
empty field (nothing) from a quoted empty one (an empty text).
"""

import csv
import io
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from ys_analytics.errors import ContractError, UsageError, file_errors

# What may stand between fields; the first line decides which does.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

# Where a header is looked for when the first line is none.
_HEADER_LINES = 50

# A cell that is no column's name: a number, a time, a price, a hash or an id.
_DATA_CELL = re.compile(r"[-+]?\W?\d[\d.,:eE+-]*|\d{4}-\d{2}-\d{2}.*|0x[0-9a-fA-F]{8,}|[0-9a-fA-F-]{24,}|.*@.*\..*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as raw columns.

    Attributes:
        path: Where it is.
        rows: Its columns: text from CSV, typed columns from Parquet.
        origin: file, place (`line` or `row`) and number of each row.
        header: The line that names the columns; 0 in a Parquet file.
        separator: What stands between the fields of a CSV file.
    """

    path: Path
    rows: pl.DataFrame
    origin: pl.DataFrame
    header: int = 0
    separator: str = ","


@dataclass(slots=True)
class _CsvLines:
    """A CSV file line by line.

    Attributes:
        header: Line number of the line that names the columns.
        names: The columns.
        body: Where the text after them begins.
        rows: Every row after them, blank ones included.
        begins: The line each row begins on.
    """

    header: int
    names: list[str]
    body: int
    rows: list[list[str]] = field(default_factory=list)
    first_lines: list[int] = field(default_factory=list)


def read(path: Path) -> Source:
    """Read one file as it is at one moment.

    Raises:
        UsageError: there is no such file, it is a pipe or a device, or it is neither CSV nor Parquet by its name.
        ContractError: it changed while it was read, or cannot be read as what it claims to be; a line of another length
            is named, and where the header is missing or lower down, that is said.
        FileError: it cannot be read at all.
    """
    match path.suffix.lower():
        case ".csv":
            return _csv(path, content(path))
        case ".parquet" | ".pq":
            return _parquet(path, content(path))
        case _:
            if path.exists() and not path.is_file():
                content(path)  # which says what it is
            raise UsageError(f"{path.name}: an import is .csv or .parquet")


def content(path: Path) -> bytes:
    """All bytes of a regular file.

    A pipe is refused: that its writer broke off looks the same as that it was done.

    Raises:
        UsageError: there is no such file, or it is a pipe, a device or a folder.
        ContractError: it grew, shrank or was written to meanwhile.
        FileError: it cannot be read.
    """
    with file_errors(path):
        try:
            kind = path.stat().st_mode  # asked first, because opening a pipe waits for its writer
        except FileNotFoundError:
            raise UsageError(f"{path}: no such file") from None
        if not stat.S_ISREG(kind):
            file_kind = (
                "a folder" if stat.S_ISDIR(kind) else "a pipe or a device, where an end cannot be told from a break"
            )
            raise UsageError(f"{path}: is {file_kind}; write the rows to a file and import that")
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read()
            after = os.fstat(file.fileno())
    state = (before.st_size, before.st_mtime_ns)
    if (after.st_size, after.st_mtime_ns) != state or len(data) != before.st_size:
        raise ContractError(f"{path.name}: was written to while it was read; import it when its writer is done")
    return data


def refuse_twice(paths: Sequence[Path], *, copies: bool) -> None:
    """Refuse one file under two names: its rows would count twice.

    Args:
        paths: The files of one import.
        copies: Whether another file of the same bytes is refused too: where rows have no key that would tell.

    Raises:
        UsageError: naming the two.
        ContractError: as `content`.
    """
    seen: dict[object, Path] = {}
    for path in paths if len(paths) > 1 else ():
        data = content(path)
        state = path.stat()
        for identity in ((state.st_dev, state.st_ino), *([sha256(data).hexdigest()] if copies else [])):
            first = seen.setdefault(identity, path)
            if first is not path:
                raise UsageError(f"{path} holds the same bytes as {first}; name each file once")


def _source(path: Path, rows: pl.DataFrame, numbers: pl.Series, *, header: int = 0, separator: str = ",") -> Source:
    place = "line" if header else "row"
    origin = pl.DataFrame({"number": numbers}).select(file=pl.lit(path.name), place=pl.lit(place), number="number")
    return Source(path=path, rows=rows, origin=origin, header=header, separator=separator)


def _parquet(path: Path, content: bytes) -> Source:
    try:
        rows = pl.read_parquet(io.BytesIO(content))
    except (PolarsError, OSError) as error:
        raise ContractError(f"{path.name}: not a readable Parquet file: {_error_text(error)}") from error
    return _source(path, rows, pl.int_range(1, rows.height + 1, eager=True))


def _csv(path: Path, content: bytes) -> Source:
    """Every field as text: empty is null, quoted empty is empty. Blank lines are no rows."""
    text = _text(path, content)
    separator, skipped = _separator(text)
    csv_lines = _lines(path, text, separator, skip=skipped)
    _check_header(path, csv_lines)
    for row, line in zip(csv_lines.rows, csv_lines.first_lines, strict=True):
        if row and len(row) != len(csv_lines.names):
            raise ContractError(_length_error(path, csv_lines, row, line))
    filled = [index for index, row in enumerate(csv_lines.rows) if row]
    lines = pl.Series([csv_lines.first_lines[index] for index in filled], dtype=pl.Int64)
    rows = _read_checked(path, text[csv_lines.body :], csv_lines, filled, separator)
    return _source(path, rows, lines, header=csv_lines.header, separator=separator)


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n")
        raise ContractError(f"{path.name} after line {line}: not UTF-8 ({error.reason}); save it as UTF-8") from error


def _separator(text: str) -> tuple[str, int]:
    """The field separator, and how many lines to skip that only declare it (`sep=;`)."""
    first_lines = [line for line in text.split("\n", _HEADER_LINES)[:_HEADER_LINES] if line.strip()]
    if first_lines and (declared := re.fullmatch(r"\"?sep=(.)\"?\s*", first_lines[0])) and declared[1] in SEPARATORS:
        return declared[1], 1
    for line in first_lines:
        unquoted = re.sub(r'"[^"]*"', "", line)
        counts = {separator: unquoted.count(separator) for separator in SEPARATORS}
        if any(counts.values()):
            return max(counts, key=lambda separator: counts[separator]), 0
    return ",", 0


def _lines(path: Path, text: str, separator: str, *, skip: int) -> _CsvLines:
    """The file's rows and the line each begins on; a quoted field may span lines."""
    consumed = 0

    def counted_lines() -> Iterator[str]:
        nonlocal consumed
        for line in io.StringIO(text, newline=""):
            consumed += len(line)
            yield line

    reader = csv.reader(counted_lines(), strict=True, delimiter=separator)
    csv_lines: _CsvLines | None = None
    first_lines = 1
    try:
        for row in reader:
            if csv_lines is not None:
                csv_lines.rows.append(row)
                csv_lines.first_lines.append(first_lines)
            elif any(name.strip() for name in row):
                if skip:
                    skip -= 1
                else:
                    csv_lines = _CsvLines(header=first_lines, names=[name.strip() for name in row], body=consumed)
            first_lines = reader.line_num + 1
    except csv.Error as error:
        raise ContractError(f"{path.name} after line {first_lines - 1}: {_error_text(error)}") from error
    if csv_lines is None:
        raise ContractError(f"{path.name}: the first line must name the columns")
    return csv_lines


def _check_header(path: Path, lines: _CsvLines) -> None:
    """Raise for a first line that does not name the columns; it may hold personal data, so no field is quoted.

    Raises:
        ContractError: the header is missing or lower down, a name is empty, or a name stands there twice.
    """
    header = _seems_header(lines)
    if header is not None and header != lines.header:
        raise ContractError(
            f"{path.name} line {lines.header}: does not name the columns; the header seems to be on line {header}: "
            "delete what stands above it"
        )
    data = sum(_is_data(name) for name in lines.names)
    if data * 3 >= len(lines.names):
        raise ContractError(
            f"{path.name} line {lines.header}: is data, not the names of columns: the file has no header; "
            "write the names above it"
        )
    for number, name in enumerate(lines.names, start=1):
        if not name:
            raise ContractError(
                f"{path.name} line {lines.header}: field {number} has no name"
                + (" (an index that pandas writes? export with index=False)" if number == 1 else "")
            )
    if repeated := [name for name, count in Counter(lines.names).items() if count > 1]:
        raise ContractError(f"{path.name} line {lines.header}: names the column {repeated[0]} twice")


def _seems_header(csv_lines: _CsvLines) -> int | None:
    """The first line, of those near the top, that is as long as most and has a name in each field."""
    widths = Counter(len(row) for row in [csv_lines.names, *csv_lines.rows[:_HEADER_LINES]] if row)
    usual = max(widths, key=lambda width: (widths[width], width))
    if len(csv_lines.names) == usual and all(csv_lines.names):
        return csv_lines.header
    for row, line in zip(csv_lines.rows[:_HEADER_LINES], csv_lines.first_lines, strict=False):
        if len(row) == usual and all(name.strip() and not _is_data(name) for name in row):
            return line
    return None


def _is_data(name: str) -> bool:
    return _DATA_CELL.fullmatch(name.strip()) is not None


def _length_error(path: Path, lines: _CsvLines, row: list[str], line: int) -> str:
    first = "the first line" if lines.header == 1 else f"line {lines.header}"
    return f"{path.name} line {line}: {len(row)} fields where {first} names {len(lines.names)}; nothing was imported"


def _read_checked(path: Path, body: str, lines: _CsvLines, filled: list[int], separator: str) -> pl.DataFrame:
    """The rows as Polars reads them, after checking that `csv` reads the same."""
    if not filled:
        return pl.DataFrame(schema=dict.fromkeys(lines.names, pl.String))
    # A header of our own: Polars counts the columns in the first line, which may be blank here.
    numbered_header = separator.join(map(str, range(len(lines.names))))
    try:
        rows = pl.read_csv(io.BytesIO(f"{numbered_header}\n{body}".encode()), infer_schema=False, separator=separator)
        rows.columns = lines.names
    except PolarsError as error:
        raise ContractError(f"{path.name}: not a readable CSV file: {_error_text(error)}") from error
    if rows.height != len(filled):
        blank = pl.Series([not row for row in lines.rows], dtype=pl.Boolean)
        if rows.height != blank.len():
            raise ContractError(f"{path.name}: its lines can be read in two ways; quote every field that holds a quote")
        rows = rows.filter(~blank)
    for index, name in enumerate(lines.names):
        other = pl.Series([lines.rows[row][index] for row in filled], dtype=pl.String)
        differs = rows[name].fill_null("") != other
        if differs.any():
            line = lines.first_lines[filled[int(differs.arg_max() or 0)]]
            raise ContractError(f"{path.name} line {line}: {name} can be read in two ways; quote the field")
    return rows


def _error_text(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
