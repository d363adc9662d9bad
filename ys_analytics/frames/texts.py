"""From text to declared types, for stores that keep text: decimals, times, integers and JSON.

Knows the forms the rulings allow; knows no store. A text that is not of its form is refused with its row;
nothing is guessed, so a JSON number where a decimal string belongs is refused before its digits are lost.
"""

from collections.abc import Sequence

import polars as pl

from ys_analytics.schemas import Column
from ys_analytics.stores.refusals import Refusals

_ISO = "%+"  # RFC 3339, zone included

# Declared as text, but the text must be JSON.
JSON_TEXTS = frozenset({"alert", "config", "opportunity", "positions", "route", "weights"})


def typed(texts: pl.DataFrame, columns: Sequence[Column], refusals: Refusals) -> pl.DataFrame:
    """Columns of text as the declared columns; rows with a text that does not fit are refused.

    Args:
        texts: A column of text (or list of text) for each declared one; one of the declared type stays as it is.
        columns: What they must become.
        refusals: What becomes of a row that does not fit.

    Raises:
        ContractError: a row does not fit and no quarantine was asked for.
    """
    good = pl.Series("good", [True], dtype=pl.Boolean).new_from_index(0, texts.height)
    for column in columns:
        fits = texts.select(_fits(column, texts.schema[column.name]).fill_null(value=False)).to_series()
        for row in texts.filter(good & ~fits).iter_rows(named=True):
            key = {name: str(row[name]) for name in refusals.key}
            refusals.refuse(column=column.name, found=row[column.name], expected=_expected(column), key=key)
        good &= fits
    kept = texts.filter(good)
    return kept.select(_value(column, texts.schema[column.name]).alias(column.name) for column in columns)


def unpacked(rows: pl.DataFrame, text: str, columns: Sequence[Column], refusals: Refusals) -> pl.DataFrame:
    """Fields of a JSON object, each as text in a column of its own, beside the other columns of `rows`.

    Args:
        rows: The rows.
        text: The column that holds the JSON.
        columns: The fields; one the object lacks is null.
        refusals: What becomes of text that is no JSON object, or a field of the wrong JSON type.

    Raises:
        ContractError: a row does not fit and no quarantine was asked for.
    """
    shape = pl.Struct({c.name: pl.List(pl.String) if isinstance(c.dtype, pl.List) else pl.String() for c in columns})
    sound = _objects(rows, text, shape, refusals)
    for column in columns:
        right = pl.col(text).str.contains(_form(column)) | pl.col(text).str.contains(rf'"{column.name}"\s*:\s*null')
        wrong = pl.col(text).str.contains(f'"{column.name}"', literal=True) & ~right
        for row in sound.filter(wrong).iter_rows(named=True):
            refusals.refuse(column=column.name, found=row[text], expected=_expected(column), key=_key(row, refusals))
        sound = sound.filter(~wrong)
    fields = sound.select(pl.col(text).str.json_decode(shape).alias("fields")).unnest("fields")
    return pl.concat([sound.drop(text), fields], how="horizontal")


def _objects(rows: pl.DataFrame, text: str, shape: pl.Struct, refusals: Refusals) -> pl.DataFrame:
    """The rows whose text is a JSON object of the shape; looked at one by one only where not all are."""
    broken = ~(pl.col(text).str.starts_with("{") & pl.col(text).str.json_path_match("$").is_not_null())
    for row in rows.filter(broken).iter_rows(named=True):
        refusals.refuse(column=text, found=row[text], expected="a JSON object", key=_key(row, refusals))
    sound = rows.filter(~broken)
    if _decodes(sound[text], shape):
        return sound
    fits = [_decodes(sound[text][place : place + 1], shape) for place in range(sound.height)]
    for row in sound.filter(~pl.Series(fits)).iter_rows(named=True):
        refusals.refuse(column=text, found=row[text], expected="an object of plain values", key=_key(row, refusals))
    return sound.filter(pl.Series(fits))


def _decodes(texts: pl.Series, shape: pl.Struct) -> bool:
    try:
        texts.str.json_decode(shape)
    except pl.exceptions.ComputeError:
        return False
    return True


def _form(column: Column) -> str:
    """How the field must stand in the JSON text: quoted, a list, or a bare number."""
    match column.dtype:
        case pl.List():
            value = r"\["
        case _ if column.native in {"integer", "float"}:
            value = r"-?\d"
        case _:
            value = '"'
    return rf'"{column.name}"\s*:\s*{value}'


def _fits(column: Column, found: pl.DataType) -> pl.Expr:
    text = pl.col(column.name)
    if found == column.dtype and not (column.name in JSON_TEXTS and isinstance(found, pl.String)):
        return text.is_not_null() | pl.lit(column.nullable)
    match column.dtype:
        case pl.Decimal(precision=precision, scale=scale):
            return text.str.contains(rf"^-?\d{{1,{precision - scale}}}(?:\.\d{{1,{scale}}})?$")
        case pl.Float64():
            return text.cast(pl.Float64, strict=False).is_finite()
        case pl.String():
            return text.str.json_path_match("$").is_not_null()
        case _:
            return _value(column, found, strict=False).is_not_null()


def _value(column: Column, found: pl.DataType, *, strict: bool = True) -> pl.Expr:
    text = pl.col(column.name)
    if found == column.dtype:
        return text
    match column.dtype:
        case pl.Datetime() if column.native == "integer":
            seconds = text.cast(pl.Int64, strict=strict)
            return (seconds * 1_000_000).cast(column.dtype)
        case pl.Datetime():
            return text.str.to_datetime(_ISO, time_unit="us", time_zone="UTC", strict=strict)
        case _:
            return text.cast(column.dtype, strict=strict)


def _expected(column: Column) -> str:
    form = "JSON" if column.name in JSON_TEXTS else str(column.dtype)
    return f"{form} written as {column.native}" if column.native else form


def _key(row: dict[str, object], refusals: Refusals) -> dict[str, str]:
    return {name: str(row[name]) for name in refusals.key if name in row}
