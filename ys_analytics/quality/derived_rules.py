"""The rules that follow from the declarations in `schemas`: the part of every suite that is not written by hand.

Depends on the declared rules and on Great Expectations' names for them. Does not run anything.
"""

from collections.abc import Iterator
from typing import Any

from ys_analytics.quality.checks import library
from ys_analytics.quality.detectors import freshness, row_counts
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES, Column, KeyFamily, Table
from ys_analytics.schemas.rules import (
    Bounded,
    Formatted,
    NoGap,
    NotAhead,
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
    found = [*_of_the_table(table)]
    for column in table.visible:
        found += [put for rule in table.rules_of(column) if (put := _of_a_column(column, rule)) is not None]
    return found + (_lifetime(table) if isinstance(table, KeyFamily) else [])


def detectors(table: Table) -> list[Detector]:
    """What a table declares of its moments: that rows arrive at their usual intervals, and none from the future."""
    return [
        _timing(table, column, rule) for column in table.visible for rule in column.rules if isinstance(rule, Timing)
    ]


def references() -> list[Any]:
    """What the columns of all stores refer to, each as one query over two tables."""
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


def _of_the_table(table: Table) -> Iterator[Any]:
    """How many rows there must be, and what makes one of them unique."""
    gx = library().expectations

    if (rows := table.rows) is not None:
        yield gx.ExpectTableRowCountToBeBetween(min_value=rows.at_least, severity=rows.severity, notes=rows.damage)
    if (unique := table.unique) is None:
        return
    by = [*(unique.by or table.key)]
    if table.events:  # only rows that are alike in all are one event
        by += [name for name in table.schema if name not in by]
    said = {"severity": unique.severity, "notes": unique.damage}
    if unique.rule:
        listed = ", ".join(by)
        query = f"SELECT {listed}, count(*) AS listed FROM {{batch}} AS judged GROUP BY {listed} HAVING count(*) > 1"  # noqa: S608 - our own columns
        yield _query(unique.rule, query, tuple(by), unique)
    elif len(by) == 1:
        yield gx.ExpectColumnValuesToBeUnique(column=by[0], **said)
    else:
        yield gx.ExpectCompoundColumnsToBeUnique(column_list=by, **said)


def _of_a_column(column: Column, rule: Rule) -> Any | None:
    """One rule about single values; None for one that needs rows seen together, or another table."""
    gx = library().expectations

    more: dict[str, Any] = {}
    match rule:
        case Required():
            kind = gx.ExpectColumnValuesToNotBeNull
        case Unique():
            kind = gx.ExpectColumnValuesToBeUnique
        case Formatted(format=wanted):
            kind = gx.ExpectColumnValuesToMatchRegex if wanted.regex else gx.ExpectColumnValuesToBeJsonParseable
            more = {"regex": wanted.regex} if wanted.regex else {}
        case OneOf():
            kind, more = gx.ExpectColumnValuesToBeInSet, {"value_set": list(column.values)}
        case Bounded():
            kind = gx.ExpectColumnValuesToBeBetween
            more = {"min_value": rule.at_least, "max_value": rule.at_most, "mostly": rule.mostly}
            more |= {} if rule.above is None else {"min_value": rule.above, "strict_min": True}
        case _:
            return None
    return kind(column=column.name, severity=rule.severity, notes=rule.damage, **more)


def _lifetime(family: KeyFamily) -> list[Any]:
    """That a key with an expiry has one no longer than its family's, and that other keys have none."""
    gx = library().expectations

    if family.ttl is None:
        damage = (
            f"{family.holds} written with an expiry disappears by itself, and its absence looks like an absence of "
            "risk."
        )
        query = "SELECT ttl_ms FROM {batch} AS judged WHERE ttl_ms IS NOT NULL"
        return [_query("the key has no expiry", query, ("ttl_ms",), Required("warning", damage))]
    forever = (
        f"{family.holds} written without an expiry stays in the cache indefinitely, so readers may get an outdated "
        "value."
    )
    longer = (
        f"{family.holds} can stay in the cache longer than its {family.ttl} seconds, so readers may get an outdated "
        "value."
    )
    return [
        gx.ExpectColumnValuesToNotBeNull(column="ttl_ms", severity="warning", notes=forever),
        gx.ExpectColumnValuesToBeBetween(
            column="ttl_ms", min_value=0, max_value=family.ttl * 1000, severity="warning", notes=longer
        ),
    ]


def _timing(table: Table, column: Column, rule: Timing) -> Detector:
    """One rule about moments, as the detector that looks for what breaks it."""
    name, time, series = table.name, table.placed or column.name, table.series
    key = (*series, column.name) if series else table.key
    columns: tuple[str, ...] = (column.name,)
    match rule:
        case NotAhead():
            called = "not_ahead"
            find = lambda seen: freshness.ahead(seen.frame(name), key=key, time=column.name, as_of=seen.moment(name))  # noqa: E731
        case OnTime():
            called = "on_time"
            find = lambda seen: freshness.late(seen.frame(name), time=column.name, as_of=seen.moment(name))  # noqa: E731
        case NoGap():
            called = "no_gap"
            find = lambda seen: freshness.gaps(seen.frame(name), series=series, time=column.name)  # noqa: E731
        case NotSilent():
            called, columns = "not_silent", (column.name, time)
            find = lambda seen: freshness.silent(seen.frame(name), series=series, time=time)  # noqa: E731
        case UsualRows(clockwork=clockwork):
            called = "usual_rows_a_day"
            find = lambda seen: row_counts.unusual_days(seen.frame(name), time=column.name, clockwork=clockwork)  # noqa: E731
    return Detector(
        rule=f"{called}({column.name})",
        find=find,
        columns=columns,
        severity=rule.severity,
        notes=rule.damage,
        needs=(name,),
    )


def _query(called: str, query: str, columns: tuple[str, ...], rule: Required | Unique | Refers) -> Any:
    """A rule as a query for the rows that break it."""
    gx = library().expectations

    return gx.UnexpectedRowsExpectation(
        description=called,
        unexpected_rows_query=query,
        meta={"columns": list(columns)},
        severity=rule.severity,
        notes=rule.damage,
    )
