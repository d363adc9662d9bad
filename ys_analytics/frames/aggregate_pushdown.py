"""Let a store add up: of a query over one table, its groups leave the store and not its rows.

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
from ys_analytics.frames.pushed_filters import understood
from ys_analytics.schemas import STORES, TABLES, Table
from ys_analytics.stores.common.table_query import Alternatives, Group, Measure, MeasureKind

if TYPE_CHECKING:
    import duckdb

# Under which name the groups stand in the query, in place of the table.
GROUPS = "groups of the table"

_MEASURES: dict[str, MeasureKind] = {"count_star": "rows", "count": "values", "sum": "sum", "min": "min", "max": "max"}
_CLASSES = frozenset(
    {"BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR", "TYPE"}
)
# Every table by each name it has in SQL.
_TABLES = {
    name: table for table in TABLES.values() for name in (table.name, f"{STORES[table.store].prefix}.{table.name}")
}

_SCALARS = """
    SELECT function_name FROM duckdb_functions() GROUP BY ALL
    HAVING bool_and(function_type = 'scalar' AND coalesce(stability, 'CONSISTENT') = 'CONSISTENT')
"""

_TRUNCATED = frozenset({"minute", "hour", "day", "week", "month", "quarter", "year"})


class _OtherwiseError(Exception):
    """The query is not of this kind."""


@dataclass(slots=True)
class Grouped:
    """What the store is asked for, and the query over it.

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


def grouped(query: str, columns: Sequence[str], *, engine: "duckdb.DuckDBPyConnection") -> Grouped | None:
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
        found = Grouped(table, _condition(tree, parse), tree)

        def expression(text: str) -> Any:
            return parse(f"SELECT {text}")["statements"][0]["node"]["select_list"][0]

        _Rewriting(found, node, _scalars(), expression).rewrite(columns)
    except (_OtherwiseError, KeyError, ValueError):
        return None
    return found if found.measures else None


@cache
def _scalars() -> frozenset[str]:
    """DuckDB's functions of one row that always give the same for the same."""
    import duckdb

    with duckdb.connect(":memory:") as engine:
        return frozenset(name for (name,) in engine.execute(_SCALARS).fetchall())


def _table_name(node: Any) -> str:
    """The name in SQL of the one table a query reads."""
    source = node["from_table"]
    plain = (
        node["type"] == "SELECT_NODE"
        and source["type"] == "BASE_TABLE"
        and not node["cte_map"]["map"]
        and not (node.get("sample") or node.get("qualify") or source.get("sample") or source.get("at_clause"))
        and not source.get("column_name_alias")
    )
    if not plain:
        raise _OtherwiseError
    behind = source["schema_name"].lower()
    name = source["table_name"].lower()
    return name if behind in ("", "main") else f"{behind}.{name}"


def _condition(tree: Any, parse: Callable[[str], Any]) -> Any:
    """The parsed query that counts the rows which the condition lets through."""
    one = json.loads(json.dumps(tree))
    counting = parse("SELECT count(*)")["statements"][0]["node"]
    node = one["statements"][0]["node"]
    node |= {name: counting[name] for name in counting if name not in ("type", "from_table", "where_clause")}
    return one


@dataclass(slots=True)
class _Rewriting:
    """A query being rewritten in place."""

    found: Grouped
    node: Any
    scalars: frozenset[str]
    expression: Callable[[str], Any]
    alias: str = ""

    def rewrite(self, columns: Sequence[str]) -> None:
        """Put groups and measures in the place of what is computed of rows."""
        wanted = self.node["select_list"]
        if len(wanted) != len(columns):
            raise _OtherwiseError
        self._require_plain_aliases(wanted)
        source = self.node["from_table"]
        self.alias = source["alias"] or source["table_name"]
        for part in ("select_list", "group_expressions", "having", "modifiers"):
            self.node[part] = self._in(self.node[part], order=part == "modifiers")
        for expression, name in zip(self.node["select_list"], columns, strict=True):
            expression["alias"] = name
        self.node["where_clause"] = None
        source |= {"schema_name": "", "table_name": GROUPS, "alias": self.alias, "catalog_name": ""}
        source["qualified_name"] = {"path": [GROUPS]}

    def _require_plain_aliases(self, wanted: Sequence[Any]) -> None:
        """A name given to something else than the column of that name could mean either."""
        names = {name.lower() for name in self.found.table.schema}
        for expression in wanted:
            alias = expression.get("alias", "").lower()
            own = expression["class"] == "COLUMN_REF" and expression["column_names"][-1].lower() == alias
            if alias in names and not own:
                raise _OtherwiseError

    def _in(self, part: Any, *, order: bool = False) -> Any:
        """The part over groups; `order` where it says in which order the answer comes."""
        if isinstance(part, list):
            return [self._in(each, order=order) for each in part]
        if not isinstance(part, dict):
            return part
        if "class" not in part:
            return {key: self._in(value, order=order) for key, value in part.items()}
        if order and part["class"] == "STAR":  # ORDER BY ALL
            return part
        if part["class"] not in _CLASSES:
            raise _OtherwiseError
        replaced = self._measure(part) or self._group(part)
        if replaced is not None:
            return replaced
        if part["class"] == "FUNCTION" and part["function_name"].lower() not in self.scalars:
            raise _OtherwiseError
        return {key: self._in(value) for key, value in part.items()}

    def _measure(self, part: Any) -> Any | None:
        """The sum of a store's counts or sums, the extreme of its extremes; None where the part is no aggregate."""
        name = part.get("function_name", "").lower()
        if part["class"] != "FUNCTION" or name not in _MEASURES:
            return None
        arguments = list(_arguments(part))
        if part.get("distinct") or part.get("filter") or part["order_bys"].get("orders"):
            raise _OtherwiseError
        column = self._column(arguments[0]) if arguments else None
        if len(arguments) != (0 if name == "count_star" else 1) or (arguments and column is None):
            raise _OtherwiseError
        measure = Measure(_MEASURES[name], column or "")
        if measure not in self.found.measures:
            self.found.measures.append(measure)
        held = f"{self._quoted}.m{self.found.measures.index(measure)}"
        if measure.kind in ("rows", "values"):
            return self.expression(f"CAST(coalesce(sum({held}), 0) AS BIGINT)")
        return self.expression(f"{measure.kind}({held})")

    def _group(self, part: Any) -> Any | None:
        """The column of a group; None where the part is none."""
        group = self._group_of(part)
        if group is None:
            return None
        if group not in self.found.groups:
            self.found.groups.append(group)
        place = self.expression(f"{self._quoted}.g{self.found.groups.index(group)}")
        return place | {"alias": part.get("alias", "")}

    @property
    def _quoted(self) -> str:
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
            word = _text(unit)
            if column is not None and word in _TRUNCATED and self._is_moment(column):
                return Group(column, word)
        return None

    def _is_moment(self, column: str) -> bool:
        return isinstance(self.found.table.schema[column], pl.Datetime)

    def _column(self, part: Any) -> str | None:
        """The column of the table that a part names; None where it is no name, or that of an answer's column."""
        if part["class"] != "COLUMN_REF":
            return None
        *behind, name = (each.lower() for each in part["column_names"])
        if behind and behind[-1] != self.alias.lower():
            raise _OtherwiseError
        if name in self.found.table.schema:
            return str(name)
        if behind:
            raise _OtherwiseError
        return None


def _arguments(part: Any) -> Iterator[Any]:
    """The arguments of a function, whichever way this DuckDB writes them."""
    for each in part.get("arguments") or part.get("children") or []:
        yield each.get("expression", each)


def _text(part: Any) -> str:
    """A text constant in lower case; empty for anything else."""
    literal = part.get("literal") or {}
    return str(literal.get("text", "")).lower() if literal.get("kind") == "STRING" else ""


def _type_name(part: Any) -> str:
    return str((part.get("type_expr") or {}).get("type_name", "")).upper()


def condition_of(table: Table, counting: str, *, behind: Callable[..., None]) -> tuple[Alternatives, ...] | None:
    """The condition of a query over one table, as DuckDB hands it to a scan; None where not all of it is handed over.

    Args:
        table: The table.
        counting: The query, which only counts rows.
        behind: Gives a table its name behind its store too.
    """
    import duckdb

    asked = _Asked(table)
    with duckdb.connect(":memory:") as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.register(table.name, asked)
        behind(engine, [table.name], where="temp.main")
        ((_, plan),) = engine.execute(f"EXPLAIN (FORMAT JSON) {counting}").fetchall()
        engine.execute(counting).fetchall()
    # What is not handed over stays a step of the plan; of no scan at all there is nothing to learn.
    if len(asked.filters) != 1 or any(step in _STEPS for step in _steps(json.loads(plan))):
        return None
    pushed = understood(asked.filters[0], asked.schema)
    return pushed.conditions if pushed.whole else None


# Steps of a plan that choose rows.
_STEPS = frozenset({"FILTER", "EMPTY_RESULT", "LIMIT", "STREAMING_LIMIT", "STREAMING_SAMPLE"})


def _steps(plan: Any) -> Iterator[str]:
    for step in plan if isinstance(plan, list) else [plan]:
        yield str(step["name"]).strip()
        yield from _steps(step.get("children", []))


class _Asked(ds.Dataset):  # type: ignore[misc] # Arrow's is untyped; DuckDB asks for one by its class
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
