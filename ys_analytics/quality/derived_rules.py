"""The rules that follow from the declarations in `schemas`: the part of every suite that is not written by hand.

Depends on the declared rules and on Great Expectations' names for them. Does not run anything.
"""

from collections.abc import Iterator
from typing import Any

from ys_analytics.quality.checks import load_gx
from ys_analytics.quality.detectors import freshness, row_counts
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES, Column, KeyFamily, Table
from ys_analytics.schemas.rules import (
    Bounded,
    Formatted,
    NoGap,
    NotInFuture,
    NotSilent,
    OneOf,
    OnTime,
    Refers,
    Required,
    Rule,
    Timing,
    Unique,
    UsualRows,
)


def expectations(table: Table) -> list[Any]:
    """What a table declares of its rows, as Great Expectations puts it, in the order of the declaration.

    >>> len(expectations(TABLES["redis_session_user"]))
    0
    """
    if not table.schema:
        return []
    rules = [*_table_expectations(table)]
    for column in table.visible:
        rules += [
            expectation
            for rule in table.rules_of(column)
            if (expectation := _column_expectation(column, rule)) is not None
        ]
    return rules + (_ttl_expectations(table) if isinstance(table, KeyFamily) else [])


def detectors(table: Table) -> list[Detector]:
    """What a table declares of its moments: that rows arrive at their usual intervals, and none from the future."""
    return [
        _timing(table, column, rule) for column in table.visible for rule in column.rules if isinstance(rule, Timing)
    ]


def references() -> list[Any]:
    """The references between columns of all stores, each as one query over two tables."""
    return [
        _query(
            f"{table.name}.{column.name} is among {rule.to}",
            f"SELECT {column.name}, count() AS rows FROM {table.name} "  # noqa: S608 - names of our own tables
            f"WHERE {column.name} IS NOT NULL "
            f"AND {column.name} NOT IN (SELECT {rule.column} FROM {rule.table} WHERE {rule.column} IS NOT NULL) "
            f"GROUP BY {column.name} ORDER BY {column.name}",
            (f"{table.name}.{column.name}", rule.to),
            rule,
        )
        for table in TABLES.values()
        for column in table.visible
        if (rule := column.references) is not None
    ]


def _table_expectations(table: Table) -> Iterator[Any]:
    """How many rows there must be, and what makes one of them unique."""
    gx = load_gx().expectations

    if (rows := table.rows) is not None:
        yield gx.ExpectTableRowCountToBeBetween(min_value=rows.at_least, severity=rows.severity, notes=rows.damage)
    if (unique := table.unique) is None:
        return
    key = [*(unique.by or table.key)]
    if table.events:  # only rows that are alike in all are one event
        key += [name for name in table.schema if name not in key]
    weight = {"severity": unique.severity, "notes": unique.damage}
    if unique.rule:
        columns = ", ".join(key)
        query = f"SELECT {columns}, count(*) AS listed FROM {{batch}} AS judged GROUP BY {columns} HAVING count(*) > 1"  # noqa: S608 - our own columns
        yield _query(unique.rule, query, tuple(key), unique)
    elif len(key) == 1:
        yield gx.ExpectColumnValuesToBeUnique(column=key[0], **weight)
    else:
        yield gx.ExpectCompoundColumnsToBeUnique(column_list=key, **weight)


def _column_expectation(column: Column, rule: Rule) -> Any | None:
    """One rule about single values; None for one that needs rows seen together, or another table."""
    gx = load_gx().expectations

    options: dict[str, Any] = {}
    match rule:
        case Required():
            kind = gx.ExpectColumnValuesToNotBeNull
        case Unique():
            kind = gx.ExpectColumnValuesToBeUnique
        case Formatted(format=text_format):
            kind = gx.ExpectColumnValuesToMatchRegex if text_format.regex else gx.ExpectColumnValuesToBeJsonParseable
            options = {"regex": text_format.regex} if text_format.regex else {}
        case OneOf():
            kind, options = gx.ExpectColumnValuesToBeInSet, {"value_set": list(column.values)}
        case Bounded():
            kind = gx.ExpectColumnValuesToBeBetween
            options = {"min_value": rule.at_least, "max_value": rule.at_most, "mostly": rule.mostly}
            options |= {} if rule.above is None else {"min_value": rule.above, "strict_min": True}
        case _:
            return None
    return kind(column=column.name, severity=rule.severity, notes=rule.damage, **options)


def _ttl_expectations(family: KeyFamily) -> list[Any]:
    """That a key with an expiry has one no longer than its family's, and that other keys have none."""
    gx = load_gx().expectations

    if family.ttl is None:
        damage = (
            f"{family.holds} written with an expiry disappears by itself, and its absence looks like an absence of "
            "risk."
        )
        query = "SELECT ttl_ms FROM {batch} AS judged WHERE ttl_ms IS NOT NULL"
        return [_query("the key has no expiry", query, ("ttl_ms",), Required("warning", damage))]
    no_expiry = (
        f"{family.holds} written without an expiry stays in the cache indefinitely, so readers may get an outdated "
        "value."
    )
    too_long = (
        f"{family.holds} can stay in the cache longer than its {family.ttl} seconds, so readers may get an outdated "
        "value."
    )
    return [
        gx.ExpectColumnValuesToNotBeNull(column="ttl_ms", severity="warning", notes=no_expiry),
        gx.ExpectColumnValuesToBeBetween(
            column="ttl_ms", min_value=0, max_value=family.ttl * 1000, severity="warning", notes=too_long
        ),
    ]


def _timing(table: Table, column: Column, rule: Timing) -> Detector:
    """The detector of one rule about moments."""
    name, time, series = table.name, table.span_column or column.name, table.series
    key = (*series, column.name) if series else table.key
    columns: tuple[str, ...] = (column.name,)
    match rule:
        case NotInFuture():
            rule_name = "not_ahead"
            find = lambda snapshot: freshness.future_rows(  # noqa: E731
                snapshot.frame(name), key=key, time=column.name, as_of=snapshot.moment(name)
            )
        case OnTime():
            rule_name = "on_time"
            find = lambda snapshot: freshness.overdue_rows(  # noqa: E731
                snapshot.frame(name), time=column.name, as_of=snapshot.moment(name)
            )
        case NoGap():
            rule_name = "no_gap"
            find = lambda snapshot: freshness.gaps(snapshot.frame(name), series=series, time=column.name)  # noqa: E731
        case NotSilent():
            rule_name, columns = "not_silent", (column.name, time)
            find = lambda snapshot: freshness.silent_series(snapshot.frame(name), series=series, time=time)  # noqa: E731
        case UsualRows(fixed_interval=is_fixed):
            rule_name = "usual_rows_a_day"
            find = lambda snapshot: row_counts.unusual_days(  # noqa: E731
                snapshot.frame(name), time=column.name, fixed_interval=is_fixed
            )
    return Detector(
        rule=f"{rule_name}({column.name})",
        find=find,
        columns=columns,
        severity=rule.severity,
        notes=rule.damage,
        needs=(name,),
    )


def _query(rule_name: str, query: str, columns: tuple[str, ...], rule: Required | Unique | Refers) -> Any:
    """A rule as a query for the rows that fail it."""
    gx = load_gx().expectations

    return gx.UnexpectedRowsExpectation(
        description=rule_name,
        unexpected_rows_query=query,
        meta={"columns": list(columns)},
        severity=rule.severity,
        notes=rule.damage,
    )
