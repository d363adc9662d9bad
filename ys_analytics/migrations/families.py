"""Redis' part of the schema: key families are declared, not made.

Knows the declarations in `schemas`; opens no Redis, because a cache has no shape to migrate.
"""

import hashlib

from ys_analytics.migrations.step import Step
from ys_analytics.schemas import TABLES, KeyFamily, Store

STORE: Store = "redis"


def key_families() -> tuple[KeyFamily, ...]:
    """Every declared family."""
    return tuple(table for table in TABLES.values() if isinstance(table, KeyFamily))


def family_status() -> list[Step]:
    """One line for each family: its pattern, type and expiry."""
    return [
        Step(store=STORE, version=family.name, description=_description(family), state="declared")
        for family in key_families()
    ]


def fingerprint() -> str:
    """Eight hex digits that change when a family's pattern, type or expiry does.

    >>> len(fingerprint())
    8
    """
    declared = "\n".join(sorted(_description(family) for family in key_families()))
    return hashlib.sha256(declared.encode()).hexdigest()[:8]


def _description(family: KeyFamily) -> str:
    expiry = "stays" if family.ttl is None else f"{family.ttl} s"
    return f"{family.pattern}: {family.kind}, {expiry}"
