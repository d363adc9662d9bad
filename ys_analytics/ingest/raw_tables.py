"""Read a vendor's file as a table of text: CSV with or without a header, JSON, Parquet, or a ZIP of them.

Depends on `files` for bytes and `layout` for the columns. Does not interpret values: cells stay the
digits that were written, and every row keeps the line it stands on.
"""

import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import files, objects
from ys_analytics.ingest.layout import Layout
from ys_analytics.schemas import MONEY

# Lines that may precede a header, such as a customer's details.
_HEADER_LINES = 50
_ENDINGS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".json": "json", ".parquet": "parquet", ".pq": "parquet"}
_MAX_UNPACKED = 4 * 2**30
# Of a ZIP: the flag of an encrypted member, the methods of compression, and what is raised for damaged bytes (bzip2
# raises an OSError; the bytes are in memory, so no file can).
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_DAMAGED_ZIP = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError)
_NUMBER_FIELDS = ("open", "high", "low", "price", "volume")


@dataclass(slots=True)
class RawFile:
    """The bytes of one file, or of one member of a ZIP.

    Attributes:
        name: Its name in messages.
        form: csv, json or parquet.
        content: Its bytes.
        folder: Where it lies.
    """

    name: str
    form: str
    content: bytes
    folder: Path
    _parsed: dict[str, Any] = field(default_factory=dict)

    def head(self, separator: str) -> list[tuple[int, list[str]]]:
        """Line number and fields of the first lines that are not blank, up to where a header may stand."""
        key = f"head{separator}"
        if key not in self._parsed:
            self._parsed[key] = list(self._head(separator))
        return self._parsed[key]  # type: ignore[no-any-return]

    def _head(self, separator: str) -> Iterator[tuple[int, list[str]]]:
        line, count = 1, 0
        reader = csv.reader(io.StringIO(self.text(limit=2**18), newline=""), delimiter=separator)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    count += 1
                    yield line, [cell.strip() for cell in row]
                line = reader.line_num + 1
                if count > _HEADER_LINES:
                    return
        except csv.Error:
            return

    def text(self, *, limit: int | None = None) -> str:
        """The file as text.

        Raises:
            ContractError: it is not UTF-8.
        """
        part = self.content if limit is None else self.content[: self.content.rfind(b"\n", 0, limit) + 1 or limit]
        try:
            return part.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = part[: error.start].count(b"\n") + 1
            raise ContractError(f"{self.name} line {line}: not UTF-8 ({error.reason}); save it as UTF-8") from error

    def document(self) -> object:
        """The JSON of the file, numbers as the digits they were written in.

        Raises:
            ContractError: it is no JSON, or gives a key twice.
        """
        if "json" not in self._parsed:
            try:
                self._parsed["json"] = objects.loads(self.text())
            except objects.RepeatedKeyError as error:
                raise ContractError(f"{self.name}: a JSON object gives a key twice") from error
            except (ValueError, RecursionError) as error:
                place = f" line {error.lineno}" if hasattr(error, "lineno") else ""
                raise ContractError(f"{self.name}{place}: is not JSON; is the file whole?") from error
        return self._parsed["json"]

    def frame(self) -> pl.DataFrame:
        """The columns of a Parquet file.

        Raises:
            ContractError: it cannot be read.
        """
        if "parquet" not in self._parsed:
            try:
                self._parsed["parquet"] = pl.read_parquet(io.BytesIO(self.content))
            except (PolarsError, OSError) as error:
                raise ContractError(f"{self.name}: not a readable Parquet file") from error
        return self._parsed["parquet"]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A file's rows by our names of the fields.

    Attributes:
        file: The file's name in messages.
        layout: How it is written.
        rows: A column for each field found: text, or as Parquet has it; an empty cell is null.
        origin: file, place (`line`, `row` or `item`) and number of each row.
        columns: The file's own name of each field.
        in_file_name: Values read from the file's name, such as the pair.
        headless: Whether the columns have no names in the file.
        folder: Where it lies.
    """

    file: str
    layout: Layout
    rows: pl.DataFrame
    origin: pl.DataFrame
    columns: Mapping[str, str]
    in_file_name: Mapping[str, str]
    headless: bool = False
    folder: Path = Path()


def open_file(path: Path) -> list[RawFile]:
    """The file, or the members of a ZIP.

    Raises:
        UsageError: there is no such file, it is no regular one, or its ending is none of csv, json, parquet and zip.
        ContractError: it was written to meanwhile, or is a ZIP that cannot be read whole.
        FileError: it cannot be read.
    """
    ending = path.suffix.lower()
    content = files.content(path)
    if ending == ".zip":
        return _members(path, content)
    if ending not in _ENDINGS:
        raise UsageError(f"{path.name}: an import is .csv, .json, .parquet or a .zip of them")
    return [RawFile(name=path.name, form=_ENDINGS[ending], content=content, folder=path.parent)]


def _members(path: Path, content: bytes) -> list[RawFile]:
    """The readable files of a ZIP.

    Raises:
        ContractError: it is damaged, encrypted, compressed by a method that is not supported, too large, or empty.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            readable = [member for member in members if Path(member.filename).suffix.lower() in _ENDINGS]
            if sum(member.file_size for member in readable) > _MAX_UNPACKED:
                raise ContractError(f"{path.name}: unpacked it is larger than 4 GiB; import its files apart")
            if not readable:
                raise ContractError(f"{path.name}: holds no .csv, .json or .parquet")
            return [
                RawFile(
                    name=member.filename if len(readable) > 1 else f"{path.name} ({Path(member.filename).name})",
                    form=_ENDINGS[Path(member.filename).suffix.lower()],
                    content=_member_content(archive, member, path),
                    folder=path.parent,
                )
                for member in readable
            ]
    except _DAMAGED_ZIP as error:
        raise ContractError(f"{path.name}: not a readable ZIP: {' '.join(str(error).split())}") from error


def _member_content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    if member.flag_bits & _ENCRYPTED:
        raise ContractError(f"{path.name}: {member.filename} is encrypted; unpack it and import the file")
    if member.compress_type not in _METHODS:
        raise ContractError(
            f"{path.name}: {member.filename} is compressed by method {member.compress_type}, which is not supported; "
            "unpack it and import the file"
        )
    return archive.read(member)


def table(file: RawFile, layout: Layout) -> RawTable | str:
    """The rows of a file by a layout's fields, or why the file is not in that layout.

    Raises:
        ContractError: it is written so, and a line is broken.
    """
    if file.form not in layout.formats:
        return f"is {file.form}"
    if file.form == "csv":
        return _from_csv(file, layout)
    return _from_json(file, layout) if file.form == "json" else _from_parquet(file, layout)


def names_in(file: str, layout: Layout) -> dict[str, str]:
    """Values in the name of a file, by the layout's pattern.

    >>> from ys_analytics.ingest.layout import layout
    >>> names_in("BTCUSDT-1d-2024-12.zip (BTCUSDT-1d-2024-12.csv)", layout("binance-klines"))
    {'pair': 'BTCUSDT', 'interval': '1d'}
    """
    match_ = re.search(layout.file, file.rsplit("/", maxsplit=1)[-1]) if layout.file else None
    return {name: value for name, value in match_.groupdict().items() if value} if match_ else {}


def _raw_table(
    file: RawFile,
    layout: Layout,
    rows: pl.DataFrame,
    *,
    numbers: pl.Series,
    columns: Mapping[str, str],
    place: str,
) -> RawTable:
    selected = rows.select(pl.col(column).alias(name) for name, column in columns.items())
    for name, rule in layout.in_header.items():
        if name not in columns and (in_name := re.match(rule["pattern"], columns[rule["field"]])) is not None:
            selected = selected.with_columns(pl.lit(in_name[1]).alias(name))
            columns = {**columns, name: columns[rule["field"]]}
    selected = selected.with_columns(pl.col(pl.String).str.strip_chars().replace("", None))
    origin = pl.DataFrame({"number": numbers}).select(file=pl.lit(file.name), place=pl.lit(place), number="number")
    return RawTable(
        file=file.name, layout=layout, rows=selected, origin=origin, columns=columns,
        in_file_name=names_in(file.name, layout), headless=place == "line" and not columns, folder=file.folder,
    )  # fmt: skip


# CSV


def header(file: RawFile, layout: Layout) -> tuple[str, int, list[str], dict[str, str]] | str:
    """Separator, line and names of the header and the columns of the fields; or the reason nearest to a match."""
    reasons: list[tuple[int, str]] = []
    for separator in layout.separators:
        for line, names in file.head(separator):
            if (len(names) == 1 and len(layout.fields) > 1) or _all_numeric(names):
                continue
            columns = layout.columns(names)
            if not isinstance(columns, str) and len(set(names)) == len(names):
                return separator, line, names, columns
            if isinstance(columns, str):
                count = sum(any(name in choices for choices in layout.fields.values()) for name in names)
                reasons.append((count, columns if count else ""))
    best = max(reasons, default=(0, ""))
    return best[1] if best[0] > len(layout.fields) // 2 else ""


def _from_csv(file: RawFile, layout: Layout) -> RawTable | str:
    header_found = header(file, layout)
    if not isinstance(header_found, str):
        separator, line, names, columns = header_found
        rows, numbers = _rows_below(
            file, separator, names, below=line, numeric=_number_columns(layout, columns), footer=layout.footer
        )
        return _raw_table(file, layout, rows, numbers=numbers, columns=columns, place="line")
    if not layout.headless:
        return header_found
    first = file.head(",")[:1]
    if not first or not _all_numeric(first[0][1]) or len(first[0][1]) != len(layout.headless):
        return header_found
    columns = {
        name: next(choice for choice in choices if choice in layout.headless) for name, choices in layout.fields.items()
    }
    numeric = _number_columns(layout, columns)
    rows, numbers = _rows_below(
        file, ",", list(layout.headless), below=0, wanted=list(columns.values()), numeric=numeric
    )
    raw_table = _raw_table(file, layout, rows, numbers=numbers, columns=columns, place="line")
    return RawTable(
        file=raw_table.file,
        layout=layout,
        rows=raw_table.rows,
        origin=raw_table.origin,
        columns=columns,
        in_file_name=raw_table.in_file_name,
        headless=True,
        folder=file.folder,
    )


def _number_columns(layout: Layout, columns: Mapping[str, str]) -> dict[str, pl.DataType]:
    """The columns of candles that hold plain numbers: counts since 1970 and prices."""
    if layout.kind != "candles" or layout.time.get("format") != "epoch":
        return {}
    kinds: dict[str, pl.DataType] = {
        "time": pl.Int64(),
        "open_time": pl.Int64(),
        **dict.fromkeys(_NUMBER_FIELDS, MONEY),
    }
    return {column: kinds[name] for name, column in columns.items() if name in kinds}


def _all_numeric(cells: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?\d+)?", cell) for cell in cells)


def _rows_below(
    file: RawFile,
    separator: str,
    names: list[str],
    *,
    below: int,
    wanted: list[str] | None = None,
    numeric: Mapping[str, pl.DataType] = {},
    footer: str = "",
) -> tuple[pl.DataFrame, pl.Series]:
    """The rows under a header and the line each begins on.

    A file without quotes whose lines all have as many separators is read at once; any other line by line.

    Raises:
        ContractError: a line has another number of fields, or a quote is not closed.
    """
    content = file.content.removeprefix(b"\xef\xbb\xbf")
    if b'"' not in content:
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n")
        columns_kept = names if wanted is None else [name for name in names if name in wanted]
        rows = (
            None
            if b"\r" in content
            else _read_at_once(content, separator, names, below=below, columns_kept=columns_kept, numeric=numeric)
        )
        if rows is not None:
            return rows, pl.int_range(below + 1, below + 1 + rows.height, eager=True)
    return _line_by_line(file, separator, names, below=below, footer=footer)


def _read_at_once(
    content: bytes,
    separator: str,
    names: list[str],
    *,
    below: int,
    columns_kept: list[str],
    numeric: Mapping[str, pl.DataType],
) -> pl.DataFrame | None:
    """The rows of a file without quotes, read in one go; None where its lines are not all of one length.

    Lines of another length cannot hide: their separators add up to another number, or Polars refuses the longer one.
    Columns of numbers are typed on the way where the body holds nothing but digits, points and separators, for which
    every reader has one answer.
    """
    start = _offset(content, below)
    body = content[start:] if start else content
    if not body:
        return pl.DataFrame(schema=dict.fromkeys(columns_kept, pl.String()))
    # What is left without digits and points shows at once how many lines there are and whether each has its separators.
    marks = body.translate(None, b"0123456789.") if numeric else body
    lines = marks.count(b"\n") + (not body.endswith(b"\n"))
    each = separator.encode() * (len(names) - 1) + b"\n"
    only_numbers = bool(numeric) and marks == (each * lines)[: len(marks)] and len(marks) >= len(each) * lines - 1
    if not only_numbers and marks.count(separator.encode()) != (len(names) - 1) * lines:
        return None
    for types in (numeric, {}) if only_numbers else ({},):
        try:
            rows = (
                pl.scan_csv(
                    io.BytesIO(body), has_header=False, separator=separator, quote_char=None,
                    schema={name: types.get(name, pl.String()) for name in names},
                )
                .select(columns_kept)
                .collect()
            )  # fmt: skip
        except PolarsError:
            continue
        if not types or not any(rows[name].null_count() for name in columns_kept):
            return rows if rows.height == lines else None
    return None


def _offset(content: bytes, below: int) -> int:
    """The byte at which the text after a number of lines begins."""
    start = 0
    for _ in range(below):
        start = content.find(b"\n", start) + 1
        if not start:
            return len(content)
    return start


def _line_by_line(
    file: RawFile, separator: str, names: list[str], *, below: int, footer: str
) -> tuple[pl.DataFrame, pl.Series]:
    reader = csv.reader(io.StringIO(file.text(), newline=""), strict=True, delimiter=separator)
    rows: list[list[str]] = []
    line_numbers: list[int] = []
    line = 1
    try:
        for row in reader:
            ends = footer and row and re.match(footer, row[0]) and not any(cell.strip() for cell in row[1:])
            if line > below and any(cell.strip() for cell in row) and not ends:
                if len(row) != len(names):
                    raise ContractError(
                        f"{file.name} line {line}: {len(row)} fields where line {below} names {len(names)}; "
                        "nothing was imported"
                        if below
                        else f"{file.name} line {line}: {len(row)} fields instead of {len(names)}; nothing was imported"
                    )
                rows.append(row)
                line_numbers.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ContractError(f"{file.name} after line {line - 1}: {' '.join(str(error).split())}") from error
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame, pl.Series(line_numbers, dtype=pl.Int64)


# JSON


def _from_json(file: RawFile, layout: Layout) -> RawTable | str:
    document = file.document()
    parallel = layout.json.get("parallel")
    items = _rows_of_parallel_lists(document, parallel) if parallel else _rows_of_list(document, layout)
    if isinstance(items, str):
        return items
    names = list(dict.fromkeys(name for row in items for name in row))
    if not items:
        return "has no rows"
    columns = layout.columns(names)
    if isinstance(columns, str):
        return columns
    data = {name: [_cell(row.get(name)) for row in items] for name in columns.values()}
    rows = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String))
    return _raw_table(
        file, layout, rows, numbers=pl.int_range(1, len(items) + 1, eager=True), columns=columns, place="item"
    )


def _cell(value: object) -> str | None:
    if value is None:
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _rows_of_list(document: object, layout: Layout) -> list[dict[str, object]] | str:
    """Rows of a list of objects, or of lists whose places have names; nested objects as `a.b`."""
    for path in layout.json.get("rows", [""]):
        value = document
        for step in path.split(".") if path else []:
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, list) and value:
            arrays = layout.json.get("arrays")
            if arrays and all(isinstance(item, list) and len(item) == len(arrays) for item in value):
                return [dict(zip(arrays, item, strict=True)) for item in value]
            if all(isinstance(item, Mapping) for item in value):
                return [dict(_flat(item)) for item in value]
    return "has no such list"


def _flat(row: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", "|".join(str(part) for part in value)
        else:
            yield f"{prefix}{name}", value


def _rows_of_parallel_lists(document: object, parallel: Mapping[str, str]) -> list[dict[str, object]] | str:
    """Rows of parallel lists of time and number; their times must be the same."""
    if not isinstance(document, Mapping) or not all(
        isinstance(document.get(point), list) for point in parallel.values()
    ):
        return "has no such lists"
    lists = {name: document[point] for name, point in parallel.items()}
    first = next(iter(lists.values()))
    for name, points in lists.items():
        if not all(isinstance(point, list) and len(point) == 2 for point in points):  # noqa: PLR2004 - time and number
            return f"has points in {parallel[name]} that are not [time, number]"
        if [point[0] for point in points] != [point[0] for point in first]:
            return f"has other times in {parallel[name]} than in its first list"
    return [
        {"time": first[index][0], **{name: points[index][1] for name, points in lists.items()}}
        for index in range(len(first))
    ]


# Parquet


def _from_parquet(file: RawFile, layout: Layout) -> RawTable | str:
    frame = file.frame()
    columns = layout.columns(frame.columns)
    if isinstance(columns, str):
        return columns
    binary = [name for name, kind in frame.schema.items() if kind == pl.Binary]
    hexed = frame.with_columns((pl.lit("0x") + pl.col(name).bin.encode("hex")).alias(name) for name in binary)
    return _raw_table(
        file, layout, hexed, numbers=pl.int_range(1, frame.height + 1, eager=True), columns=columns, place="row"
    )
