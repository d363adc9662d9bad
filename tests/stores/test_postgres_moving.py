"""A table that is emptied and filled again under a load, and a server that gives only one connection."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import polars as pl
import pytest

from ys_analytics.errors import StoreError
from ys_analytics.stores import Stores
from ys_analytics.stores.postgres import Postgres

_ROWS = 2_000
_SCHEMA = {"i": pl.Int32(), "filling": pl.String()}
_FILL = "INSERT INTO moving SELECT i, %(filling)s FROM generate_series(1, %(rows)s) AS i"
# Large enough for two connections.
_LARGE = "SELECT i, repeat('x', 900) AS filling FROM generate_series(1, 60000) AS i"


@pytest.fixture
def writer(stores: Stores) -> Iterator[Postgres]:
    """A second session on the same database."""
    with Postgres.open(stores.postgres.address) as store:
        yield store


# Each puts other rows under the table's name than older snapshots know, in a file or a table of its own.
_REPLACE = {
    "emptied": "TRUNCATE moving",
    "rewritten": "ALTER TABLE moving ALTER filling TYPE text USING filling || ''",
    "made again": "DROP TABLE moving; CREATE TABLE moving (i int, filling text)",
    "renamed": "CREATE TABLE next (LIKE moving); DROP TABLE moving; ALTER TABLE next RENAME TO moving",
}


@pytest.fixture(params=_REPLACE.values(), ids=_REPLACE)
def moving(request: pytest.FixtureRequest, stores: Stores) -> Iterator[str]:
    """A filled table, and a statement that gives it another file under older snapshots."""
    stores.postgres.run("CREATE TABLE moving (i int, filling text)")
    stores.postgres.run(_FILL, {"filling": "old", "rows": _ROWS})
    yield request.param
    stores.postgres.run("DROP TABLE moving")


def _read_while_replaced(writer: Postgres, replace_by: str, read: Callable[[], object]) -> object:
    """What a read gives that begins while the table is being replaced, and waits for it."""
    found: list[object] = []

    def go() -> None:
        try:
            found.append(read())
        except StoreError as error:
            found.append(error)

    reading = threading.Thread(target=go)
    with writer.transaction():
        [(oid,)] = writer.rows("SELECT 'moving'::regclass::oid::int")
        for statement in replace_by.split(";"):
            writer.run(statement)
        writer.run(_FILL, {"filling": "new", "rows": _ROWS})
        reading.start()
        waiting = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = {oid}"  # noqa: S608 - a number
        while writer.rows(waiting) == [(0,)]:
            pass
    reading.join()
    return found[0]


def test_a_table_emptied_and_refilled_is_read_whole(stores: Stores, writer: Postgres, moving: str) -> None:
    """A read that waited for it is begun again: every row of the new filling, never none of either."""
    found = _read_while_replaced(writer, moving, lambda: stores.postgres.scan("moving", schema=_SCHEMA))
    expected = 2 * _ROWS if moving == _REPLACE["rewritten"] else _ROWS
    assert isinstance(found, pl.DataFrame)
    assert found.filter(pl.col("filling") == "new").height == _ROWS
    assert found.height == expected


def test_in_a_snapshot_it_is_an_error(stores: Stores, writer: Postgres, moving: str) -> None:
    """What was read before is of the snapshot, so nothing can be begun again."""

    def read() -> object:
        with stores.postgres.snapshot():
            return stores.postgres.scan("moving", schema=_SCHEMA)

    found = _read_while_replaced(writer, moving, read)
    assert isinstance(found, StoreError)
    assert "moving was emptied or rewritten" in str(found)


def test_counts_and_batches_notice_it_too(stores: Stores, writer: Postgres, moving: str) -> None:
    """A proof that counted in the old snapshot would agree with an empty frame."""
    counted = _read_while_replaced(writer, moving, lambda: stores.postgres.rows("SELECT count(*) FROM moving"))
    assert isinstance(counted, StoreError)
    statement = "SELECT i, filling FROM moving"
    streamed = _read_while_replaced(writer, moving, lambda: list(stores.postgres.batches(statement, schema=_SCHEMA)))
    assert isinstance(streamed, StoreError)


@pytest.fixture
def large(stores: Stores) -> Iterator[str]:
    """A table worth two connections."""
    stores.postgres.run(f"CREATE TABLE large AS {_LARGE}")
    yield "large"
    stores.postgres.run("DROP TABLE large")


def test_a_second_connection_that_is_refused_is_done_without(stores: Stores, large: str) -> None:
    """One connection reads the whole table where the server gives no second one."""
    stores.postgres.run("DROP ROLE IF EXISTS alone")
    stores.postgres.run("CREATE ROLE alone LOGIN CONNECTION LIMIT 1")
    stores.postgres.run(f"GRANT SELECT ON {large} TO alone")
    try:
        lonely = stores.postgres.address.conninfo.replace("user=postgres", "user=alone")
        with Postgres.open(replace(stores.postgres.address, conninfo=lonely, read_only=True)) as store:
            found = store.scan(large, schema=_SCHEMA)
            again = store.scan(large, schema=_SCHEMA)
    finally:
        stores.postgres.run("DROP OWNED BY alone")
        stores.postgres.run("DROP ROLE alone")
    assert found["i"].sort().to_list() == list(range(1, 60_001))
    assert again.height == found.height
