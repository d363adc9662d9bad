"""Queries of one table: rows, columns, conditions and groups, independent of a store.

Depends on the declared schemas. Does not write SQL: each store's `table_reader` translates a query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import Span, Table

Operator = Literal["=", "<>", "<", "<=", ">", ">=", "is null", "is not null"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one column with one value.

    Attributes:
        column: Name of a visible column.
        operator: How they are compared; a null is never equal, smaller or larger.
        value: Of the column's type; None for the two that ask about nulls.

    >>> str(Condition("price", ">=", 5))
    'price >= 5'
    """

    column: str
    operator: Operator
    value: object = None

    def __str__(self) -> str:
        """The comparison for people."""
        return f"{self.column} {self.operator}" if self.value is None else f"{self.column} {self.operator} {self.value}"


# Conditions of which at least one holds.
Alternatives = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class TableQuery:
    """A query for rows and columns of one table.

    Attributes:
        table: Of which table.
        span: Only rows placed in it, where the table has a time; None takes all.
        portfolios: Only rows of these, where rows belong to one; None takes all.
        columns: Names of the visible columns wanted, in their order; None takes all.
        keys: Only rows whose key, of one column, is one of these as text; None takes all.
        distinct: Rows that are equal in every column of the table count once, as a loaded frame has them.
        conditions: Of each, one alternative must hold. They make a read smaller and never exact: a store leaves
            out what it cannot compare as DuckDB does, so who asks filters again.
    """

    table: Table
    span: Span | None = None
    portfolios: Sequence[str] | None = None
    columns: tuple[str, ...] | None = None
    conditions: tuple[Alternatives, ...] = ()
    keys: Sequence[str] | None = None
    distinct: bool = False

    def __post_init__(self) -> None:
        """Refuse a portfolio that is no id: what is not a UUID is no portfolio's, in any store."""
        for portfolio in self.portfolios or ():
            if not is_id(portfolio):
                raise UsageError(f"portfolio {portfolio!r} is not an id in lower case; `ys load portfolios` lists them")

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Name and type of every column wanted."""
        table_schema = self.table.schema
        return table_schema if self.columns is None else {name: table_schema[name] for name in self.columns}

    @property
    def span_filter(self) -> tuple[str, Span] | None:
        """The column that places rows in time, and the span they must be in; None where every row is wanted."""
        return None if self.span is None or self.table.span_column is None else (self.table.span_column, self.span)

    @property
    def portfolio_filter(self) -> tuple[str, list[str]] | None:
        """The column that names a row's portfolio, and those wanted; None where every row is."""
        owner = self.table.portfolio
        return None if self.portfolios is None or owner is None else (owner, list(self.portfolios))

    @property
    def parameters(self) -> dict[str, object]:
        """The values of span and portfolios, by the names under which a statement has them."""
        values: dict[str, object] = {}
        if self.span_filter is not None:
            values |= {"start": self.span_filter[1].start, "end": self.span_filter[1].end}
        if self.portfolio_filter is not None:
            values["portfolios"] = self.portfolio_filter[1]
        if self.keys is not None:
            values["keys"] = list(self.keys)
        return values

    def filter_rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the span, the portfolios and the keys, of a store that gives all it has."""
        if self.span_filter is not None and self.table.time is not None:
            name, span = self.span_filter
            rows = rows.filter(span.contains(name))
        if self.portfolio_filter is not None:
            owner, ids = self.portfolio_filter
            rows = rows.filter(pl.col(owner).is_in(ids))
        if self.keys is not None:
            rows = rows.filter(pl.col(self.table.key[0]).cast(pl.String).is_in(list(self.keys)))
        return rows


@dataclass(frozen=True, slots=True)
class Group:
    """A column, or a span of time, by which rows are grouped.

    Attributes:
        column: Name of a visible column.
        unit: Empty for its value, `date` for the UTC day of a moment, or the span of time that a moment is cut to:
            minute, hour, day, week, month, quarter, year.
    """

    column: str
    unit: str = ""


MeasureKind = Literal["rows", "values", "sum", "min", "max"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number computed of a group.

    Attributes:
        kind: How many rows, or how many values that are not null, their sum, the smallest or the largest.
        column: Of which column; empty for rows.
    """

    kind: MeasureKind
    column: str = ""


def is_id(text: object) -> bool:
    """Whether a value is a UUID as the stores write it.

    >>> is_id("0192f0c1-0000-7000-8000-000000000000"), is_id("0192F0C1-0000-7000-8000-000000000000")
    (True, False)
    """
    try:
        return isinstance(text, str) and str(UUID(text)) == text
    except ValueError:
        return False
