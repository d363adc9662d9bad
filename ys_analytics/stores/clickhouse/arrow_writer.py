"""Writes typed frames as Arrow for ClickHouse, without loss: a value that its column cannot hold is refused first.

Depends on ClickHouse's type names, Arrow and Polars. Does not connect. The engine itself would wrap 300 into 44,
cut decimals and fractions of a second, and write a zero for null.
"""

import re
from collections.abc import Mapping

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import ContractError
from ys_analytics.stores.clickhouse.arrow_reader import NUMBERS, clickhouse_type, digits, unwrapped_type
from ys_analytics.stores.common.lossless import refuse_change, to_places

_NUMBERS = {native: dtype for dtype, native in NUMBERS.items()}

# Whole digits that an Int128 can be compared to.
_MOST_DIGITS = 38

_STORED = re.compile(r"(?:Nullable|LowCardinality)\(((?:[^()]|\([^()]*\))*)\)")
_TEXTS = re.compile(r"UUID|FixedString\(\d+\)|Enum(?:8|16)\([^()]*\)")


def table(rows: pl.DataFrame, natives: Mapping[str, str]) -> pa.Table:
    """A frame as Arrow that ClickHouse inserts without changing a value.

    Args:
        rows: What to write.
        natives: The type of each target column, as ClickHouse describes it.

    Raises:
        ContractError: a value would change: it has more digits or a finer time than its column keeps, is out of
            its range, or is nothing where something must be; or a column is of a kind that cannot be compared.
    """
    for name in rows.columns:
        _refuse_loss(rows[name], " ".join(natives[name].split()))
    plain = rows.with_columns(pl.selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))
    arrow = plain.to_arrow(compat_level=pl.CompatLevel.oldest())
    for position, name in enumerate(rows.columns):
        if natives[name].startswith("Map("):
            arrow = arrow.set_column(position, name, _map(arrow.column(name)))
    return arrow


def _refuse_loss(column: pl.Series, native: str) -> None:
    """Refuse a column that ClickHouse would take and change.

    Raises:
        ContractError: naming the first value that would change.
    """
    if not _is_nullable(native) and column.null_count():
        raise ContractError(f"column {column.name}: null in row {column.is_null().arg_max()}, but {native} has none")
    if column.dtype.is_nested():
        _refuse_other_type(column, native)
        return
    refuse_change(column, _stored(column, unwrapped_type(native)), column=column.name, native=native)


def _stored(column: pl.Series, native: str) -> pl.Series:
    """Each value as the column would store it; null where it cannot.

    Raises:
        ContractError: it is of a kind that the engine would have to guess at.
    """
    if found := re.fullmatch(r"Decimal\((\d+), (\d+)\)", native):
        if column.dtype.is_integer():
            return _stored_decimals(column.cast(pl.Decimal(38, 0)), found).cast(column.dtype)
        if isinstance(column.dtype, pl.Decimal):
            return _stored_decimals(column, found)
    elif native in _NUMBERS:
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            return column.cast(_NUMBERS[native], strict=False).cast(column.dtype, strict=False)
    elif isinstance(column.dtype, pl.Datetime) and (found := re.fullmatch(r"DateTime(?:64\((\d).*\)|\(.*\))?", native)):
        return to_places(column, int(found[1] or 0))
    else:
        return column
    raise ContractError(f"column {column.name}: is {column.dtype}, expected {native}; cast it before it is written")


def _stored_decimals(column: pl.Series, native: re.Match[str]) -> pl.Series:
    """Decimals as a Decimal of so many digits and places holds them."""
    whole_digits, places, current_scale = int(native[1]) - int(native[2]), int(native[2]), digits(column.dtype)[1]
    rounded = column.round(places) if places < current_scale else column
    if whole_digits > _MOST_DIGITS:
        return rounded
    whole = pl.lit(column.abs().to_physical()) // pl.lit(10**current_scale, pl.Int128)
    return pl.select(pl.when(whole < pl.lit(10**whole_digits, pl.Int128)).then(pl.lit(rounded))).to_series()


def _refuse_other_type(column: pl.Series, native: str) -> None:
    """Lists and maps must be of their column's very type, and nothing is missing inside of them.

    Raises:
        ContractError: it is another, or something is.
    """
    if _comparable_type(clickhouse_type(column.dtype)) != _comparable_type(native):
        raise ContractError(f"column {column.name}: is {column.dtype}, expected {native}; cast it before it is written")
    if "Nullable(" not in native and _has_null_inside(column):
        raise ContractError(f"column {column.name}: a null inside of {native}, which has none")


def _is_nullable(native: str) -> bool:
    return native.removeprefix("LowCardinality(").startswith("Nullable(")


def _has_null_inside(column: pl.Series) -> bool:
    """Whether anything inside of a nested column is null."""
    match column.dtype:
        case pl.List():
            values = column.filter(column.list.len() > 0).explode()
            return values.null_count() > 0 or _has_null_inside(values)
        case pl.Struct():
            fields = [column.struct.field(name) for name in column.struct.fields]
            return any(field.null_count() > 0 or _has_null_inside(field) for field in fields)
        case _:
            return False


def _comparable_type(native: str) -> str:
    """A type in the form two types are compared in: a Map as a list of pairs, all texts as String.

    >>> _comparable_type("Map(LowCardinality(String), Decimal(18, 8))")
    'Array(Tuple(key String, value Decimal(18, 8)))'
    """
    form = " ".join(native.replace("`", "").split()).replace("( ", "(")  # a Tuple is described over several lines
    while (simpler := _STORED.sub(r"\1", form)) != form:
        form = simpler
    if pairs := re.fullmatch(r"Map\((\w+), (.*)\)", form):
        form = f"Array(Tuple(key {pairs[1]}, value {pairs[2]}))"
    return _TEXTS.sub("String", form)


def _map(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A list of (key, value) as the Map it came from."""
    parts = []
    for chunk in column.chunks:
        pairs = chunk.values
        kind = pa.map_(pairs.type.field(0).type, pairs.type.field(1).type)
        offsets = chunk.offsets.cast(pa.int32())
        parts.append(pa.MapArray.from_arrays(offsets, pairs.field(0), pairs.field(1), type=kind))
    return pa.chunked_array(parts) if parts else column
