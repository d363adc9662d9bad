"""A CSV or Parquet file as raw columns, with the line each row begins on; decides nothing about values.

Depends on `csv` and Polars, which must agree on every field of a CSV file: one reads the lines, the other tells an
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

from ys_analytics.errors import ContractError, UsageError, reaching

# What may stand between fields; the first line decides which does.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

# Where a header is looked for when the first line is none.
_NEAR = 50

# A field that no column is called: a number, a time, a price, a hash or an id.
_DATA = re.compile(r"[-+]?\W?\d[\d.,:eE+-]*|\d{4}-\d{2}-\d{2}.*|0x[0-9a-fA-F]{8,}|[0-9a-fA-F-]{24,}|.*@.*\..*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as it stands.

    Attributes:
        path: Where it is.
        rows: Its columns: text from CSV, whatever it declares from Parquet.
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
class _Lines:
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
    begins: list[int] = field(default_factory=list)


def read(path: Path) -> Source:
    """One file, as it was at one moment.

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
    with reaching(path):
        try:
            kind = path.stat().st_mode  # asked first, because opening a pipe waits for its writer
        except FileNotFoundError:
            raise UsageError(f"{path}: no such file") from None
        if not stat.S_ISREG(kind):
            what = "a folder" if stat.S_ISDIR(kind) else "a pipe or a device, where an end cannot be told from a break"
            raise UsageError(f"{path}: is {what}; write the rows to a file and import that")
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            found = file.read()
            after = os.fstat(file.fileno())
    state = (before.st_size, before.st_mtime_ns)
    if (after.st_size, after.st_mtime_ns) != state or len(found) != before.st_size:
        raise ContractError(f"{path.name}: was written to while it was read; import it when its writer is done")
    return found


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
        found = content(path)
        state = path.stat()
        for sign in ((state.st_dev, state.st_ino), *([sha256(found).hexdigest()] if copies else [])):
            first = seen.setdefault(sign, path)
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
        raise ContractError(f"{path.name}: not a readable Parquet file: {_said(error)}") from error
    return _source(path, rows, pl.int_range(1, rows.height + 1, eager=True))


def _csv(path: Path, content: bytes) -> Source:
    """Every field as text: empty is null, quoted empty is empty. Blank lines are no rows."""
    text = _text(path, content)
    separator, marked = _separator(text)
    found = _lines(path, text, separator, skip=marked)
    _named(path, found)
    for row, line in zip(found.rows, found.begins, strict=True):
        if row and len(row) != len(found.names):
            raise ContractError(_ragged(path, found, row, line))
    kept = [place for place, row in enumerate(found.rows) if row]
    lines = pl.Series([found.begins[place] for place in kept], dtype=pl.Int64)
    rows = _agreed(path, text[found.body :], found, kept, separator)
    return _source(path, rows, lines, header=found.header, separator=separator)


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n")
        raise ContractError(f"{path.name} after line {line}: not UTF-8 ({error.reason}); save it as UTF-8") from error


def _separator(text: str) -> tuple[str, int]:
    """What separates the fields, and how many lines to skip because they only say so (`sep=;`)."""
    near = [line for line in text.split("\n", _NEAR)[:_NEAR] if line.strip()]
    if near and (said := re.fullmatch(r"\"?sep=(.)\"?\s*", near[0])) and said[1] in SEPARATORS:
        return said[1], 1
    for line in near:
        bare = re.sub(r'"[^"]*"', "", line)
        counts = {separator: bare.count(separator) for separator in SEPARATORS}
        if any(counts.values()):
            return max(counts, key=lambda separator: counts[separator]), 0
    return ",", 0


def _lines(path: Path, text: str, separator: str, *, skip: int) -> _Lines:
    """The file's rows and the line each begins on; a quoted field may span lines."""
    consumed = 0

    def fed() -> Iterator[str]:
        nonlocal consumed
        for line in io.StringIO(text, newline=""):
            consumed += len(line)
            yield line

    reader = csv.reader(fed(), strict=True, delimiter=separator)
    found: _Lines | None = None
    begins = 1
    try:
        for row in reader:
            if found is not None:
                found.rows.append(row)
                found.begins.append(begins)
            elif any(name.strip() for name in row):
                if skip:
                    skip -= 1
                else:
                    found = _Lines(header=begins, names=[name.strip() for name in row], body=consumed)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ContractError(f"{path.name} after line {begins - 1}: {_said(error)}") from error
    if found is None:
        raise ContractError(f"{path.name}: the first line must name the columns")
    return found


def _named(path: Path, found: _Lines) -> None:
    """Refuse a first line that does not name the columns; it may hold somebody's data, so no field is repeated.

    Raises:
        ContractError: the header is missing or lower down, a name is empty, or a name stands there twice.
    """
    header = _seems_header(found)
    if header is not None and header != found.header:
        raise ContractError(
            f"{path.name} line {found.header}: does not name the columns; the header seems to be on line {header}: "
            "delete what stands above it"
        )
    data = sum(_is_data(name) for name in found.names)
    if data * 3 >= len(found.names):
        raise ContractError(
            f"{path.name} line {found.header}: is data, not the names of columns: the file has no header; "
            "write the names above it"
        )
    for place, name in enumerate(found.names, start=1):
        if not name:
            raise ContractError(
                f"{path.name} line {found.header}: field {place} has no name"
                + (" (an index that pandas writes? export with index=False)" if place == 1 else "")
            )
    if twice := [name for name, count in Counter(found.names).items() if count > 1]:
        raise ContractError(f"{path.name} line {found.header}: names the column {twice[0]} twice")


def _seems_header(found: _Lines) -> int | None:
    """The first line, of those near the top, that is as long as most and has a name in each field."""
    widths = Counter(len(row) for row in [found.names, *found.rows[:_NEAR]] if row)
    usual = max(widths, key=lambda width: (widths[width], width))
    if len(found.names) == usual and all(found.names):
        return found.header
    for row, line in zip(found.rows[:_NEAR], found.begins, strict=False):
        if len(row) == usual and all(name.strip() and not _is_data(name) for name in row):
            return line
    return None


def _is_data(name: str) -> bool:
    return _DATA.fullmatch(name.strip()) is not None


def _ragged(path: Path, found: _Lines, row: list[str], line: int) -> str:
    first = "the first line" if found.header == 1 else f"line {found.header}"
    return f"{path.name} line {line}: {len(row)} fields where {first} names {len(found.names)}; nothing was imported"


def _agreed(path: Path, body: str, found: _Lines, kept: list[int], separator: str) -> pl.DataFrame:
    """The rows as Polars reads them, which must be the rows as `csv` reads them."""
    if not kept:
        return pl.DataFrame(schema=dict.fromkeys(found.names, pl.String))
    # A header of our own: Polars counts the columns in the first line, which may be blank here.
    head = separator.join(map(str, range(len(found.names))))
    try:
        rows = pl.read_csv(io.BytesIO(f"{head}\n{body}".encode()), infer_schema=False, separator=separator)
        rows.columns = found.names
    except PolarsError as error:
        raise ContractError(f"{path.name}: not a readable CSV file: {_said(error)}") from error
    if rows.height != len(kept):
        blank = pl.Series([not row for row in found.rows], dtype=pl.Boolean)
        if rows.height != blank.len():
            raise ContractError(f"{path.name}: its lines can be read in two ways; quote every field that holds a quote")
        rows = rows.filter(~blank)
    for place, name in enumerate(found.names):
        other = pl.Series([found.rows[row][place] for row in kept], dtype=pl.String)
        differs = rows[name].fill_null("") != other
        if differs.any():
            line = found.begins[kept[int(differs.arg_max() or 0)]]
            raise ContractError(f"{path.name} line {line}: {name} can be read in two ways; quote the field")
    return rows


def _said(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
