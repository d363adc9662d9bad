"""A server that goes silent or trickles in the middle of a read is given up on time, in every store."""

import math
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import polars as pl
import pytest
from psycopg.conninfo import conninfo_to_dict

from ys_analytics.errors import StoreError
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.common.deadline import GRACE_SECONDS, time_left, time_limit
from ys_analytics.stores.common.retry import with_retries
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.qdrant import Qdrant
from ys_analytics.stores.redis import Redis

from . import faulty_proxy as proxies
from . import qdrant_front

# What the front of Qdrant asks for.
_KEY = "hunter2"

_LIMIT = 3.0
# Ending takes a cancel that is not answered, a rollback that is not answered, and a busy machine.
_AT_MOST = _LIMIT + GRACE_SECONDS + 6.0


@dataclass
class Reader:
    """One store behind a proxy: how many bytes may pass before the fault, and a read that takes more."""

    after: int
    target: tuple[str, int] | str
    open: Callable[[int, float], object]
    read: Callable[[object], object]


@pytest.fixture(params=["postgres", "clickhouse", "redis", "qdrant"])
def reader(request: pytest.FixtureRequest, stores: Stores) -> Iterator[Reader]:
    """Each store in turn."""
    with _READERS[request.param](request, stores) as made:
        yield made


@contextmanager
def _postgres(_request: pytest.FixtureRequest, stores: Stores) -> Iterator[Reader]:
    known = conninfo_to_dict(stores.postgres.address.conninfo)
    sql = "SELECT i, repeat('x', 100) AS filling FROM generate_series(1, 100000) AS i"

    def opened(port: int, limit: float) -> object:
        where = f"host=127.0.0.1 port={port} user={known['user']} dbname={known['dbname']} sslmode=disable"
        return Postgres.open(PostgresAddress(where, statement_timeout=limit))

    yield Reader(
        500_000,
        f"{known['host']}/.s.PGSQL.{known['port']}",
        opened,
        lambda store: store.read(sql, schema={"i": pl.Int32(), "filling": pl.String()}),
    )


@contextmanager
def _clickhouse(request: pytest.FixtureRequest, _stores: Stores) -> Iterator[Reader]:
    front = urlsplit(request.getfixturevalue("front").url)
    login = front.netloc.rpartition("@")[0]
    sql = "SELECT toInt64(number) AS i, randomPrintableASCII(100) AS filling FROM numbers(100000)"
    yield Reader(
        500_000,
        (front.hostname, front.port),
        lambda port, limit: ClickHouse.open(
            ClickHouseAddress(url=f"http://{login}@127.0.0.1:{port}{front.path}", statement_timeout=limit)
        ),
        lambda store: store.read(sql, schema={"i": pl.Int64(), "filling": pl.String()}),
    )


@contextmanager
def _redis(_request: pytest.FixtureRequest, stores: Stores) -> Iterator[Reader]:
    keys = pl.DataFrame({"key": [f"deadline:{n}" for n in range(10_000)], "value": ["x" * 100] * 10_000})
    stores.redis.write("string", keys)
    try:
        yield Reader(
            500_000,
            urlsplit(stores.redis.address.url).path,
            lambda port, limit: Redis.open(RedisAddress(f"redis://127.0.0.1:{port}", prefix="", timeout=limit)),
            lambda store: store.read(f"{stores.redis.address.prefix}deadline:*", "string"),
        )
    finally:
        stores.redis.delete("deadline:*")


@contextmanager
def _redis_7(request: pytest.FixtureRequest, _stores: Stores) -> Iterator[Reader]:
    """Debian's Redis, next to the Valkey of the embedded stores."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Debian's redis-server is not installed")
    path = Path(request.getfixturevalue("tmp_path")) / "socket"
    words = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(path.parent)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as running:
        try:
            while not path.exists():
                assert running.poll() is None
                time.sleep(0.02)
            with Redis.open(RedisAddress(f"unix://{path}", prefix="")) as store:
                store.write("string", pl.DataFrame({"key": [f"d:{n}" for n in range(10_000)], "value": "x" * 100}))
            yield Reader(
                500_000,
                str(path),
                lambda port, limit: Redis.open(RedisAddress(f"redis://127.0.0.1:{port}", prefix="", timeout=limit)),
                lambda store: store.read("d:*", "string"),
            )
        finally:
            running.kill()


@contextmanager
def _qdrant(_request: pytest.FixtureRequest, _stores: Stores) -> Iterator[Reader]:
    with qdrant_front.front() as running:
        url = urlsplit(running.url)
        with Qdrant.open(QdrantAddress(url=running.url, api_key=_KEY)) as store:
            store.create("deadlines", size=64, payload={})
            points = pl.DataFrame(
                {
                    "id": [str(UUID(int=n)) for n in range(1, 1001)],
                    "vector": [[1.0] * 64] * 1000,
                    "payload": ["{}"] * 1000,
                },
                schema_overrides={"vector": pl.Array(pl.Float32, 64)},
            )
            store.write("deadlines", points)
        yield Reader(
            20_000,
            (url.hostname, url.port),
            lambda port, limit: Qdrant.open(QdrantAddress(url=f"http://127.0.0.1:{port}", api_key=_KEY, timeout=limit)),
            lambda store: store.read("deadlines", 64),
        )


_READERS = {
    "postgres": _postgres,
    "clickhouse": _clickhouse,
    "redis": _redis,
    "redis 7": _redis_7,
    "qdrant": _qdrant,
}


# A peer that trickles is the harder one: no wait for a single answer is long.
@pytest.mark.parametrize("fault", [pytest.param("silent", marks=pytest.mark.servers), "trickle"])
def test_a_peer_that_stops_answering_is_given_up_on_time(reader: Reader, fault: str) -> None:
    """The error names the store and the setting; the read does not outlive its limit."""
    with proxies.proxy(reader.target, fault=fault, after=reader.after) as between:
        began = time.monotonic()
        with pytest.raises(StoreError, match="YS_STATEMENT_TIMEOUT"), reader.open(between.port, _LIMIT) as store:  # noqa: PT012
            began = time.monotonic()
            reader.read(store)
        assert time.monotonic() - began < _AT_MOST
        assert between.met


@pytest.mark.servers
def test_a_peer_that_is_silent_from_the_first_byte_is_given_up_on_time(
    reader: Reader, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Also a connection that is only being opened has its limit, and a driver that tries again does not double it."""
    with proxies.proxy(reader.target, fault="silent") as between:
        began = time.monotonic()
        with pytest.raises(StoreError), reader.open(between.port, _LIMIT) as store:
            reader.read(store)
        took = time.monotonic() - began
        assert between.met
    store_name = request.node.callspec.params["reader"]
    record_property("said", f"{store_name} silent from the first byte: {took - _LIMIT:.1f} s after its limit")
    assert took < _AT_MOST


@pytest.mark.parametrize("fault", ["cut", "delay"])
def test_a_read_that_is_cut_or_held_up_once_is_whole(reader: Reader, fault: str) -> None:
    """The second try gives what a sound server gives; a pause within the limit is waited for."""
    with proxies.proxy(reader.target) as sound, reader.open(sound.port, 60.0) as store:
        whole = reader.read(store)
    with (
        proxies.proxy(reader.target, fault=fault, after=reader.after, times=1, pause=0.2) as between,
        reader.open(between.port, 60.0) as store,
    ):
        again = reader.read(store)
        assert between.met == 1
    assert again.height == whole.height


@pytest.mark.servers
@pytest.mark.parametrize("reader", _READERS, indirect=True)
def test_two_hundred_loads_through_a_bad_network(
    reader: Reader, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Connections are cut, held up, trickle or go silent at any byte: each load gives every row or an error."""
    chance = random.Random(20261127)  # noqa: S311 - no secret
    with proxies.proxy(reader.target) as sound, reader.open(sound.port, 60.0) as store:
        whole = reader.read(store).height
    came, longest = {"whole": 0, "error": 0, "short": 0}, 0.0
    for _ in range(200):
        fault = chance.choices(["cut", "delay", "silent", "trickle"], [15, 3, 1, 1])[0]
        after, times = chance.randrange(reader.after * 3), chance.choice([1, 1, 2, None])
        with proxies.proxy(reader.target, fault=fault, after=after, times=times) as between:
            began = time.monotonic()
            try:
                with reader.open(between.port, _LIMIT) as store:
                    found = reader.read(store).height
            except StoreError:
                came["error"] += 1
            else:
                came["whole" if found == whole else "short"] += 1
            longest = max(longest, time.monotonic() - began)
    said = ", ".join(f"{count} {name}" for name, count in came.items())
    store_name = request.node.callspec.params["reader"]
    record_property("said", f"{store_name} through a bad network: {said} of 200 loads; longest {longest:.1f} s")
    assert came["short"] == 0
    assert came["whole"]


def test_ctrl_c_ends_a_read_without_an_answer(reader: Reader) -> None:
    """The signal is not held up by a server that is silent."""
    with proxies.proxy(reader.target, fault="silent", after=reader.after) as between:
        pressed = 0.0

        def press() -> None:
            nonlocal pressed
            while not between.met:
                time.sleep(0.01)
            pressed = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=press, daemon=True).start()
        with pytest.raises(KeyboardInterrupt), reader.open(between.port, 120.0) as store:
            reader.read(store)
        assert time.monotonic() - pressed < _AT_MOST


def test_exchanges_of_one_read_have_one_limit_together() -> None:
    """A retry inside does not begin a limit of its own: the read ends when its first limit does."""
    cut, tries = threading.Event(), 0

    def exchange() -> None:
        nonlocal tries
        tries += 1
        cut.wait(10)
        raise ConnectionError

    began = time.monotonic()
    with pytest.raises(StoreError, match=r"qdrant: no complete answer within 0\.5 s"):  # noqa: SIM117
        with time_limit(0.5, abort=cut.set, peer="qdrant"):
            with_retries(exchange, is_transient=lambda _: True, deadline=20, peer="an exchange of qdrant")
    assert tries == 1
    assert time.monotonic() - began < 5
    assert time_left() == math.inf


def test_a_read_within_its_limit_is_not_ended_by_another_limit(stores: Stores) -> None:
    """A read that takes longer than the limit of another read is not ended by it."""
    with Postgres.open(replace(stores.postgres.address, statement_timeout=30.0)) as store:
        assert store.rows("SELECT 1 FROM pg_sleep(0.05)") == [(1,)]
