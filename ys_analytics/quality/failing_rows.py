"""SQL that selects the rows that break a rule, for each engine.

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


def _between(asked: Any, dialect: Dialect) -> str:
    low, high = asked.min_value, asked.max_value
    parts = []
    if low is not None:
        parts.append(f"{asked.column} {'<=' if asked.strict_min else '<'} {literal(low, dialect)}")
    if high is not None:
        parts.append(f"{asked.column} {'>=' if asked.strict_max else '>'} {literal(high, dialect)}")
    return f"({' OR '.join(parts)})"


def _in_set(asked: Any, dialect: Dialect) -> str:
    return f"{asked.column} NOT IN ({', '.join(literal(value, dialect) for value in asked.value_set)})"


def _matches(asked: Any, dialect: Dialect) -> str:
    return stores.dialect(dialect).matches_not(asked.column, asked.regex)


def _avoids(asked: Any, dialect: Dialect) -> str:
    return stores.dialect(dialect).matches(asked.column, asked.regex)


def _json(asked: Any, dialect: Dialect) -> str:
    return stores.dialect(dialect).not_json(asked.column)


def _greater(asked: Any, _: Dialect) -> str:
    return f"{asked.column_A} {'<' if asked.or_equal else '<='} {asked.column_B}"


_BREAKS: Mapping[str, Callable[[Any, Dialect], str]] = {
    "expect_column_values_to_not_be_null": lambda asked, _: f"{asked.column} IS NULL",
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _avoids,
    "expect_column_values_to_be_json_parseable": _json,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
}
_TWICE = {
    "expect_column_values_to_be_unique": lambda asked: [asked.column],
    "expect_compound_columns_to_be_unique": lambda asked: list(asked.column_list),
}


def condition(asked: Any, dialect: Dialect) -> str:
    """What is true of a row that breaks a rule about single rows; empty for a rule of another kind."""
    breaks = _BREAKS.get(asked.expectation_type)
    return breaks(asked, dialect) if breaks is not None else ""


def select(asked: Any, source: str, dialect: Dialect) -> str:
    """The rows that break a rule; empty where a rule is not about rows.

    Args:
        asked: The rule as its suite says it.
        source: What follows FROM.
        dialect: Which SQL.
    """
    query = getattr(asked, "unexpected_rows_query", "")
    if query:
        return str(query).replace("{batch}", source)
    kind = asked.expectation_type
    if kind in _TWICE:
        key = ", ".join(_TWICE[kind](asked))
        twice = f"SELECT {key} FROM {source} AS counted GROUP BY {key} HAVING count(*) > 1"  # noqa: S608 - our own suites
        return f"SELECT * FROM {source} AS judged WHERE ({key}) IN ({twice})"  # noqa: S608 - our own suites
    broken = condition(asked, dialect)
    return f"SELECT * FROM {source} AS judged WHERE {broken}" if broken else ""  # noqa: S608 - our own suites
