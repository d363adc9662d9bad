"""Reads ClickHouse's Arrow batches as typed frames, without loss.

Depends on ClickHouse's type names, Arrow and Polars. Does not connect. Arrow alone would give an Enum as
a number, a UUID as bytes and a Map as pairs without names, so the SQL casts; what Polars would wrap or
panic on (text that is not UTF-8, a decimal of 39 digits, a time past its last microsecond) is refused.
"""

import re
from dataclasses import dataclass

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.errors import ContractError
from ys_analytics.stores.common.lossless import MICROSECONDS
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.time_limits import LAST_MICROSECOND, LAST_MILLISECOND

NUMBERS: dict[type[pl.DataType], str] = {
    pl.Int8: "Int8", pl.Int16: "Int16", pl.Int32: "Int32", pl.Int64: "Int64",
    pl.UInt8: "UInt8", pl.UInt16: "UInt16", pl.UInt32: "UInt32", pl.UInt64: "UInt64",
    pl.Float32: "Float32", pl.Float64: "Float64", pl.Boolean: "Bool",
}  # fmt: skip

_LAST = {"ms": LAST_MILLISECOND, "us": LAST_MICROSECOND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a result.

    Attributes:
        name: Its name, the same in SQL and in the frame.
        dtype: Its declared type.
        native_type: Its type as ClickHouse describes it.
        repeats: A text column whose values repeat, so that a dictionary carries it.
    """

    name: str
    dtype: pl.DataType
    native_type: str
    repeats: bool = False

    @property
    def select_expression(self) -> str:  # noqa: PLR0911 - one arm a type reads best
        """The SQL expression that arrives as the declared type, or as one that casts to it without loss.

        Raises:
            ContractError: no such cast exists.
        """
        name = quote_name(self.name)
        match self.dtype:
            case pl.String():
                text = name if self._unwrapped == "String" else f"toString({name})"
                return f"toLowCardinality({text})" if self.repeats else text
            case pl.Enum():
                return f"toLowCardinality(toString({name}))"
            case pl.Decimal():
                return self._decimal(name)
            case pl.Datetime():
                return self._time(name)
            case pl.Date():
                return f"toDate32({name})"
            case pl.List():
                return f"CAST({name} AS {clickhouse_type(self.dtype)})"
            case _:
                target = clickhouse_type(self.dtype)
                return name if self._unwrapped == target else f"accurateCast({name}, 'Nullable({target})')"

    @property
    def _unwrapped(self) -> str:
        return unwrapped_type(self.native_type)

    def _decimal(self, name: str) -> str:
        precision, scale = digits(self.dtype)
        if matched := re.fullmatch(r"Decimal\((\d+), (\d+)\)", self._unwrapped):
            precision_found, scale_found = int(matched[1]), int(matched[2])
            if scale_found > scale or precision_found - scale_found > precision - scale:
                raise ContractError(
                    f"column {self.name}: expected Decimal({precision}, {scale}), is {self.native_type}"
                )
            return name if (precision_found, scale_found) == (precision, scale) else f"toDecimal128({name}, {scale})"
        if re.fullmatch(r"U?Int\d+", self._unwrapped):
            return f"toDecimal128({name}, {scale})"
        raise ContractError(f"column {self.name}: expected Decimal({precision}, {scale}), is {self.native_type}")

    def _time(self, name: str) -> str:
        if self._unwrapped in {"DateTime64(3, 'UTC')", "DateTime64(6, 'UTC')"}:
            return name
        matched = re.fullmatch(r"DateTime(?:64\((\d)(?:, '.*')?\)|\('.*'\))?", self._unwrapped)
        if matched and int(matched[1] or 0) <= MICROSECONDS:
            return f"toDateTime64({name}, {MICROSECONDS}, 'UTC')"
        raise ContractError(f"column {self.name}: expected a time in microseconds, is {self.native_type}")


def quote_name(name: str) -> str:
    r"""A name as ClickHouse reads it, with any characters in it.

    >>> quote_name("a`b")
    '`a\\`b`'
    """
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def unwrapped_type(native: str) -> str:
    """A native type without the wrappers that say only how it is stored.

    >>> unwrapped_type("LowCardinality(Nullable(String))")
    'String'
    """
    while wrapped := re.fullmatch(r"(?:Nullable|LowCardinality)\((.*)\)", native):
        native = wrapped[1]
    return native


def clickhouse_type(dtype: pl.DataType) -> str:
    """The ClickHouse type that holds exactly what `dtype` holds.

    >>> clickhouse_type(pl.List(pl.Struct({"key": pl.String(), "value": pl.Decimal(18, 8)})))
    'Array(Tuple(`key` String, `value` Decimal(18, 8)))'

    Raises:
        ContractError: there is none.
    """
    match dtype:
        case pl.String() | pl.Enum():
            return "String"
        case pl.Decimal():
            precision, scale = digits(dtype)
            return f"Decimal({precision}, {scale})"
        case pl.List():
            return f"Array({clickhouse_type(instance(dtype.inner))})"
        case pl.Struct():
            parts = (f"{quote_name(field.name)} {clickhouse_type(instance(field.dtype))}" for field in dtype.fields)
            return f"Tuple({', '.join(parts)})"
        case _ if type(dtype) in NUMBERS:
            return NUMBERS[type(dtype)]
        case _:
            raise ContractError(f"{dtype} has no exact form in ClickHouse; declare another type")


def frame(batch: pa.RecordBatch, columns: tuple[Field, ...], rejects: RejectPolicy) -> pl.DataFrame:
    """A record batch as a frame of the declared types; the batch's memory is shared where it can be.

    Raises:
        ContractError: a value does not fit and `rejects` does not quarantine.
    """
    try:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            _validate(name, column)
        return _typed(batch, columns)
    except (pa.ArrowInvalid, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return _split_rejects(batch, columns, rejects)


def _typed(batch: pa.RecordBatch, columns: tuple[Field, ...]) -> pl.DataFrame:
    return pl.DataFrame([_series(batch.column(column.name), column) for column in columns])


def _series(values: pa.Array, column: Field) -> pl.Series:
    """One column as declared. A dictionary is looked up here, four times faster than by way of a Categorical."""
    if pa.types.is_dictionary(values.type):
        dictionary, indices = pl.Series(values=values.dictionary), pl.Series(values=values.indices)
        matched = (
            dictionary.gather(indices) if len(dictionary) else pl.Series(values=[None] * len(indices), dtype=pl.String)
        )
    else:
        matched = pl.Series(values=values)
    return matched.cast(column.dtype).alias(column.name)


def _validate(name: str, column: pa.Array) -> None:
    """Refuse what Polars would take silently, or panic over.

    Raises:
        pa.ArrowInvalid: text is not UTF-8, a decimal has too many digits or a time is out of range.
    """
    if pa.types.is_dictionary(column.type):
        column.dictionary.validate(full=True)
        return
    column.validate(full=True)
    last = _LAST.get(column.type.unit) if pa.types.is_timestamp(column.type) else None
    if last is not None and len(column) > column.null_count:
        ticks = pl.Series(column.view(pa.int64()))
        if not ticks.is_between(-last, last).all():
            raise pa.ArrowInvalid(f"{name}: a time is out of range")


def _split_rejects(batch: pa.RecordBatch, columns: tuple[Field, ...], rejects: RejectPolicy) -> pl.DataFrame:
    """Check each row of a batch alone: rows that fit are kept, the others rejected. Slow, and rarely needed."""
    suspects = [column for column in columns if not _is_valid(batch.select([column.name]), column)]
    valid_rows = []
    for position in range(batch.num_rows):
        for column in suspects:
            # `take` copies the one value; a slice would be checked by the values of its neighbours.
            if not _is_valid(_without_dictionaries(batch.select([column.name]).take(pa.array([position]))), column):
                key = {
                    name: _cell_text(batch.column(name)[position : position + 1])
                    for name in _key_columns(batch, rejects)
                }
                matched = _cell_text(batch.column(column.name).take(pa.array([position])))
                rejects.refuse(column=column.name, found=matched, expected=column.dtype, key=key)
                break
        else:
            valid_rows.append(position)
    return _typed(_without_dictionaries(batch.take(pa.array(valid_rows, pa.int64()))), columns)


def _is_valid(single_column: pa.RecordBatch, column: Field) -> bool:
    """Whether one column of a batch is all of its declared type."""
    try:
        _validate(column.name, single_column.column(0))
        _typed(single_column, (column,))
    except (pa.ArrowInvalid, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return True


def _without_dictionaries(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch without its dictionaries, which still hold the texts of other rows."""
    columns = [
        column.dictionary.take(column.indices) if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def _key_columns(batch: pa.RecordBatch, rejects: RejectPolicy) -> list[str]:
    return [name for name in rejects.key if name in batch.schema.names]


def _cell_text(cell: pa.Array) -> str:
    """One value as text for a message, made of any bytes."""
    if pa.types.is_dictionary(cell.type):
        cell = cell.dictionary.take(cell.indices)
    if pa.types.is_string(cell.type) or pa.types.is_large_string(cell.type):
        raw = cell.view(pa.binary() if pa.types.is_string(cell.type) else pa.large_binary())[0].as_py()
        return "" if raw is None else raw.decode(errors="backslashreplace")
    if pa.types.is_timestamp(cell.type):
        return str(cell.view(pa.int64())[0].as_py())
    try:
        return str(cell[0])
    except UnicodeDecodeError:
        return "a list with text that is not UTF-8"


def digits(dtype: pl.DataType) -> tuple[int, int]:
    """Precision and scale of a decimal type."""
    assert isinstance(dtype, pl.Decimal)  # noqa: S101 - every caller has matched it
    return dtype.precision or 38, dtype.scale


def instance(dtype: object) -> pl.DataType:
    """Polars allows a nested type to be named by its class."""
    return dtype() if isinstance(dtype, type) else dtype  # type: ignore[return-value]
