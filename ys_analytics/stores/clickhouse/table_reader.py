"""Reads ClickHouse's tables: a `TableQuery` as its SQL.

Depends on the store and on the declared schemas. Does not know what any table means.
"""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import polars as pl

from ys_analytics.schemas import Column, Table
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.clickhouse.arrow_reader import unwrapped_type
from ys_analytics.stores.clickhouse.store import ClickHouse
from ys_analytics.stores.common.decimal_places import LIST_STEP, DecimalPlace
from ys_analytics.stores.common.sql_tables import SqlTables
from ys_analytics.stores.common.table_query import Condition, Group, Measure, TableQuery
from ys_analytics.stores.common.table_reader import Catalogue, FoundColumn

_CATALOGUE = "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()"

# The parts of each partition, which change whenever rows come or go.
_PARTS = """
    SELECT partition_id, sum(rows), max(modification_time), groupBitXor(cityHash64(name)) FROM system.parts
    WHERE database = currentDatabase() AND table = {table:String} AND active GROUP BY partition_id
"""

# Of the partitions of each table, whether a key occurs twice, as of a state of its parts.
_repeats_by_partition: dict[tuple[ClickHouseAddress, str], dict[str, tuple[list[object], bool]]] = {}

# Moments that DateTime64 has; of another one ClickHouse would take the nearest it has.
_FIRST, _LAST = datetime(1900, 1, 2, tzinfo=UTC), datetime(2299, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tables(SqlTables[ClickHouse]):
    """A `TableReader` over an open ClickHouse."""

    parameter: ClassVar[re.Pattern[str]] = re.compile(r"\{(\w+):[^}]*\}")

    def source(self, query: TableQuery, where: str) -> str:
        """The table and the condition; of rows that repeat each other, one, where the table has any such."""
        source = f'"{query.table.name}"{f" WHERE {where}" if where else ""}'
        if not query.distinct or not self._has_repeats(query.table):
            return source
        names = ", ".join(f'"{name}"' for name in query.table.schema)
        return f"(SELECT DISTINCT {names} FROM {source})"  # noqa: S608 - declared names

    def _has_repeats(self, table: Table) -> bool:
        """Whether a key occurs twice, which MergeTree does not refuse.

        Equal rows are of one partition: each is looked at by itself, and again only when its parts have changed. A
        table spread over a cluster has its parts elsewhere and is looked at whole, each time.
        """
        first, *rest = (f'"{name}"' for name in table.key)
        # Tables are sorted by the first column of their key: many small sets, one after another, fit the cache.
        statement = f"""
            SELECT sum(n) > sum(keys) FROM (
                SELECT count() AS n, uniqExact(cityHash64({", ".join(rest)})) AS keys
                FROM "{table.name}"{{where}} GROUP BY {first}
            )
        """  # noqa: S608 - declared names
        by_partition = _repeats_by_partition.setdefault((self.store.address, table.name), {})
        parts = {part: state for part, *state in self.store.rows(_PARTS, {"table": table.name})}
        if not parts:
            return bool(self.store.rows(statement.format(where=""))[0][0])
        for removed in by_partition.keys() - parts.keys():
            del by_partition[removed]
        for part, state in parts.items():
            if by_partition.get(part, ([], False))[0] != state:
                of_part = statement.format(where=" WHERE _partition_id = {part:String}")
                by_partition[part] = (state, bool(self.store.rows(of_part, {"part": part})[0][0]))
        return any(repeats for _, repeats in by_partition.values())

    def aggregate(self, query: TableQuery, groups: Sequence[Group], measures: Sequence[Measure]) -> pl.DataFrame | None:
        """Measures by group; None where a condition or a type is not computed exactly, or a sum has too many digits."""
        if not self.is_exact(query):
            return None
        text, values, schema = self.aggregation(query, groups, measures)
        if not text:
            return None
        text_sums = self.store.read(text, values, schema=schema)
        sums = [name for name, dtype in schema.items() if name.startswith("m") and isinstance(dtype, pl.String)]
        kinds = query.table.schema
        typed = text_sums.with_columns(
            pl.col(name).cast(_sum_type(kinds[measure.column]), strict=False)
            for name, measure in ((f"m{index}", measure) for index, measure in enumerate(measures))
            if name in sums and measure.kind == "sum"
        )
        return typed if all(typed[name].null_count() == text_sums[name].null_count() for name in sums) else None

    def aggregate_statement(self, query: TableQuery, groups: Sequence[Group], measures: Sequence[Measure]) -> str:
        """The statement with the values of its parameters."""
        text, values, _ = self.aggregation(query, groups, measures)
        return self.with_values(text, values)

    def aggregation(
        self, query: TableQuery, groups: Sequence[Group], measures: Sequence[Measure]
    ) -> tuple[str, dict[str, object], dict[str, pl.DataType]]:
        """The statement, the values it names, and what its columns are; no statement where a type is not exact.

        A sum of decimals comes as text, which has room for all its digits.
        """
        kinds = query.table.schema
        schema: dict[str, pl.DataType] = {}
        selected = []
        for index, group in enumerate(groups):
            dtype = kinds[group.column]
            if not isinstance(dtype, _EXACT_TYPES):
                return "", {}, {}
            schema[f"g{index}"] = pl.Date() if group.unit == "date" else dtype
            selected.append(f"{_group_expression(group)} AS g{index}")
        for index, measure in enumerate(measures):
            expression, kind = _measure_expression(measure, kinds.get(measure.column))
            if not expression:
                return "", {}, {}
            schema[f"m{index}"] = kind
            selected.append(f"{expression} AS m{index}")
        where, values = self.condition(query)
        by = ", ".join(f"g{index}" for index in range(len(groups)))
        ending = f" GROUP BY {by}" if by else ""
        return f"SELECT {', '.join(selected)} FROM {self.source(query, where)}{ending}", values, schema  # noqa: S608 - declared names

    def describe(self) -> Catalogue:
        """What `system.columns` says of this database."""
        expression: dict[str, dict[str, FoundColumn]] = {}
        for table, name, native in self.store.rows(_CATALOGUE):
            expression.setdefault(table, {})[name] = FoundColumn(native, nullable=False, labels="")
        return expression

    def snapshot(self) -> AbstractContextManager[None]:
        """A block without effect: each statement sees a moment of its own."""
        return nullcontext()

    def moment_parameter(self, name: str) -> str:
        """Text made a moment by the engine, which keeps its microseconds."""
        return f"toDateTime64({{{name}:String}}, 6, 'UTC')"

    def portfolio_condition(self, owner: str) -> str:
        """Ids are text."""
        return f"{owner} IN {{portfolios:Array(String)}}"

    def key_condition(self, key: str) -> str:
        """A key may have a type of its own."""
        return f"toString({key}) IN {{keys:Array(String)}}"

    def comparison(self, column: Column, condition: Condition, name: str) -> str:
        """A parameter of the column's own type; text is compared by its bytes."""
        left = f'"{column.name}"'
        match column.dtype:
            case pl.Datetime():
                within = isinstance(condition.value, datetime) and _FIRST <= condition.value <= _LAST
                return f"{left} {condition.operator} {self.moment_parameter(name)}" if within else ""
            case pl.String() | pl.Decimal() | pl.Boolean():
                return f"{left} {condition.operator} {{{name}:{unwrapped_type(column.native_type)}}}"
            case _:
                typed = f"{left} {condition.operator} {{{name}:{unwrapped_type(column.native_type)}}}"
                return typed if column.dtype.is_integer() else ""

    def key_order(self, table: Table) -> list[str]:
        """The key as it is: ClickHouse sorts text by its bytes."""
        return [f'"{name}"' for name in table.key]

    def measures(self, index: DecimalPlace) -> list[str]:
        """A sum needs room; of no value at all there is nothing rather than zero."""
        expression, is_list = _place_expression(index)
        every = "Array" if is_list else ""
        wide = f"toDecimal256({'one' if is_list else expression}, {index.scale})"
        summed = f"arrayMap(one -> {wide}, {expression})" if is_list else wide
        collect_counted = {"count": expression} if index.steps else {}
        functions = {"minOrNull": expression, "maxOrNull": expression, "sumOrNull": summed} | collect_counted
        return [f"toString({measure}{every}({values}))" for measure, values in functions.items()]


# Types whose values are equal in both engines when they are the same.
_EXACT_TYPES = (pl.String, pl.Decimal, pl.Datetime, pl.Date, pl.Boolean, pl.UInt32, pl.Int32, pl.Int64, pl.UInt64)

_MILLISECONDS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
# Days from the epoch, a Thursday, to the first Monday.
_MONDAY = 4 * _MILLISECONDS["day"]


def _group_expression(group: Group) -> str:
    """What rows are grouped by; `toDate` and others that answer a Date give wrong days before 1970."""
    name = f'"{group.column}"'
    match group.unit:
        case "":
            return name
        case "date":
            return f"toDate32({name}, 'UTC')"
        case "month" | "quarter" | "year":
            months = {
                "month": f"toMonth({name}, 'UTC')",
                "quarter": f"toQuarter({name}, 'UTC') * 3 - 2",
                "year": "1",
            }
            first = f"makeDate32(toYear({name}, 'UTC'), {months[group.unit]}, 1)"
            return f"toDateTime64(toString({first}), 3, 'UTC')"
        case unit:
            ticks, start = f"toUnixTimestamp64Milli({name})", _MONDAY if unit == "week" else 0
            return (
                f"fromUnixTimestamp64Milli({ticks} - positiveModulo({ticks} - {start}, {_MILLISECONDS[unit]}), 'UTC')"
            )


def _measure_expression(measure: Measure, dtype: pl.DataType | None) -> tuple[str, pl.DataType]:
    """A measure in SQL and what it comes as; no SQL where it is not exact."""
    name = f'"{measure.column}"'
    match measure.kind, dtype:
        case "rows", _:
            return "toInt64(count())", pl.Int64()
        case "values", _:
            return f"toInt64(count({name}))", pl.Int64()
        case "sum", pl.Decimal(scale=scale):
            return f"toString(sumOrNull(toDecimal256({name}, {scale})))", pl.String()
        case "sum", pl.UInt32() | pl.Int32():
            return f"sumOrNull(toInt64({name}))", pl.Int64()
        case "min" | "max", pl.DataType() if isinstance(dtype, _EXACT_TYPES):
            return f"{measure.kind}OrNull({name})", dtype
        case _:
            return "", pl.Null()


def _sum_type(dtype: pl.DataType) -> pl.DataType:
    """What DuckDB's sum of decimals is."""
    return pl.Decimal(38, dtype.scale) if isinstance(dtype, pl.Decimal) else pl.Int64()


def _place_expression(index: DecimalPlace) -> tuple[str, bool]:
    """The expression that gives a place's decimals, and whether it gives a list of them."""
    expression, steps, is_list = f'"{index.column}"', index.steps, False
    if index.native_type.startswith("Map("):  # which a frame has as a list of key and value
        expression, steps, is_list = f"{'mapKeys' if steps[1] == 'key' else 'mapValues'}({expression})", steps[2:], True
    for step in steps:
        if step == LIST_STEP:
            expression, is_list = f"arrayFlatten({expression})" if is_list else expression, True
        elif is_list:
            expression = f"arrayMap(one -> tupleElement(one, '{step}'), {expression})"
        else:
            expression = f"tupleElement({expression}, '{step}')"
    return expression, is_list
