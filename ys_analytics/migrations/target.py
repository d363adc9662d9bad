"""The target of a run of migrations: a version of one store, or the newest of all.

Knows how a target is written; opens no store.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast

from ys_analytics.errors import UsageError
from ys_analytics.schemas import Store

_WRITTEN = re.compile(r"(?:(?P<store>postgres|clickhouse)[:/])?(?P<version>\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The store and version to stop at; without a store, every store goes all the way.

    Attributes:
        store: The only store that moves; None moves all of them.
        version: The version it ends at; "0000" is the empty store. None goes all the way.
    """

    store: Store | None = None
    version: str | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Parse a target: nothing, `0010` (PostgreSQL's), `postgres:0010` or `clickhouse:0005`.

        Raises:
            UsageError: it is none of these.

        >>> Target.read("0010")
        Target(store='postgres', version='0010')
        """
        if text is None:
            return cls()
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise UsageError(f"migration {text!r}: write 0010, postgres:0010 or clickhouse:0005")
        return cls(store=cast("Store", written["store"] or "postgres"), version=written["version"])

    def includes(self, store: Store) -> bool:
        """Whether that store is to move."""
        return self.store is None or self.store == store

    def check(self, known: Sequence[str]) -> None:
        """Refuse a version that neither a file nor a ledger row has.

        Raises:
            UsageError: there is no such migration.
        """
        if self.version is not None and self.version != "0000" and self.version not in known:
            raise UsageError(f"there is no migration {self.version} of {self.store}; the newest is {max(known)}")
