"""The four open stores as one thing to hand around; knows neither how they were opened nor what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ys_analytics.errors import StoreError

if TYPE_CHECKING:  # a notebook that reads a frozen run pays for no driver
    from ys_analytics.stores.clickhouse import ClickHouse
    from ys_analytics.stores.postgres import Postgres
    from ys_analytics.stores.qdrant import Qdrant
    from ys_analytics.stores.redis import Redis

_Store = TypeVar("_Store")


@dataclass(frozen=True, slots=True)
class Stores:
    """What `open_stores` gives: the stores that were asked for, open until its block ends.

    Asking for a store that was not opened raises StoreError and names it.
    """

    opened_postgres: Postgres | None = field(default=None, repr=False)
    opened_clickhouse: ClickHouse | None = field(default=None, repr=False)
    opened_redis: Redis | None = field(default=None, repr=False)
    opened_qdrant: Qdrant | None = field(default=None, repr=False)

    @property
    def postgres(self) -> Postgres:
        """PostgreSQL, where it was opened."""
        return _present(self.opened_postgres, "postgres")

    @property
    def clickhouse(self) -> ClickHouse:
        """ClickHouse, where it was opened."""
        return _present(self.opened_clickhouse, "clickhouse")

    @property
    def redis(self) -> Redis:
        """Redis, where it was opened."""
        return _present(self.opened_redis, "redis")

    @property
    def qdrant(self) -> Qdrant:
        """Qdrant, where it was opened."""
        return _present(self.opened_qdrant, "qdrant")


def _present(store: _Store | None, name: str) -> _Store:
    if store is None:
        raise StoreError(f"{name} was not opened; name it in open_stores(only=...)")
    return store
