"""Qdrant's collections as tables: the payload becomes its declared columns, next to the vector.

Depends on the store and on the declared collections. Does not know what any collection means.
"""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import polars as pl

from ys_analytics.schemas import Collection, Column, Table
from ys_analytics.stores.common import text_values
from ys_analytics.stores.common.decimal_places import Place
from ys_analytics.stores.common.json_text import decode
from ys_analytics.stores.common.progress import Arrived, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import TableQuery
from ys_analytics.stores.common.table_reader import Total
from ys_analytics.stores.qdrant.store import Qdrant


@dataclass(frozen=True, slots=True)
class Tables:
    """A `TableReader` over an open Qdrant."""

    store: Qdrant

    def scan(self, query: TableQuery, *, rejects: RejectPolicy, arrived: Arrived = no_progress) -> pl.DataFrame:
        """Every point of the collection."""
        collection = _collection(query.table)
        points = self.store.read(collection.name, collection.size, refusals=rejects, arrived=arrived)
        return _typed(points, collection, rejects).select(*query.schema)

    def batches(
        self,
        query: TableQuery,
        *,
        rejects: RejectPolicy,
        ordered: bool = True,  # noqa: ARG002 - a point has no place
    ) -> Generator[pl.DataFrame, None, None]:
        """Some thousand points at a time."""
        collection = _collection(query.table)
        yield pl.DataFrame(schema=query.schema)
        for points in self.store.batches(collection.name, collection.size, refusals=rejects):
            yield _typed(points, collection, rejects).select(*query.schema)

    def count(self, table: Table) -> int:
        """How many points there are."""
        return self.store.count(table.name)

    def distinct(self, table: Table, column: str) -> set[str]:
        """Every value of a column, each once."""
        rows = self.scan(TableQuery(table, columns=(column,)), rejects=RejectPolicy(source=table.name, key=table.key))
        return set(rows[column].cast(pl.String).drop_nulls())

    def totals(self, query: TableQuery, places: Sequence[Place]) -> list[Total]:  # noqa: ARG002 - Qdrant adds nothing up
        """How many points there are in all."""
        return [Total("", "rows", Decimal(self.count(query.table)))]

    def describe(self) -> None:
        """Nothing: payloads are checked one by one."""

    def statement(self, query: TableQuery) -> str:
        """The request, and of which collection."""
        return f"scroll {query.table.name}"

    def snapshot(self) -> AbstractContextManager[None]:
        """Nothing: each request sees a moment of its own."""
        return nullcontext()


def _collection(table: Table) -> Collection:
    return cast("Collection", table)


def _typed(points: pl.DataFrame, collection: Collection, rejects: RejectPolicy) -> pl.DataFrame:
    fields = [column for column in collection.columns if column.name not in {"id", "vector"}]
    payload = pl.Struct({column.name: _in_json(column) for column in fields})
    decoded = decode(points, payload, column="payload", key=("id",), refusals=rejects)
    return text_values.typed(decoded.unnest("payload"), collection.visible, rejects)


def _in_json(column: Column) -> pl.DataType:
    """The type a payload field has on the wire: moments are whole seconds."""
    return pl.Int64() if column.native == "integer" else column.dtype
