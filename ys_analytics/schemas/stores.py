"""Traits of the four stores, declared once; everything that differs by store is derived from them.

Depends on nothing. Does not know how a store is reached.
"""

from dataclasses import dataclass

from ys_analytics.schemas.table import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTraits:
    """Traits of every table of a store.

    Attributes:
        title: Its name in print.
        prefix: The schema under which SQL over all stores has its tables.
        sql: Whether it is asked in SQL: it chooses and sorts rows, adds up, and has a catalogue.
        transactions: Whether several statements happen at once or not at all, and several reads see one moment.
        unique: Whether one key can hold one value only, so that a second one is a fault of the load itself.
        lasting: Whether rows stay until they are removed; otherwise they expire while they are read.
        typed_ids: Whether ids have a type of their own, so that every id is well formed.
        references: Whether it refuses a row that names another one which is not there.
        retention: Whether an operator may set the days that its tables keep.
    """

    title: str
    prefix: str
    sql: bool
    transactions: bool
    unique: bool
    lasting: bool
    typed_ids: bool = False
    references: bool = False
    retention: bool = False


STORES: dict[Store, StoreTraits] = {
    "postgres": StoreTraits(
        title="PostgreSQL", prefix="pg", sql=True, transactions=True, unique=False, lasting=True,
        typed_ids=True, references=True,
    ),
    "clickhouse": StoreTraits(
        title="ClickHouse", prefix="ch", sql=True, transactions=False, unique=False, lasting=True, retention=True,
    ),
    "redis": StoreTraits(title="Redis", prefix="redis", sql=False, transactions=False, unique=True, lasting=False),
    "qdrant": StoreTraits(title="Qdrant", prefix="qdrant", sql=False, transactions=False, unique=True, lasting=True),
}  # fmt: skip
