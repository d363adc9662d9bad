"""Questions to Redis: number of keys of each family, and whether caches expire."""

from collections.abc import Iterator
from datetime import datetime

from ys_analytics.doctor.answer import Answer
from ys_analytics.frames import count, load
from ys_analytics.schemas import TABLES, KeyFamily
from ys_analytics.stores import Stores


def examine(stores: Stores, as_of: datetime) -> Iterator[Answer]:  # noqa: ARG001 - every round takes it; nothing here has a date
    """Number of keys, and whether they expire."""
    families = [table for table in TABLES.values() if isinstance(table, KeyFamily)]
    counts = {family.name: count(stores, family.name) for family in families}
    present = ", ".join(f"{name.removeprefix('redis_')} {keys}" for name, keys in counts.items() if keys)
    yield Answer("redis", "keys", present or "none: caches are empty until the platform writes them")
    for family in families:
        if family.ttl is None or family.secret or not counts[family.name]:
            continue
        forever = load(stores, family.name)["ttl_ms"].null_count()
        if forever:
            text = f"{family.glob}: {forever} rows never expire, and should after {family.ttl} s"
            yield Answer("redis", "lifetimes", text, ok=False)
