"""Read JSON of files: texts that must be JSON, and maps; nothing is rounded and no key is dropped.

Depends on `numbers` for the values of a map. Does not know tables.

JSON parsers keep the last of a key given twice and read 0.1 as a binary float. Here a repeated key, at any depth,
is a fault, and a number stays the digits it was written in.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

from ys_analytics.ingest import numbers
from ys_analytics.ingest.parsed import Parsed, where_true

_Pairs = list[tuple[str | None, object]]

# The pairs of a map while its values are still text.
_TEXTS = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))


class Literal(str):
    """A number of a JSON text, as its digits."""

    __slots__ = ()


class RepeatedKeyError(ValueError):
    """A JSON object gives a key twice."""


def loads(text: str) -> object:
    """What a JSON text holds, its numbers as `Literal`.

    Raises:
        RepeatedKeyError: an object in it gives a key twice.
        ValueError: it is no JSON; NaN and infinity are not.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, parse_float=Literal, parse_int=Literal, parse_constant=_refuse, object_pairs_hook=_distinct)


def texts(values: pl.Series) -> list[tuple[pl.Series, str]]:
    """Masks of texts that are not JSON or give a key twice, with the reason."""
    problems = [_problem_of(text) for text in values]
    return [
        (pl.Series([problem == reason for problem in problems], dtype=pl.Boolean), reason)
        for reason in ("is not JSON", "gives a key twice")
    ]


def maps(raw: pl.Series, *, dtype: pl.List, precision: int, scale: int) -> Parsed:
    """Maps: a JSON object, or a JSON list of key and value, from text; a list of key and value from Parquet.

    Args:
        raw: Text, or a list of structs with `key` and `value`.
        dtype: The list of key and value it becomes; values are decimals or text.
        precision: Digits the store keeps of a decimal value.
        scale: Digits it keeps after the point; a value with more is a fault.
    """
    pairs_of_rows: list[_Pairs | None] | None
    if raw.dtype == pl.String:
        pairs_of_rows = [None if text is None else _pairs(text) for text in raw]
        broken = [text is not None and pairs is None for text, pairs in zip(raw, pairs_of_rows, strict=True)]
        wrong = [(pl.Series(broken, dtype=pl.Boolean), "is not a JSON object")]
    else:
        pairs_of_rows = _entries(raw)
        if pairs_of_rows is None:
            return Parsed(
                pl.Series(raw.name, [None], dtype=dtype).new_from_index(0, raw.len()),
                [(raw.is_not_null(), f"is {raw.dtype}, not a map")],
            )
        wrong = []
    repeated = [pairs is not None and _has_repeats(key for key, _ in pairs) for pairs in pairs_of_rows]
    wrong.append((pl.Series(repeated, dtype=pl.Boolean), "gives a key twice"))
    return _valued(raw, pairs_of_rows, wrong, dtype=dtype, precision=precision, scale=scale)


def _valued(
    raw: pl.Series,
    pairs_of_rows: list[_Pairs | None],
    wrong: list[tuple[pl.Series, str]],
    *,
    dtype: pl.List,
    precision: int,
    scale: int,
) -> Parsed:
    """Pairs with their values typed: all values of the column at once, each fault back to its row."""
    rows = [row for row, pairs in enumerate(pairs_of_rows) for _ in pairs or []]
    keys = [key for pairs in pairs_of_rows for key, _ in pairs or []]
    value_texts = [_scalar(value) for pairs in pairs_of_rows for _, value in pairs or []]
    flat = pl.Series(value_texts, dtype=pl.String)
    inner = dtype.inner
    assert isinstance(inner, pl.Struct)  # noqa: S101 - a map is a list of key and value
    kind = dict(inner.to_schema())["value"]
    missing = [key is None or text is None for key, text in zip(keys, value_texts, strict=True)]
    problems = [(pl.Series(missing, dtype=pl.Boolean), "has a value that does not fit")]
    values: pl.Series = flat
    if kind.is_decimal():
        parsed = numbers.decimals(flat, precision=precision, scale=scale, dtype=kind, exact=True)  # type: ignore[arg-type]
        values = parsed.values
        problems += [(mask, f"has a value that {reason}") for mask, reason in parsed.wrong]
    row_of_pair = pl.Series(rows, dtype=pl.Int64)
    row_numbers = pl.int_range(len(pairs_of_rows), eager=True)
    wrong += [
        (row_numbers.is_in(row_of_pair.filter(mask.fill_null(value=False)).implode()), problem)
        for mask, problem in problems
    ]
    pairs = pl.DataFrame({"row": row_of_pair, "key": pl.Series(keys, dtype=pl.String), "value": values})
    gathered = pairs.group_by("row", maintain_order=True).agg(map=pl.struct("key", "value"))
    map_of_row = pl.DataFrame({"row": row_numbers}).join(gathered, on="row", how="left", maintain_order="left")["map"]
    is_map = pl.Series([pairs is not None for pairs in pairs_of_rows], dtype=pl.Boolean)
    empty = pl.Series([[]], dtype=dtype).new_from_index(0, len(pairs_of_rows))
    return Parsed(
        where_true(map_of_row.cast(dtype).zip_with(map_of_row.is_not_null(), empty), is_map).alias(raw.name), wrong
    )


def _pairs(text: str) -> _Pairs | None:
    """The pairs of an object, or of a list of key and value; None where it is neither."""
    try:
        parsed = json.loads(
            text, parse_float=Literal, parse_int=Literal, parse_constant=_refuse, object_pairs_hook=_Object
        )
    except (ValueError, RecursionError):
        return None
    if isinstance(parsed, _Object):
        return list(parsed.pairs)
    if isinstance(parsed, list) and all(
        isinstance(item, _Object) and item.names == ["key", "value"] for item in parsed
    ):
        entries = [dict(item.pairs) for item in parsed]
        return [(key if isinstance(key := entry["key"], str) else None, entry["value"]) for entry in entries]
    return None


def _entries(raw: pl.Series) -> list[_Pairs | None] | None:
    """The pairs of a typed column; None where it is no list of key and value."""
    inner = raw.dtype.inner if isinstance(raw.dtype, pl.List) else None
    if not isinstance(inner, pl.Struct) or {field.name for field in inner.fields} != {"key", "value"}:
        return None
    texts = raw.cast(_TEXTS, strict=False)
    return [
        None if text is None else [(None, None) if pair is None else (pair["key"], pair["value"]) for pair in text]
        for text in texts.to_list()
    ]


def _scalar(value: object) -> str | None:
    """A value of a map as text; None for a list or an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


class _Object:
    """A JSON object as its pairs in order, a repeated key included."""

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self.pairs: _Pairs = list(pairs)
        self.names = sorted(str(key) for key, _ in self.pairs)


def _problem_of(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        loads(text)
    except RepeatedKeyError:
        return "gives a key twice"
    except (ValueError, RecursionError):
        return "is not JSON"
    return None


def _distinct(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    if _has_repeats(key for key, _ in pairs):
        raise RepeatedKeyError
    return dict(pairs)


def _has_repeats(keys: Iterable[str | None]) -> bool:
    counts = Counter(keys)
    return any(count > 1 for count in counts.values())


def _refuse(constant: str) -> None:
    raise ValueError(constant)
