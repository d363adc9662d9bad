"""Addresses of the stores: where each one is and how it may be used; printed without secrets.

Depends on URLs, folders and limits. Does not open anything. The embedded engine and a server are the
same class at another address: a store with a `folder` lives in this process, one with a URL elsewhere.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ys_analytics.stores.common.tls import DEFAULT_TLS, Tls
from ys_analytics.stores.common.url import mask


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL primary and, where there is one, the replica that reads go to.

    Args:
        conninfo: What libpq accepts: `postgresql://…` or `host=… user=…`.
        replica: The same for the replica; None sends reads to the primary.
        max_lag: Seconds the replica may be behind; None asks nothing of it.
        fallback: Read from the primary where the replica does not answer or is too far behind; an error otherwise.
        read_only: Every transaction is READ ONLY (the analyst's session).
        statement_timeout: Seconds one statement may run.
        embedded: The server is ours, out of a wheel, on a unix socket.
        tls: How a server is verified, where its URL does not say so itself.
    """

    conninfo: str = field(repr=False)
    replica: str | None = field(default=None, repr=False)
    max_lag: float | None = None
    fallback: bool = False
    read_only: bool = False
    statement_timeout: float = 120.0
    embedded: bool = False
    tls: Tls = DEFAULT_TLS

    @property
    def masked(self) -> str:
        """The address without its secrets, for people.

        >>> PostgresAddress("postgresql://me:secret@db.example:5432/ys").masked
        'postgresql://me:***@db.example:5432/ys'
        >>> PostgresAddress("host=/run/ys user=me password=secret dbname=ys").masked
        'postgresql://me:***@/ys?host=/run/ys'
        >>> PostgresAddress("host=db.example port=6432 user=me password=secret dbname=ys").masked
        'postgresql://me:***@db.example:6432/ys'
        """
        return _mask_conninfo(self.conninfo)


@dataclass(frozen=True, slots=True)
class ClickHouseAddress:
    """A ClickHouse server by URL, or a chDB folder that this process opens; exactly one of the two.

    Args:
        url: `http(s)://user:password@host:port/database`.
        folder: Folder of the embedded engine; the caller holds its lock while it is open.
        read_only: Statements that write are refused (setting `readonly`).
        statement_timeout: Seconds one statement may run.
        tls: How a server is verified, where its URL does not say so itself.
    """

    url: str | None = field(default=None, repr=False)
    folder: Path | None = None
    read_only: bool = False
    statement_timeout: float = 120.0
    tls: Tls = DEFAULT_TLS

    def __post_init__(self) -> None:
        """Refuse an address of both kinds or none."""
        _require_one(self.url, self.folder)

    @property
    def embedded(self) -> bool:
        """Whether the engine runs in this process."""
        return self.folder is not None

    @property
    def masked(self) -> str:
        """The address without its secrets, for people.

        >>> ClickHouseAddress(url="https://ys:secret@ch.example:8443/default").masked
        'https://ys:***@ch.example:8443/default'
        """
        return mask(self.url) if self.url is not None else str(self.folder)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis or Valkey server, a cluster of them, or a Sentinel group: the URL alone says which.

    Args:
        url: `redis://`, `unix://`, `redis-cluster://host:port,host:port` or
            `redis+sentinel://host:port,host:port/service[/db]`; with `rediss` in place of `redis` over TLS.
        prefix: Put before every key, and taken off every key that is read.
        timeout: Seconds one command may take.
        embedded: The server is ours, out of a wheel, on a unix socket.
        tls: How a server is verified, where its URL does not say so itself.
    """

    url: str = field(repr=False)
    prefix: str = ""
    timeout: float = 120.0
    embedded: bool = False
    tls: Tls = DEFAULT_TLS

    @property
    def masked(self) -> str:
        """The address without its secrets, for people.

        >>> RedisAddress("redis://:secret@cache.example:6379/0").masked
        'redis://***@cache.example:6379/0'
        """
        return mask(self.url)

    @property
    def uses_sentinel(self) -> bool:
        """Whether Sentinels say which server is the primary.

        >>> RedisAddress("redis+sentinel://a:1,b:2/prices").uses_sentinel
        True
        """
        return "+sentinel:" in self.url.partition("//")[0]


@dataclass(frozen=True, slots=True)
class QdrantAddress:
    """A Qdrant server by URL, or a folder that this process opens; exactly one of the two.

    Args:
        url: `http(s)://host:port`.
        api_key: Key of a protected server.
        folder: Folder of the embedded engine; the caller holds its lock while it is open.
        timeout: Seconds one request may take.
        tls: How a server is verified, where its URL does not say so itself.
    """

    url: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    folder: Path | None = None
    timeout: float = 120.0
    tls: Tls = DEFAULT_TLS

    def __post_init__(self) -> None:
        """Refuse an address of both kinds or none."""
        _require_one(self.url, self.folder)

    @property
    def embedded(self) -> bool:
        """Whether the engine runs in this process."""
        return self.folder is not None

    @property
    def masked(self) -> str:
        """The address without its secrets, for people."""
        return mask(self.url) if self.url is not None else str(self.folder)


def _mask_conninfo(conninfo: str) -> str:
    """A libpq address of either form as a URL without secrets."""
    if "://" in conninfo:
        return mask(conninfo)
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        options = conninfo_to_dict(conninfo)
    except ProgrammingError:
        return "***"
    login = f"{options.get('user', '')}{':***' if options.get('password') else ''}"
    host, port = str(options.get("host") or ""), str(options.get("port") or "")
    location, folder = ("", f"?host={host}") if host.startswith("/") else (f"{host}{':' if port else ''}{port}", "")
    return f"postgresql://{login}{'@' if login else ''}{location}/{options.get('dbname', '')}{folder}"


def _require_one(url: str | None, folder: Path | None) -> None:
    if (url is None) == (folder is None):
        raise ValueError("an address is either a url or a folder")
