"""The types of an answer of SQL: a rule for each type of DuckDB that Polars has no type for.

Depends on DuckDB's types. Does not run a query. What Polars has no type for is converted by one of these rules, or
refused with the cast to write:

- HUGEINT and UHUGEINT, such as the sum of integers, become Int64; a number beyond 64 bits is an error.
- INTERVAL, such as the difference of two times, becomes Duration("us"); months have no fixed length: an error.
- TIMESTAMP_S and TIMESTAMP_MS become Datetime("us"); UUID, JSON and ENUM become String.
- MAP becomes List(Struct) of key and value, as the frames hold maps.
- A second column of one name gets `_1` after it, the third `_2`.
- UNION, BIT, BIGNUM, TIME WITH TIME ZONE and any other type are refused.
"""

from collections.abc import Sequence
from typing import Any

from ys_analytics.errors import UsageError

_SUPPORTED_TYPES = frozenset(
    {
        "boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint",
        "float", "double", "decimal", "varchar", "blob", "date", "time", "timestamp", "timestamp_ns",
        "timestamp with time zone", "null",
    }
)  # fmt: skip
_CAST_TYPES = {
    "uuid": "VARCHAR",
    "enum": "VARCHAR",
    "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP",
    "hugeint": "BIGINT",
    "uhugeint": "BIGINT",
}
_WIDE_INTEGERS = frozenset({"hugeint", "uhugeint"})
# The cast that a refusal suggests; text for what is not listed.
_SUGGESTED_CASTS = {"time with time zone": "TIME"}


def unique_names(columns: Sequence[str]) -> list[str]:
    """The names with `_1`, `_2` after those that came before.

    >>> unique_names(["id", "id", "id_1"])
    ['id', 'id_2', 'id_1']
    """
    used: set[str] = set()
    unique = []
    for column in columns:
        name, suffix = column, 0
        while name in used or (suffix and name in columns):
            suffix += 1
            name = f"{column}_{suffix}"
        used.add(name)
        unique.append(name)
    return unique


def typed_expression(alias: str, name: str, dtype: Any) -> str:
    """How a column is selected, so that it comes back as a type of Polars.

    Raises:
        UsageError: there is no rule for its type.
    """
    if dtype.id == "interval":
        months = f"datepart('year', {alias}) <> 0 OR datepart('month', {alias}) <> 0"
        line = f"column {name!r} is an interval with months, which have no fixed length; write a difference of times"
        return f"CASE WHEN {months} THEN error({quote_text(line)}) ELSE epoch_us({alias}) END"
    if dtype.id in _WIDE_INTEGERS:
        line = (
            f"column {name!r} has a whole number beyond 64 bits; write {quote_name(name)}::DECIMAL(38, 0) or ::DOUBLE"
        )
        fits = f"{alias} IS NULL OR {alias} BETWEEN -9223372036854775808 AND 9223372036854775807"
        return f"CASE WHEN {fits} THEN CAST({alias} AS BIGINT) ELSE error({quote_text(line)}) END"
    if dtype.id == "map":
        (_, key), (_, value) = dtype.children
        pair = f'STRUCT("key" {_target_type(key, name)}, "value" {_target_type(value, name)})'
        return f"CAST(map_entries({alias}) AS {pair}[])"
    target = _target_type(dtype, name)
    return alias if target == str(dtype) else f"CAST({alias} AS {target})"


def _target_type(dtype: Any, name: str) -> str:
    """The type of DuckDB, written in SQL, that a column is cast to.

    Raises:
        UsageError: there is no rule for it, or for something within it.
    """
    kind = dtype.id
    if kind in _CAST_TYPES:
        return _CAST_TYPES[kind]
    if kind in _SUPPORTED_TYPES:
        return "VARCHAR" if str(dtype) == "JSON" else str(dtype)
    if kind == "list":
        return f"{_target_type(dtype.child, name)}[]"
    if kind == "array":
        (_, inner), (_, size) = dtype.children
        return f"{_target_type(inner, name)}[{size}]"
    if kind == "struct":
        return (
            f"STRUCT({', '.join(f'{quote_name(part)} {_target_type(inner, name)}' for part, inner in dtype.children)})"
        )
    if kind == "map":
        (_, key), (_, value) = dtype.children
        return f"MAP({_target_type(key, name)}, {_target_type(value, name)})"
    type_name = str(dtype).replace('"', "")
    raise UsageError(
        f"sql: column {name!r} is of type {type_name}, which a frame cannot hold; write {quote_name(name)}::"
        f"{_SUGGESTED_CASTS.get(kind, 'VARCHAR')}"
    )


def quote_name(text: str) -> str:
    """A name in SQL."""
    return '"' + text.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"
