"""A Redis client from a URL alone: one server, a cluster, or the server a Sentinel group calls its master.

Depends on the parts of a URL and on redis-py's clients. Does not send a command.
"""

from typing import TYPE_CHECKING, Any, cast

from ys_analytics.errors import SettingsError
from ys_analytics.stores.common.tls import DEFAULT_TLS, Tls
from ys_analytics.stores.common.tls import OPTIONS as TLS_OPTIONS
from ys_analytics.stores.common.url import Url, check_options, parse_url

if TYPE_CHECKING:
    from redis import Redis, RedisCluster

_SINGLE = frozenset({"redis", "rediss"})
_SOCKET = frozenset({"unix"})
_CLUSTER = frozenset({"redis-cluster", "rediss-cluster"})
_SENTINEL = frozenset({"redis+sentinel", "rediss+sentinel"})
_SCHEMES = _SINGLE | _SOCKET | _CLUSTER | _SENTINEL

_PORT = 6379
_SENTINEL_PORT = 26379

_SETTING = "YS_REDIS_URL"
_FORM = "redis://user:password@host:port/database"

# redis-py's own words for the files of TLS, which its URLs know.
_TLS_ALIASES = {"ssl_ca_certs": "tls_ca", "ssl_certfile": "tls_cert", "ssl_keyfile": "tls_key"}
_LOGIN = ("username", "password")
_SENTINEL_LOGIN = ("sentinel_username", "sentinel_password")


def connect(text: str, *, timeout: float, tls: Tls = DEFAULT_TLS) -> "Redis | RedisCluster":
    """A client that gives bytes and never repeats a command by itself.

    A command repeated behind our back after a reconnect would go on with a SCAN the new server never began; the reader
    decides what is begun again.

    Args:
        text: `redis://host:port/db`, `unix:///path?db=0`, `redis-cluster://host:port,host:port` or
            `redis+sentinel://host:port,host:port/service[/db]`, each with `user:password@` where needed and with
            `rediss` in place of `redis` for TLS, of the Sentinels too.
        timeout: Seconds one command may take.
        tls: How a server is verified where the URL does not say so; fully when left out.

    Raises:
        SettingsError: the URL is of none of these forms, names an option that does not exist here, or a file of TLS
            cannot be read.
    """
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode, RedisCluster
    from redis.retry import Retry
    from redis.sentinel import Sentinel

    url = parse_url(text, setting=_SETTING, form=_FORM)
    if url.scheme not in _SCHEMES:
        raise SettingsError(f"{_SETTING}: unknown scheme {url.scheme}; use {', '.join(sorted(_SCHEMES))}")
    check_options(url, _known_options(url.scheme), setting=_SETTING)
    common: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": min(timeout, 10.0)}
    common |= _encryption(url, tls)
    no_retries: dict[str, Any] = {"retry": Retry(NoBackoff(), 0)}
    login = _login(url)
    if url.scheme in _SOCKET:
        location: dict[str, Any] = {"unix_socket_path": url.path, "db": _database(url, "")}
        return Redis(**location, **common, **login, **no_retries)
    if url.scheme in _SINGLE:
        if len(url.hosts) > 1:
            raise SettingsError(f"{_SETTING}: several servers need redis-cluster:// or redis+sentinel://")
        host, port = _host_ports(url, _PORT)[0]
        return Redis(host=host, port=port, db=_database(url, url.path.strip("/")), **common, **login, **no_retries)
    if url.scheme in _CLUSTER:
        if url.path.strip("/"):
            raise SettingsError(f"{_SETTING}: a cluster has no numbered database; leave out what follows the hosts")
        nodes = [
            ClusterNode(host, port)  # type: ignore[no-untyped-call]
            for host, port in _host_ports(url, _PORT)
        ]
        return RedisCluster(startup_nodes=nodes, **common, **login)
    service, _, database = url.path.strip("/").partition("/")
    if not service:
        raise SettingsError(f"{_SETTING}: a Sentinel URL ends in /service or /service/db")
    # redis-py leaves these untyped
    sentinel_class: Any = Sentinel
    sentinel = sentinel_class(_host_ports(url, _SENTINEL_PORT), sentinel_kwargs=common | _sentinel_login(url), **common)
    return cast("Redis", sentinel.master_for(service, db=_database(url, database), **login, **no_retries))


def _known_options(scheme: str) -> frozenset[str]:
    """The options a URL may name."""
    names = set(_LOGIN)
    if scheme not in _CLUSTER:
        names.add("db")
    if scheme in _SENTINEL:
        names |= set(_SENTINEL_LOGIN)
    if scheme.startswith("rediss"):
        names |= {*TLS_OPTIONS, *_TLS_ALIASES}
    return frozenset(names)


def _encryption(url: Url, tls: Tls) -> dict[str, Any]:
    """TLS as redis-py's options; none where the scheme is without."""
    if not url.scheme.startswith("rediss"):
        return {}
    options = {_TLS_ALIASES.get(name, name): value for name, value in url.options.items()}
    verified = tls.with_options(options, setting=_SETTING)
    verified.context()  # says in one line what is wrong with a file
    return {
        "ssl": True,
        "ssl_ca_certs": verified.ca or None,
        "ssl_certfile": verified.cert or None,
        "ssl_keyfile": verified.key or verified.cert or None,
        "ssl_cert_reqs": "none" if verified.verify == "none" else "required",
        "ssl_check_hostname": verified.verify == "full",
    }


def _host_ports(url: Url, default: int) -> list[tuple[str, int]]:
    """Host and port of each server a URL names."""
    if not all(host for host, _ in url.hosts):
        raise SettingsError(f"{_SETTING}: each server is host or host:port, separated by commas")
    return [(host, default if port is None else port) for host, port in url.hosts]


def _database(url: Url, in_path: str) -> int:
    """The number of the database, from the path or from the option `db`."""
    number = in_path or url.options.get("db", "0")
    if not (number.isascii() and number.isdigit()):
        raise SettingsError(f"{_SETTING}: the database is a number")
    return int(number)


def _login(url: Url) -> dict[str, Any]:
    """User and password of the servers themselves.

    >>> _login(parse_url("redis-cluster://me:p%40ss@a:1", setting="", form=""))
    {'username': 'me', 'password': 'p@ss'}
    """
    values = {
        "username": url.user or url.options.get("username"),
        "password": url.password or url.options.get("password"),
    }
    return {name: value for name, value in values.items() if value}


def _sentinel_login(url: Url) -> dict[str, Any]:
    """User and password of the Sentinels, when theirs differ: `?sentinel_username=…&sentinel_password=…`."""
    values = {name: url.options.get(f"sentinel_{name}") for name in _LOGIN}
    return {name: value for name, value in values.items() if value}
