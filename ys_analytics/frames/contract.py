"""Whether the live tables still are what `schemas` declares, asked once per store before its first load.

Knows the catalogues of PostgreSQL and ClickHouse; reads no data. Redis and Qdrant have no catalogue: their
values are held against the declaration one by one.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.schemas import Column, Table
from ys_analytics.stores import Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.postgres import Postgres

# pg_attribute rather than information_schema: that view hides materialized views and what a role may not read.
_POSTGRES = """
    SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum AS e
            WHERE e.enumtypid = a.atttypid)
    FROM pg_attribute AS a
    JOIN pg_class AS t ON t.oid = a.attrelid
    WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND t.relkind IN ('r', 'p', 'm', 'v')
      AND a.attnum > 0 AND NOT a.attisdropped
"""

_CLICKHOUSE = "SELECT table, name, type, 0, '' FROM system.columns WHERE database = currentDatabase()"


@dataclass(frozen=True, slots=True)
class Found:
    """One column as a store's catalogue describes it."""

    native: str
    nullable: bool
    labels: str


_Catalogue = dict[str, dict[str, Found]]

_known: WeakKeyDictionary[Postgres | ClickHouse, _Catalogue] = WeakKeyDictionary()


def check(stores: Stores, table: Table) -> None:
    """Refuse a table that is absent or has drifted from its declaration.

    Raises:
        ContractError: names the column, what was expected and what is there.
        StoreError: the catalogue cannot be read.
    """
    match table.store:
        case "postgres":
            _hold(table, _catalogue(stores.postgres, _POSTGRES, table))
        case "clickhouse":
            _hold(table, _catalogue(stores.clickhouse, _CLICKHOUSE, table))


def drift(stores: Stores, table: Table) -> list[str]:
    """Every difference between a table and its declaration, one line each; empty when there is none.

    Raises:
        StoreError: the catalogue cannot be read.
    """
    if table.store not in {"postgres", "clickhouse"}:
        return []
    store, question = (stores.postgres, _POSTGRES) if table.store == "postgres" else (stores.clickhouse, _CLICKHOUSE)
    found = _read(store, question).get(table.name)
    return ["the table is not there"] if found is None else list(_differences(table, found))


def _catalogue(store: Postgres | ClickHouse, question: str, table: Table) -> _Catalogue:
    """What the store holds; read again when the table is not in what we knew, for it may be new."""
    if table.name not in _known.get(store, {}):
        _known[store] = _read(store, question)
    return _known[store]


def _read(store: Postgres | ClickHouse, question: str) -> _Catalogue:
    found: _Catalogue = {}
    for table, name, native, nullable, labels in store.rows(question):
        found.setdefault(table, {})[name] = Found(native, bool(nullable), labels or "")
    return found


def _hold(table: Table, catalogue: _Catalogue) -> None:
    found = catalogue.get(table.name)
    if found is None:
        raise ContractError(f"{table.name}: {table.store} has no such table; run `ys migrate up`")
    for difference in _differences(table, found):
        raise ContractError(f"{table.name}: {difference}; run `ys migrate status`")


def _differences(table: Table, found: dict[str, Found]) -> list[str]:
    differences = []
    for column in table.columns:
        there = found.get(column.name)
        if there is None:
            differences.append(f"column {column.name} should be {column.native}, is not there")
        elif there.native != column.native:
            differences.append(f"column {column.name} should be {column.native}, is {there.native}")
        elif there.nullable and not column.nullable:
            differences.append(f"column {column.name} should be NOT NULL, may hold nothing")
        elif there.labels and there.labels != _labels(column):
            differences.append(f"column {column.name} should allow {_labels(column)}, allows {there.labels}")
    return differences


def _labels(column: Column) -> str:
    return ",".join(column.dtype.categories) if isinstance(column.dtype, pl.Enum) else ""
