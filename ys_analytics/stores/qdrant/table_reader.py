"""Qdrant's collections as tables: the payload becomes its declared columns, next to the vector.

Depends on the store and on the declared collections. Does not know what any collection means.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, cast

import polars as pl

from ys_analytics.schemas import Collection, Column, Table
from ys_analytics.stores.common import text_values
from ys_analytics.stores.common.json_text import decode
from ys_analytics.stores.common.progress import RowCallback, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.scan_reader import ScanReader
from ys_analytics.stores.common.table_query import Condition, TableQuery
from ys_analytics.stores.qdrant.search import Match
from ys_analytics.stores.qdrant.store import Qdrant


@dataclass(frozen=True, slots=True)
class Tables(ScanReader):
    """A `TableReader` over an open Qdrant."""

    measure: ClassVar[str] = "rows"

    store: Qdrant

    def scan(self, query: TableQuery, *, rejects: RejectPolicy, report_rows: RowCallback = no_progress) -> pl.DataFrame:
        """Every point of the collection."""
        frames = self.store.read_whole(lambda: list(self._frames(query, rejects, report_rows=report_rows)), rejects)
        return pl.concat([pl.DataFrame(schema=query.schema), *frames])

    def batches(
        self,
        query: TableQuery,
        *,
        rejects: RejectPolicy,
        ordered: bool = True,  # noqa: ARG002 - a point has no place
    ) -> Generator[pl.DataFrame, None, None]:
        """Some thousand points at a time."""
        yield pl.DataFrame(schema=query.schema)
        yield from self._frames(query, rejects)

    def _frames(
        self, query: TableQuery, rejects: RejectPolicy, *, report_rows: RowCallback = no_progress
    ) -> Generator[pl.DataFrame, None, None]:
        """Only the wanted parts of a point leave the store; where a filter can choose points, only those."""
        collection, rows = _collection(query.table), 0
        columns = [column for column in collection.visible if column.name in query.schema]
        fields = [column for column in columns if column.name not in {"id", "vector"}]
        parts = self.store.batches(
            collection.name,
            collection.size,
            vectors="vector" in query.schema,
            fields=[column.name for column in fields],
            where=filter_of(query),
            rejects=rejects,
        )
        for points in parts:
            rows += points.height
            report_rows(rows)
            yield _typed(points, columns, fields, rejects).select(*query.schema)

    def nearest(
        self,
        table: Table,
        vector: Sequence[float],
        *,
        limit: int,
        where: Sequence[Sequence[Match]],
        rejects: RejectPolicy,
    ) -> pl.DataFrame:
        """At least the nearest points of those that hold `where`, as the declared columns; maybe others too."""
        collection = _collection(table)
        columns = collection.visible
        fields = [column for column in columns if column.name not in {"id", "vector"}]
        points = self.store.nearest(collection.name, collection.size, vector, limit=limit, where=where, rejects=rejects)
        return _typed(points, columns, fields, rejects).select(*table.schema)

    def count(self, table: Table) -> int:
        """How many points there are."""
        return self.store.count(table.name)

    def statement(self, query: TableQuery) -> str:
        """The request, and of which collection."""
        return f"scroll {query.table.name}"

    def statement_with_values(self, query: TableQuery) -> str:
        """The request, what of a point it gives, and which points."""
        parts = [name for name in query.schema if name != "id"]
        conditions = " and ".join(" or ".join(map(str, alternatives)) for alternatives in filter_of(query))
        return f"scroll {query.table.name} ({', '.join(parts) or 'id'}){f' where {conditions}' if conditions else ''}"

    def abort(self) -> None:
        """Cut every connection."""
        self.store.abort()


def _collection(table: Table) -> Collection:
    return cast("Collection", table)


def _typed(
    points: pl.DataFrame, columns: Sequence[Column], fields: Sequence[Column], rejects: RejectPolicy
) -> pl.DataFrame:
    if not fields:
        return text_values.typed(points.drop("payload"), columns, rejects)
    payload = pl.Struct({column.name: _in_json(column) for column in fields})
    decoded = decode(points, payload, column="payload", key=("id",), rejects=rejects)
    return text_values.typed(decoded.unnest("payload"), columns, rejects)


def filter_of(query: TableQuery) -> list[list[Match]]:
    """The conditions that Qdrant can compare as DuckDB does: equal labels and numbers, and ranges of numbers.

    Of each inner list one must hold. Moments are whole seconds in the store.
    """
    columns = {column.name: column for column in query.table.visible}
    matches_by_condition = [
        [_match(columns[condition.column], condition) for condition in alternatives]
        for alternatives in query.conditions
    ]
    return [
        [match for match in alternatives if match is not None]
        for alternatives in matches_by_condition
        if None not in alternatives
    ]


def _match(column: Column, condition: Condition) -> Match | None:
    value = condition.value.timestamp() if isinstance(condition.value, datetime) else condition.value
    if condition.operator in {"is null", "is not null", "<>"} or column.name in {"id", "vector"}:
        return None
    if isinstance(value, str):
        return Match(column.name, "=", value) if condition.operator == "=" else None
    return Match(column.name, condition.operator, value) if isinstance(value, int | float) else None


def _in_json(column: Column) -> pl.DataType:
    """The type a payload field has on the wire: moments are whole seconds."""
    return pl.Int64() if column.native_type == "integer" else column.dtype
