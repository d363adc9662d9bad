"""Status of each store: address, whether it answers, latency, and the process that holds it.

Knows what to ask each engine about itself; knows no table. A store that does not answer is a row that
says why, never an error, so that one store down does not hide the other three.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from ys_analytics.errors import YsError
from ys_analytics.local.engines import ALL
from ys_analytics.local.home import Home
from ys_analytics.local.lock import holder
from ys_analytics.local.opening import Addresses, Role, open_stores
from ys_analytics.local.postgres_server import PostgresServer
from ys_analytics.local.valkey_server import ValkeyServer
from ys_analytics.schemas import Store
from ys_analytics.settings import Settings
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress, Stores
from ys_analytics.stores.common.url import mask

Mode = Literal["embedded", "server"]

# Number of pings; the quickest is reported.
_PINGS = 3


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one store.

    Attributes:
        store: The store.
        mode: Out of a wheel under our home, or a server at a URL.
        address: Where, without secrets.
        running: Whether it answers; an engine that lives in a process runs when it has a folder to open.
        pid: The embedded server, or the process that holds an embedded folder; None otherwise.
        version: What the engine says it is.
        latency_ms: The quickest of a few answers to a trivial question; None where it was not asked.
        role: The role we are logged in as, and whether it may write.
        note: Advice, or the process that holds the store.
        server: `primary` or `replica` where the settings name both; empty otherwise.
        behind_s: Seconds a replica is behind its primary, at most; None where that is not known.
    """

    store: Store
    mode: Mode
    address: str
    running: bool
    pid: int | None = None
    version: str = ""
    latency_ms: float | None = None
    role: str = ""
    note: str = ""
    server: str = ""
    behind_s: float | None = None

    @property
    def is_failing(self) -> bool:
        """Whether a store that should answer does not; an embedded engine that was not started need not."""
        return not self.running and (self.mode == "server" or self.pid is not None)


def status(settings: Settings) -> list[Status]:
    """The status of each store, without waiting for a lock: an embedded folder is looked at, not opened.

    A replica of PostgreSQL has a row of its own after the primary's.
    """
    home = Home(settings.home)
    replica_status = replica(settings)
    rows = {name: _at_server(name, settings) or _EMBEDDED[name](settings, home) for name in ALL}
    if replica_status is None:
        return list(rows.values())
    return [each for row in rows.values() for each in ((row, replica_status) if row.server else (row,))]


def probe(stores: Stores) -> list[Status]:
    """The status of the open stores, through their open sessions; a store that is not open has no row."""
    return [_status_of(name, stores) for name in ALL if getattr(stores, f"opened_{name}") is not None]


def _at_server(name: Store, settings: Settings) -> Status | None:
    """The status of a store that has a URL; None of an embedded one."""
    if _url(name, settings) is None:
        return None
    row = _connect_and_ask(name, settings)
    return replace(row, server="primary") if _url(f"{name}_replica", settings) is not None else row


def _url(name: str, settings: Settings) -> SecretStr | None:
    url: SecretStr | None = getattr(settings, f"{name}_url", None)
    return url


def _postgres(settings: Settings, home: Home) -> Status:
    found = PostgresServer(home).running()
    if found is None:
        return Status("postgres", "embedded", str(home.postgres), running=False, note="run: ys up")
    return replace(_connect_and_ask("postgres", settings), pid=found.pid)


def _redis(settings: Settings, home: Home) -> Status:
    found = ValkeyServer(home).running()
    if found is None:
        return Status("redis", "embedded", str(home.valkey), running=False, note="run: ys up")
    return replace(_connect_and_ask("redis", settings), pid=found.pid)


def _clickhouse(settings: Settings, home: Home) -> Status:  # noqa: ARG001 - as the others
    return _folder("clickhouse", home.clickhouse, home.lock("clickhouse"), version=installed("chdb-core"))


def _qdrant(settings: Settings, home: Home) -> Status:  # noqa: ARG001 - as the others
    return _folder("qdrant", home.qdrant, home.lock("qdrant"), version=installed("qdrant-client"))


# Stores that have an embedded engine.
_EMBEDDED: dict[Store, Callable[[Settings, Home], Status]] = {
    "postgres": _postgres,
    "clickhouse": _clickhouse,
    "redis": _redis,
    "qdrant": _qdrant,
}


def _folder(name: Store, folder: Path, lock: Path, *, version: str) -> Status:
    """The status of an engine that runs inside the process that opens its folder."""
    owner = holder(lock)
    note = f"held by {owner}" if owner is not None else "" if folder.exists() else "empty; run: ys migrate up"
    pid = owner.pid if owner is not None else None
    return Status(name, "embedded", str(folder), running=folder.exists(), pid=pid, version=version, note=note)


def _connect_and_ask(name: Store, settings: Settings) -> Status:
    """The status of a store, opened briefly as its owner."""
    try:
        with open_stores(settings, only=(name,), role="owner", purpose="ys status") as stores:
            return _status_of(name, stores)
    except YsError as error:
        return _not_answering(name, settings, error)


def replica(settings: Settings, *, role: Role = "owner") -> Status | None:
    """The replica of PostgreSQL by its own address, and how far it is behind; None where the settings name none.

    The primary need not answer.
    """
    url = settings.postgres_replica_url
    if url is None or settings.postgres_url is None:
        return None
    from ys_analytics.stores.postgres import Postgres

    at_replica = Status("postgres", "server", mask(url.get_secret_value()), running=False, server="replica")
    try:
        address = Addresses(settings, role).replicated
        with Postgres.open(replace(address, max_lag=None, fallback=False)) as store:
            row = _status_of("postgres", Stores(opened_postgres=store))
            behind = store.lag()
    except YsError as error:
        return replace(at_replica, note=str(error))
    if behind is None:
        return replace(row, address=at_replica.address, server="replica", note="it is no replica but a primary")
    return replace(row, address=at_replica.address, server="replica", note=str(behind), behind_s=behind.seconds)


def _not_answering(name: Store, settings: Settings, error: YsError) -> Status:
    """A store that could not be opened; its address may be what is wrong with it."""
    url = _url(name, settings)
    if url is None:
        return Status(name, "embedded", str(settings.home), running=False, note=str(error))
    return Status(name, "server", mask(url.get_secret_value()), running=False, note=str(error))


def _status_of(name: Store, stores: Stores) -> Status:
    """What an open store says of itself."""
    store = stores.opened(name)
    address = store.address
    try:
        info = store.server_info()
        return Status(
            name,
            _mode(address),
            address.masked,
            running=True,
            version=f"{info['engine']} {info['version']}",
            role=info["role"],
            latency_ms=_quickest(store.ping),
        )
    except YsError as error:
        return Status(name, _mode(address), address.masked, running=False, note=str(error))


def _quickest(trivial: Callable[[], object]) -> float:
    """Milliseconds of the quickest of a few answers, to a microsecond."""
    durations = []
    for _ in range(_PINGS):
        started = time.perf_counter()
        trivial()
        durations.append(time.perf_counter() - started)
    return round(min(durations) * 1000, 3)


def _mode(address: PostgresAddress | ClickHouseAddress | RedisAddress | QdrantAddress) -> Mode:
    return "embedded" if address.embedded else "server"
