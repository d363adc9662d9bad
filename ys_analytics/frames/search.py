"""The points of a live collection that are nearest to a vector, as declared.

Depends on the reader of collections and on the gate. Does not know any collection.
"""

from collections.abc import Sequence
from typing import Any, cast

import polars as pl

from ys_analytics.frames import gate
from ys_analytics.schemas import Table
from ys_analytics.stores import Stores
from ys_analytics.stores.common.quarantine import RejectPolicy


def nearest(
    stores: Stores,
    table: Table,
    vector: Sequence[float],
    *,
    limit: int,
    where: Sequence[Sequence[tuple[str, str, object]]] = (),
) -> pl.DataFrame:
    """At least the nearest points of those that hold `where`, as `load` gives points; maybe others too.

    Args:
        stores: The open stores; Qdrant alone is asked.
        table: A collection.
        vector: Where to look, of the collection's size.
        limit: How many points at most, where the store itself searches.
        where: Field, operator and value; of each inner list one must hold.

    Raises:
        StoreError: Qdrant refused us or went away.
        ContractError: the collection has drifted from its declaration, or a point does not fit.
    """
    # A client is imported where its store is read: a run is opened without any.
    from ys_analytics.stores.qdrant.search import Match
    from ys_analytics.stores.qdrant.table_reader import Tables

    matches = [
        [Match(field, cast("Any", sign), cast("Any", value)) for field, sign, value in alternatives]
        for alternatives in where
    ]
    rejects = RejectPolicy(source=table.name, key=table.key)
    points = Tables(stores.qdrant).nearest(table, vector, limit=limit, where=matches, rejects=rejects)
    return gate.conform(points, table)
