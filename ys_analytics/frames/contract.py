"""Whether the live tables still are what `schemas` declares, asked once per store before its first load.

Depends on the catalogue that a store's reader gives. Does not read data. Redis and Qdrant keep no catalogue: their
values are checked one by one.
"""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.schemas import STORES, Column, Table
from ys_analytics.stores import Stores
from ys_analytics.stores.common.table_reader import Catalogue, FoundColumn

_known: WeakKeyDictionary[object, Catalogue] = WeakKeyDictionary()


def check(stores: Stores, table: Table) -> None:
    """Refuse a table that is absent or has drifted from its declaration.

    Raises:
        ContractError: names the column, what was expected and what is there.
        StoreError: the catalogue cannot be read.
    """
    if STORES[table.store].sql:
        _require(table, _catalogue(stores, table))


def drift(stores: Stores, table: Table) -> list[str]:
    """Every difference between a table and its declaration, one line each; empty when there is none.

    Raises:
        StoreError: the catalogue cannot be read.
    """
    catalogue = stores.reader(table.store).describe()
    if catalogue is None:
        return []
    found = catalogue.get(table.name)
    return ["the table is not there"] if found is None else list(_differences(table, found))


def _catalogue(stores: Stores, table: Table) -> Catalogue:
    """What the store holds; read again when the table is not in what we knew, for it may be new."""
    store = stores.opened(table.store)
    if table.name not in _known.get(store, {}):
        _known[store] = stores.reader(table.store).describe() or {}
    return _known[store]


def _require(table: Table, catalogue: Catalogue) -> None:
    found = catalogue.get(table.name)
    if found is None:
        raise ContractError(f"{table.name}: {table.store} has no such table; run `ys migrate up`")
    for difference in _differences(table, found):
        raise ContractError(f"{table.name}: {difference}; run `ys migrate status`")


def _differences(table: Table, found: Mapping[str, FoundColumn]) -> list[str]:
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
