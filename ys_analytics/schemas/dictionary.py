"""The data dictionary: every table, column and rule of the declarations, in words.

Depends on the declarations alone. Does not open any store.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from ys_analytics.schemas import STORES, TABLES
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
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Collection, Column, KeyFamily, Table

_WORDS: Mapping[type, str] = {
    Required: "required",
    Unique: "unique",
    NotInFuture: "not in the future",
    OnTime: "newest row not overdue",
    NoGap: "no gap in a series",
    UsualRows: "usual number of rows a day",
    NotSilent: "no series stops while the others go on",
}
_PAGE_HEAD = """\
# Data dictionary

Every table, key family and collection of the four stores, as `ys_analytics/schemas/` declares it: written by
`ys catalog --to docs/data_dictionary.md`, and held against it by a test. Below each table stand the rules that follow
from its declaration, with what is affected where one fails; rules that compare columns or rows with each other are in
`expectations/`.
"""


def markdown() -> str:
    """The whole dictionary as a page."""
    return "\n".join([_PAGE_HEAD, *(line for table in TABLES.values() for line in _page(table))])


def in_words(column: Column, rule: Rule) -> str:
    """A rule about one column in a few words.

    >>> [in_words(column, rule) for column in TABLES["users"].columns[:1] for rule in column.rules]
    ['UUID in lower case']
    """
    match rule:
        case Formatted(format=text_format):
            return text_format.name
        case OneOf():
            return f"one of {', '.join(column.values)}"
        case Refers(to=target):
            return f"in {target}"
        case Bounded():
            return " and ".join(_bounds(rule))
        case _:
            return _WORDS[type(rule)]


def rules_in_words(table: Table, column: Column) -> str:
    """The rules of a column in one line, without those that its type and null policy say already.

    >>> rules_in_words(TABLES["market_data"], TABLES["market_data"].columns[2])
    'at least 0'
    """
    return "; ".join(in_words(column, rule) for rule in table.rules_of(column) if not isinstance(rule, Required))


def _bounds(rule: Bounded) -> Iterator[str]:
    if rule.above is not None:
        yield f"above {_value(rule.above)}"
    if rule.at_least is not None:
        yield f"at least {_value(rule.at_least)}"
    if rule.at_most is not None:
        yield f"at most {_value(rule.at_most)}"
    if rule.mostly < 1:
        yield f"in {100 * rule.mostly:g} % of rows"


def _value(bound: float | date) -> str:
    return f"{bound:%Y-%m-%d}" if isinstance(bound, date) else f"{bound:,}"


def _page(table: Table) -> Iterator[str]:
    first = next(other for other in TABLES.values() if other.store == table.store)
    if table is first:
        yield from (f"## {STORES[table.store].title}", "")
    yield from (f"### {table.name}", "", table.meaning, "")
    yield from (f"- {fact}" for fact in _facts(table))
    yield ""
    shown = [column for column in table.columns if table.schema or column.secret]
    yield from _rows(
        ("column", "type", "unit", "null", "meaning", "rules"),
        (
            (
                f"`{column.name}`",
                "secret" if column.secret else f"`{column.native_type or column.dtype}`",
                column.unit,
                "yes" if column.nullable else "no",
                column.meaning,
                rules_in_words(table, column),
            )
            for column in shown
        ),
    )
    affected = list(_affected(table))
    if affected:
        yield from _rows(("rule", "severity", "affected"), affected)


def _facts(table: Table) -> Iterator[str]:
    if table.key:
        yield f"Key: {_names(table.key)}."
    if table.series:
        yield f"Series: {_names(table.series)}."
    if table.span_column:
        yield f"Time: {_names((table.span_column,))}."
    if isinstance(table, KeyFamily):
        expiry = "never expire" if table.ttl is None else f"expire {table.ttl:,} s after they are written"
        yield f"Keys: `{table.pattern}`, {table.kind}; they {expiry}."
    if isinstance(table, Collection):
        yield f"Vectors: {table.size} dimensions, cosine distance."
    if table.view:
        yield "A materialized view: PostgreSQL derives it."
    if table.feed:
        yield "A feed: an import may round to what the store keeps."
    if table.affects is None:
        yield "A row bears on every portfolio."
    elif table.affects:
        yield f"A row bears on the portfolios of its {table.affects[1]}: `{table.affects[0]}`."
    else:
        yield "A row bears on no portfolio's numbers."


def _affected(table: Table) -> Iterator[tuple[str, str, str]]:
    if (rows := table.rows) is not None:
        yield f"at least {rows.at_least} rows" if rows.at_least > 1 else "not empty", rows.severity, rows.damage
    if (unique := table.unique) is not None and table.schema:
        by = "all columns" if table.events else _names(unique.by or table.key)
        yield f"unique: {by}", unique.severity, unique.damage
    for column in table.visible:
        for rule in table.rules_of(column):
            yield f"`{column.name}`: {in_words(column, rule)}", rule.severity, rule.damage


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""
