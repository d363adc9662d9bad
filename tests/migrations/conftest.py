"""Databases to migrate on the session's engines: empty ones and migrated ones, apart from what other tests use."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from psycopg.conninfo import make_conninfo

from ys_analytics import migrations
from ys_analytics.schemas import TABLES
from ys_analytics.stores import PostgresAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.common.sockets import OpenSockets
from ys_analytics.stores.postgres import Postgres

_NUMBERS = count(1)


@contextmanager
def connected(conninfo: str, **different: str) -> Iterator[Stores]:
    """A bundle with PostgreSQL alone."""
    with Postgres.open(PostgresAddress(make_conninfo(conninfo, **different), embedded=True)) as postgres:
        yield Stores(opened_postgres=postgres)


@contextmanager
def database(stores: Stores) -> Iterator[str]:
    """The address of an empty database that lives as long as the block."""
    name = f"migrations_{next(_NUMBERS)}"
    stores.postgres.run(f"CREATE DATABASE {name} STRATEGY file_copy")
    try:
        yield make_conninfo(stores.postgres.address.conninfo, dbname=name)
    finally:
        stores.postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def connect():
    """The way to connect, for tests that do it themselves."""
    return connected


@pytest.fixture
def address(stores) -> Iterator[str]:
    """Where an empty database is, for tests that connect more than once."""
    with database(stores) as conninfo:
        yield conninfo


@pytest.fixture
def empty(address) -> Iterator[Stores]:
    """A database nothing was done to."""
    with connected(address) as stores:
        yield stores


@pytest.fixture
def migrated(empty, settings) -> Stores:
    """A migrated database that a test may spoil."""
    migrations.up(empty, settings=settings)
    return empty


@pytest.fixture(scope="session")
def home(stores, settings) -> Iterator[str]:
    """Where a migrated database is whose schema no one changes."""
    with database(stores) as conninfo:
        with connected(conninfo) as opened:
            migrations.up(opened, settings=settings)
        yield conninfo


@pytest.fixture(scope="session")
def shared(home) -> Iterator[Stores]:
    """The same, to look at."""
    with connected(home) as stores:
        yield stores


@pytest.fixture
def swept(shared) -> Iterator[Stores]:
    """The same, to write rows into; they are gone afterwards."""
    yield shared
    shared.postgres.run("TRUNCATE users, assets, agent_tasks CASCADE")
    migrations.refresh(shared)


@pytest.fixture(scope="session")
def newest() -> dict[str, str]:
    """The number of the last migration of each database: the files are what counts them."""
    return {
        store: max(path.name[:4] for path in (migrations.FOLDER / store).glob("*.sql"))
        for store in ("postgres", "clickhouse")
    }


@pytest.fixture
def folder(tmp_path):
    """A copy of the migration files that a test may spoil."""
    for store in ("postgres", "clickhouse"):
        shutil.copytree(migrations.FOLDER / store, tmp_path / store)
    return tmp_path


@pytest.fixture
def small(folder):
    """Only the first three files of PostgreSQL, for tests of the ledger rather than of the schema."""
    for path in sorted((folder / "postgres").iterdir())[3:]:
        path.unlink()
    return folder


@contextmanager
def clickhouse_database(stores: Stores) -> Iterator[Stores]:
    """A bundle with an empty database of the ClickHouse this process has open, which lives as long as the block."""
    import clickhouse_connect

    name, address = f"migrations_{next(_NUMBERS)}", stores.clickhouse.address
    stores.clickhouse.run(f"CREATE DATABASE {name}")
    client = clickhouse_connect.get_client(interface="chdb", path=str(address.folder), database=name, tz_mode="aware")
    yield Stores(opened_clickhouse=ClickHouse(address, client, OpenSockets()))
    client.close()
    stores.clickhouse.run(f"DROP DATABASE {name}")


@pytest.fixture
def columns(stores) -> Iterator[Stores]:
    """An empty database of ClickHouse."""
    with clickhouse_database(stores) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_columns(stores, settings) -> Iterator[Stores]:
    """A migrated database of ClickHouse, whose schema no one changes, to look at."""
    with clickhouse_database(stores) as opened:
        migrations.up(opened, settings=settings)
        yield opened


@pytest.fixture
def written(shared_columns) -> Iterator[Stores]:
    """The same, to write rows into; they are gone afterwards."""
    yield shared_columns
    for table in TABLES.values():
        if table.store == "clickhouse":
            shared_columns.clickhouse.run(f"TRUNCATE TABLE {table.name}")
