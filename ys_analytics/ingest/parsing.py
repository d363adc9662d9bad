"""Parse raw columns into the types of a schema; each value that does not fit is named, none is guessed or filled in.

Depends on one module for each kind of value (`numbers`, `times`, `chains`, `objects`). Does not know stores.
"""

import re

import polars as pl

from ys_analytics.ingest import numbers, objects, times
from ys_analytics.ingest.chains import chains
from ys_analytics.ingest.parsed import Parsed, nulls
from ys_analytics.schemas import Column

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_TRUE, _FALSE = ["true", "t", "1"], ["false", "f", "0"]

# Ids that are UUIDs by ruling C3 although ClickHouse keeps them as text.
_ID_COLUMNS = frozenset({"asset_id", "portfolio_id"})

# Words that programs write for a missing value. In a nullable column they would be taken for a name.
_NOTHING = ["none", "null", "nan", "nat", "n/a", "#n/a", "<na>", "na", "nil", "-", "--", "undefined"]


def parse(raw: pl.Series, column: Column, *, naive_is_utc: bool = False, exact: bool = True) -> Parsed:
    """One column of a file as the schema types it.

    Args:
        raw: As the file has it.
        column: What the table declares.
        naive_is_utc: Whether a time without a zone is UTC; else it is wrong.
        exact: Whether a value finer than the store keeps is wrong; else it is rounded (a time is cut) and counted.

    Returns:
        The column, null where it is wrong; what is wrong; and what was changed. An empty field is wrong unless
        the column is nullable.
    """
    if isinstance(raw.dtype, pl.Categorical | pl.Enum):
        raw = raw.cast(pl.String)
    parsed = _typed(raw, column, naive_is_utc=naive_is_utc, exact=exact)
    if not column.nullable:
        parsed.wrong.append((raw.is_null(), "is empty"))
    # A value that no rule above named and that could not be read must not become null silently.
    lost = raw.is_not_null() & parsed.values.is_null()
    for mask, _ in parsed.wrong:
        lost &= ~mask.fill_null(value=False)
    parsed.wrong.append((lost, f"cannot be read as {column.native_type or column.dtype}"))
    return parsed


def _typed(raw: pl.Series, column: Column, *, naive_is_utc: bool, exact: bool) -> Parsed:
    dtype, type_name = column.dtype, column.native_type or str(column.dtype)
    if isinstance(dtype, pl.Datetime):
        coarse = "DateTime64(3" in column.native_type
        return times.moments(raw, naive_is_utc=naive_is_utc, milliseconds=coarse, exact=exact)
    if dtype.is_decimal():
        precision, scale = _digits(column)
        return numbers.decimals(raw, precision=precision, scale=scale, dtype=dtype, exact=exact)
    if dtype.is_integer():
        return (chains if column.name == "chain_id" else numbers.whole_numbers)(raw, dtype=dtype, type_name=type_name)
    if isinstance(dtype, pl.List):
        precision, scale = _digits(column)
        return objects.maps(raw, dtype=dtype, precision=precision, scale=scale)
    if isinstance(dtype, pl.Boolean):
        return _flag(raw)
    return _choice(raw, dtype) if isinstance(dtype, pl.Enum) else _text(raw, column)


def _digits(column: Column) -> tuple[int, int]:
    """Precision and scale of the store's own type, which may be narrower than the frame's."""
    found = re.search(r"\((?:String, Decimal\()?(\d+), ?(\d+)\)", column.native_type)
    if found is not None:
        return int(found[1]), int(found[2])
    return (column.dtype.precision or 38, column.dtype.scale) if isinstance(column.dtype, pl.Decimal) else (38, 0)


def _flag(raw: pl.Series) -> Parsed:
    text = numbers.as_text(raw).str.to_lowercase()
    yes, no = text.is_in(_TRUE), text.is_in(_FALSE)
    values = yes.zip_with((yes | no).fill_null(value=False), nulls(yes))
    return Parsed(values, [(raw.is_not_null() & values.is_null(), "is neither true nor false")])


def _choice(raw: pl.Series, dtype: pl.Enum) -> Parsed:
    values = raw.cast(pl.String, strict=False).cast(dtype, strict=False)
    allowed = ", ".join(dtype.categories)
    return Parsed(values, [(raw.is_not_null() & values.is_null(), f"is none of {allowed}")])


def _text(raw: pl.Series, column: Column) -> Parsed:
    if raw.dtype != pl.String and not raw.dtype.is_integer():
        # The text of a float or a time depends on who writes it: 1.10 would be 1.1.
        absent = pl.Series(raw.name, [None], dtype=pl.String).new_from_index(0, raw.len())
        return Parsed(absent, [(raw.is_not_null(), f"is {raw.dtype}, not text")])
    values = raw.cast(pl.String)
    wrong = [(values.str.contains("\0", literal=True), "holds a NUL character")]
    if column.native_type == "uuid" or column.name in _ID_COLUMNS:
        wrong.append((~values.str.contains(_UUID), "is not an id (a UUID in lower case)"))
    elif column.native_type == "jsonb":
        wrong += objects.texts(values)
    elif column.nullable:
        is_blank = values.str.strip_chars().str.to_lowercase().is_in(_NOTHING)
        wrong.append((is_blank, "is a word for nothing: leave the field empty"))
    if size := re.search(r"varying\((\d+)\)", column.native_type):
        wrong.append((values.str.len_chars() > int(size[1]), f"is longer than {size[1]} characters"))
    return Parsed(values, wrong)
