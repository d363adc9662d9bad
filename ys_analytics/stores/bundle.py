"""The four open stores in one object; does not know how they were opened or what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ys_analytics.errors import StoreError

if TYPE_CHECKING:  # a notebook that reads a frozen run pays for no driver
    from ys_analytics.schemas import Store
    from ys_analytics.stores.clickhouse import ClickHouse
    from ys_analytics.stores.common.sql_dialect import SqlDialect
    from ys_analytics.stores.common.table_reader import TableReader
    from ys_analytics.stores.postgres import Postgres
    from ys_analytics.stores.qdrant import Qdrant
    from ys_analytics.stores.redis import Redis

_Store = TypeVar("_Store")


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores that `open_stores` opened, until its block ends.

    A store that was not opened raises StoreError and names it.
    """

    opened_postgres: Postgres | None = field(default=None, repr=False)
    opened_clickhouse: ClickHouse | None = field(default=None, repr=False)
    opened_redis: Redis | None = field(default=None, repr=False)
    opened_qdrant: Qdrant | None = field(default=None, repr=False)

    @property
    def postgres(self) -> Postgres:
        """PostgreSQL, where it was opened."""
        return _require_opened(self.opened_postgres, "postgres")

    @property
    def clickhouse(self) -> ClickHouse:
        """ClickHouse, where it was opened."""
        return _require_opened(self.opened_clickhouse, "clickhouse")

    @property
    def redis(self) -> Redis:
        """Redis, where it was opened."""
        return _require_opened(self.opened_redis, "redis")

    @property
    def qdrant(self) -> Qdrant:
        """Qdrant, where it was opened."""
        return _require_opened(self.opened_qdrant, "qdrant")

    def opened(self, store: Store) -> Any:
        """The store of that name, where it was opened."""
        return getattr(self, store)

    def reader(self, store: Store) -> TableReader:
        """The reader of a store's tables, where the store was opened."""
        reader: TableReader = _store_module(store, "table_reader").Tables(self.opened(store))
        return reader


def dialect(store: Store) -> SqlDialect:
    """The SQL dialect of a store that speaks SQL.

    >>> dialect("clickhouse").matches("symbol", "^BTC")
    "match(symbol, '^BTC')"
    """
    store_dialect: SqlDialect = _store_module(store, "dialect").Dialect()
    return store_dialect


def _store_module(store: Store, name: str) -> ModuleType:
    """A module of a store's package, imported when it is first asked for: each package has the same ones."""
    return import_module(f"ys_analytics.stores.{store}.{name}")


def _require_opened(store: _Store | None, name: str) -> _Store:
    if store is None:
        raise StoreError(f"{name} was not opened; name it in open_stores(only=...)")
    return store
