"""The same four words verify every store over TLS, from its URL or from the settings.

Each server has a certificate for 127.0.0.1 of an authority no one trusts, and asks for a client's. Under `full` the
authority and the name must fit, under `ca` only the authority, under `none` nothing.
"""

import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis as driver

from tests.stores import certificates, http_front, qdrant_front
from ys_analytics.errors import SettingsError, StoreError, YsError
from ys_analytics.local import Addresses
from ys_analytics.settings import Settings
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.qdrant import Qdrant
from ys_analytics.stores.redis import Redis

from . import postgres_servers

STORES = Path(__file__).parents[1] / "stores"
# Of servers that live for one module.
PASSWORD = "p@ss/word"  # noqa: S105


@dataclass(frozen=True)
class Files:
    """Certificates of one module.

    Attributes:
        ca: Of the authority that signed the server's and the client's.
        server: For 127.0.0.1.
        client: For someone who may come in.
        stranger: An authority that signed neither.
    """

    ca: Path
    server: object
    client: object
    stranger: Path

    def options(self, **different: object) -> str:
        """The options of a URL that fit, with some of them different; None leaves one out."""
        said = {"tls_ca": self.ca, "tls_cert": self.client.cert, "tls_key": self.client.key} | different
        return "?" + "&".join(f"{name}={quote(str(value))}" for name, value in said.items() if value is not None)


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    """Made once; the folder is open to the account PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="ys-tls-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        ours = certificates.authority(folder / "ours")
        stranger = certificates.authority(folder / "stranger", "a stranger")
        yield Files(ours.pair.cert, ours.sign("server", "127.0.0.1"), ours.sign("client"), stranger.pair.cert)


@dataclass(frozen=True)
class Server:
    """A server over TLS.

    Attributes:
        url: Where it is at 127.0.0.1, with its login.
        open: Opens a store at a URL.
        setting: The variable of its URL.
    """

    url: str
    open: Callable[[str], AbstractContextManager[object]]
    setting: str


def encrypt(server: object, files: Files) -> None:
    """Put an HTTP front behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server.cert, files.server.key)
    context.load_verify_locations(files.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


@contextmanager
def clickhouse(files: Files, stores: Stores, folder: Path) -> Iterator[Server]:  # noqa: ARG001 - every server takes one
    with http_front.front(stores.clickhouse.address.folder, tls=lambda server: encrypt(server, files)) as running:
        url = running.url.replace("http:", "https:")
        yield Server(url, lambda at: ClickHouse.open(ClickHouseAddress(url=at, statement_timeout=3)), "clickhouse_url")


@contextmanager
def qdrant(files: Files, stores: Stores, folder: Path) -> Iterator[Server]:  # noqa: ARG001 - every server takes one
    with qdrant_front.front(tls=lambda server: encrypt(server, files)) as running:
        url = running.url.replace("http:", "https:")
        opened = lambda at: Qdrant.open(QdrantAddress(url=at, api_key=qdrant_front.KEY, timeout=3))  # noqa: E731 - one line
        yield Server(url, opened, "qdrant_url")


@contextmanager
def postgres(files: Files, stores: Stores, folder: Path) -> Iterator[Server]:  # noqa: ARG001 - every server takes one
    if not (postgres_servers.BINARIES["15"] / "initdb").exists():
        pytest.skip("Debian's postgresql (15) is not installed; the wheel's 18 is built without TLS")
    with postgres_servers.server("15", folder) as running:
        data = running.folder
        for name, source in (("s.crt", files.server.cert), ("s.key", files.server.key), ("ca.crt", files.ca)):
            shutil.copy(source, data / name)
            shutil.chown(data / name, *_account())
            (data / name).chmod(0o600)
        rules = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\nlocal all all scram-sha-256\n"
        (data / "pg_hba.conf").write_text(rules)
        with psycopg.connect(running.conninfo(), autocommit=True) as line:
            chosen = {"ssl_cert_file": "s.crt", "ssl_key_file": "s.key", "ssl_ca_file": "ca.crt", "ssl": "on"}
            for name, value in chosen.items():
                line.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            line.execute("SELECT pg_reload_conf()")
        url = f"postgresql://postgres:{quote(PASSWORD, safe='')}@127.0.0.1:{running.port}/postgres"
        opened = lambda at: Postgres.open(PostgresAddress(at, statement_timeout=3))  # noqa: E731 - one line
        yield Server(url, opened, "postgres_url")


def _account() -> tuple[int, int]:
    from ys_analytics.local.home import unprivileged

    account = unprivileged()
    return account.uid, account.gid


@contextmanager
def redis_servers(files: Files, folder: Path) -> Iterator[Callable[..., int]]:
    """Starts Debian's redis-server over TLS alone; the wheel's Valkey is built without it."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Debian's redis-server is not installed")
    running: list[subprocess.Popen[str]] = []

    def start(*lines: str, sentinel: bool = False) -> int:
        port = postgres_servers.free_port()
        while port >= 55_000:  # a cluster's second port is 10,000 above
            port = postgres_servers.free_port()
        own = folder / str(port)
        own.mkdir()
        said = [
            "port 0", f"tls-port {port}", "bind 127.0.0.1", f"dir {own}", f"tls-cert-file {files.server.cert}",
            f"tls-key-file {files.server.key}", f"tls-ca-cert-file {files.ca}", "tls-auth-clients yes",
            "tls-replication yes", *lines,
        ]  # fmt: skip
        (own / "server.conf").write_text("\n".join(said) + "\n")
        command = [program, str(own / "server.conf"), *(["--sentinel"] if sentinel else [])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert any(("Sentinel ID" if sentinel else "Ready to accept") in line for line in process.stdout)
        return port

    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.communicate()


def opened_redis(url: str) -> AbstractContextManager[Redis]:
    return Redis.open(RedisAddress(url, timeout=3))


@contextmanager
def redis(files: Files, stores: Stores, folder: Path) -> Iterator[Server]:  # noqa: ARG001 - every server takes one
    with redis_servers(files, folder) as start:
        port = start('save ""', f"requirepass {PASSWORD}")
        yield Server(f"rediss://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0", opened_redis, "redis_url")


@contextmanager
def cluster(files: Files, stores: Stores, folder: Path) -> Iterator[Server]:  # noqa: ARG001 - every server takes one
    with redis_servers(files, folder) as start:
        port = start('save ""', "cluster-enabled yes", "tls-cluster yes")
        words = {"ssl_ca_certs": files.ca, "ssl_certfile": files.client.cert, "ssl_keyfile": files.client.key}
        with driver.Redis(host="127.0.0.1", port=port, ssl=True, **words) as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            deadline = time.monotonic() + 30
            while node.cluster("INFO")["cluster_state"] != "ok":
                assert time.monotonic() < deadline
        yield Server(f"rediss-cluster://127.0.0.1:{port}", opened_redis, "redis_url")


@contextmanager
def sentinel(files: Files, stores: Stores, folder: Path) -> Iterator[Server]:  # noqa: ARG001 - every server takes one
    with redis_servers(files, folder) as start:
        master = start('save ""')
        group = start(f"sentinel monitor prices 127.0.0.1 {master} 1", sentinel=True)
        yield Server(f"rediss+sentinel://127.0.0.1:{group}/prices", opened_redis, "redis_url")


SERVERS = [clickhouse, qdrant, postgres, redis, cluster, sentinel]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda made: made.__name__)
def server(request: pytest.FixtureRequest, files: Files, stores: Stores) -> Iterator[Server]:
    """Each store in turn, and Redis in its three forms."""
    with tempfile.TemporaryDirectory(prefix="ys-tls-servers-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        with request.param(files, stores, folder) as running:
            yield running


def opens(server: Server, url: str) -> None:
    with server.open(url) as store:
        assert type(store).__name__ in {"ClickHouse", "Postgres", "Redis", "Qdrant"}


def test_the_right_files_open_it(server: Server, files: Files) -> None:
    """By the options of its URL."""
    opens(server, server.url + files.options())
    opens(server, server.url + files.options(tls_verify="full"))


@pytest.mark.parametrize("wrong", ["no authority", "a stranger's authority", "no certificate of ours", "another name"])
def test_what_does_not_fit_is_refused_in_one_line(server: Server, files: Files, wrong: str) -> None:
    """Nothing is read from a server that cannot prove who it is, or that does not know us."""
    url = server.url.replace("127.0.0.1", "localhost") if wrong == "another name" else server.url
    options = {
        "no authority": files.options(tls_ca=None, tls_verify="full"),
        "a stranger's authority": files.options(tls_ca=files.stranger),
        "no certificate of ours": files.options(tls_cert=None, tls_key=None),
        "another name": files.options(),
    }[wrong]
    if wrong == "another name" and "cluster" in url:
        pytest.skip("a cluster says itself where its servers are")
    with pytest.raises(StoreError) as refused:
        opens(server, url + options)
    assert "\n" not in str(refused.value)
    assert "word" not in str(refused.value)


def test_ca_forgives_the_name_and_none_forgives_all(server: Server, files: Files) -> None:
    """The encryption stays; what is verified is said by the word."""
    renamed = server.url.replace("127.0.0.1", "localhost")
    opens(server, renamed + files.options(tls_verify="ca"))
    with pytest.raises(StoreError):
        opens(server, server.url + files.options(tls_verify="ca", tls_ca=files.stranger))
    opens(server, renamed + files.options(tls_verify="none", tls_ca=None))


def test_a_file_that_does_not_exist_is_one_line(server: Server, files: Files, tmp_path: Path) -> None:
    """Before anybody is called; the line names the option and the file."""
    torn = tmp_path / "torn.pem"
    torn.write_text("-----BEGIN CERTIFICATE-----\n")
    for option in ("tls_ca", "tls_cert", "tls_key"):
        for wrong in (tmp_path / "absent.pem", torn):
            with pytest.raises(SettingsError, match=option) as refused:
                opens(server, server.url + files.options(**{option: wrong}))
            assert str(wrong) in str(refused.value)
    with pytest.raises(SettingsError, match="tls_key"):
        opens(server, server.url + files.options(tls_cert=None))


def test_the_settings_say_it_for_every_store(server: Server, files: Files) -> None:
    """What the URL says wins."""
    words = {"tls_ca": files.ca, "tls_cert": files.client.cert, "tls_key": files.client.key}
    store = server.setting.removesuffix("_url")
    opened = {"postgres": Postgres, "clickhouse": ClickHouse, "redis": Redis, "qdrant": Qdrant}[store]
    key = {"qdrant_api_key": qdrant_front.KEY}
    settings = Settings(_env_file=None, **{server.setting: server.url}, **words, **key, statement_timeout=5)
    with opened.open(getattr(Addresses(settings, "owner"), store)):
        pass
    ending = f"?tls_ca={quote(str(files.stranger))}"
    wrong = settings.model_copy(update={server.setting: type(settings.qdrant_api_key)(server.url + ending)})
    with pytest.raises(YsError), opened.open(getattr(Addresses(wrong, "owner"), store)):
        pass


def test_words_of_libpq_are_not_mixed_with_ours(files: Files) -> None:
    """Two answers to one question are none."""
    mixed = f"postgresql://me@127.0.0.1:1/ys?sslmode=require&tls_ca={quote(str(files.ca))}"
    with pytest.raises(SettingsError, match="twice"), Postgres.open(PostgresAddress(mixed)):
        pass
