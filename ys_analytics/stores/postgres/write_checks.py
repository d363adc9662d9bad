"""What a PostgreSQL column has no room for, refused before it is sent: the server would round it and say nothing.

Knows the types as the server describes them; knows no connection.
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
        refuse_change(values, _kept(values, column), column=column.name, native=column.type_display)


def _kept(values: pl.Series, column: psycopg.Column) -> pl.Series:
    """What would be there of each value; null for what cannot be."""
    code, scale, dtype = column.type_code, column.scale, values.dtype
    if code in _NUMERICS and scale is not None and (dtype.is_float() or isinstance(dtype, pl.Decimal)):
        return values.round(scale) if dtype.is_float() or scale < _places(dtype) else values
    if code == _FLOAT4:
        return values.cast(pl.Float32, strict=False).cast(dtype)
    if code in _TEXTS and column.display_size is not None and dtype == pl.String:
        short = values.str.len_chars() <= column.display_size
        return pl.select(pl.when(short).then(pl.lit(values))).to_series()
    if code in _TIMES and column.precision is not None and isinstance(dtype, pl.Datetime):
        return to_places(values, column.precision)
    return values


def _places(dtype: pl.DataType) -> int:
    assert isinstance(dtype, pl.Decimal)  # noqa: S101 - the caller has looked
    return dtype.scale
