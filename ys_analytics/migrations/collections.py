"""Qdrant's side of the schema: the declared collections, made where they are missing.

Knows the declarations in `schemas`; never changes a collection that is there, for its vectors would be lost.
"""


def make_collections(qdrant):
    return []


def drop_collections(qdrant):
    return []


def collection_status(qdrant):
    return []


def fingerprint(qdrant):
    return ""
