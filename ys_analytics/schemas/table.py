"""The words in which a schema is written: column, table, key family, collection.

Knows how a shape is declared; knows no particular table and opens no store.
"""

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

Store = Literal["postgres", "clickhouse", "redis", "qdrant"]

MONEY = pl.Decimal(38, 18)
TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its type in a frame, its type in the store, and what it means.

    Attributes:
        name: The column's name, the same in the store and in the frame.
        dtype: The Polars type of every load, empty or full.
        native: The type as the store's own catalogue spells it; empty where a store has none.
        meaning: One sentence for the catalogue.
        unit: What one is one of; empty for labels.
        nullable: Whether the store may hold nothing here.
        secret: Declared so that it can be refused: no frame, page or log holds it.
    """

    name: str
    dtype: pl.DataType
    native: str = ""
    meaning: str
    unit: str = ""
    nullable: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Something a store holds that loads as one frame.

    Attributes:
        name: The kit's name for it, unique over all four stores.
        store: Which store holds it.
        columns: Every column the store has, secret ones included.
        key: The columns that make a row unique and give the frame its order.
        meaning: One sentence for the catalogue.
        time: The column that places a row in time; None for current state.
        day: The column that places a row in a UTC day, where it sums up whole days and has no time.
        portfolio: The column that says whose row it is; None where it belongs to none.
        view: Whether it is derived by the store (a materialized view).
        events: Whether rows of one key that differ are events of their own (two swaps of one transaction in one
            pool), so that only equal rows repeat each other.
    """

    name: str
    store: Store
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    meaning: str
    time: str | None = None
    day: str | None = None
    portfolio: str | None = None
    view: bool = False
    events: bool = False

    @property
    def placed(self) -> str | None:
        """The column by which a span chooses rows; None for current state."""
        return self.time or self.day

    @property
    def visible(self) -> tuple[Column, ...]:
        """The columns a frame may hold."""
        return tuple(column for column in self.columns if not column.secret)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Name and type of every visible column, in the order of a frame."""
        return {column.name: column.dtype for column in self.visible}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFamily(Table):
    """All Redis keys of one pattern.

    Attributes:
        pattern: The key, its variable parts in braces: `price:current:{asset_id}:{chain_id}`.
        kind: The Redis type of the value.
        ttl: Lifetime in seconds as written; None for keys that stay.
        secret: Counted, never read.
    """

    pattern: str
    kind: Literal["string", "hash", "list", "zset"]
    ttl: int | None
    secret: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The variable parts of the key, in order; each is a column of the frame."""
        return tuple(re.findall(r"{(\w+)}", self.pattern))

    @property
    def glob(self) -> str:
        """The pattern as SCAN's MATCH takes it.

        >>> from ys_analytics.schemas import TABLES
        >>> TABLES["redis_price_current"].glob
        'price:current:*:*'
        """
        return re.sub(r"{\w+}", "*", self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection(Table):
    """A Qdrant collection; distance is cosine throughout.

    Attributes:
        size: Number of dimensions of every vector.
        payload: Payload field and the type of its index, as Qdrant names it.
    """

    size: int
    payload: dict[str, Literal["integer", "float", "keyword"]]
