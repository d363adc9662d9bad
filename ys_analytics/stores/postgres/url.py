"""An address of PostgreSQL as the keywords libpq takes, its options checked and TLS in libpq's words.

Depends on psycopg's parser of `host=… user=…`. Does not connect. A URL is taken apart here and never handed to libpq as
a whole, whose errors quote the piece they stumble over.
"""

import ssl

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from ys_analytics.errors import SettingsError
from ys_analytics.stores.common.tls import OPTIONS, Tls
from ys_analytics.stores.common.url import check_options, parse_url

_SETTING = "YS_POSTGRES_URL or YS_POSTGRES_REPLICA_URL"
_FORM = "postgresql://user:password@host:port/database"

# Words of libpq that say how a connection is encrypted; one of them and TLS is left to libpq.
_LIBPQ_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "requiressl")
_MODES = {"full": "verify-full", "ca": "verify-ca", "none": "require"}


def keywords(conninfo: str, tls: Tls) -> dict[str, str]:
    """An address as libpq's keywords.

    Args:
        conninfo: `postgresql://…`, or `host=… user=…`.
        tls: How a server is verified, where that was chosen and the address does not say so; a server on a socket of
            this machine is not.

    Raises:
        SettingsError: libpq would misread it, or an option does not exist. The line holds nothing of the address.

    >>> keywords("postgresql://me:p%40ss@db:5432/ys?sslmode=require", Tls(ca="/ca.pem", configured=True))
    {'sslmode': 'require', 'host': 'db', 'port': '5432', 'user': 'me', 'password': 'p@ss', 'dbname': 'ys'}
    """
    stated = _url(conninfo) if "://" in conninfo else _pairs(conninfo)
    effective = tls.with_options(stated, setting=_SETTING)
    libpq_tls = [name for name in _LIBPQ_TLS if name in stated]
    if libpq_tls and any(name in stated for name in OPTIONS):
        raise SettingsError(
            f"{_SETTING}: {libpq_tls[0]} and the options tls_… say the same thing twice; use one of them"
        )
    rest = {name: value for name, value in stated.items() if name not in OPTIONS}
    local = not rest.get("host") or rest["host"].startswith(("/", "@"))
    return rest if libpq_tls or local or not effective.configured else rest | _encryption(effective)


def _encryption(tls: Tls) -> dict[str, str]:
    tls.context()  # says in one line what is wrong with a file
    # libpq looks for authorities in a file of the user's home, unless it is told.
    system = "system" if tls.verify == "full" else ssl.get_default_verify_paths().cafile or ""
    keywords_of_tls = {
        "sslmode": _MODES[tls.verify],
        "sslrootcert": "" if tls.verify == "none" else tls.ca or system,
        "sslcert": tls.cert,
        "sslkey": tls.key or tls.cert,
    }
    return {name: value for name, value in keywords_of_tls.items() if value}


def _url(text: str) -> dict[str, str]:
    url = parse_url(text, setting=_SETTING, form=_FORM)
    if url.scheme not in ("postgresql", "postgres"):
        raise SettingsError(f"{_SETTING}: unknown scheme {url.scheme}; write {_FORM}")
    check_options(url, {*_libpq(), *OPTIONS}, setting=_SETTING)
    hosts = [host for host, _ in url.hosts]
    ports = ["" if port is None else str(port) for _, port in url.hosts]
    parts = {
        "host": ",".join(hosts),
        "port": ",".join(ports) if any(ports) else "",
        "user": url.user,
        "password": url.password or "",
        "dbname": url.path.removeprefix("/"),
    }
    return dict(url.options) | {name: value for name, value in parts.items() if value}


def _pairs(text: str) -> dict[str, str]:
    """`host=… user=…` as keywords; libpq reads a space in a password as the end of it."""
    try:
        known = {name: str(value) for name, value in conninfo_to_dict(text).items()}
    except psycopg.ProgrammingError:
        known = {"port": "?"}  # its text quotes the piece it stumbled over
    ports = known.get("port", "").replace(",", "")
    if any("@" in known.get(part, "")[1:] for part in ("host", "dbname")) or (ports and not ports.isdecimal()):
        raise SettingsError(f"{_SETTING}: not an address libpq can read; write {_FORM}, the password percent-encoded")
    return known


def _libpq() -> set[str]:
    return {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
