"""PostgreSQL's COPY text format, both ways, without loss: bytes to typed frames and frames to bytes.

Depends on escapes, NULL and the text form of each declared type. Does not connect.
Text is exact where binary drivers are not: a numeric is its digits. What does not fit is refused,
never rounded (Polars alone would round a 19th decimal place).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl
from psycopg import sql

from ys_analytics.errors import ContractError
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.time_limits import LAST_DAY, LAST_MICROSECOND

# Leftmost match wins, so an escaped backslash is consumed before what follows it.
_ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r", "\\b": "\b", "\\f": "\f", "\\v": "\v"}
_NULL = "\\N"
_BOM = b"\xef\xbb\xbf"

# PostgreSQL counts microseconds and days from 2000-01-01; its infinities are the ends of Int64 and Int32.
_EPOCH_US = 946_684_800_000_000
_EPOCH_DAYS = 10_957

_INFINITIES = {
    "7fffffffffffffff": "infinity",
    "8000000000000000": "-infinity",
    "7fffffff": "infinity",
    "80000000": "-infinity",
}

_ELEMENTS = (pl.String, pl.Enum, pl.Decimal, pl.Boolean, pl.Float64, pl.Int16, pl.Int32, pl.Int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column on the wire.

    Attributes:
        name: Its name, the same in SQL and in the frame.
        dtype: Its declared type.
        bounded: A numeric whose precision and scale the server enforces within `dtype`, so that
            Polars can parse it directly.
        never_escaped: A text the server never escapes, such as a uuid.
    """

    name: str
    dtype: pl.DataType
    bounded: bool = False
    never_escaped: bool = False

    @property
    def select_expression(self) -> sql.Composable:
        """The expression that makes the server write the column independent of its settings.

        A time is asked for as the hex of its bytes: exact, and cheaper than its text.
        """
        name = sql.Identifier(self.name)
        match self.dtype:
            case pl.Datetime():
                return sql.SQL("encode(timestamptz_send({}), 'hex')").format(name)
            case pl.Date():
                return sql.SQL("encode(date_send({}), 'hex')").format(name)
            case pl.Boolean():
                return sql.SQL("{}::text").format(name)
            case pl.List():
                return sql.SQL("to_json({}::text[])").format(name)
            case _:
                return name

    @property
    def csv_type(self) -> pl.DataType:
        """The type the CSV parser may give it directly; String where it needs a second step."""
        match self.dtype:
            case pl.Datetime() | pl.Date() | pl.List():
                return pl.String()
            case pl.Enum():
                return pl.String() if _needs_escapes(self.dtype) else self.dtype
            case pl.Decimal():
                return self.dtype if self.bounded else pl.String()
            case _:
                return self.dtype

    @property
    def raw_value(self) -> pl.Expr:
        """What is checked and then made a value of: the number of a time, everything else as it came."""
        column = pl.col(self.name)
        match self.dtype:
            case pl.Datetime():
                return _number(column, pl.Int64())
            case pl.Date():
                return _number(column, pl.Int32())
            case _:
                return column

    @property
    def typed_value(self) -> pl.Expr:  # noqa: PLR0911 - one arm a type reads best
        """The declared type, from what `raw_value` gave."""
        column = pl.col(self.name)
        match self.dtype:
            case pl.Datetime():
                return (column + _EPOCH_US).cast(pl.Datetime("us", "UTC"))
            case pl.List():
                return _elements(_texts(column), _inner(self.dtype))
            case pl.Decimal() if not self.bounded:
                return column.cast(self.dtype)
            case pl.Date():
                return (column + _EPOCH_DAYS).cast(pl.Date())
            case pl.String() if not self.never_escaped:
                return _unescaped(column)
            case pl.Enum() if _needs_escapes(self.dtype):
                return _unescaped(column).cast(self.dtype)
            case _:
                return column

    @property
    def fits(self) -> pl.Expr | None:  # noqa: PLR0911 - one arm a type reads best
        """Whether what `raw_value` gave means a value of the declared type; None where any text does."""
        column = pl.col(self.name)
        match self.dtype:
            case pl.Datetime():
                return column.is_between(-LAST_MICROSECOND - _EPOCH_US, LAST_MICROSECOND - _EPOCH_US)
            case pl.Date():
                return column.is_between(-LAST_DAY - _EPOCH_DAYS, LAST_DAY - _EPOCH_DAYS)
            case pl.Decimal(precision=precision, scale=scale):
                return _exact(column, precision, scale)
            case pl.Enum():
                return _unescaped(column).is_in(self.dtype.categories.to_list())
            case pl.Boolean():
                return column.is_in(["true", "false"])
            case pl.List():
                texts = _texts(column)
                typed = _elements(texts, _inner(self.dtype), strict=False)
                return (_null_count(typed) == _null_count(texts)) & (texts.is_not_null() | column.is_null())
            case pl.String():
                return None
            case _:
                return column.cast(self.csv_type, strict=False).is_not_null()

    def readable_text(self, text: str) -> str:
        """A misfit as a person would write it: a time is on the wire as the hex of its bytes."""
        if not isinstance(self.dtype, (pl.Datetime, pl.Date)):
            return text
        unit = "us" if isinstance(self.dtype, pl.Datetime) else "days"
        number = int.from_bytes(bytes.fromhex(text), "big", signed=True)
        return _INFINITIES.get(text) or f"{number} {unit} from 2000-01-01"


def fields(
    schema: Mapping[str, pl.DataType],
    *,
    bounds: Mapping[str, tuple[int, int] | None],
    never_escaped: Collection[str] = (),
) -> tuple[Field, ...]:
    """One field a column of `schema`.

    Args:
        schema: Names and declared types.
        bounds: Precision and scale of each numeric the server limits.
        never_escaped: Columns whose texts the server never escapes.

    Raises:
        ContractError: a declared type has no exact form on this wire.
    """
    for name, dtype in schema.items():
        inner = _inner(dtype) if isinstance(dtype, pl.List) else dtype
        if not isinstance(inner, (*_ELEMENTS, pl.Datetime, pl.Date)) or (inner is not dtype and _is_time(inner)):
            raise ContractError(f"column {name}: {dtype} cannot be read from PostgreSQL; declare another type")
    return tuple(
        Field(
            name=name, dtype=dtype, bounded=_is_bounded_by(bounds.get(name), dtype), never_escaped=name in never_escaped
        )
        for name, dtype in schema.items()
    )


def parse(buffer: bytes, columns: tuple[Field, ...], rejects: RejectPolicy) -> pl.DataFrame:
    """Rows of COPY text as a frame of the declared types.

    Raises:
        ContractError: a value does not fit and `rejects` does not quarantine.
    """
    try:
        rows = _read(buffer, {column.name: column.csv_type for column in columns}).select(
            column.raw_value for column in columns
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return _split_rejects(buffer, columns, rejects)
    fitting = [c.fits.fill_null(value=True).all() for c in columns if c.csv_type != c.dtype and c.fits is not None]
    if fitting and not rows.select(pl.all_horizontal(fitting)).item():
        return _split_rejects(buffer, columns, rejects)
    return rows.select(column.typed_value for column in columns)


def dump(rows: pl.DataFrame) -> bytes:
    r"""A frame as COPY text: NULL is `\N`, an empty string is empty, decimals keep every digit.

    >>> dump(pl.DataFrame({"a": ["tab\there", None, ""], "b": [1, 2, 3]}))
    b'tab\\there\t1\n\\N\t2\n\t3\n'
    """
    text = rows.select(_copy_text(name, dtype).alias(name) for name, dtype in rows.schema.items())
    lines = text.select(pl.concat_str(pl.all().fill_null(_NULL), separator="\t").alias("line"))
    return "".join(f"{connection}\n" for connection in lines["line"]).encode()


def _read(buffer: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The parser would take a leading byte order mark off the first value, so it is given one to take."""
    return pl.read_csv(
        _BOM + buffer if buffer.startswith(_BOM) else buffer,
        has_header=False,
        separator="\t",
        quote_char=None,
        schema=dict(schema),
        null_values=[_NULL],
        empty_string_is_null=False,
        raise_if_empty=False,
    )


def _split_rejects(buffer: bytes, columns: tuple[Field, ...], rejects: RejectPolicy) -> pl.DataFrame:
    """Check each row of a chunk as text: rows that fit are kept, the others rejected. Slow, and rarely needed."""
    lines = _utf8_lines(buffer, columns, rejects)
    text = _read(b"".join(lines), {column.name: pl.String() for column in columns})
    valid = pl.repeat(value=True, n=text.height, dtype=pl.Boolean, eager=True)
    for column in columns:
        if column.fits is None:
            continue
        fits = text.select(column.raw_value).select(column.fits).to_series().fill_null(value=False)
        fits |= text[column.name].is_null()
        for row in text.filter(valid & ~fits).iter_rows(named=True):
            key = {name: row[name] for name in rejects.key if name in row}
            rejects.refuse(
                column=column.name, found=column.readable_text(row[column.name]), expected=column.dtype, key=key
            )
        valid &= fits
    valid_lines = b"".join(connection for connection, keep in zip(lines, valid, strict=True) if keep)
    raw_rows = _read(valid_lines, {column.name: column.csv_type for column in columns})
    return raw_rows.select(column.raw_value for column in columns).select(column.typed_value for column in columns)


def _utf8_lines(buffer: bytes, columns: tuple[Field, ...], rejects: RejectPolicy) -> list[bytes]:
    """The lines that are UTF-8 (a database in SQL_ASCII can hold others)."""
    utf8_lines = []
    for connection in buffer.split(b"\n")[:-1]:
        if _is_utf8(connection):
            utf8_lines.append(connection + b"\n")
            continue
        cells = dict(zip((column.name for column in columns), connection.split(b"\t"), strict=True))
        name, cell_found = next((name, cell) for name, cell in cells.items() if not _is_utf8(cell))
        key = {part: cells[part].decode(errors="replace") for part in rejects.key if part in cells}
        rejects.refuse(column=name, found=cell_found, expected="UTF-8", key=key)
    return utf8_lines


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def _number(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Microseconds or days since 2000 out of their hex digits."""
    return column.str.decode("hex", strict=False).bin.reinterpret(dtype=dtype, endianness="big")


def _exact(text: pl.Expr, precision: int, scale: int) -> pl.Expr:
    """Whether a number, as text, is a Decimal of that precision and scale to its last digit."""
    return text.str.contains(rf"^-?[0-9]{{1,{precision - scale}}}(?:\.[0-9]{{0,{scale}}}0*)?$")


def _unescaped(column: pl.Expr) -> pl.Expr:
    """Text as it was before COPY escaped it; untouched where nothing is escaped, which is nearly always."""
    return (
        pl.when(column.str.contains("\\", literal=True))
        .then(column.str.replace_many(list(_ESCAPES), list(_ESCAPES.values())))
        .otherwise(column)
    )


def _inner(dtype: pl.List) -> pl.DataType:
    """The type of a list's elements; Polars also allows it to be named by its class."""
    return dtype.inner() if isinstance(dtype.inner, type) else dtype.inner


def _texts(column: pl.Expr) -> pl.Expr:
    """An array as it was asked for, a JSON list of texts; null where it has more than one dimension."""
    flat = pl.when(~column.str.starts_with("[[")).then(_unescaped(column))
    return flat.str.json_decode(pl.List(pl.String))


def _elements(texts: pl.Expr, inner: pl.DataType, *, strict: bool = True) -> pl.Expr:
    match inner:
        case pl.String():
            return texts
        case pl.Boolean():
            known = pl.when(pl.element().is_in(["true", "false"])).then(pl.element() == "true")
            return texts.list.eval(known)
        case pl.Decimal(precision=precision, scale=scale) if not strict:
            exact_text = pl.when(_exact(pl.element(), precision, scale)).then(pl.element())
            return texts.list.eval(exact_text.cast(inner, strict=False))
        case _:
            return texts.list.eval(pl.element().cast(inner, strict=strict))


def _null_count(lists: pl.Expr) -> pl.Expr:
    return lists.list.eval(pl.element().is_null()).list.sum()


def _needs_escapes(dtype: pl.Enum) -> bool:
    """Whether a label holds what COPY escapes, so that it is not on the wire as it is."""
    return any(letter in label for label in dtype.categories.to_list() for letter in _ESCAPES.values())


def _is_bounded_by(bound: tuple[int, int] | None, dtype: pl.DataType) -> bool:
    if bound is None or not isinstance(dtype, pl.Decimal):
        return False
    precision, scale = bound
    return scale <= dtype.scale and precision - scale <= dtype.precision - dtype.scale


def _is_time(dtype: pl.DataType) -> bool:
    return isinstance(dtype, (pl.Datetime, pl.Date))


def _copy_text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    match dtype:
        case pl.Datetime():
            return column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.6f+00")
        case pl.List():
            return _escaped(_array_literal(column, _inner(dtype)))
        case pl.String() | pl.Enum() | pl.Categorical():
            return _escaped(column.cast(pl.String))
        case _:
            return column.cast(pl.String)


def _escaped(column: pl.Expr) -> pl.Expr:
    return column.str.replace_many(list(_ESCAPES.values()), list(_ESCAPES))


def _array_literal(column: pl.Expr, inner: pl.DataType) -> pl.Expr:
    """An array literal: every element quoted, so that commas, braces and the word NULL stay text."""
    element = pl.element().cast(pl.String)
    if inner == pl.String or isinstance(inner, pl.Enum):
        element = element.str.replace_many(["\\", '"'], ["\\\\", '\\"'])
    quote_name = pl.concat_str(pl.lit('"'), element, pl.lit('"')).fill_null("NULL")
    return pl.concat_str(pl.lit("{"), column.list.eval(quote_name).list.join(","), pl.lit("}"))
