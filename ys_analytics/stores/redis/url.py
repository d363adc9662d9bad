"""A Redis client from a URL alone: one server, a cluster, or whatever server a Sentinel group calls its master.

Knows URL forms and redis-py's clients; sends no command.
"""

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ys_analytics.errors import SettingsError

if TYPE_CHECKING:
    from redis import Redis, RedisCluster

_SINGLE = frozenset({"redis", "rediss", "unix"})
_CLUSTER = frozenset({"redis-cluster", "rediss-cluster"})
_SENTINEL = frozenset({"redis+sentinel", "rediss+sentinel"})

_PORT = 6379
_SENTINEL_PORT = 26379


def connect(url: str, *, timeout: float) -> "Redis | RedisCluster":
    """A client that gives bytes and never repeats a command by itself.

    A command repeated behind our back after a reconnect would go on with a SCAN the new server never
    began; whoever reads decides what is begun again.

    Args:
        url: `redis://`, `rediss://` (TLS), `unix://`, `redis-cluster://host:port,host:port` or
            `redis+sentinel://host:port,host:port/service[/db]`, each with `user:password@` where needed.
        timeout: Seconds one command may take.

    Raises:
        SettingsError: the URL is of none of these forms.
    """
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode, RedisCluster
    from redis.retry import Retry
    from redis.sentinel import Sentinel

    parts = _split(url)
    common: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": min(timeout, 10.0)}
    once: dict[str, Any] = {"retry": Retry(NoBackoff(), 0)}
    if parts.scheme in _SINGLE:
        try:
            return Redis.from_url(url, **common, **once)
        except ValueError:  # its text may hold the password
            raise SettingsError("YS_REDIS_URL: port, database or an option is not what redis-py can read") from None
    login = _login(parts) | ({"ssl": True} if parts.scheme.startswith("rediss") else {})
    if parts.scheme in _CLUSTER:
        nodes = [
            ClusterNode(host, port)  # type: ignore[no-untyped-call]
            for host, port in _hosts(parts, _PORT)
        ]
        return RedisCluster(startup_nodes=nodes, **common, **login)
    if parts.scheme in _SENTINEL:
        service, _, database = parts.path.strip("/").partition("/")
        if not service or not (database or "0").isdigit():
            raise SettingsError("YS_REDIS_URL: a Sentinel URL ends in /service or /service/db")
        # redis-py leaves these untyped
        group: Any = Sentinel
        sentinel = group(_hosts(parts, _SENTINEL_PORT), sentinel_kwargs=common | _sentinel_login(parts), **common)
        return cast("Redis", sentinel.master_for(service, db=int(database or 0), **login, **once))
    raise SettingsError(
        f"YS_REDIS_URL: {parts.scheme or 'no'} scheme; use redis, rediss, unix, redis-cluster or redis+sentinel"
    )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise SettingsError("YS_REDIS_URL: not a URL") from None


def _hosts(parts: SplitResult, default: int) -> list[tuple[str, int]]:
    """The `host:port` pairs of a URL that names several.

    >>> _hosts(urlsplit("redis-cluster://u:p@a:1,b,[::1]:7"), 6379)
    [('a', 1), ('b', 6379), ('::1', 7)]
    """
    pairs = []
    for place in parts.netloc.rpartition("@")[2].split(","):
        host, colon, port = place.rpartition(":")
        if not colon or place.endswith("]"):
            host, port = place, str(default)
        if not host or not port.isdigit():
            raise SettingsError("YS_REDIS_URL: each server is host or host:port, separated by commas")
        pairs.append((host.strip("[]"), int(port)))
    return pairs


def _login(parts: SplitResult) -> dict[str, Any]:
    """User and password of the servers themselves.

    >>> _login(urlsplit("redis-cluster://me:p%40ss@a:1"))
    {'username': 'me', 'password': 'p@ss'}
    """
    login, at, _ = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    known = {"username": unquote(user), "password": unquote(password)} if at else {}
    return {name: value for name, value in known.items() if value}


def _sentinel_login(parts: SplitResult) -> dict[str, Any]:
    """User and password of the Sentinels, when theirs differ: `?sentinel_username=…&sentinel_password=…`."""
    named = dict(parse_qsl(parts.query))
    known = {name: named.get(f"sentinel_{name}") for name in ("username", "password")}
    return {name: value for name, value in known.items() if value}
