"""Open the four stores: embedded engines are started or waited for, servers are reached by URL.

Knows settings, addresses and the order of opening; knows no table. One place turns settings into
addresses, so nothing else differs between a laptop and production.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SecretStr

from ys_analytics.errors import StoreError
from ys_analytics.local.engines import ALL, start
from ys_analytics.local.home import Home
from ys_analytics.local.lock import OnWait, announce_wait, exclusive
from ys_analytics.local.postgres_server import OWNER, PostgresServer
from ys_analytics.local.valkey_server import ValkeyServer
from ys_analytics.schemas import Store
from ys_analytics.settings import Settings
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress, Stores
from ys_analytics.stores.common.tls import Tls

if TYPE_CHECKING:  # drivers are imported by the store that is opened
    from ys_analytics.stores.clickhouse import ClickHouse
    from ys_analytics.stores.postgres import Postgres
    from ys_analytics.stores.qdrant import Qdrant
    from ys_analytics.stores.redis import Redis

Role = Literal["analyst", "owner"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each store is under some settings, for one role. Embedded servers are up once one is made."""

    settings: Settings
    role: Role

    @property
    def postgres(self) -> PostgresAddress:
        """The primary, and for the analyst its replica, logged in as the role; the owner reads what was written."""
        url = _text(self.settings.postgres_url)
        is_analyst = self.role == "analyst"
        if url is None:
            server = PostgresServer(Home(self.settings.home))
            return PostgresAddress(
                server.conninfo(user=self.settings.analyst_role if is_analyst else OWNER),
                read_only=is_analyst,
                statement_timeout=self.settings.statement_timeout,
                embedded=True,
            )
        return self.replicated if is_analyst else replace(self.replicated, replica=None)

    @property
    def replicated(self) -> PostgresAddress:
        """A server with its replica, for either role; otherwise the owner reads at the primary.

        Raises:
            StoreError: PostgreSQL is embedded.
        """
        url, replica = _text(self.settings.postgres_url), _text(self.settings.postgres_replica_url)
        if url is None:
            raise StoreError("the embedded PostgreSQL has no replica; set YS_POSTGRES_URL")
        return PostgresAddress(
            self._login(url),
            self._login(replica) if replica is not None else None,
            max_lag=self.settings.replica_max_lag,
            fallback=self.settings.replica_fallback,
            read_only=self.role == "analyst",
            statement_timeout=self.settings.statement_timeout,
            tls=self._tls,
        )

    @property
    def clickhouse(self) -> ClickHouseAddress:
        """The server, or the folder that chDB opens."""
        url = _text(self.settings.clickhouse_url)
        return ClickHouseAddress(
            url=url,
            folder=Home(self.settings.home).clickhouse if url is None else None,
            read_only=self.role == "analyst",
            statement_timeout=self.settings.statement_timeout,
            tls=self._tls,
        )

    @property
    def redis(self) -> RedisAddress:
        """The server, cluster or Sentinel group."""
        url = _text(self.settings.redis_url)
        return RedisAddress(
            url if url is not None else ValkeyServer(Home(self.settings.home)).url(),
            prefix=self.settings.redis_prefix,
            timeout=self.settings.statement_timeout,
            embedded=url is None,
            tls=self._tls,
        )

    @property
    def qdrant(self) -> QdrantAddress:
        """The server, or the folder of the local mode."""
        url = _text(self.settings.qdrant_url)
        return QdrantAddress(
            url=url,
            api_key=_text(self.settings.qdrant_api_key),
            folder=Home(self.settings.home).qdrant if url is None else None,
            timeout=self.settings.statement_timeout,
            tls=self._tls,
        )

    @property
    def _tls(self) -> Tls:
        settings = self.settings
        files = {name: str(getattr(settings, f"tls_{name}") or "") for name in ("ca", "cert", "key")}
        return Tls(**files, verify=settings.tls_verify, configured=any(files.values()) or settings.tls_verify != "full")

    def _login(self, url: str) -> str:
        """The address with the analyst's login in place of its own; as it is for the owner."""
        if self.role == "owner":
            return url
        from psycopg.conninfo import make_conninfo

        from ys_analytics.stores.postgres.url import keywords

        words = keywords(url, self._tls) | {"user": self.settings.analyst_role}
        words.pop("password", None)
        password = _text(self.settings.analyst_password)
        return make_conninfo(**(words if password is None else words | {"password": password}))


@contextmanager
def open_stores(
    settings: Settings,
    *,
    only: Sequence[Store] = ALL,
    role: Role = "analyst",
    purpose: str = "an analyst's session",
    on_wait: OnWait = announce_wait,
) -> Iterator[Stores]:
    """Open stores for the length of a block.

    Embedded servers that are down are started and stay up afterwards. The embedded folders of ClickHouse
    and Qdrant admit one process at a time: the block waits for the lock and prints its owner. Blocks of one
    process may be nested and may run in several threads.

    Args:
        settings: Where the stores are.
        only: Which to open; the others raise StoreError when asked for.
        role: `owner` may change everything. `analyst` reads: PostgreSQL as `YS_ANALYST_ROLE`, ClickHouse under
            its setting `readonly`. Redis and Qdrant know no such session: on a server, give the kit the
            login (an ACL user, a read-only key) of a user who may only read.
        purpose: What the block is for; shown to a process that must wait for it.
        on_wait: Called once for each store that must be waited for.

    Raises:
        BusyError: another process held a folder for longer than `settings.wait`; the message names it.
        StoreError: a store did not start, or refused us.
    """
    unknown = set(only) - set(ALL)
    if unknown:
        raise StoreError(f"there is no store {min(unknown)}; the stores are {', '.join(ALL)}")
    start(settings, only=only, purpose=purpose)
    addresses = Addresses(settings, role)
    lock_request = _LockRequest(settings, purpose, on_wait)
    with ExitStack() as stack:
        opened = {name: stack.enter_context(_OPENERS[name](addresses, lock_request)) for name in ALL if name in only}
        yield Stores(**{f"opened_{name}": store for name, store in opened.items()})


@dataclass(frozen=True, slots=True)
class _LockRequest:
    """Settings, purpose and callback for the lock of an embedded folder."""

    settings: Settings
    purpose: str
    on_wait: OnWait

    def exclusive(self, name: Store) -> AbstractContextManager[None]:
        """The exclusive lock on the embedded folder of a store."""
        home = Home(self.settings.home)
        home.make()
        return exclusive(
            home.lock(name), store=name, purpose=self.purpose, wait=self.settings.wait, on_wait=self.on_wait
        )


@contextmanager
def _postgres(addresses: Addresses, _: _LockRequest) -> Iterator[Postgres]:
    from ys_analytics.stores.postgres import Postgres

    with ExitStack() as stack:
        try:
            store = stack.enter_context(Postgres.open(addresses.postgres))
        except StoreError as error:
            role = addresses.settings.analyst_role
            if f'role "{role}" does not exist' in str(error):
                raise StoreError(f"PostgreSQL has no role {role} yet; run: ys migrate up") from error
            raise
        yield store


@contextmanager
def _redis(addresses: Addresses, _: _LockRequest) -> Iterator[Redis]:
    from ys_analytics.stores.redis import Redis

    with Redis.open(addresses.redis) as store:
        yield store


@contextmanager
def _clickhouse(addresses: Addresses, lock_request: _LockRequest) -> Iterator[ClickHouse]:
    from ys_analytics.stores.clickhouse import ClickHouse

    address = addresses.clickhouse
    with lock_request.exclusive("clickhouse") if address.embedded else nullcontext(), ClickHouse.open(address) as store:
        yield store


@contextmanager
def _qdrant(addresses: Addresses, lock_request: _LockRequest) -> Iterator[Qdrant]:
    from ys_analytics.stores.qdrant import Qdrant

    address = addresses.qdrant
    with lock_request.exclusive("qdrant") if address.embedded else nullcontext(), Qdrant.open(address) as store:
        yield store


# How each store is opened.
_OPENERS: dict[Store, Callable[[Addresses, _LockRequest], AbstractContextManager[Any]]] = {
    "postgres": _postgres,
    "clickhouse": _clickhouse,
    "redis": _redis,
    "qdrant": _qdrant,
}


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
