"""Traits of the four stores, declared once; everything that differs by store is derived from them.

Depends on nothing. Does not know how a store is reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Store = Literal["postgres", "clickhouse", "redis", "qdrant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTraits:
    """Traits of every table of a store.

    Attributes:
        title: Its name in print.
        lowest: The lowest version of each server that speaks its wire; the documentation prints them from here.
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
    lowest: Mapping[str, tuple[int, ...]]
    prefix: str
    sql: bool
    transactions: bool
    unique: bool
    lasting: bool
    typed_ids: bool = False
    references: bool = False
    retention: bool = False


STORES: dict[Store, StoreTraits] = {
    # 15: NULLS NOT DISTINCT in an index.
    "postgres": StoreTraits(
        title="PostgreSQL", lowest={"PostgreSQL": (15,)},
        prefix="pg", sql=True, transactions=True, unique=False, lasting=True,
        typed_ids=True, references=True,
    ),
    # 25.3: the settings that bound a stream's memory.
    "clickhouse": StoreTraits(
        title="ClickHouse", lowest={"ClickHouse": (25, 3)},
        prefix="ch", sql=True, transactions=False, unique=False, lasting=True, retention=True,
    ),
    # Redis 7.0: what an ACL user may do is written for its categories. Valkey 7.2: its first.
    "redis": StoreTraits(
        title="Redis", lowest={"Redis": (7, 0), "Valkey": (7, 2)},
        prefix="redis", sql=False, transactions=False, unique=True, lasting=False,
    ),
    # 1.16: what its client speaks.
    "qdrant": StoreTraits(
        title="Qdrant", lowest={"Qdrant": (1, 16)},
        prefix="qdrant", sql=False, transactions=False, unique=True, lasting=True,
    ),
}  # fmt: skip
