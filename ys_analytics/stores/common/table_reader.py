"""The interface of a reader of a store's tables.

Depends on the declared schemas. Does not know any store: each has a `table_reader` of its own, and
`Stores.reader` finds it by name.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import polars as pl

from ys_analytics.schemas import Table
from ys_analytics.stores.common.decimal_places import DecimalPlace
from ys_analytics.stores.common.progress import RowCallback, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import Group, Measure, TableQuery


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """One column as a store's catalogue describes it.

    Attributes:
        native_type: Its type, as the catalogue spells it.
        nullable: Whether it may be null.
        labels: Of an enumeration, its values with commas between; empty otherwise.
    """

    native_type: str
    nullable: bool
    labels: str


@dataclass(frozen=True, slots=True)
class Total:
    """One number that a store adds up itself.

    Attributes:
        column: The column, or the place inside of one; empty for the whole table.
        measure: rows, keys, min, max, sum or, inside a column, values: how many there are.
        value: The number; None where there is nothing to measure.
    """

    column: str
    measure: str
    value: Decimal | None


Catalogue = Mapping[str, Mapping[str, FoundColumn]]


class TableReader(Protocol):
    """The tables of one open store."""

    def scan(self, query: TableQuery, *, rejects: RejectPolicy, report_rows: RowCallback = no_progress) -> pl.DataFrame:
        """All rows at once as `query.schema`, in any order.

        A store that is not asked in SQL gives every row it has; `query.keep` takes those of the span and portfolios.

        Raises:
            StoreError: the store refused us or went away.
            ContractError: a value does not fit its type, and no quarantine was asked for.
            UsageError: the table holds secrets, which are counted and never read.
        """

    def batches(
        self, query: TableQuery, *, rejects: RejectPolicy, ordered: bool = True
    ) -> Generator[pl.DataFrame, None, None]:
        """The same rows some at a time, with memory for one frame; at least one frame, maybe empty.

        In key order where the store is asked in SQL and `ordered` is set.

        Raises:
            StoreError: as `scan`.
            ContractError: as `scan`.
            UsageError: as `scan`.
        """

    def count(self, table: Table) -> int:
        """How many rows, keys or points there are; the one thing to ask of secrets.

        Raises:
            StoreError: the store refused us or went away.
        """

    def totals(self, query: TableQuery, places: Sequence[DecimalPlace]) -> list[Total]:
        """What the store itself adds up for the same rows: how many, and of each place smallest, largest and sum.

        Raises:
            StoreError: the store refused us or went away.
        """

    def distinct(self, table: Table, column: str) -> set[str]:
        """Every value of a column as text, each once, without nulls.

        Raises:
            StoreError: the store refused us or went away.
        """

    def aggregate(self, query: TableQuery, groups: Sequence[Group], measures: Sequence[Measure]) -> pl.DataFrame | None:
        """Measures by group, computed exactly by the store; None where it cannot.

        Columns `g0`, `g1`, ... of the groups and `m0`, `m1`, ... of the measures: counts and sums of whole numbers as
        Int64, sums of decimals with 38 digits.

        Raises:
            StoreError: the store refused us or went away.
        """

    def aggregate_statement(self, query: TableQuery, groups: Sequence[Group], measures: Sequence[Measure]) -> str:
        """What `aggregate` asks, with the values of parameters, for people; empty where it asks nothing."""

    def describe(self) -> Catalogue | None:
        """Every table and its columns, as the store's own catalogue has them; None where it keeps none.

        Raises:
            StoreError: the store refused us or went away.
        """

    def statement(self, query: TableQuery) -> str:
        """What the store is asked in key order, with the names of parameters, as the manifest has it."""

    def statement_with_values(self, query: TableQuery) -> str:
        """What the store is asked in any order, with the values of parameters, for people."""

    def abort(self) -> None:
        """Make what waits for the store fail at once; from any thread."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Within it all reads see one moment, where the store can do that; elsewhere it changes nothing.

        Raises:
            StoreError: it cannot begin.
        """
