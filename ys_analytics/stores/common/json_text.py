"""Decodes JSON texts into typed columns, in bulk and exactly.

Depends on JSON and types. Does not know a store. Polars' own decoder rounds a long number of a String column, cuts 5.5
to 5 and silently drops empty texts; here each text either is of the declared type or is refused with its key.
"""

import io
import json
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.json as pj  # type: ignore[import-untyped]

from ys_analytics.stores.common.quarantine import RejectPolicy

# PackedStrings are parsed as the one field of an object, so that lists and numbers are objects too.
_FIELD = "value"

# Bytes parsed as one piece by one thread.
_BLOCK = 4 << 20

_ARROW_LEAVES: dict[type[pl.DataType], pa.DataType] = {
    pl.String: pa.string(),
    pl.Int64: pa.int64(),
    pl.Float64: pa.float64(),
    pl.Boolean: pa.bool_(),
}


def decode(
    frame: pl.DataFrame,
    dtype: pl.DataType,
    *,
    column: str = "value",
    key: Sequence[str] = ("key",),
    rejects: RejectPolicy,
) -> pl.DataFrame:
    """Replace a column of JSON texts by what they say.

    Args:
        frame: Has `column`, of Strings without null.
        dtype: String, Int64, Float64, Boolean, List or Struct of these. Decimals are JSON strings: ask for
            String, and make a Decimal of it where it is exact. Fields that the type does not name are left out.
        column: The column of texts.
        key: The columns that name a row in a refusal.
        rejects: What becomes of a text that is not JSON, not of the type, `null`, or holds NaN.

    Returns:
        The frame with `column` of `dtype`; a field that is absent is null. Rows refused are left out.

    Raises:
        ContractError: a text does not fit, and no quarantine was asked for.

    >>> prices = pl.DataFrame({"key": ["a", "b"], "value": ['{"price": "1.50"}', '{"price": 1.5}']})
    >>> rejects = RejectPolicy(source="prices", quarantine=True)
    >>> decode(prices, pl.Struct({"price": pl.String}), rejects=rejects)["value"].to_list()
    [{'price': '1.50'}]
    >>> [misfit.key for misfit in rejects.rejected]
    [{'key': 'b'}]
    """
    values, positions = _parse(frame[column], dtype)
    decoded = frame[positions].with_columns(pl.Series(column, values, dtype=dtype))
    fits = decoded.select((pl.col(column).is_not_null() & ~_has_nan(pl.col(column), dtype)).alias("fits"))["fits"]
    valid = np.zeros(frame.height, np.bool_)
    valid[positions] = fits.to_numpy()
    for row in frame.filter(pl.Series(~valid)).iter_rows(named=True):
        key_of_row = {name: str(row[name]) for name in key}
        rejects.refuse(column=column, found=row[column], expected=f"JSON of {dtype}", key=key_of_row)
    return decoded.filter(fits)


def _parse(texts: pl.Series, dtype: pl.DataType) -> tuple[pl.Series, npt.NDArray[np.int64]]:
    """What the texts that parse say, and their places.

    When not all do, a plain parser looks at them one by one and sets aside most of those that do not; a part
    of the rest that still fails is halved until the culprits stand alone.
    """
    schema = pa.schema([(_FIELD, _arrow(dtype))])
    positions = np.arange(len(texts))
    values = _parse_all(texts, schema)
    if values is not None:
        return values, positions
    positions = positions[np.fromiter((_is_plausible(text, dtype) for text in texts), np.bool_, len(texts))]
    parsed = [pl.Series(values=pl.from_arrow(schema.empty_table()[_FIELD]))]
    found_positions = [positions[:0]]
    pending = [positions] if len(positions) else []
    while pending:
        part = pending.pop()
        values = _parse_all(texts[part], schema)
        if values is not None:
            parsed.append(values)
            found_positions.append(part)
        elif len(part) > 1:
            middle = len(part) // 2
            pending += [part[middle:], part[:middle]]
    return pl.concat(parsed, rechunk=True), np.concatenate(found_positions)


def _is_plausible(text: str, dtype: pl.DataType) -> bool:
    """Whether a text is JSON of about the type; the parser that follows is the stricter."""
    try:
        return _fits(json.loads(text, object_pairs_hook=_unique_fields, parse_constant=_refuse_constant), dtype)
    except (ValueError, RecursionError):
        return False


def _unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object none of whose fields is there twice."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _refuse_constant(word: str) -> float:
    raise ValueError(word)


def _fits(value: object, dtype: pl.DataType) -> bool:
    match value, dtype:
        case (None, _) | (str(), pl.String()) | (bool(), pl.Boolean()):
            return True
        case dict(), pl.Struct():
            return all(_fits(value.get(field.name), _instance(field.dtype)) for field in dtype.fields)
        case list(), pl.List():
            return all(_fits(field, _instance(dtype.inner)) for field in value)
        case int(), pl.Int64():
            return not isinstance(value, bool) and -(2**63) <= value < 2**63
        case ((int() | float()), pl.Float64()):
            return not isinstance(value, bool)
        case _:
            return False


def _parse_all(texts: pl.Series, schema: pa.Schema) -> pl.Series | None:
    """What each text says, or None when one of them is not of the type.

    As many values as texts means one for each: a text that is none is an error, one that is two is one
    too many, and none can go on in the next, for an object closes between them.
    """
    lines = pl.select((pl.lit(f'{{"{_FIELD}":') + texts + "}").str.join("\n")).item()
    data = lines.encode()
    has_newlines = lines.count("\n") >= len(texts)
    try:
        table = pj.read_json(
            io.BytesIO(data),
            read_options=pj.ReadOptions(
                use_threads=len(data) > _BLOCK, block_size=max(_BLOCK, len(data) + 1 if has_newlines else 0)
            ),
            parse_options=pj.ParseOptions(schema, newlines_in_values=has_newlines, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None
    return pl.Series(values=pl.from_arrow(table[_FIELD])) if table.num_rows == len(texts) else None


def _has_nan(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether a value holds NaN or an infinity anywhere, which JSON has no words for and the parser takes."""
    match dtype:
        case pl.Float64():
            invalid = ~value.is_finite()
        case pl.Struct():
            invalid = pl.any_horizontal(
                *(_has_nan(value.struct.field(field.name), _instance(field.dtype)) for field in dtype.fields)
            )
        case pl.List():
            invalid = value.list.eval(_has_nan(pl.element(), _instance(dtype.inner))).list.any()
        case _:
            return pl.lit(value=False)
    return invalid.fill_null(value=False)


def _arrow(dtype: pl.DataType) -> pa.DataType:
    match dtype:
        case pl.Struct():
            return pa.struct([(field.name, _arrow(_instance(field.dtype))) for field in dtype.fields])
        case pl.List():
            return pa.list_(_arrow(_instance(dtype.inner)))
        case _:
            return _ARROW_LEAVES[type(dtype)]


def _instance(dtype: object) -> pl.DataType:
    """`pl.String` as `pl.String()`, which mean the same."""
    return dtype if isinstance(dtype, pl.DataType) else cast("type[pl.DataType]", dtype)()
