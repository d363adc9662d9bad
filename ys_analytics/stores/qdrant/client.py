"""Make Qdrant's client, for a server or a folder.

Depends on qdrant-client, its HTTP connections and the folder of the local mode. Does not know any collection.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, filterwarnings

from ys_analytics.errors import SettingsError
from ys_analytics.stores.common.deadline import GRACE_SECONDS
from ys_analytics.stores.common.sockets import OpenSockets
from ys_analytics.stores.common.tls import OPTIONS
from ys_analytics.stores.common.url import Url, check_options, parse_url
from ys_analytics.stores.qdrant import folder
from ys_analytics.stores.qdrant.errors import translate_errors

if TYPE_CHECKING:
    import httpx
    from qdrant_client import QdrantClient

    from ys_analytics.stores.addresses import QdrantAddress

_SETTING = "YS_QDRANT_URL"
_FORM = "http(s)://host:port"
_PORT = 6333


@contextmanager
def client(address: QdrantAddress, sockets: OpenSockets) -> Iterator[QdrantClient]:
    """The one client class, for the length of a block; connections to a server are recorded in `sockets`."""
    with ExitStack() as stack:
        with translate_errors(address):
            opening = folder.client_of(address.folder) if address.folder is not None else _server(address, sockets)
            opened = stack.enter_context(opening)
        yield opened


@contextmanager
def _server(address: QdrantAddress, sockets: OpenSockets) -> Iterator[QdrantClient]:
    from qdrant_client import QdrantClient

    def record(event: str, facts: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            sockets.add(facts["return_value"].get_extra_info("socket"))

    def trace_request(request: httpx.Request) -> None:
        request.extensions["trace"] = record

    url = _url(address)
    encrypted = url.scheme == "https"
    tls = address.tls.with_options(url.options, setting=_SETTING)
    with catch_warnings():
        if url.host in {"localhost", "127.0.0.1", "::1"}:  # the traffic never leaves the machine
            filterwarnings("ignore", message="Api key is used with an insecure connection", category=UserWarning)
        made = QdrantClient(
            host=url.host,
            port=url.port or _PORT,
            https=encrypted,
            prefix=url.path.strip("/") or None,
            verify=tls.context() if encrypted else True,
            api_key=address.api_key,
            timeout=math.ceil(address.timeout + 2 * GRACE_SECONDS),  # the limit of a read comes first
            check_compatibility=False,
            event_hooks={"request": [trace_request]},
        )
    try:
        yield made
    finally:
        made.close()


def _url(address: QdrantAddress) -> Url:
    """The parts of a server's URL.

    Raises:
        SettingsError: it is no URL of a server, or the key cannot be sent; the line holds no secret.
    """
    url = parse_url(address.url or "", setting=_SETTING, form=_FORM)
    if url.scheme not in ("http", "https") or len(url.hosts) > 1 or not url.host:
        raise SettingsError(f"{_SETTING}: not a URL of one server; write {_FORM}")
    if url.user or url.password:
        raise SettingsError(f"{_SETTING}: Qdrant knows no login; write {_FORM} and put the key in YS_QDRANT_API_KEY")
    check_options(url, OPTIONS if url.scheme == "https" else (), setting=_SETTING)
    key = address.api_key or ""
    # The client would say so too, and print the key.
    if key != key.strip() or not (key.isascii() and key.isprintable()):
        raise SettingsError("YS_QDRANT_API_KEY: a key is printable ASCII without spaces around it")
    return url
