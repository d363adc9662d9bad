"""Converts text to declared types, for stores that keep text: decimals, times and integers.

Depends on the forms the rulings allow. Does not know any store. A text that is not of its form is refused with its row;
nothing is guessed and nothing rounded.
"""

from collections.abc import Sequence

import polars as pl

from ys_analytics.schemas import Column
from ys_analytics.stores.common.quarantine import RejectPolicy

_ISO = "%+"  # RFC 3339, zone included

# What of it is exact here: Polars would cut a finer fraction, and count a leap second twice.
_EXACT_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,6}0*)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$"
)

# One way to write each: Polars would take +7 and 007 for 7, and two keys for one.
_INTEGER = "^(?:0|-?[1-9][0-9]*)$"

# Seconds that still are an Int64 when counted in microseconds.
_LAST_SECOND = (2**63 - 1) // 1_000_000

# Declared as text, but the text must be JSON.
JSON_TEXTS = frozenset({"alert", "config", "opportunity", "positions", "route", "weights"})


def typed(texts: pl.DataFrame, columns: Sequence[Column], rejects: RejectPolicy) -> pl.DataFrame:
    """Columns of text as the declared columns; rows with a text that does not fit are refused.

    Args:
        texts: A column of text (or list of text) for each declared one; one of the declared type stays as it is.
        columns: What they must become.
        rejects: What becomes of a row that does not fit.

    Raises:
        ContractError: a row does not fit and no quarantine was asked for.
    """
    valid = pl.Series("good", [True], dtype=pl.Boolean).new_from_index(0, texts.height)
    for column in columns:
        fits = texts.select(_fits(column, texts.schema[column.name]).fill_null(value=False)).to_series()
        for row in texts.filter(valid & ~fits).iter_rows(named=True):
            key = {name: str(row[name]) for name in rejects.key}
            rejects.refuse(column=column.name, found=row[column.name], expected=_expected(column), key=key)
        valid &= fits
    kept = texts.filter(valid)
    return kept.select(_value(column, texts.schema[column.name]).alias(column.name) for column in columns)


def _fits(column: Column, found: pl.DataType) -> pl.Expr:  # noqa: PLR0911 - one arm a type reads best
    text = pl.col(column.name)
    if found == column.dtype and not (column.name in JSON_TEXTS and isinstance(found, pl.String)):
        return text.is_not_null() | pl.lit(column.nullable)
    match column.dtype:
        case pl.Decimal(precision=precision, scale=scale):
            return text.str.contains(rf"^-?[0-9]{{1,{precision - scale}}}(?:\.[0-9]{{1,{scale}}})?$")
        case _ if column.dtype.is_integer() and isinstance(found, pl.String):
            return text.str.contains(_INTEGER) & _value(column, found, strict=False).is_not_null()
        case pl.Float64():
            return text.cast(pl.Float64, strict=False).is_finite()
        case pl.Datetime() if column.native_type != "integer":
            return text.str.contains(_EXACT_TIME) & _value(column, found, strict=False).is_not_null()
        case pl.String():
            return text.str.json_path_match("$").is_not_null()
        case _:
            return _value(column, found, strict=False).is_not_null()


def _value(column: Column, found: pl.DataType, *, strict: bool = True) -> pl.Expr:
    text = pl.col(column.name)
    if found == column.dtype:
        return text
    match column.dtype:
        case pl.Datetime() if column.native_type == "integer":
            seconds = pl.when(text.is_between(-_LAST_SECOND, _LAST_SECOND)).then(text)
            return (seconds * 1_000_000).cast(column.dtype)
        case pl.Datetime():
            return text.str.to_datetime(_ISO, time_unit="us", time_zone="UTC", strict=strict)
        case _:
            return text.cast(column.dtype, strict=strict)


def _expected(column: Column) -> str:
    form = "JSON" if column.name in JSON_TEXTS else str(column.dtype)
    return f"{form} written as {column.native_type}" if column.native_type else form
