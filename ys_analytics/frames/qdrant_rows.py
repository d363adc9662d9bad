"""Qdrant collections as tables: the payload becomes its declared columns beside the vector.

Knows payloads; the store does the reading and refuses vectors that are not of their size.
"""

from collections.abc import Iterator

import polars as pl

from ys_analytics.frames import texts
from ys_analytics.schemas import Collection, Column
from ys_analytics.stores.common.json_text import decode
from ys_analytics.stores.common.progress import Arrived, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.qdrant import Qdrant


def batches(store: Qdrant, collection: Collection, refusals: RejectPolicy) -> Iterator[pl.DataFrame]:
    """The points of a collection, some thousands at a time, in no promised order.

    Raises:
        StoreError: there is no such collection, or the server refused us or went away.
        ContractError: its size is not the declared one, or a point does not fit and no quarantine was asked for.
    """
    for points in store.batches(collection.name, collection.size, refusals=refusals):
        yield _typed(points, collection, refusals)


def read(
    store: Qdrant,
    collection: Collection,
    refusals: RejectPolicy,
    *,
    arrived: Arrived = no_progress,
) -> pl.DataFrame:
    """Every point of a collection; as `batches`."""
    points = store.read(collection.name, collection.size, refusals=refusals, arrived=arrived)
    return _typed(points, collection, refusals)


def _typed(points: pl.DataFrame, collection: Collection, refusals: RejectPolicy) -> pl.DataFrame:
    fields = [column for column in collection.columns if column.name not in {"id", "vector"}]
    payload = pl.Struct({column.name: _in_json(column) for column in fields})
    decoded = decode(points, payload, column="payload", key=("id",), refusals=refusals)
    return texts.typed(decoded.unnest("payload"), collection.visible, refusals)


def _in_json(column: Column) -> pl.DataType:
    """The type a payload field has on the wire: moments are whole seconds."""
    return pl.Int64() if column.native == "integer" else column.dtype
