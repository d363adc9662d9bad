"""Frames as one CSV file from which every value can be read back exactly.

Does not know tables or stores.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl


def write(path: Path, frames: Iterable[pl.DataFrame]) -> int:
    """Write frames of one schema as one CSV file that must not be there yet; the number of rows.

    A decimal keeps every digit, a time is ISO 8601 with its zone, nothing is an empty field and an empty text is
    `""`. A map is a JSON object, another list a JSON list.
    """
    rows = 0
    with path.open("xb") as file:
        for number, frame in enumerate(frames):
            with_json_text(frame).write_csv(file, include_header=number == 0, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
            rows += frame.height
    return rows


def with_json_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with maps and lists as JSON text."""
    return frame.with_columns(
        pl.Series(
            name,
            [None if value is None else _json_text(value, dtype) for value in frame[name].to_list()],
            dtype=pl.String,
        )
        for name, dtype in frame.schema.items()
        if dtype.is_nested()
    )


def _json_text(value: list[Any], dtype: pl.DataType) -> str:
    """A map as a JSON object, its decimals with all their digits; any other list as a JSON list."""
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    if not isinstance(inner, pl.Struct) or [field.name for field in inner.fields] != ["key", "value"]:
        return json.dumps(value, default=str, ensure_ascii=False)
    pairs = (f"{json.dumps(pair['key'], ensure_ascii=False)}: {_json_scalar(pair['value'])}" for pair in value)
    return f"{{{', '.join(pairs)}}}"


def _json_scalar(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
