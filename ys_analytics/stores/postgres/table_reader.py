"""Reads PostgreSQL's tables: a `TableQuery` as its SQL.

Depends on the store and on the declared schemas. Does not know what any table means.
"""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from ys_analytics.schemas import Column, Table
from ys_analytics.stores.common.decimal_places import DecimalPlace
from ys_analytics.stores.common.sql_tables import SqlTables
from ys_analytics.stores.common.table_query import Condition, is_id
from ys_analytics.stores.common.table_reader import Catalogue, FoundColumn
from ys_analytics.stores.postgres.store import Postgres

# pg_attribute rather than information_schema: that view hides materialized views and what a role may not read.
_CATALOGUE = """
    SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum AS e
            WHERE e.enumtypid = a.atttypid)
    FROM pg_attribute AS a
    JOIN pg_class AS t ON t.oid = a.attrelid
    WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND t.relkind IN ('r', 'p', 'm', 'v')
      AND a.attnum > 0 AND NOT a.attisdropped
"""

_COLLATED = ' COLLATE "C"'
_UUID = "uuid"

# Text that PostgreSQL may write in another way than it was given.
_REWRITTEN = frozenset({"jsonb", "json", "inet"})


@dataclass(frozen=True, slots=True)
class Tables(SqlTables[Postgres]):
    """A `TableReader` over an open PostgreSQL."""

    parameter: ClassVar[re.Pattern[str]] = re.compile(r"%\((\w+)\)s")

    def describe(self) -> Catalogue:
        """What `pg_attribute` says of this schema's tables and views."""
        found: dict[str, dict[str, FoundColumn]] = {}
        for table, name, native, nullable, labels in self.store.rows(_CATALOGUE):
            found.setdefault(table, {})[name] = FoundColumn(native, bool(nullable), labels or "")
        return found

    def snapshot(self) -> AbstractContextManager[None]:
        """One REPEATABLE READ READ ONLY transaction."""
        return self.store.snapshot()

    def moment_parameter(self, name: str) -> str:
        """The value itself, which psycopg writes with its zone."""
        return f"%({name})s"

    def portfolio_condition(self, owner: str) -> str:
        """Ids are UUIDs."""
        return f"{owner} = ANY(%(portfolios)s::uuid[])"

    def key_condition(self, key: str) -> str:
        """A key may have a type of its own."""
        return f"{key}::text = ANY(%(keys)s)"

    def comparison(self, column: Column, condition: Condition, name: str) -> str:
        """Text by its bytes, an enumeration as text, an id only where it is well formed."""
        left, value = f'"{column.name}"', f"%({name})s"
        match column.dtype:
            case pl.String() if column.native_type == _UUID:
                return f"{left} {condition.operator} {value}::uuid" if is_id(condition.value) else ""
            case pl.String() if column.native_type in _REWRITTEN:
                return ""
            case pl.Enum():
                return f"{left}::text{_COLLATED} {condition.operator} {value}"
            case pl.String():
                return f"{left}{'' if condition.operator in ('=', '<>') else _COLLATED} {condition.operator} {value}"
            case pl.Boolean() | pl.Decimal() | pl.Date() | pl.Datetime():
                return f"{left} {condition.operator} {value}"
            case _:
                return f"{left} {condition.operator} {value}" if column.dtype.is_integer() else ""

    def key_order(self, table: Table) -> list[str]:
        """The key, text by its bytes and nulls first, as Polars sorts."""
        natives = {column.name: column.native_type for column in table.columns}
        return [
            f'"{name}"{_COLLATED if isinstance(table.schema[name], pl.String) and natives[name] != _UUID else ""}'
            " NULLS FIRST"
            for name in table.key
        ]

    def measures(self, place: DecimalPlace) -> list[str]:
        """Over the column, or over the elements of a list."""
        if not place.steps:
            return [f'{measure}("{place.column}")::text' for measure in ("min", "max", "sum")]
        each = f'FROM unnest("{place.column}") AS one'
        several = [f"{measure}((SELECT {measure}(one) {each}))::text" for measure in ("min", "max", "sum")]
        return [*several, f"coalesce(sum((SELECT count(one) {each})), 0)::text"]
