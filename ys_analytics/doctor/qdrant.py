"""Questions to Qdrant: size, distance and number of points of each collection."""

from collections.abc import Iterator
from datetime import datetime

from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import TABLES, Collection
from ys_analytics.stores import Stores


def examine(stores: Stores, as_of: datetime) -> Iterator[Answer]:  # noqa: ARG001 - every round takes it; a point has no common date
    """Sizes, distances and counts."""
    collections = stores.qdrant.collections()
    for collection in (table for table in TABLES.values() if isinstance(table, Collection)):
        shape = collections.get(collection.name)
        if shape is None:
            yield Answer("qdrant", "schema", f"{collection.name}: absent; run `ys migrate up`", ok=False)
            continue
        points = stores.qdrant.count(collection.name)
        text = f"{collection.name}: {shape.size} dimensions, {shape.distance}, {points} points"
        ok = shape.size == collection.size and shape.distance.lower() == "cosine"
        yield Answer("qdrant", "schema", text if ok else f"{text}; expected {collection.size}, cosine", ok=ok)
