"""The configuration of docker-compose.yml, started as processes: the same files with the ports of this machine."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
import redis
from redis.sentinel import Sentinel

from .conftest import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
DEBIAN = Path("/usr/lib/postgresql/15/bin")
Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def house() -> Iterator[Path]:
    """A folder that the account PostgreSQL runs as can enter, with secrets and configuration in it."""
    folder = Path("/tmp") / f"ys-deploy-{os.getpid()}-{time.monotonic_ns()}"  # noqa: S108 - other accounts enter it
    folder.mkdir()
    subprocess.run(["sh", DEPLOY / "make-secrets.sh", folder / "secrets"], check=True)
    for name in ("postgres", "pgbouncer", "redis"):
        shutil.copytree(DEPLOY / name, folder / name)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


def as_server(environment: dict[str, str]) -> dict[str, object]:
    """How PostgreSQL and PgBouncer are run: never as root."""
    account = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    return account | {"env": {"PATH": f"{DEBIAN}:/usr/sbin:/usr/bin:/bin", "LC_ALL": "C"} | environment, "cwd": "/"}


@contextmanager
def running(*command: object, **how: object) -> Iterator[subprocess.Popen[bytes]]:
    """A server for the length of a block."""
    words, quiet = [str(word) for word in command], subprocess.DEVNULL
    process = subprocess.Popen(words, stdout=quiet, stderr=quiet, **how)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answers(address: str) -> bool:
    """Whether a login works and a statement is answered."""
    try:
        with psycopg.connect(address, connect_timeout=2) as line:
            return line.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def test_postgres_streams_to_a_replica_and_pools_clients(house, until: Until):
    """Passwords from files, a replica that streams and says how far it is, and a pool that clients log into."""
    if not (DEBIAN / "postgres").is_file() or shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("Debian's postgresql-15 and pgbouncer are not installed")
    primary, replica, pool = free_port(), free_port(), free_port()
    secret = {path.name: path.read_text() for path in (house / "secrets").iterdir()}
    how = as_server({"PGDATA": str(house / "primary"), "SECRETS": str(house / "secrets")})
    subprocess.run(
        [DEBIAN / "initdb", "--username=ys", "--encoding=UTF8", "--auth=scram-sha-256",
         f"--pwfile={house}/secrets/postgres_password"],
        check=True, capture_output=True, **how,
    )  # fmt: skip
    config = (f"config_file={house}/postgres/postgresql.conf", f"hba_file={house}/postgres/pg_hba.conf")
    here = ("-c", f"unix_socket_directories={house}", "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB")
    address = f"postgresql://ys:{secret['postgres_password']}@127.0.0.1"
    with ExitStack() as stack:
        stack.enter_context(running("postgres", "-c", config[0], "-c", config[1], "-p", primary, *here, **how))
        until(lambda: answers(f"{address}:{primary}/postgres"))
        with psycopg.connect(f"{address}:{primary}/postgres", autocommit=True) as line:
            line.execute("CREATE DATABASE ys")
        started = {"PGHOST": "127.0.0.1", "PGPORT": str(primary), "PGPASSWORD": secret["postgres_password"]}
        subprocess.run(
            ["sh", house / "postgres/primary.sh"], check=True,
            **as_server({"SECRETS": str(house / "secrets"), "POSTGRES_USER": "ys", "POSTGRES_DB": "ys"} | started),
        )  # fmt: skip
        copy = as_server(
            {
                "PGDATA": str(house / "replica"),
                "SECRETS": str(house / "secrets"),
                "CONFIG": str(house / "postgres"),
                "PRIMARY_HOST": "127.0.0.1",
                "PRIMARY_PORT": str(primary),
            }
        )
        stack.enter_context(running("sh", house / "postgres/replica.sh", "-p", replica, *here, **copy))
        until(lambda: answers(f"{address}:{replica}/ys"))
        settings = (house / "pgbouncer/pgbouncer.ini").read_text()
        settings = settings.replace("host=postgres port=5432", f"host=127.0.0.1 port={primary}")
        settings = settings.replace("listen_port = 6432", f"listen_port = {pool}").replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - replaced
        (house / "pool.ini").write_text(settings.replace("/run/secrets", str(house / "secrets")))
        stack.enter_context(running("pgbouncer", house / "pool.ini", **as_server({})))
        until(lambda: answers(f"{address}:{pool}/ys"))

        with psycopg.connect(f"{address}:{pool}/ys") as line:
            line.execute("CREATE TABLE written (number int)")
            line.execute("INSERT INTO written VALUES (7)")
        with psycopg.connect(f"{address}:{replica}/ys", autocommit=True) as line:
            until(lambda: line.execute("SELECT to_regclass('written') IS NOT NULL").fetchone() == (True,))
            assert line.execute("SELECT number FROM written").fetchone() == (7,)
            assert line.execute("SELECT pg_is_in_recovery(), status FROM pg_stat_wal_receiver").fetchone() == (
                True,
                "streaming",
            )
        assert not answers(f"postgresql://ys:wrong@127.0.0.1:{primary}/ys")
        assert not answers(f"postgresql://ys_replication:{secret['postgres_password']}@127.0.0.1:{primary}/ys")


@pytest.fixture
def engine() -> str:
    """Debian's Redis."""
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("Debian's redis-server is not installed")
    return found


def node(engine: str, house: Path, config: str, port: int, *more: str) -> "contextmanager[object]":
    """A Redis as compose starts it, on another port and folder."""
    own = house / str(port)
    own.mkdir()
    words = ("--port", port, "--dir", own, "--include", house / "secrets/redis_auth", *more)
    return running(engine, house / "redis" / config, *words)


def test_a_failover_under_sentinel_keeps_what_was_written(house, engine, until: Until):
    """A failover under Sentinel keeps what was written; the analyst reads and cannot write."""
    password = (house / "secrets/redis_password").read_text()
    master, replica, *watchers = (free_port() for _ in range(5))
    with ExitStack() as stack:
        first = stack.enter_context(node(engine, house, "redis.conf", master))
        one = redis.Redis(port=master, password=password)
        until(lambda: _pings(one))
        stack.enter_context(node(engine, house, "redis.conf", replica, "--replicaof", "127.0.0.1", str(master)))
        for port in watchers:
            (house / str(port)).mkdir()
            stack.enter_context(
                running(
                    "sh", house / "redis/sentinel.sh",
                    env=os.environ | {"PORT": str(port), "DATA": str(house / str(port)), "MASTER_PORT": str(master),
                                      "SECRETS": str(house / "secrets"),
                                      "DOWN_AFTER": "1000", "FAILOVER_TIMEOUT": "4000"},
                )
            )  # fmt: skip
        group = Sentinel(
            [("127.0.0.1", port) for port in watchers],
            sentinel_kwargs={"password": password},
            password=password,
        )
        watcher = redis.Redis(port=watchers[0], password=password, decode_responses=True)
        until(lambda: _pings(watcher))
        until(lambda: watcher.sentinel_master("ys")["num-other-sentinels"] == 2)
        until(lambda: watcher.sentinel_master("ys")["num-slaves"] == 1)
        one.set("kept", "7")
        assert one.wait(1, 5000) == 1
        assert {*one.config_get("appendonly").values(), *one.config_get("save").values()} == {"yes", "900 1 300 100"}
        analyst = redis.Redis(
            port=master, username="analyst", password=(house / "secrets/redis_analyst_password").read_text()
        )
        assert analyst.get("kept") == b"7"
        with pytest.raises(redis.exceptions.NoPermissionError):
            analyst.set("kept", "8")
        first.kill()
        until(lambda: _master(group) == replica)
        assert group.master_for("ys").get("kept") == b"7"


def test_three_masters_become_one_cluster(house, engine, until: Until):
    """Three masters become one cluster; doing it again changes nothing."""
    password = (house / "secrets/redis_password").read_text()
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(node(engine, house, "cluster.conf", port))
        for port in ports:
            until(lambda port=port: _pings(redis.Redis(port=port, password=password)))
        for _ in range(2):
            done = subprocess.run(
                ["sh", house / "redis/join.sh", *map(str, ports)],
                env=os.environ | {"SECRETS": str(house / "secrets")},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout
            one = redis.Redis(port=ports[0], password=password)
            until(lambda one=one: one.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        cluster = redis.RedisCluster(host="127.0.0.1", port=ports[1], password=password)
        for number in range(100):
            cluster.set(f"key:{number}", number)
        assert sum(redis.Redis(port=port, password=password).dbsize() for port in ports) == 100


def as_analyst(house: Path) -> dict[str, object]:
    """How the container's start script is run: with its secrets, this project's Python, and nothing of our settings."""
    mine = house / "lab"
    (mine / "config").mkdir(parents=True)
    (mine / "config" / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YS_", "JUPYTER"))}
    own = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "SECRETS": str(house / "secrets"),
        "HOME": str(mine), "JUPYTER_CONFIG_DIR": str(mine / "config"), "YS_ENV_FILE": os.devnull,
    }  # fmt: skip
    return {"env": kept | own, "cwd": mine}


def test_jupyterlab_asks_for_its_token(house, until: Until):
    """It answers its health check, shows nothing without the token from its file, and its kernels are the kit's."""
    how, port = as_analyst(house), free_port()
    how["env"] |= {"PORT": str(port)}
    token = (house / "secrets/lab_token").read_text()

    def status(path: str, **headers: str) -> int:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers), timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except OSError:
            return 0

    with running("sh", DEPLOY / "lab/start.sh", **how):
        until(lambda: status("/api") == 200)
        assert status("/api/contents") == 403
        assert status("/api/contents", Authorization=f"token {token}") == 200


def test_the_analysts_command_knows_every_store_and_shows_no_password(house):
    """The same script runs a command with four addresses, of which none answers here: a line each, no secret."""
    done = subprocess.run(
        ["sh", DEPLOY / "lab/start.sh", "ys", "status"],
        capture_output=True,
        text=True,
        check=False,
        **as_analyst(house),
    )
    assert done.returncode == 11, done.stderr
    for store in ("postgres", "clickhouse", "redis", "qdrant"):
        assert re.search(rf"^{store} +server +down ", done.stdout, re.MULTILINE), done.stdout
    for path in (house / "secrets").iterdir():
        assert path.read_text().strip() not in done.stdout + done.stderr


def _pings(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.exceptions.RedisError:
        return False


def _master(group: Sentinel) -> int | None:
    """The port of the master by the Sentinels; None while they choose one."""
    try:
        return int(group.discover_master("ys")[1])
    except redis.sentinel.MasterNotFoundError:
        return None
