"""Backups as docs/operators.md describes them: made, restored elsewhere, and read by the kit to the same rows."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest
import redis as driver
from psycopg.conninfo import make_conninfo

from ys_analytics import demo, local, migrations
from ys_analytics.demo.economy import CLICKHOUSE, POSTGRES
from ys_analytics.errors import StoreError
from ys_analytics.settings import Settings
from ys_analytics.stores import PostgresAddress, RedisAddress, Stores
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.redis import Redis

from . import postgres_servers


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that servers without root's rights can enter, with a short name for sockets."""
    with tempfile.TemporaryDirectory(prefix="ysb-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
def economy() -> dict[str, pl.DataFrame]:
    """What is backed up."""
    return demo.economy(portfolios=9, days=45, seed=3, until=datetime(2026, 11, 23, tzinfo=UTC))


@contextmanager
def _opened(conninfo: str) -> Iterator[Stores]:
    with Postgres.open(PostgresAddress(conninfo)) as postgres:
        yield Stores(opened_postgres=postgres)


def _counts(stores: Stores) -> dict[str, object]:
    """Rows of each table and a sum over all of their text."""
    sql = "SELECT count(*), coalesce(sum(hashtext(t::text)::numeric), 0) FROM {} AS t"
    names = [*POSTGRES, "transaction_hashes", "daily_external_flows", "current_exposure", "schema_migrations"]
    return {name: stores.postgres.rows(sql.format(name)) for name in names}


@pytest.mark.parametrize("version", ["18", "15"])
def test_a_dump_restores_into_a_database_made_from_migrate_sql(
    version: str, place: Path, economy: dict[str, pl.DataFrame]
) -> None:
    """A dump goes into a database that a DBA made from `ys migrate sql`: rows, views, rights and triggers are there."""
    if not (postgres_servers.BINARIES[version] / "initdb").exists():
        pytest.skip("Debian's postgresql (15) is not installed")
    programs = postgres_servers.BINARIES[version]
    settings = Settings(_env_file=None)
    dump = place / "ys.dump"
    with postgres_servers.server(version, place) as running:
        running.run("CREATE DATABASE ys")
        address = running.conninfo(database="ys")
        with _opened(address) as stores:
            migrations.up(stores, settings=settings)
            stores.postgres.run("DELETE FROM satellite_agents")
            for name in POSTGRES:
                stores.postgres.write(name, economy[name])
            migrations.refresh(stores)
            before = _counts(stores)
        subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, "-d", address], check=True, capture_output=True)
        running.run("CREATE DATABASE elsewhere")
        other = running.conninfo(database="elsewhere")
        words = ["--exit-on-error", "--single-transaction", "--no-owner", "-d", other, dump]
        subprocess.run([programs / "pg_restore", *words], check=True, capture_output=True)
        with _opened(other) as stores:
            assert _counts(stores) == before
            # The right to connect belongs to the database and is not in its dump; the DBA's file or this grants it.
            migrations.up(stores, settings=settings)
            assert {step.state for step in migrations.status(stores, settings=settings)} == {"applied"}
            with pytest.raises(StoreError, match="transactions_transaction_hash_key"):
                stores.postgres.run(
                    "INSERT INTO transactions (portfolio_id, transaction_hash, chain_id, block_number, "
                    "transaction_type, timestamp) SELECT portfolio_id, transaction_hash, chain_id, block_number, "
                    "transaction_type, timestamp FROM transactions LIMIT 1"
                )
        running.run(f"ALTER ROLE ys_analyst PASSWORD '{postgres_servers.PASSWORD}'")
        with psycopg.connect(make_conninfo(other, user="ys_analyst")) as reader:
            assert reader.execute("SELECT count(*) FROM portfolios").fetchone() == (9,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT password_hash FROM users")


def _redis(port: int) -> Redis:
    return Redis.open(RedisAddress(f"redis://127.0.0.1:{port}/0"))


@pytest.mark.parametrize("kept", ["RDB", "AOF"])
def test_redis_is_restored_from_its_files(redises, kept: str) -> None:
    """The file of a snapshot or the log of writes, copied into another server's folder before it starts."""
    options = ["appendonly yes", "appendfsync always"] if kept == "AOF" else []
    port = redises.start(*options)
    with _redis(port) as store:
        store.write("string", pl.DataFrame({"key": [f"k:{n}" for n in range(2_000)], "value": "v"}))
        store.write("hash", pl.DataFrame({"key": ["h:1"], "field": ["f"], "value": ["v"]}), ttl=10_000)
        before = store.read("k:*", "string").sort("key")
    with driver.Redis(port=port) as line:
        if kept == "RDB":
            line.save()
    source = redises.folder / str(port)
    redises.stop()
    number = redises.start(*options, from_folder=source)
    with _redis(number) as store:
        again = store.read("k:*", "string").sort("key")
        assert again.drop("ttl_ms").equals(before.drop("ttl_ms"))
        assert 9_000_000 < store.read("h:*", "hash")["ttl_ms"][0] <= 10_000_000


def test_a_snapshot_is_not_read_by_a_server_that_keeps_a_log(redises) -> None:
    """Restored with `appendonly yes` it would be empty; with `appendonly no` every key is there."""
    port = redises.start()
    with driver.Redis(port=port) as line:
        line.mset({f"k:{n}": "v" for n in range(100)})
        line.save()
    source = redises.folder / str(port)
    redises.stop()
    for options, keys in ((["appendonly yes"], 0), (["appendonly no"], 100)):
        with driver.Redis(port=redises.start(*options, from_folder=source)) as line:
            assert line.dbsize() == keys


# A process of its own for each folder of ClickHouse's engine.
_FILL = """
import sys
from pathlib import Path
from ys_analytics import demo, local, migrations
from ys_analytics.settings import Settings
settings = Settings(_env_file=None, home=Path(sys.argv[1]))
with local.open_stores(settings, role="owner", purpose="the tests") as stores:
    migrations.up(stores)
    demo.fill(stores, portfolios=9, days=45, seed=3)
"""
_DUMP = """
import hashlib, json, sys
from pathlib import Path
from ys_analytics import frames, local
from ys_analytics.schemas import TABLES
from ys_analytics.settings import Settings
settings = Settings(_env_file=None, home=Path(sys.argv[1]))
said = {}
with local.open_stores(settings, role="owner", purpose="the tests") as stores:
    for name, table in TABLES.items():
        if getattr(table, "secret", False) or getattr(table, "ttl", None) or name == "schema_migrations":
            continue
        frame = frames.load(stores, name).sort(table.key)
        said[name] = [frame.height, str(frame.hash_rows(seed=1).implode().hash(seed=1)[0])]
print(json.dumps(said, sort_keys=True))
"""
_ENGINE = """
import sys
import chdb
engine = chdb.connect(f"{sys.argv[1]}?config-file={sys.argv[2]}")
for statement in sys.argv[3:]:
    print(engine.query(statement, "TabSeparated"))
"""


def _python(program: str, *words: object) -> str:
    """What a program says; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    """An embedded home with the demo in it, its servers down."""
    with tempfile.TemporaryDirectory(prefix="ysb-") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder) / "home"
        _python(_FILL, home)
        yield home
        local.down(Settings(_env_file=None, home=home))


def test_an_embedded_home_is_restored_from_a_copy(filled: Path, place: Path) -> None:
    """`ys down`, and the folder is the backup: put elsewhere it holds the same rows of all four stores."""
    before = _python(_DUMP, filled)
    local.down(Settings(_env_file=None, home=filled))
    subprocess.run(["tar", "-cf", place / "home.tar", "-C", filled, "."], check=True)
    copy = place / "copy"
    copy.mkdir()
    subprocess.run(["tar", "-xf", place / "home.tar", "-C", copy], check=True)
    try:
        assert _python(_DUMP, copy) == before
    finally:
        local.down(Settings(_env_file=None, home=copy))


def test_clickhouse_is_restored_from_backup(filled: Path, place: Path) -> None:
    """`BACKUP DATABASE` of the server's own, restored over an empty engine: the kit reads the same rows."""
    before = _python(_DUMP, filled)
    local.down(Settings(_env_file=None, home=filled))
    copy = place / "copy"
    subprocess.run(["cp", "-a", filled, copy], check=True)
    config = place / "config.xml"
    config.write_text(f"<clickhouse><backups><allowed_path>{place}/</allowed_path></backups></clickhouse>")
    [engine] = [path.parent for path in (copy / "clickhouse").rglob("store") if path.is_dir()]
    database = _python(
        _ENGINE, engine, config, "SELECT DISTINCT database FROM system.tables WHERE name = 'market_data'"
    )
    name = database.strip()
    _python(_ENGINE, engine, config, f"BACKUP DATABASE {name} TO File('{place}/backup')")
    dropped = [f"DROP TABLE {name}.{table} SYNC" for table in (*CLICKHOUSE, "schema_migrations")]
    _python(_ENGINE, engine, config, *dropped)
    _python(_ENGINE, engine, config, f"RESTORE DATABASE {name} FROM File('{place}/backup')")
    try:
        assert _python(_DUMP, copy) == before
    finally:
        local.down(Settings(_env_file=None, home=copy))
