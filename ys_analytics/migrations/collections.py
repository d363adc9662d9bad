"""Qdrant's part of the schema: the declared collections, made where they are missing.

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
    applied: list[Applied] = []
    for declared in declared_collections():
        try:
            changed = qdrant.create(declared.name, size=declared.size, payload=declared.payload)
        except ContractError as error:
            raise MigrationError(f"qdrant/{error}") from error
        if changed:
            applied.append(Applied(store=STORE, version=declared.name, description=_description(declared)))
    return applied


def drop_collections(qdrant: "Qdrant") -> list[Applied]:
    """Remove the declared collections with all their points; others are left alone.

    Raises:
        StoreError: Qdrant refused us or went away.
    """
    return [
        Applied(store=STORE, version=declared.name, description=_description(declared))
        for declared in reversed(declared_collections())
        if qdrant.drop(declared.name)
    ]


def collection_status(qdrant: "Qdrant") -> list[Step]:
    """One line for each declared collection: pending, applied, or drifted and how.

    Raises:
        StoreError: Qdrant refused us or went away.
    """
    existing = qdrant.collections()
    return [
        _step(declared, existing.get(declared.name), has_indexes=not qdrant.address.embedded)
        for declared in declared_collections()
    ]


def fingerprint(qdrant: "Qdrant") -> str:
    """Eight hex digits that change when the declared collections are there in another shape, or are not.

    Indexes are left out: they change how fast an answer comes, not what it is, and the embedded engine has none.

    Raises:
        StoreError: Qdrant refused us or went away.
    """
    existing = qdrant.collections()
    shapes = [
        f"{declared.name}: {existing[declared.name].size} {existing[declared.name].distance}"
        for declared in declared_collections()
        if declared.name in existing
    ]
    return hashlib.sha256("\n".join(shapes).encode()).hexdigest()[:8]


def _step(declared: Collection, existing: "CollectionShape | None", *, has_indexes: bool) -> Step:
    differences_found = differences(declared, existing, has_indexes=has_indexes) if existing is not None else []
    state: State = "pending" if existing is None else "drifted" if differences_found else "applied"
    return Step(
        store=STORE,
        version=declared.name,
        description=_description(declared),
        state=state,
        detail="; ".join(differences_found),
    )


def differences(declared: Collection, existing: "CollectionShape", *, has_indexes: bool) -> list[str]:
    """How a collection differs from its declaration, in words."""
    differences_found = []
    if existing.size != declared.size:
        differences_found.append(f"{existing.size} dimensions, not {declared.size}")
    if existing.distance != "Cosine":
        differences_found.append(f"{existing.distance} distance, not Cosine")
    if has_indexes:
        for field, kind in declared.payload.items():
            index_type = existing.indexes.get(field)
            if index_type is None:
                differences_found.append(f"index of {field} is gone")
            elif index_type != kind:
                differences_found.append(f"index of {field} is {index_type}, not {kind}")
    return differences_found


def _description(declared: Collection) -> str:
    return f"{declared.size} dimensions, cosine, {len(declared.payload)} payload indexes"
