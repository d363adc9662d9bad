"""Refuses values that a PostgreSQL column cannot hold, before they are sent: the server would silently round them.

Depends on the types as the server describes them. Does not connect.
"""

from collections.abc import Iterable

import polars as pl
import psycopg

from ys_analytics.stores.common.lossless import refuse_change, to_places

# PostgreSQL's own numbers for its types.
_NUMERICS = frozenset({1700, 1231})  # and an array of them
_FLOAT4 = 700
_TEXTS = frozenset({1042, 1043})  # char(n) and varchar(n)
_TIMES = frozenset({1114, 1184})  # without and with a zone


def refuse_loss(rows: pl.DataFrame, columns: Iterable[psycopg.Column]) -> None:
    """Refuse a frame with a value that would change on its way in.

    Args:
        rows: What is to be written.
        columns: The table's columns of those names, as the server describes them.

    Raises:
        ContractError: naming the column and the first value that would change.
    """
    for column in columns:
        values = rows[column.name]
        if isinstance(values.dtype, pl.List):
            values = values.filter(values.list.len() > 0).explode()
        refuse_change(values, _stored(values, column), column=column.name, native=column.type_display)


def _stored(values: pl.Series, column: psycopg.Column) -> pl.Series:
    """Each value as the column would store it; null where it cannot."""
    code, scale, dtype = column.type_code, column.scale, values.dtype
    if code in _NUMERICS and scale is not None and (dtype.is_float() or isinstance(dtype, pl.Decimal)):
        return values.round(scale) if dtype.is_float() or scale < _scale(dtype) else values
    if code == _FLOAT4:
        return values.cast(pl.Float32, strict=False).cast(dtype)
    if code in _TEXTS and column.display_size is not None and dtype == pl.String:
        short = values.str.len_chars() <= column.display_size
        return pl.select(pl.when(short).then(pl.lit(values))).to_series()
    if code in _TIMES and column.precision is not None and isinstance(dtype, pl.Datetime):
        return to_places(values, column.precision)
    return values


def _scale(dtype: pl.DataType) -> int:
    assert isinstance(dtype, pl.Decimal)  # noqa: S101 - the caller has looked
    return dtype.scale
