"""Raw values into the types of a schema, each misfit named; nothing is rounded, guessed or filled in.

One function per kind of type: raw column in; typed column out, with what is wrong and where. A binary
float is the one exception to exactness: it is read as its shortest decimal and rounded to the scale.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from ys_analytics.schemas import TIME, Column

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?\d+$"
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?"
_ZONE = r"\s?(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
_UTC = r"\s?(Z|UTC|[+-]00(:?00)?)$"
_TRUE, _FALSE = ["true", "t", "1"], ["false", "f", "0"]

# Ids that are UUIDs by ruling C3 although ClickHouse keeps them as text.
_ID_COLUMNS = frozenset({"asset_id", "portfolio_id"})

# The exponent of a number written as text is at most this long; longer is no number of this world.
_MAX_EXPONENT = 400


@dataclass(slots=True)
class Parsed:
    """A typed column, and pairs of which rows are wrong and why."""

    values: pl.Series
    wrong: list[tuple[pl.Series, str]] = field(default_factory=list)


def parse(raw: pl.Series, column: Column, *, naive_is_utc: bool = False) -> Parsed:
    """One column of a file as the schema types it.

    Args:
        raw: As the file has it.
        column: What the table declares.
        naive_is_utc: Whether a time without a zone is UTC; else it is wrong.

    Returns:
        The column, null where it is wrong; and what is wrong. An empty field is wrong unless it is nullable.
    """
    if isinstance(column.dtype, pl.Datetime):
        parsed = _time(raw, column, naive_is_utc=naive_is_utc)
    else:
        parsed = _kind(column.dtype)(raw, column)
    if not column.nullable:
        parsed.wrong.append((raw.is_null(), "is empty"))
    return parsed


def _kind(dtype: pl.DataType) -> Callable[[pl.Series, Column], Parsed]:
    if dtype.is_decimal():
        return _decimal
    if dtype.is_integer():
        return _integer
    kinds: dict[type[pl.DataType], Callable[[pl.Series, Column], Parsed]] = {
        pl.Boolean: _flag,
        pl.Enum: _choice,
        pl.List: _map,
        pl.String: _text,
    }
    return kinds[type(dtype)]


def _decimal(raw: pl.Series, column: Column) -> Parsed:
    """Exact decimals; text must fit the scale without rounding."""
    floats = raw.dtype.is_float()
    text = raw.cast(pl.String, strict=False).str.strip_chars()
    number = text.str.contains(_NUMBER)
    plain = _without_exponent(text.zip_with(number.fill_null(value=False), _nulls(text)))
    precision, scale = _digits(column)
    whole = plain.str.extract(r"^[+-]?0*(\d*)", 1).str.len_chars()
    decimals = plain.str.extract(r"\.(\d*?)0*$", 1).str.len_chars().fill_null(0)
    fine = pl.Series([False]).new_from_index(0, raw.len()) if floats else decimals > scale
    large = whole > precision - scale
    fits = number & ~fine & ~large
    values = plain.zip_with(fits.fill_null(value=False), _nulls(plain)).cast(column.dtype, strict=False)
    wrong = [
        (raw.is_not_null() & ~number.fill_null(value=False), "is not a number"),
        (fine, f"has more than {scale} decimals"),
        (large, f"has more than {precision - scale} digits before the point"),
    ]
    return Parsed(values, wrong)


def _digits(column: Column) -> tuple[int, int]:
    """Precision and scale of the store's own type, which may be narrower than the frame's."""
    found = re.search(r"\((\d+), ?(\d+)\)", column.native)
    if found is None:
        dtype = column.dtype
        assert isinstance(dtype, pl.Decimal)  # noqa: S101 - only decimals come here
        return dtype.precision or 38, dtype.scale
    return int(found[1]), int(found[2])


def _without_exponent(text: pl.Series) -> pl.Series:
    """Numbers written with an exponent, written out; few, so one by one."""
    powered = text.str.contains("[eE]").fill_null(value=False)
    if not powered.any():
        return text
    return text.scatter(powered.arg_true(), [_written_out(one) for one in text.filter(powered)])


def _written_out(text: str) -> str:
    number = Decimal(text)
    return format(number, "f") if abs(number.adjusted()) < _MAX_EXPONENT else "9" * _MAX_EXPONENT


def _integer(raw: pl.Series, column: Column) -> Parsed:
    """Whole numbers in range."""
    if raw.dtype.is_float():
        # 1.0 is one; 1.5 and not-a-number are no count.
        whole = raw.is_finite() & (raw == raw.round())
        number = raw.zip_with(whole.fill_null(value=False), _nulls(raw))
    else:
        text = raw.cast(pl.String, strict=False).str.strip_chars()
        whole = text.str.contains(_WHOLE)
        number = text.zip_with(whole.fill_null(value=False), _nulls(text)).cast(pl.Int128, strict=False)
    values = number.cast(column.dtype, strict=False)
    return Parsed(
        values,
        [
            (raw.is_not_null() & ~whole.fill_null(value=False), "is not a whole number"),
            (number.is_not_null() & values.is_null(), f"is outside the range of {column.native or column.dtype}"),
        ],
    )


def _flag(raw: pl.Series, _: Column) -> Parsed:
    text = raw.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    yes, no = text.is_in(_TRUE), text.is_in(_FALSE)
    values = yes.zip_with((yes | no).fill_null(value=False), _nulls(yes))
    return Parsed(values, [(raw.is_not_null() & values.is_null(), "is neither true nor false")])


def _choice(raw: pl.Series, column: Column) -> Parsed:
    values = raw.cast(pl.String, strict=False).cast(column.dtype, strict=False)
    allowed = ", ".join(column.dtype.categories) if isinstance(column.dtype, pl.Enum) else ""
    return Parsed(values, [(raw.is_not_null() & values.is_null(), f"is none of {allowed}")])


def _time(raw: pl.Series, column: Column, *, naive_is_utc: bool) -> Parsed:
    """Moments in UTC, to the microsecond, or to what the store keeps."""
    written = raw.dtype == pl.String
    parsed = (_written_time if written else _typed_time)(raw, naive_is_utc=naive_is_utc)
    if "DateTime64(3" in column.native:
        parsed.wrong.append((parsed.values.dt.microsecond() % 1_000 != 0, "is finer than a millisecond"))
    return parsed


def _written_time(raw: pl.Series, *, naive_is_utc: bool) -> Parsed:
    text = raw.str.strip_chars()
    zoned = text.str.contains(_MOMENT + _ZONE)
    utc = text.str.contains(_MOMENT + _UTC)
    naive = text.str.contains(_MOMENT + "$")
    good = (utc | naive) if naive_is_utc else utc
    body = text.str.extract(f"({_MOMENT[1:]})", 1).str.replace("T", " ")
    values = body.zip_with(good.fill_null(value=False), _nulls(body)).str.to_datetime(
        "%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC", strict=False
    )
    wrong = [
        (raw.is_not_null() & ~zoned & ~naive, "is not a time like 2026-11-22T00:00:00Z"),
        (zoned & ~utc, "is not in UTC"),
        (good & values.is_null(), "is no moment of the calendar"),
    ]
    if not naive_is_utc:
        wrong.append((naive, "has no zone; write UTC, like 2026-11-22T00:00:00Z"))
    return Parsed(values.cast(TIME), wrong)


def _typed_time(raw: pl.Series, *, naive_is_utc: bool) -> Parsed:
    given = raw.is_not_null()
    absent = pl.Series([None], dtype=TIME).new_from_index(0, raw.len())
    if not isinstance(raw.dtype, pl.Datetime):
        return Parsed(absent, [(given, f"is {raw.dtype}, not a time")])
    zone = raw.dtype.time_zone
    if zone is None and not naive_is_utc:
        return Parsed(absent, [(given, "has no zone; write UTC")])
    if zone not in (None, "UTC"):
        return Parsed(absent, [(given, f"is in {zone}, not UTC")])
    fine = raw.dt.nanosecond() % 1_000 != 0
    values = (raw if zone else raw.dt.replace_time_zone("UTC")).cast(TIME)
    return Parsed(values, [(fine, "is finer than a microsecond")])


def _text(raw: pl.Series, column: Column) -> Parsed:
    values = raw.cast(pl.String, strict=False)
    wrong = [(raw.is_not_null() & values.is_null(), "is not text")]
    if column.native == "uuid" or column.name in _ID_COLUMNS:
        wrong.append((~values.str.contains(_UUID), "is not an id (a UUID in lower case)"))
    if column.native == "jsonb":
        sound = [text is None or _json(text) is not None for text in values]
        wrong.append((~pl.Series(sound, dtype=pl.Boolean), "is not JSON"))
    if size := re.search(r"varying\((\d+)\)", column.native):
        wrong.append((values.str.len_chars() > int(size[1]), f"is longer than {size[1]} characters"))
    return Parsed(values, wrong)


def _map(raw: pl.Series, column: Column) -> Parsed:
    """Maps: a list of key and value from Parquet, a JSON object from text."""
    if raw.dtype != pl.String:
        values = raw.cast(column.dtype, strict=False)
        return Parsed(values, [(raw.is_not_null() & values.is_null(), f"is {raw.dtype}, not a map")])
    lists = [None if text is None else _pairs(text) for text in raw]
    texts = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))
    values = pl.Series(lists, dtype=texts).cast(column.dtype, strict=False)
    broken = pl.Series([text is not None and pairs is None for text, pairs in zip(raw, lists, strict=True)])
    inside = values.list.eval(pl.element().struct.field("value").is_null()).list.any()
    return Parsed(values, [(broken, "is not a JSON object"), (inside, "has a value that does not fit")])


def _pairs(text: str) -> list[dict[str, str]] | None:
    found = _json(text)
    if not isinstance(found, dict):
        return None
    return [
        {"key": key, "value": value if isinstance(value, str) else json.dumps(value)} for key, value in found.items()
    ]


def _json(text: str) -> object | None:
    """What a JSON text holds, numbers as text so that none is rounded; None where it is no JSON."""
    try:
        found: object = json.loads(text, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return "null" if found is None else found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _nulls(like: pl.Series) -> pl.Series:
    return pl.Series([None], dtype=like.dtype).new_from_index(0, like.len())
