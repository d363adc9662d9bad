"""SQL that selects the rows that fail a rule, for each engine.

Depends on the names of Great Expectations' rules and on nothing else of it. Does not run anything. Great
Expectations writes such a query itself, but not one that runs: its datetimes are Python's, and its query for
compound keys joins the table with itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ys_analytics import stores
from ys_analytics.schemas import Store

Dialect = Store


def literal(value: object, dialect: Dialect) -> str:
    """A value as that engine's SQL."""
    return stores.dialect(dialect).literal(value)


def _between(expectation: Any, dialect: Dialect) -> str:
    low, high = expectation.min_value, expectation.max_value
    parts = []
    if low is not None:
        parts.append(f"{expectation.column} {'<=' if expectation.strict_min else '<'} {literal(low, dialect)}")
    if high is not None:
        parts.append(f"{expectation.column} {'>=' if expectation.strict_max else '>'} {literal(high, dialect)}")
    return f"({' OR '.join(parts)})"


def _in_set(expectation: Any, dialect: Dialect) -> str:
    return f"{expectation.column} NOT IN ({', '.join(literal(value, dialect) for value in expectation.value_set)})"


def _matches(expectation: Any, dialect: Dialect) -> str:
    return stores.dialect(dialect).matches_not(expectation.column, expectation.regex)


def _not_matches(expectation: Any, dialect: Dialect) -> str:
    return stores.dialect(dialect).matches(expectation.column, expectation.regex)


def _json(expectation: Any, dialect: Dialect) -> str:
    return stores.dialect(dialect).not_json(expectation.column)


def _greater(expectation: Any, _: Dialect) -> str:
    return f"{expectation.column_A} {'<' if expectation.or_equal else '<='} {expectation.column_B}"


_CONDITIONS: Mapping[str, Callable[[Any, Dialect], str]] = {
    "expect_column_values_to_not_be_null": lambda expectation, _: f"{expectation.column} IS NULL",
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _not_matches,
    "expect_column_values_to_be_json_parseable": _json,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
}
_UNIQUE_KEYS = {
    "expect_column_values_to_be_unique": lambda expectation: [expectation.column],
    "expect_compound_columns_to_be_unique": lambda expectation: list(expectation.column_list),
}


def condition(expectation: Any, dialect: Dialect) -> str:
    """What is true of a row that breaks a rule about single rows; empty for a rule of another kind."""
    write = _CONDITIONS.get(expectation.expectation_type)
    return write(expectation, dialect) if write is not None else ""


def select(expectation: Any, source: str, dialect: Dialect) -> str:
    """The rows that break a rule; empty where a rule is not about rows.

    Args:
        expectation: The rule as its suite says it.
        source: What follows FROM.
        dialect: Which SQL.
    """
    query = getattr(expectation, "unexpected_rows_query", "")
    if query:
        return str(query).replace("{batch}", source)
    kind = expectation.expectation_type
    if kind in _UNIQUE_KEYS:
        key = ", ".join(_UNIQUE_KEYS[kind](expectation))
        repeated_keys = f"SELECT {key} FROM {source} AS counted GROUP BY {key} HAVING count(*) > 1"  # noqa: S608 - our own suites
        return f"SELECT * FROM {source} AS checked WHERE ({key}) IN ({repeated_keys})"  # noqa: S608 - our own suites
    failing = condition(expectation, dialect)
    return f"SELECT * FROM {source} AS checked WHERE {failing}" if failing else ""  # noqa: S608 - our own suites
