"""Checks that the live tables are what `schemas` declares, once per store before its first load.

Depends on the catalogue that a store's reader gives. Does not read data. Redis and Qdrant keep no catalogue: their
values are checked one by one.
"""

from weakref import WeakKeyDictionary

from ys_analytics.errors import ContractError
from ys_analytics.schemas import STORES, Table
from ys_analytics.stores import Stores
from ys_analytics.stores.common.drift import differences
from ys_analytics.stores.common.table_reader import Catalogue

_catalogues: WeakKeyDictionary[object, Catalogue] = WeakKeyDictionary()


def check(stores: Stores, table: Table) -> None:
    """Refuse a table that is absent, or differs from its declaration so that it cannot be read by it.

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
    columns = catalogue.get(table.name)
    return (
        ["the table is gone"]
        if columns is None
        else [f"column {difference.column} {difference.text}" for difference in differences(table, columns)]
    )


def _catalogue(stores: Stores, table: Table) -> Catalogue:
    """What the store holds; read again when the table is not in what we knew, for it may be new."""
    store = stores.opened(table.store)
    if table.name not in _catalogues.get(store, {}):
        _catalogues[store] = stores.reader(table.store).describe() or {}
    return _catalogues[store]


def _require(table: Table, catalogue: Catalogue) -> None:
    columns = catalogue.get(table.name)
    if columns is None:
        raise ContractError(f"{table.name}: {table.store} has no such table; run `ys migrate up`")
    for difference in differences(table, columns):
        if not difference.harmless:
            raise ContractError(f"{table.name}: column {difference.column} {difference.text}; run `ys migrate status`")
