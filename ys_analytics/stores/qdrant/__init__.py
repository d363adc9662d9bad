"""Qdrant: a typed reader and writer of points. Depends on no collection's name and on no other store."""

from ys_analytics.stores.qdrant.store import DISTANCE, CollectionShape, FieldType, Qdrant

__all__ = ["DISTANCE", "CollectionShape", "FieldType", "Qdrant"]
