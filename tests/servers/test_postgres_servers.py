"""Poolers, balancers and replicas of real PostgreSQL servers give the whole frame, and a lag that can be believed."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ys_analytics.errors import StoreError
from ys_analytics.stores import PostgresAddress
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.postgres.replica import Lag

from . import postgres_servers as postgres

_ROWS = 60_000
_SCHEMA = {"i": pl.Int32(), "filling": pl.String()}


@pytest.fixture(scope="module", params=["18", "15"])
def version(request: pytest.FixtureRequest) -> str:
    """PostgreSQL 18 out of its wheel, and Debian's 15."""
    if not (postgres.BINARIES[request.param] / "initdb").exists():
        pytest.skip("Debian's postgresql (15) is not installed")
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that servers without root's rights can reach."""
    made = tmp_path_factory.mktemp("servers")
    for parent in (made, *made.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    return made


@pytest.fixture(scope="module")
def primary(version: str, folder: Path) -> Iterator[object]:
    """A server with one table worth two connections."""
    with postgres.server(version, folder) as running:
        running.run("CREATE TABLE large (i int, filling text)")
        running.run("INSERT INTO large SELECT i, repeat('x', 900) FROM generate_series(1, 60000) AS i")
        yield running


@pytest.fixture(scope="module")
def replica(version: str, folder: Path, primary: object) -> Iterator[object]:
    """A streaming replica of it."""
    with postgres.server(version, folder, copy_of=primary) as running:
        yield running


def _whole(store: Postgres) -> bool:
    return store.scan("large", schema=_SCHEMA)["i"].sort().to_list() == list(range(1, _ROWS + 1))


def _program(name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"Debian's {name} is not installed")


def test_a_large_table_arrives_whole_over_tcp(primary: object) -> None:
    """Over TCP, with a login that needs quoting."""
    with Postgres.open(PostgresAddress(primary.conninfo())) as store:
        assert _whole(store)
        assert not store._single_connection


def test_a_balancer_that_sends_the_second_connection_elsewhere(primary, replica, folder: Path) -> None:
    """One connection reads what two could not: a snapshot of one server is unknown to the other."""
    _program("haproxy")
    with postgres.haproxy([primary, replica], folder) as conninfo, Postgres.open(PostgresAddress(conninfo)) as store:
        for _ in range(4):
            assert _whole(store)


def test_a_list_of_hosts_of_which_libpq_takes_any(primary, replica) -> None:
    """`load_balance_hosts=random` is a balancer in the client."""
    if primary.binaries == postgres.BINARIES["15"]:
        where = primary.conninfo().replace("host=127.0.0.1", "host=127.0.0.1,127.0.0.1")
    else:
        where = primary.conninfo().replace("host=127.0.0.1", "host=127.0.0.1,127.0.0.1 load_balance_hosts=random")
    where = where.replace(f"port={primary.port}", f"port={primary.port},{replica.port}")
    for _ in range(4):
        with Postgres.open(PostgresAddress(where)) as store:
            assert _whole(store)


@pytest.mark.parametrize("pool", [1, 4])
def test_a_server_behind_pgbouncer_is_read(primary, folder: Path, pool: int) -> None:
    """PgBouncer by transactions, with one connection to the server or several."""
    _program("pgbouncer")
    with postgres.pgbouncer(primary, folder, pool=pool) as conninfo, Postgres.open(PostgresAddress(conninfo)) as store:
        began = time.monotonic()
        assert _whole(store)
        assert _whole(store)
        assert store._single_connection == (pool == 1)
        assert time.monotonic() - began < 60
        with store.snapshot():
            assert _whole(store)


def test_a_replica_cut_off_from_its_primary_is_behind(primary, replica, until) -> None:
    """It has replayed all it received, and is behind all the same: the primary says so."""
    address = PostgresAddress(primary.conninfo(), replica=replica.conninfo(), max_lag=0.5)
    with Postgres.open(address) as store:
        assert store.lag() == Lag(0.0)
    kept = "SELECT setting FROM pg_settings WHERE name = 'primary_conninfo'"
    with Postgres.open(PostgresAddress(replica.conninfo())) as store:
        [(conninfo,)] = store.rows(kept)
    replica.run("ALTER SYSTEM SET primary_conninfo = ''")
    replica.run("SELECT pg_reload_conf()")
    try:
        with Postgres.open(PostgresAddress(replica.conninfo())) as store:
            until(lambda: store.rows("SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
        primary.run("CREATE TABLE unseen AS SELECT 1 AS i")
        with Postgres.open(PostgresAddress(primary.conninfo(), replica=replica.conninfo())) as store:
            until(lambda: store.lag() is not None and (store.lag().seconds or 1.0) > 0.5)
        with pytest.raises(StoreError, match="YS_REPLICA_MAX_LAG"), Postgres.open(address):
            pass
        allowed = PostgresAddress(primary.conninfo(), replica=replica.conninfo(), max_lag=0.5, fallback=True)
        with Postgres.open(allowed) as store:
            assert store.reads_from().startswith("the primary, because the replica is not near enough")
            assert store.rows("SELECT i FROM unseen") == [(1,)]
        alone = PostgresAddress("host=127.0.0.1 port=1 user=postgres", replica=replica.conninfo())
        with Postgres.open(alone) as store:
            assert store.lag().seconds is None
            assert "not connected to its primary" in store.reads_from()
    finally:
        quoted = str(conninfo).replace("'", "''")
        replica.run(f"ALTER SYSTEM SET primary_conninfo = '{quoted}'")
        replica.run("SELECT pg_reload_conf()")
        primary.run("DROP TABLE unseen")


def test_a_replica_that_is_down_is_an_error_or_the_primary_answers(primary) -> None:
    """An error by itself, and the primary where the settings allow that."""
    gone = "host=127.0.0.1 port=1 user=postgres"
    with pytest.raises(StoreError), Postgres.open(PostgresAddress(primary.conninfo(), replica=gone)):
        pass
    with Postgres.open(PostgresAddress(primary.conninfo(), replica=gone, fallback=True)) as store:
        assert _whole(store)
        assert store.reads_from().startswith("the primary, because the replica does not answer")
        assert store.reads_conninfo == primary.conninfo()  # what `ys check --live` asks as well
