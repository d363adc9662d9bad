"""Types of declarations: column, table, key family, collection.

Knows how a shape is declared; knows no particular table and opens no store.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, Self

import polars as pl

from ys_analytics.schemas.rules import Bounded, Format, Formatted, OneOf, Refers, Required, Rows, Rule, Unique
from ys_analytics.schemas.stores import Store

Kind = Literal["portfolio", "user", "asset", "symbol", "chain", "pool", "protocol"]

MONEY = pl.Decimal(38, 18)
TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its type in a frame, its type in the store, and what it means.

    Attributes:
        name: The column's name, the same in the store and in the frame.
        dtype: The Polars type of every load, empty or full.
        native_type: The type as the store's own catalogue spells it; empty where a store has none.
        meaning: One sentence for the catalogue.
        unit: What one is one of; empty for labels.
        nullable: Whether the store may hold nothing here.
        secret: Declared so that it can be refused: no frame, page or log holds it.
        exact: Whether an import refuses a ratio finer than the store keeps: a limit is what its owner stated.
        rules: What must hold of its values, each with the severity and the damage of a failure.
    """

    name: str
    dtype: pl.DataType
    native_type: str = ""
    meaning: str
    unit: str = ""
    nullable: bool = False
    secret: bool = False
    exact: bool = False
    rules: tuple[Rule, ...] = ()

    def with_rules(self, *rules: Rule) -> Self:
        """The same column with rules of its own, where several tables have one like it."""
        return replace(self, rules=(*self.rules, *rules))

    @property
    def format(self) -> Format | None:
        """How its text is spelt; None where any text will do."""
        return next((rule.format for rule in self.rules if isinstance(rule, Formatted)), None)

    @property
    def references(self) -> Refers | None:
        """The column of another table in which its values stand; None where it names nothing."""
        return next((rule for rule in self.rules if isinstance(rule, Refers)), None)

    @property
    def bounds(self) -> tuple[Bounded, ...]:
        """The bounds of its values, as declared."""
        return tuple(rule for rule in self.rules if isinstance(rule, Bounded))

    @property
    def values(self) -> tuple[str, ...]:
        """The list its values are of; empty where any will do."""
        of_type = tuple(self.dtype.categories) if isinstance(self.dtype, pl.Enum) else ()
        return next((rule.values for rule in self.rules if isinstance(rule, OneOf) and rule.values), of_type)


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
        portfolio: The column with the portfolio's id; None where rows belong to none.
        view: Whether it is derived by the store (a materialized view).
        events: Whether rows of one key that differ are events of their own (two swaps of one transaction in one
            pool), so that only equal rows repeat each other.
        feed: Whether it is quoted or measured again and again, so that an import may round; the other tables are
            ledgers, and what was counted stays as it was counted.
        series: The columns whose rows are one history in time.
        affects: The portfolios that a row affects: a column and what its values are keys of. None: a row
            affects every portfolio. Empty: none.
        required: What is affected where a column that is not nullable holds nothing, unless the column says it itself.
        unique: What is affected where a key stands twice.
        rows: How many rows there must be.
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
    feed: bool = False
    series: tuple[str, ...] = ()
    affects: tuple[str, Kind] | tuple[()] | None
    required: Required | None = None
    unique: Unique | None = None
    rows: Rows | None = None

    @property
    def span_column(self) -> str | None:
        """The column by which a span chooses rows; None for current state."""
        return self.time or self.day

    def rules_of(self, column: Column) -> tuple[Rule, ...]:
        """The rules of a column, with that of the table on missing values where it has none of its own.

        >>> from ys_analytics.schemas import TABLES
        >>> users = TABLES["users"]
        >>> [type(rule).__name__ for rule in users.rules_of(users.columns[0])]
        ['Required', 'Formatted']
        """
        own = any(isinstance(rule, Required) for rule in column.rules)
        needed = self.view or not column.nullable
        return column.rules if own or not needed or self.required is None else (self.required, *column.rules)

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
        ttl: Seconds from when a key is written until it expires; None for keys that never do.
        secret: Counted, never read.
        holds: What one key holds, as the subject of a sentence: "A price"; empty for secret ones.
    """

    pattern: str
    kind: Literal["string", "hash", "list", "zset"]
    ttl: int | None
    secret: bool = False
    holds: str = ""

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
