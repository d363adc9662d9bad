"""Make ClickHouse's client, in process or over HTTP.

Depends on clickhouse-connect, its settings and urllib3's connections. Does not know any table.
"""

import logging
import math
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ys_analytics.errors import SettingsError, StoreError
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.common.deadline import GRACE_SECONDS
from ys_analytics.stores.common.sockets import OpenSockets
from ys_analytics.stores.common.tls import OPTIONS, Tls
from ys_analytics.stores.common.url import check_options, parse_url

Parameters = Mapping[str, object]

if TYPE_CHECKING:  # importing the client imports NumPy and its codecs
    from clickhouse_connect.driver.client import Client
    from urllib3 import PoolManager

# What the client logs it also raises; without a handler Python would print it on stderr next to our one line.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

_SETTINGS = {
    "output_format_arrow_string_as_string": "1",
    "output_format_arrow_low_cardinality_as_dictionary": "1",
    "output_format_arrow_fixed_string_as_fixed_byte_array": "0",
    "output_format_arrow_date_as_uint16": "0",
    # Blocks by rows, not by bytes: a tenth of the batches for the same rows, and so of what each batch costs.
    "preferred_block_size_bytes": "0",
    "max_block_size": "131072",
    # Over a cluster, a write is done when every shard has its rows.
    "distributed_foreground_insert": "1",
}

# Under a user's profile that says otherwise, a server leaves rows out, or gives old ones, without an error.
_COMPLETE = {
    **dict.fromkeys(
        (
            "read_overflow_mode", "read_overflow_mode_leaf", "result_overflow_mode", "timeout_overflow_mode",
            "timeout_overflow_mode_leaf", "group_by_overflow_mode", "sort_overflow_mode", "distinct_overflow_mode",
            "set_overflow_mode", "join_overflow_mode", "transfer_overflow_mode",
        ),
        "throw",
    ),
    "limit": "0",
    "offset": "0",
    "skip_unavailable_shards": "0",
    "use_query_cache": "0",
    "wait_for_async_insert": "1",
}  # fmt: skip

_SETTING = "YS_CLICKHOUSE_URL"
_FORM = "http(s)://user:password@host:port/database"


def client(address: ClickHouseAddress, sockets: OpenSockets | None = None) -> "Client":
    """The one client class: over HTTP for a URL, in process for a folder.

    Args:
        address: Where the server or the folder is.
        sockets: Where connections to a server are recorded; nowhere when left out.

    Raises:
        StoreError: the user's profile leaves rows out, and it may not change that.
    """
    import clickhouse_connect

    settings = _SETTINGS | {"max_execution_time": f"{address.statement_timeout:g}"}
    if address.read_only:
        settings["readonly"] = "2"  # 2, not 1: a reader may still say how its answer is written
    if address.folder is not None:
        address.folder.mkdir(parents=True, exist_ok=True)
        settings |= {"output_format_arrow_compression_method": "none"}
        embedded = clickhouse_connect.get_client(
            interface="chdb",
            path=str(address.folder),
            settings=settings,
            tz_mode="aware",
        )
        _restore_ctrl_z()
        return embedded
    server = Server.read(address)
    new_client = clickhouse_connect.get_client(
        interface=server.interface,
        host=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password,
        database=server.database or "__default__",
        tz_mode="aware",
        pool_mgr=_recording_pools(sockets or OpenSockets(), server.tls),
        # the server's own limit comes first, and says more; then that of the read
        send_receive_timeout=math.ceil(address.statement_timeout + 2 * GRACE_SECONDS),
        autogenerate_session_id=False,
    )
    try:
        for name, value in (changeable(new_client, settings) | complete(new_client)).items():
            new_client.set_client_setting(name, value)
    except BaseException:
        new_client.close()
        raise
    return new_client


def complete(new_client: "Client") -> dict[str, str]:
    """The settings under which a server gives every row or an error: those it has and our user may change.

    Raises:
        StoreError: a user who may not change one of them has it otherwise; the line names the setting.
    """
    # One row, which no limit on rows cuts. `limit` and `offset` read 0 here whatever they are.
    asked = "SELECT groupArray((name, value, readonly)) FROM system.settings WHERE name IN {names:Array(String)}"
    ((found,),) = new_client.query(asked, {"names": list(_COMPLETE)}).result_rows
    for name, value, fixed in found:
        if fixed and value != _COMPLETE[name]:
            raise StoreError(
                f"clickhouse: the profile of our user sets {name} = {value}, under which rows are left out or old ones"
                f" are given without an error; have it set to {_COMPLETE[name]}"
            )
    return {name: _COMPLETE[name] for name, _, fixed in found if not fixed}


def _restore_ctrl_z() -> None:
    """Let SIGTSTP suspend the process again, or do what its program had set; chDB takes the signal when it opens.

    Python changes signals in its main thread only: an engine opened in another leaves the signal taken.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTSTP, signal.getsignal(signal.SIGTSTP) or signal.SIG_DFL)


def changeable(new_client: "Client", settings: Mapping[str, str]) -> dict[str, str]:
    """Those of some settings that this server has and our user may change.

    A user under `readonly = 1` may change none, and an older server does not know all. What they read is the same: the
    SQL casts, and the settings only make the answer smaller or quicker.

    Args:
        new_client: The client, which knows the server's settings and the rights of its user.
        settings: Their names and values.
    """
    server_settings = new_client.server_settings
    return {
        name: value
        for name, value in settings.items()
        if name in server_settings and not server_settings[name].readonly
    }


def _recording_pools(sockets: OpenSockets, tls: Tls | None) -> "PoolManager":
    """A pool manager whose connections record their sockets."""
    from clickhouse_connect.driver.httputil import get_pool_manager
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class Encrypted(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    manager: PoolManager = get_pool_manager(**_encryption(tls))
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
    return manager


def _encryption(tls: Tls | None) -> dict[str, Any]:
    """TLS as urllib3's options."""
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning

    if tls is None:
        return {}
    if tls.verify == "none":
        # It was chosen; a warning with every request says nothing new.
        disable_warnings(InsecureRequestWarning)
    # None compares the certificate's name with the host, False with nothing.
    name = None if tls.verify == "full" else False
    return {"ssl_context": tls.context(), "assert_hostname": name, "verify": tls.verify != "none"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server's address and login.

    Attributes:
        interface: `http` or `https`.
        host: Its name or number.
        port: 8443 with TLS and 8123 without, where the URL names none.
        user: Empty where the URL names none.
        password: Of the user.
        database: Empty for the user's default one.
        tls: How it is verified; None without TLS.
    """

    interface: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: Tls | None

    @classmethod
    def read(cls, address: ClickHouseAddress) -> "Server":
        """What the address of a server says.

        Raises:
            SettingsError: it is no URL of a server, or names an option that does not exist; the line holds no secret.
        """
        url = parse_url(address.url or "", setting=_SETTING, form=_FORM)
        if url.scheme not in ("http", "https") or len(url.hosts) > 1 or not url.host:
            raise SettingsError(f"{_SETTING}: not a URL of one server; write {_FORM}, the password percent-encoded")
        encrypted = url.scheme == "https"
        check_options(url, OPTIONS if encrypted else (), setting=_SETTING)
        return cls(
            interface=url.scheme,
            host=url.host,
            port=url.port or (8443 if encrypted else 8123),
            user=url.user,
            password=url.password or "",
            database=url.path.strip("/"),
            tls=address.tls.with_options(url.options, setting=_SETTING) if encrypted else None,
        )


def bind_values(parameters: Parameters | None) -> dict[str, Any]:
    """Values as the client binds them; a time as text, which keeps its microseconds."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
        for name, value in (parameters or {}).items()
    }
