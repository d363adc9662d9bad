"""Qdrant: a typed reader and writer of points. Depends on no collection's name and on no other store."""

from ys_analytics.stores.qdrant.store import DISTANCE, FieldType, Qdrant, Shape

__all__ = ["DISTANCE", "FieldType", "Qdrant", "Shape"]
