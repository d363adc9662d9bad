"""Parses a store's URL, and masks its secrets.

Depends on no driver and opens nothing. Every part goes to a driver by itself, never the whole text: a driver that cuts
a URL elsewhere than we do would put part of a password into its error.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from ys_analytics.errors import SettingsError

# Options that say where a store is; every other one may be a secret and is left out of what is shown.
_PUBLIC_OPTIONS = frozenset({"host", "port", "dbname", "db", "database", "sslmode", "service", "tls_verify"})

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
# A host by name, IPv4 or IPv6; libpq also takes a folder of sockets, percent-encoded, and none at all.
_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.]+)?\]|[\w.%-]*)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL, percent-decoded.

    Attributes:
        scheme: What comes before `://`, in lower case.
        user: Empty where there is none.
        password: None where there is none.
        hosts: Each host with its port; None where the URL names no port.
        path: What follows the hosts, from its slash on.
        options: What follows the question mark, by name.
        masked: The same URL without its secrets, for people.
    """

    scheme: str
    user: str
    password: str | None = field(repr=False)
    hosts: tuple[tuple[str, int | None], ...]
    path: str
    options: Mapping[str, str] = field(repr=False)
    masked: str

    @property
    def host(self) -> str:
        """The first host."""
        return self.hosts[0][0]

    @property
    def port(self) -> int | None:
        """The port of the first host."""
        return self.hosts[0][1]


def parse_url(text: str, *, setting: str, form: str) -> Url:
    """The parts of a URL.

    A `@`, `/`, `?` or `#` of a password that is not percent-encoded moves the border between password and host. A text
    in which that may have happened is refused.

    Args:
        text: The URL.
        setting: The variable it comes from, for the message.
        form: What the URL should look like, for the message.

    Raises:
        SettingsError: the text is no such URL. The line holds nothing of it.

    >>> url = parse_url("redis://me:p%40ss@a:1,[::1]/0?db=2", setting="YS_REDIS_URL", form="redis://host")
    >>> url.user, url.password, url.hosts, url.path, dict(url.options), url.masked
    ('me', 'p@ss', (('a', 1), ('::1', None)), '/0', {'db': '2'}, 'redis://me:***@a:1,[::1]/0?db=2')
    >>> parse_url("redis://me:half/a-secret@h", setting="YS_REDIS_URL", form="redis://host")
    Traceback (most recent call last):
    ys_analytics.errors.SettingsError: YS_REDIS_URL: not a URL; write redis://host, the password percent-encoded
    """
    url = _parts(text)
    if url is None:
        raise SettingsError(f"{setting}: not a URL; write {form}, the password percent-encoded")
    return url


def mask(text: str) -> str:
    """A URL with its password replaced by stars and its unknown options left out.

    >>> mask("redis://u:p%40ss@h:1/0?password=again&db=2")
    'redis://u:***@h:1/0?db=2'
    >>> mask("unix:///run/valkey.sock?db=0&password=secret")
    'unix:///run/valkey.sock?db=0'
    >>> mask("not a url with a secret")
    '***'
    >>> mask("http://u:half/a-secret@h")
    '***'
    """
    url = _parts(text)
    return "***" if url is None else url.masked


def check_options(url: Url, known: Collection[str], *, setting: str) -> None:
    """Refuse an option that nothing would read.

    Raises:
        SettingsError: naming the option and the nearest known ones, never its value.

    >>> url = parse_url("http://h?tls_cs=/etc/ca.pem", setting="YS_QDRANT_URL", form="http://host")
    >>> check_options(url, {"tls_ca"}, setting="YS_QDRANT_URL")
    Traceback (most recent call last):
    ys_analytics.errors.SettingsError: YS_QDRANT_URL: there is no option tls_cs; did you mean tls_ca?
    """
    for name in url.options:
        if name not in known:
            raise SettingsError(f"{setting}: there is no option {name}; {nearest(name, known)}")


def nearest(name: str, known: Collection[str]) -> str:
    """The nearest known names of a misspelt one, as the end of a message.

    >>> nearest("YS_POSTGRE_URL", ["YS_POSTGRES_URL", "YS_WAIT"])
    'did you mean YS_POSTGRES_URL?'
    >>> nearest("x", [])
    'there is none'
    """
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.7)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(sorted(known))}" if known else "there is none"


def _parts(text: str) -> Url | None:
    """The parts, or None where the text is no URL or its password is not percent-encoded."""
    scheme, divider, rest = text.partition("://")
    if not divider or not _SCHEME.fullmatch(scheme.lower()) or not rest.isprintable():
        return None
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail or "#" in tail:
        return None
    login, at_sign, hosts_text = authority.rpartition("@")
    matches = [_HOST_PORT.fullmatch(host_text) for host_text in hosts_text.split(",")]
    if not all(matches):
        return None
    hosts = tuple(
        (unquote(host_text["host"].strip("[]")), int(host_text["port"]) if host_text["port"] else None)
        for host_text in matches
        if host_text
    )
    path, _, query = tail.partition("?")
    options = dict(_options(query))
    if (at_sign and not login) or "" in options:
        return None
    user, colon, password = login.partition(":")
    # Without a colon a login may be a user or, by mistake, the password: it is not shown.
    masked_login = f"{user}:***@" if user and colon else "***@" if at_sign else ""
    public_options = "&".join(
        f"{name}={quote(value, safe='/,:')}" for name, value in options.items() if name in _PUBLIC_OPTIONS
    )
    return Url(
        scheme=scheme.lower(),
        user=unquote(user),
        password=unquote(password) if colon else None,
        hosts=hosts,
        path=unquote(path),
        options=options,
        masked=f"{scheme.lower()}://{masked_login}{hosts_text}{path}{'?' if public_options else ''}{public_options}",
    )


def _options(query: str) -> list[tuple[str, str]]:
    """Name and value of each option; an empty name where one has no value."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    return [(unquote(name) if sign else "", unquote(value)) for name, sign, value in pairs]
