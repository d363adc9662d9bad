"""Qdrant's side of the schema: the declared collections, made where they are missing.

Knows the declarations in `schemas`; never changes a collection that is there, for its vectors would be lost.
"""

import hashlib
from typing import TYPE_CHECKING

from ys_analytics.errors import ContractError, MigrationError
from ys_analytics.migrations.step import Applied, State, Step
from ys_analytics.schemas import TABLES, Collection, Store

if TYPE_CHECKING:
    from ys_analytics.stores.qdrant import CollectionShape, Qdrant

STORE: Store = "qdrant"


def declared_collections() -> tuple[Collection, ...]:
    """Every declared collection."""
    return tuple(table for table in TABLES.values() if isinstance(table, Collection))


def make_collections(qdrant: "Qdrant") -> list[Applied]:
    """Make the collections and payload indexes that are missing.

    The embedded engine keeps no payload index; a server gets the declared ones.

    Raises:
        MigrationError: a collection is there with another size or distance; both are named.
        StoreError: Qdrant refused us or went away.
    """
    made: list[Applied] = []
    for declared in declared_collections():
        try:
            changed = qdrant.make(declared.name, size=declared.size, payload=declared.payload)
        except ContractError as error:
            raise MigrationError(f"qdrant/{error}") from error
        if changed:
            made.append(Applied(store=STORE, version=declared.name, description=_words(declared)))
    return made


def drop_collections(qdrant: "Qdrant") -> list[Applied]:
    """Remove the declared collections with all their points; others are left alone.

    Raises:
        StoreError: Qdrant refused us or went away.
    """
    return [
        Applied(store=STORE, version=declared.name, description=_words(declared))
        for declared in reversed(declared_collections())
        if qdrant.drop(declared.name)
    ]


def collection_status(qdrant: "Qdrant") -> list[Step]:
    """One line for each declared collection: pending, applied, or drifted and how.

    Raises:
        StoreError: Qdrant refused us or went away.
    """
    there = qdrant.collections()
    return [
        _step(declared, there.get(declared.name), has_indexes=not qdrant.address.embedded)
        for declared in declared_collections()
    ]


def fingerprint(qdrant: "Qdrant") -> str:
    """Eight hex digits that change when the declared collections are there in another shape, or are not.

    Indexes are left out: they change how fast an answer comes, not what it is, and the embedded engine has none.

    Raises:
        StoreError: Qdrant refused us or went away.
    """
    there = qdrant.collections()
    shapes = [
        f"{declared.name}: {there[declared.name].size} {there[declared.name].distance}"
        for declared in declared_collections()
        if declared.name in there
    ]
    return hashlib.sha256("\n".join(shapes).encode()).hexdigest()[:8]


def _step(declared: Collection, there: "CollectionShape | None", *, has_indexes: bool) -> Step:
    wrong = differences(declared, there, has_indexes=has_indexes) if there is not None else []
    state: State = "pending" if there is None else "drifted" if wrong else "applied"
    return Step(
        store=STORE,
        version=declared.name,
        description=_words(declared),
        state=state,
        detail="; ".join(wrong),
    )


def differences(declared: Collection, there: "CollectionShape", *, has_indexes: bool) -> list[str]:
    """How a collection differs from its declaration, in words."""
    wrong = []
    if there.size != declared.size:
        wrong.append(f"{there.size} dimensions, not {declared.size}")
    if there.distance != "Cosine":
        wrong.append(f"{there.distance} distance, not Cosine")
    if has_indexes:
        for field, kind in declared.payload.items():
            found = there.indexes.get(field)
            if found is None:
                wrong.append(f"index of {field} is gone")
            elif found != kind:
                wrong.append(f"index of {field} is {found}, not {kind}")
    return wrong


def _words(declared: Collection) -> str:
    return f"{declared.size} dimensions, cosine, {len(declared.payload)} payload indexes"
