"""Databases to migrate: empty ones and migrated ones, each test its own, on one PostgreSQL server."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from psycopg.conninfo import make_conninfo

from ys_analytics import migrations
from ys_analytics.local.home import Home
from ys_analytics.local.postgres_server import PostgresServer
from ys_analytics.settings import Settings
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.postgres import Postgres

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The defaults, whatever this machine's environment says."""
    return Settings(_env_file=None, retention_days={}, analyst_password=None)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """Where the PostgreSQL of these tests listens."""
    home = Home(tmp_path_factory.mktemp("migrations"))
    home.make()
    running = PostgresServer(home)
    running.start()
    yield running.conninfo()
    running.stop()


@contextmanager
def connected(conninfo: str, **different: str) -> Iterator[Stores]:
    """A bundle with PostgreSQL alone."""
    with Postgres.open(PostgresAddress(make_conninfo(conninfo, **different), embedded=True)) as postgres:
        yield Stores(opened_postgres=postgres)


@pytest.fixture(scope="session")
def connect():
    """The way to connect, for tests that do it themselves."""
    return connected


@contextmanager
def database(server: str, *, template: str = "template1") -> Iterator[str]:
    """The address of a database that lives as long as the block."""
    name = f"migrations_{next(_NUMBERS)}"
    with connected(server, dbname="postgres") as stores:
        stores.postgres.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            stores.postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def address(server) -> Iterator[str]:
    """Where an empty database is, for tests that connect more than once."""
    with database(server) as conninfo:
        yield conninfo


@pytest.fixture
def empty(address) -> Iterator[Stores]:
    """A database nothing was done to."""
    with connected(address) as stores:
        yield stores


@pytest.fixture(scope="session")
def model(server, settings) -> Iterator[str]:
    """The name of a migrated database that is only ever copied."""
    with database(server) as conninfo:
        with connected(conninfo) as stores:
            migrations.up(stores, settings=settings)
            [(name,)] = stores.postgres.rows("SELECT current_database()::text")
        yield name


@pytest.fixture
def home(server, model) -> Iterator[str]:
    """Where a migrated database is, for tests that connect more than once."""
    with database(server, template=model) as conninfo:
        yield conninfo


@pytest.fixture
def migrated(home) -> Iterator[Stores]:
    """A migrated database of the test's own."""
    with connected(home) as stores:
        yield stores


@pytest.fixture(scope="session")
def shared(server, model) -> Iterator[Stores]:
    """A migrated database for tests that only look."""
    with database(server, template=model) as conninfo, connected(conninfo) as stores:
        yield stores


@pytest.fixture
def folder(tmp_path):
    """A copy of the migration files that a test may spoil."""
    for store in ("postgres", "clickhouse"):
        shutil.copytree(migrations.FOLDER / store, tmp_path / "files" / store)
    return tmp_path / "files"


@pytest.fixture
def columns(tmp_path) -> Iterator[Stores]:
    """A ClickHouse nothing was done to; one at a time, for this process may open one folder."""
    with ClickHouse.open(ClickHouseAddress(folder=tmp_path / "clickhouse")) as clickhouse:
        yield Stores(opened_clickhouse=clickhouse)
