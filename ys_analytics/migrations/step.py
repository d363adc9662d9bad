"""State of a migration: applied just now, or its place in the ledger.

Knows words only; opens no store and reads no file.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ys_analytics.schemas import Store

State = Literal["applied", "pending", "edited", "missing", "renamed", "late", "drifted", "declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """One change that was just made or undone.

    Attributes:
        store: The store.
        version: Number of the migration file; for what has no file, the name of the thing.
        description: What it did, in words.
    """

    store: Store
    version: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The state of one migration, collection or declaration.

    Attributes:
        store: The store.
        version: Number of the migration file; for what has no file, the name of the thing.
        description: What it does, in words.
        state: applied (and what it made is there), pending, edited, missing (no file), renamed, late (an older
            number than the newest applied), drifted (applied, but what it made is not as it left it), declared.
        applied_at: When it was applied, in UTC; None where it was not, or where nothing records it.
        detail: What is wrong; empty when nothing is.
    """

    store: Store
    version: str
    description: str
    state: State
    applied_at: datetime | None = None
    detail: str = ""
