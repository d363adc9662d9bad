"""Base class of readers of a store that gives every row of a table and computes nothing.

Depends on `TableReader`. Does not know which stores these are: a reader derives from it and adds `scan`,
`batches` and `count`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import ClassVar, Protocol

import polars as pl

from ys_analytics.schemas import Table
from ys_analytics.stores.common.decimal_places import DecimalPlace
from ys_analytics.stores.common.progress import RowCallback, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import Group, Measure, TableQuery
from ys_analytics.stores.common.table_reader import Total


class ScanReader(Protocol):
    """The part of a `TableReader` that follows from its `scan` and `count`.

    Attributes:
        measure: What `count` counts, as `Total.measure` has it.
    """

    measure: ClassVar[str]

    def scan(self, query: TableQuery, *, rejects: RejectPolicy, report_rows: RowCallback = no_progress) -> pl.DataFrame:
        """As `TableReader.scan`."""

    def count(self, table: Table) -> int:
        """As `TableReader.count`."""

    def distinct(self, table: Table, column: str) -> set[str]:
        """Every value of a column, each once."""
        rows = self.scan(TableQuery(table, columns=(column,)), rejects=RejectPolicy(source=table.name, key=table.key))
        return set(rows[column].cast(pl.String).drop_nulls())

    def totals(self, query: TableQuery, places: Sequence[DecimalPlace]) -> list[Total]:  # noqa: ARG002 - sums are not computed
        """How many there are in all."""
        return [Total("", self.measure, Decimal(self.count(query.table)))]

    def aggregate(
        self,
        query: TableQuery,  # noqa: ARG002
        groups: Sequence[Group],  # noqa: ARG002
        measures: Sequence[Measure],  # noqa: ARG002
    ) -> None:
        """Nothing: the store computes no sums."""
        return

    def aggregate_statement(
        self,
        query: TableQuery,  # noqa: ARG002
        groups: Sequence[Group],  # noqa: ARG002
        measures: Sequence[Measure],  # noqa: ARG002
    ) -> str:
        """Nothing."""
        return ""

    def describe(self) -> None:
        """Nothing: the store keeps no catalogue of columns; values are checked one by one."""
        return

    def snapshot(self) -> AbstractContextManager[None]:
        """Nothing: each request sees a moment of its own."""
        return nullcontext()
