"""Two hundred loads of a store that changes under them: each gives every row or an error, never fewer rows.

Writers here replace what they write in one step, so that at no moment a reader may find less.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg
import pytest
import redis as driver
from qdrant_client.http import models

from tests.stores import http_front, qdrant_front
from ys_analytics.errors import StoreError
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.qdrant import Qdrant
from ys_analytics.stores.redis import Redis

from . import postgres_servers

LOADS = 200
ROWS = 20_000
STORES = Path(__file__).parents[1] / "stores"

# One step of what is done to a store, again and again.
Step = Callable[[random.Random], None]


@contextmanager
def _disturbed(step: Step, *, rest: float) -> Iterator[list[int]]:
    """Runs a step again and again, with rests of up to so many seconds; how often is in the list."""
    stop, done, failed = threading.Event(), [0], []
    chance = random.Random(20261128)  # noqa: S311 - no secret

    def work() -> None:
        try:
            while not stop.wait(chance.uniform(0, rest)):
                step(chance)
                done[0] += 1
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]


def _count(
    what: str, load: Callable[[], int], step: Step, record: Callable[[str, object], None], *, rest: float = 0.05
) -> None:
    """Load while the step is repeated, and state how many loads were whole, an error or short."""
    came, words = {"whole": 0, "error": 0, "short": 0}, set()
    began = time.monotonic()
    with _disturbed(step, rest=rest) as done:
        for _ in range(LOADS):
            try:
                rows = load()
            except StoreError as error:
                came["error"] += 1
                words.add(str(error))
            else:
                came["whole" if rows == ROWS else "short"] += 1
    said = ", ".join(f"{count} {name}" for name, count in came.items())
    record("said", f"{what}, {done[0]} times: {said} of {LOADS} loads in {time.monotonic() - began:.0f} s")
    assert came["short"] == 0
    assert came["whole"] > LOADS / 2, words
    assert done[0] > 10
    assert load() == ROWS


# PostgreSQL


@pytest.fixture(scope="module", params=["18", "15"])
def postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A server over TCP with one filled table."""
    if not (postgres_servers.BINARIES[request.param] / "initdb").exists():
        pytest.skip("Debian's postgresql (15) is not installed")
    folder = tmp_path_factory.mktemp("moving")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    with postgres_servers.server(request.param, folder) as running:
        running.run("CREATE TABLE moving (i int, filling text)")
        running.run(_FILL)
        yield running


_FILL = f"INSERT INTO moving SELECT i, repeat('x', 100) FROM generate_series(1, {ROWS}) AS i"  # noqa: S608 - a number


def _empty_and_fill(connection: psycopg.Connection) -> Step:
    """Replaces every row in one transaction, one way or another."""
    ways = [
        "TRUNCATE moving",
        "DELETE FROM moving",
        "DROP TABLE moving; CREATE TABLE moving (i int, filling text)",
        "ALTER TABLE moving ALTER filling TYPE text USING filling || ''; DELETE FROM moving",
    ]

    def step(chance: random.Random) -> None:
        with connection.transaction():
            for statement in chance.choice(ways).split(";"):
                connection.execute(statement)
            connection.execute(_FILL)

    return step


@pytest.mark.parametrize("fault", ["is emptied and filled", "ends connections"])
def test_postgres(postgres, fault: str, record_property) -> None:
    """Its table is replaced, or its connections are ended, under the reads."""
    schema = {"i": pl.Int32(), "filling": pl.String()}
    with (
        psycopg.connect(postgres.conninfo(), autocommit=True) as connection,
        Postgres.open(PostgresAddress(postgres.conninfo(), statement_timeout=20.0)) as store,
    ):
        others = "pid <> pg_backend_pid() AND usename IS NOT NULL"
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"  # noqa: S608 - ours
        steps = {
            "is emptied and filled": _empty_and_fill(connection),
            "ends connections": lambda _: connection.execute(end),
        }
        version = connection.info.server_version // 10_000

        def load() -> int:
            return store.scan("moving", schema=schema)["i"].n_unique()

        _count(f"PostgreSQL {version} {fault}", load, steps[fault], record_property, rest=0.2)


# Redis and Valkey


def _fill_redis(client: driver.Redis) -> None:
    """Every key anew, in one step."""
    pipeline = client.pipeline(transaction=True)
    pipeline.flushdb()
    for start in range(0, ROWS, 1_000):
        pipeline.mset({f"k:{number}": "x" * 50 for number in range(start, start + 1_000)})
    pipeline.execute()


@pytest.mark.parametrize("fault", ["is emptied and filled", "ends connections"])
def test_redis(redises, fault: str, record_property) -> None:
    """Its keys are replaced, or its connections are ended, under the reads."""
    port = redises.start()
    with (
        driver.Redis(port=port, socket_timeout=60) as client,
        Redis.open(RedisAddress(f"redis://127.0.0.1:{port}", timeout=20.0)) as store,
    ):
        _fill_redis(client)
        steps = {
            "is emptied and filled": lambda _: _fill_redis(client),
            "ends connections": lambda _: client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
        }
        engine = store.server_info()
        _count(
            f"{engine['engine']} {engine['version']} {fault}",
            lambda: store.read("k:*", "string").height,
            steps[fault],
            record_property,
            rest=0.5,
        )


def test_a_sentinel_group_that_fails_over(redises, until, record_property) -> None:
    """The primary and its replica change places under the reads."""
    first = redises.start()
    with driver.Redis(port=first, socket_timeout=60) as client:
        _fill_redis(client)
    second = redises.start(f"replicaof 127.0.0.1 {first}")
    group = redises.start(
        sentinel=(
            f"sentinel monitor prices 127.0.0.1 {first} 1",
            "sentinel down-after-milliseconds prices 2000",
            "sentinel failover-timeout prices 5000",
        )
    )
    with driver.Redis(port=second, socket_timeout=60) as client:
        until(lambda: client.info("replication").get("master_link_status") == "up" and client.dbsize() == ROWS)
    with driver.Redis(port=group, socket_timeout=60, decode_responses=True) as sentinel:
        until(lambda: len(sentinel.sentinel_slaves("prices")) == 1)

        def fail_over(_: random.Random) -> None:
            before = sentinel.sentinel_get_master_addr_by_name("prices")
            with suppress(driver.ResponseError):  # the last one is not over, or no replica is near enough
                sentinel.execute_command("SENTINEL", "FAILOVER", "prices")
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline and sentinel.sentinel_get_master_addr_by_name("prices") == before:
                    time.sleep(0.02)

        address = RedisAddress(f"redis+sentinel://127.0.0.1:{group}/prices/0", timeout=20.0)
        with Redis.open(address) as store:
            engine = store.server_info()
            _count(
                f"{engine['engine']} {engine['version']} under Sentinel fails over",
                lambda: store.read("k:*", "string").height,
                fail_over,
                record_property,
                rest=1.0,
            )


# ClickHouse


def test_clickhouse(stores: Stores, record_property) -> None:
    """Its table is replaced, and its answers are cut, dropped or end in an error, under the reads."""
    fill = f"INSERT INTO {{}} SELECT number, repeat('x', 100) FROM numbers({ROWS})"  # noqa: S608 - a number
    schema = {"i": pl.UInt64(), "filling": pl.String()}
    with http_front.front(stores.clickhouse.address.folder) as running:
        with ClickHouse.open(ClickHouseAddress(url=running.url)) as writer:
            for name in ("moving", "moving_next"):
                writer.run(f"CREATE TABLE {name} (i UInt64, filling String) ENGINE = MergeTree ORDER BY i")
                writer.run(fill.format(name))
        try:
            with (
                ClickHouse.open(ClickHouseAddress(url=running.url)) as writer,
                ClickHouse.open(ClickHouseAddress(url=running.url, statement_timeout=20.0)) as store,
            ):

                def step(chance: random.Random) -> None:
                    if chance.random() < 0.5:
                        writer.run("ALTER TABLE moving REPLACE PARTITION tuple() FROM moving_next")
                    elif not running.faults:
                        running.faults.append(chance.choice(["cut", "drop", "fail", "fail in a chunk"]))

                def load() -> int:
                    return store.scan("moving", schema=schema)["i"].n_unique()

                _count("ClickHouse is replaced and breaks answers off", load, step, record_property, rest=0.3)
        finally:
            running.faults.clear()
            for name in ("moving", "moving_next"):
                stores.clickhouse.run(f"DROP TABLE {name}")


# Qdrant


def test_qdrant(record_property) -> None:
    """Every point is replaced by another, new ones before old ones go, and answers are dropped, under the reads."""
    points = 1_500  # two pages
    generations = [[str(UUID(int=number * 2 + odd)) for number in range(points)] for odd in (0, 1)]
    with (
        qdrant_front.front() as running,
        Qdrant.open(QdrantAddress(url=running.url, api_key="hunter2", timeout=20.0)) as store,
    ):
        store.create("moving", size=4, payload={})
        store.write("moving", _points(generations[0]))
        current = [0]

        def step(chance: random.Random) -> None:
            old, new = generations[current[0]], generations[1 - current[0]]
            running.engine.upsert("moving", models.Batch(ids=new, vectors=[[1.0, 0, 0, 0]] * points))
            running.engine.delete("moving", old)
            current[0] = 1 - current[0]
            if chance.random() < 0.3:
                running.faults.append(chance.choice(["drop", "drop", "500"]))

        def load() -> int:
            found = store.read("moving", 4).height
            return ROWS if found >= points else found  # between the two steps there are points of both

        _count("Qdrant is replaced and drops answers", load, step, record_property, rest=1.0)


def _points(ids: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"id": ids, "vector": [[1.0, 0.0, 0.0, 0.0]] * len(ids), "payload": ["{}"] * len(ids)},
        schema_overrides={"vector": pl.Array(pl.Float32, 4)},
    )
