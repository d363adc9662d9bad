"""Start and stop the embedded servers; ClickHouse and Qdrant run inside a process and need neither.

Knows which settings make a store embedded and takes the lock under which servers start and stop, so
that two processes that begin at once start one server.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import get_args

from ys_analytics.local.home import Home
from ys_analytics.local.lock import OnWait, announce_wait, exclusive
from ys_analytics.local.postgres_server import PostgresServer
from ys_analytics.local.valkey_server import ValkeyServer
from ys_analytics.schemas import Store
from ys_analytics.settings import Settings

# Stores are always opened in this order, so that no two processes wait for each other.
ALL: tuple[Store, ...] = get_args(Store)

_Server = PostgresServer | ValkeyServer


def start(
    settings: Settings, *, only: Sequence[Store] = ALL, purpose: str = "ys up", on_wait: OnWait = announce_wait
) -> list[Store]:
    """Start the embedded servers that are down; they stay up when this process ends.

    Args:
        settings: Which stores are embedded, and where their home is.
        only: The stores that are needed.
        purpose: What for; shown to a process that must wait.
        on_wait: Called with the owner of the lock that is waited for.

    Returns:
        The stores whose server was started by this call.

    Raises:
        BusyError: another process started or stopped servers for longer than `settings.wait`.
        StoreError: a server did not start; the line quotes its log.
    """
    home = Home(settings.home)
    if not any(not server.is_up() for name, server in _servers(settings, home) if name in only):
        return []
    home.make()
    started: list[Store] = []
    with _exclusive(settings, home, purpose=purpose, on_wait=on_wait):
        for name, server in _servers(settings, home):
            if name in only and not server.is_up():
                server.start()
                started.append(name)
    return started


def stop(settings: Settings, *, purpose: str = "ys down", on_wait: OnWait = announce_wait) -> list[Store]:
    """Stop the embedded servers of this home, and what killed processes left of them; no others.

    Returns:
        The stores whose server was stopped; none when all were down.

    Raises:
        BusyError: another process started or stopped servers for longer than `settings.wait`.
        StoreError: a server runs as another user.
    """
    home = Home(settings.home)
    if not home.root.exists():
        return []
    with _exclusive(settings, home, purpose=purpose, on_wait=on_wait):
        # Also those that ran before a URL was set: a server elsewhere has nothing under this home to stop.
        return [name for name, server in _engines(home) if server.stop()]


def _exclusive(settings: Settings, home: Home, *, purpose: str, on_wait: OnWait) -> AbstractContextManager[None]:
    return exclusive(
        home.lock("servers"), store="the embedded servers", purpose=purpose, wait=settings.wait, on_wait=on_wait
    )


def _servers(settings: Settings, home: Home) -> list[tuple[Store, _Server]]:
    """The embedded servers under these settings."""
    return [(name, server) for name, server in _engines(home) if getattr(settings, f"{name}_url") is None]


def _engines(home: Home) -> list[tuple[Store, _Server]]:
    """Every embedded server of a home."""
    servers: dict[Store, _Server] = {"postgres": PostgresServer(home), "redis": ValkeyServer(home)}
    return list(servers.items())
