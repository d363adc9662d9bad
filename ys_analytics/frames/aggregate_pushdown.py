"""Aggregation in the store: of a query over one table, groups leave the store and not rows.

Depends on DuckDB's parsed form of a query. Does not ask any store. Where a query reads one table, and all it wants of
it are counts, sums and extremes by columns, days or other spans of time, the store is asked for exactly these by group,
and the query runs over the groups: a count becomes a sum of counts, a sum one of sums. Every other query is left as it
is, and so is one whose condition the store cannot compare as DuckDB does.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.dataset as ds  # type: ignore[import-untyped]

from ys_analytics.frames.live_tables import arrow_schema
from ys_analytics.frames.pushed_filters import parse_filter
from ys_analytics.schemas import STORES, TABLES, Table
from ys_analytics.stores.common.table_query import Alternatives, Group, Measure, MeasureKind

if TYPE_CHECKING:
    import duckdb

# Under which name the groups stand in the query, in place of the table.
GROUPS = "groups of the table"

_MEASURES: dict[str, MeasureKind] = {"count_star": "rows", "count": "values", "sum": "sum", "min": "min", "max": "max"}
_KNOWN_CLASSES = frozenset(
    {"BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR", "TYPE"}
)
# Every table by each name it has in SQL.
_TABLES = {
    name: table for table in TABLES.values() for name in (table.name, f"{STORES[table.store].prefix}.{table.name}")
}

_SCALAR_FUNCTIONS = """
    SELECT function_name FROM duckdb_functions() GROUP BY ALL
    HAVING bool_and(function_type = 'scalar' AND coalesce(stability, 'CONSISTENT') = 'CONSISTENT')
"""

_TRUNCATION_UNITS = frozenset({"minute", "hour", "day", "week", "month", "quarter", "year"})


class _NotGroupableError(Exception):
    """The query cannot be answered from groups."""


@dataclass(slots=True)
class GroupedQuery:
    """The groups and measures to read from the store, and the query over them.

    Attributes:
        table: The one table.
        condition: A query that reads the same rows, to learn its condition.
        tree: The parsed query over the groups.
        groups: By what rows are grouped; the column of a group is `g` and its place.
        measures: What is wanted of each group; the column of a measure is `m` and its place.
    """

    table: Table
    condition: Any
    tree: Any
    groups: list[Group] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)


def group_query(query: str, columns: Sequence[str], *, engine: "duckdb.DuckDBPyConnection") -> GroupedQuery | None:
    """The query over groups, or None where it is not of this kind.

    Args:
        query: One SELECT.
        columns: The names of its answer's columns.
        engine: A DuckDB, for its parser and the list of its functions.
    """

    def parse(text: str) -> Any:
        return json.loads(engine.execute("SELECT json_serialize_sql(?)", [text]).fetchall()[0][0])

    try:
        tree = parse(query)
        (statement,) = tree["statements"]
        node = statement["node"]
        table = _TABLES.get(_table_name(node))
        if table is None:
            return None
        grouped_query = GroupedQuery(table, _condition(tree, parse), tree)

        def expression(text: str) -> Any:
            return parse(f"SELECT {text}")["statements"][0]["node"]["select_list"][0]

        _QueryRewriter(grouped_query, node, _scalar_functions(), expression).rewrite(columns)
    except (_NotGroupableError, KeyError, ValueError):
        return None
    return grouped_query if grouped_query.measures else None


@cache
def _scalar_functions() -> frozenset[str]:
    """DuckDB's functions of one row that always give the same for the same."""
    import duckdb

    with duckdb.connect(":memory:") as engine:
        return frozenset(name for (name,) in engine.execute(_SCALAR_FUNCTIONS).fetchall())


def _table_name(node: Any) -> str:
    """The name in SQL of the one table a query reads."""
    source = node["from_table"]
    is_plain = (
        node["type"] == "SELECT_NODE"
        and source["type"] == "BASE_TABLE"
        and not node["cte_map"]["map"]
        and not (node.get("sample") or node.get("qualify") or source.get("sample") or source.get("at_clause"))
        and not source.get("column_name_alias")
    )
    if not is_plain:
        raise _NotGroupableError
    prefix = source["schema_name"].lower()
    name = source["table_name"].lower()
    return name if prefix in ("", "main") else f"{prefix}.{name}"


def _condition(tree: Any, parse: Callable[[str], Any]) -> Any:
    """The parsed query that counts the rows which the condition lets through."""
    copy = json.loads(json.dumps(tree))
    counting = parse("SELECT count(*)")["statements"][0]["node"]
    node = copy["statements"][0]["node"]
    node |= {name: counting[name] for name in counting if name not in ("type", "from_table", "where_clause")}
    return copy


@dataclass(slots=True)
class _QueryRewriter:
    """A query being rewritten in place."""

    grouped_query: GroupedQuery
    node: Any
    scalars: frozenset[str]
    expression: Callable[[str], Any]
    alias: str = ""

    def rewrite(self, columns: Sequence[str]) -> None:
        """Replace what is computed of rows by groups and measures."""
        selected = self.node["select_list"]
        if len(selected) != len(columns):
            raise _NotGroupableError
        self._require_plain_aliases(selected)
        source = self.node["from_table"]
        self.alias = source["alias"] or source["table_name"]
        for part in ("select_list", "group_expressions", "having", "modifiers"):
            self.node[part] = self._rewrite_part(self.node[part], order=part == "modifiers")
        for expression, name in zip(self.node["select_list"], columns, strict=True):
            expression["alias"] = name
        self.node["where_clause"] = None
        source |= {"schema_name": "", "table_name": GROUPS, "alias": self.alias, "catalog_name": ""}
        source["qualified_name"] = {"path": [GROUPS]}

    def _require_plain_aliases(self, selected: Sequence[Any]) -> None:
        """A name given to something else than the column of that name could mean either."""
        names = {name.lower() for name in self.grouped_query.table.schema}
        for expression in selected:
            alias = expression.get("alias", "").lower()
            names_itself = expression["class"] == "COLUMN_REF" and expression["column_names"][-1].lower() == alias
            if alias in names and not names_itself:
                raise _NotGroupableError

    def _rewrite_part(self, part: Any, *, order: bool = False) -> Any:
        """The part over groups; `order` where it says in which order the answer comes."""
        if isinstance(part, list):
            return [self._rewrite_part(item, order=order) for item in part]
        if not isinstance(part, dict):
            return part
        if "class" not in part:
            return {key: self._rewrite_part(value, order=order) for key, value in part.items()}
        if order and part["class"] == "STAR":  # ORDER BY ALL
            return part
        if part["class"] not in _KNOWN_CLASSES:
            raise _NotGroupableError
        replaced = self._measure(part) or self._group(part)
        if replaced is not None:
            return replaced
        if part["class"] == "FUNCTION" and part["function_name"].lower() not in self.scalars:
            raise _NotGroupableError
        return {key: self._rewrite_part(value) for key, value in part.items()}

    def _measure(self, part: Any) -> Any | None:
        """The sum of a store's counts or sums, the extreme of its extremes; None where the part is no aggregate."""
        name = part.get("function_name", "").lower()
        if part["class"] != "FUNCTION" or name not in _MEASURES:
            return None
        arguments = list(_arguments(part))
        if part.get("distinct") or part.get("filter") or part["order_bys"].get("orders"):
            raise _NotGroupableError
        column = self._column(arguments[0]) if arguments else None
        if len(arguments) != (0 if name == "count_star" else 1) or (arguments and column is None):
            raise _NotGroupableError
        measure = Measure(_MEASURES[name], column or "")
        if measure not in self.grouped_query.measures:
            self.grouped_query.measures.append(measure)
        measure_column = f"{self._quoted_alias}.m{self.grouped_query.measures.index(measure)}"
        if measure.kind in ("rows", "values"):
            return self.expression(f"CAST(coalesce(sum({measure_column}), 0) AS BIGINT)")
        return self.expression(f"{measure.kind}({measure_column})")

    def _group(self, part: Any) -> Any | None:
        """The column of a group; None where the part is none."""
        group = self._group_of(part)
        if group is None:
            return None
        if group not in self.grouped_query.groups:
            self.grouped_query.groups.append(group)
        column = self.expression(f"{self._quoted_alias}.g{self.grouped_query.groups.index(group)}")
        return column | {"alias": part.get("alias", "")}

    @property
    def _quoted_alias(self) -> str:
        return '"' + self.alias.replace('"', '""') + '"'

    def _group_of(self, part: Any) -> Group | None:
        if (column := self._column(part)) is not None:
            return Group(column)
        if part["class"] == "CAST" and _type_name(part) == "DATE" and not part.get("try_cast"):
            column = self._column(part["child"])
            return None if column is None or not self._is_moment(column) else Group(column, "date")
        if part["class"] == "FUNCTION" and part["function_name"].lower() == "date_trunc":
            unit, moment = _arguments(part)
            column = self._column(moment)
            unit_name = _text(unit)
            if column is not None and unit_name in _TRUNCATION_UNITS and self._is_moment(column):
                return Group(column, unit_name)
        return None

    def _is_moment(self, column: str) -> bool:
        return isinstance(self.grouped_query.table.schema[column], pl.Datetime)

    def _column(self, part: Any) -> str | None:
        """The column of the table that a part names; None where it is no name, or that of an answer's column."""
        if part["class"] != "COLUMN_REF":
            return None
        *qualifiers, name = (name_part.lower() for name_part in part["column_names"])
        if qualifiers and qualifiers[-1] != self.alias.lower():
            raise _NotGroupableError
        if name in self.grouped_query.table.schema:
            return str(name)
        if qualifiers:
            raise _NotGroupableError
        return None


def _arguments(part: Any) -> Iterator[Any]:
    """The arguments of a function, whichever way this DuckDB writes them."""
    for argument in part.get("arguments") or part.get("children") or []:
        yield argument.get("expression", argument)


def _text(part: Any) -> str:
    """A text constant in lower case; empty for anything else."""
    literal = part.get("literal") or {}
    return str(literal.get("text", "")).lower() if literal.get("kind") == "STRING" else ""


def _type_name(part: Any) -> str:
    return str((part.get("type_expr") or {}).get("type_name", "")).upper()


def condition_of(
    table: Table, counting: str, *, add_prefixed_names: Callable[..., None]
) -> tuple[Alternatives, ...] | None:
    """The condition of a query over one table, as DuckDB hands it to a scan; None where not all of it is handed over.

    Args:
        table: The table.
        counting: The query, which only counts rows.
        add_prefixed_names: Gives a table its name behind its store too.
    """
    import duckdb

    recorder = _FilterRecorder(table)
    with duckdb.connect(":memory:") as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.register(table.name, recorder)
        add_prefixed_names(engine, [table.name], where="temp.main")
        ((_, plan),) = engine.execute(f"EXPLAIN (FORMAT JSON) {counting}").fetchall()
        engine.execute(counting).fetchall()
    # What is not handed over stays a step of the plan; of no scan at all there is nothing to learn.
    if len(recorder.filters) != 1 or any(step in _STEPS for step in _steps(json.loads(plan))):
        return None
    parsed = parse_filter(recorder.filters[0], recorder.schema)
    return parsed.conditions if parsed.complete else None


# Steps of a plan that choose rows.
_STEPS = frozenset({"FILTER", "EMPTY_RESULT", "LIMIT", "STREAMING_LIMIT", "STREAMING_SAMPLE"})


def _steps(plan: Any) -> Iterator[str]:
    for step in plan if isinstance(plan, list) else [plan]:
        yield str(step["name"]).strip()
        yield from _steps(step.get("children", []))


class _FilterRecorder(ds.Dataset):  # type: ignore[misc] # Arrow's is untyped; DuckDB asks for one by its class
    """A table without rows, which remembers by what DuckDB filters a scan of it."""

    def __init__(self, table: Table) -> None:
        """Remember nothing yet."""
        self._empty = arrow_schema(table).empty_table()
        self.filters: list[Any] = []

    @property
    def schema(self) -> Any:
        """Name and type of every visible column."""
        return self._empty.schema

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: object) -> Any:  # noqa: A002 - Arrow's name for it
        """No rows of these columns."""
        self.filters.append(filter)
        return ds.dataset(self._empty).scanner(columns=list(columns) if columns is not None else None)
