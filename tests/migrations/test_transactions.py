"""Transactions by month: a hash is accepted once, and no row is refused for its date."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime

import polars as pl
import pytest

from ys_analytics import migrations
from ys_analytics.errors import StoreError
from ys_analytics.schemas import Span

OWNER = "00000000-0000-4000-8000-000000000001"
TAKEN = "transactions_transaction_hash_key"


@pytest.fixture
def store(swept):
    """A migrated database with one portfolio."""
    swept.postgres.run(
        f"""
        INSERT INTO users (id, email, username, password_hash) VALUES ('{OWNER}', 'a', 'b', 'c');
        INSERT INTO portfolios (id, user_id, name) VALUES ('{OWNER}', '{OWNER}', 'p');
        """  # noqa: S608 - a constant
    )
    return swept.postgres


def insert(store, name, moment="2026-11-22", *, table="transactions", status="confirmed"):
    """One transaction."""
    store.run(
        f"""
        INSERT INTO {table}
            (portfolio_id, transaction_hash, chain_id, block_number, transaction_type, status, timestamp)
        VALUES (%(owner)s, %(name)s, 1, 1, 'swap', %(status)s, %(moment)s::timestamp AT TIME ZONE 'UTC')
        """,  # noqa: S608 - a name of ours
        {"owner": OWNER, "name": name, "status": status, "moment": moment},
    )


def hashes(store):
    """Every hash that is taken."""
    return [name for (name,) in store.rows("SELECT transaction_hash FROM transaction_hashes ORDER BY 1")]


def places(store):
    """Which partition each transaction is in."""
    return dict(store.rows("SELECT transaction_hash, tableoid::regclass::text FROM transactions"))


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("2026-11-22", id="the same moment"),
        pytest.param("2026-11-23", id="another day"),
        pytest.param("2026-02-01", id="another month, so another partition"),
        pytest.param("1999-01-01", id="a month without a partition"),
    ],
)
def test_a_hash_is_accepted_once(store, moment):
    """No matter what its timestamp; the refusal bears the name the specification's UNIQUE would have had."""
    insert(store, "0xa")
    with pytest.raises(StoreError, match=TAKEN):
        insert(store, "0xa", moment)
    assert len(places(store)) == 1


@pytest.mark.parametrize("status", ["pending", "failed", "replaced"])
def test_a_failed_transaction_keeps_its_hash(store, status):
    """A hash names what was sent, not what succeeded."""
    insert(store, "0xa", status=status)
    with pytest.raises(StoreError, match=TAKEN):
        insert(store, "0xa", "2026-02-01")
    store.run("UPDATE transactions SET status = 'confirmed'")
    assert hashes(store) == ["0xa"]


def test_an_insert_straight_into_a_partition_is_seen(store):
    """Straight into a partition, and by COPY."""
    insert(store, "0xa", table="transactions_2026_11")
    with pytest.raises(StoreError, match=TAKEN):
        insert(store, "0xa", "2026-12-01", table="transactions_2026_12")
    copied = pl.DataFrame(
        {
            "portfolio_id": [OWNER],
            "transaction_hash": ["0xa"],
            "chain_id": [1],
            "block_number": [1],
            "transaction_type": ["swap"],
            "timestamp": [datetime(2025, 5, 5, tzinfo=UTC)],
        }
    )
    with pytest.raises(StoreError, match=TAKEN):
        store.write("transactions", copied)
    assert store.write("transactions", copied.with_columns(transaction_hash=pl.lit("0xb"))) == 1
    assert hashes(store) == ["0xa", "0xb"]


def test_a_corrected_hash_frees_the_old_one(store):
    """An update takes the new and gives the old back; one to a taken hash is refused whole."""
    insert(store, "0xa")
    insert(store, "0xb")
    with pytest.raises(StoreError, match=TAKEN):
        store.run("UPDATE transactions SET transaction_hash = '0xb' WHERE transaction_hash = '0xa'")
    store.run("UPDATE transactions SET transaction_hash = '0xc' WHERE transaction_hash = '0xa'")
    assert hashes(store) == ["0xb", "0xc"]
    insert(store, "0xa")


def test_a_row_moved_to_another_month_keeps_its_hash(store):
    """PostgreSQL moves it as a delete and an insert; the hash is never free in between."""
    insert(store, "0xa")
    store.run("UPDATE transactions SET timestamp = '2026-03-03 00:00:00+00'")
    assert places(store) == {"0xa": "transactions_2026_03"}
    assert hashes(store) == ["0xa"]
    store.run("UPDATE transactions SET timestamp = '2026-04-04 00:00:00+00', transaction_hash = '0xb'")
    assert hashes(store) == ["0xb"]


def test_a_deleted_row_frees_its_hash(store):
    """By itself, with its portfolio's owner, or all at once."""
    for sweep in ("DELETE FROM transactions", "TRUNCATE transactions", "DELETE FROM users"):
        insert(store, "0xa")
        insert(store, "0xb", "2026-02-01")
        store.run(sweep)
        assert hashes(store) == []


def test_a_rolled_back_row_leaves_no_hash(store):
    """The hash is written in the row's own transaction."""

    def fail_after_writing() -> None:
        with store.transaction():
            insert(store, "0xa")
            store.run("SELECT 1 / 0")

    with pytest.raises(StoreError, match="division by zero"):
        fail_after_writing()
    assert hashes(store) == []
    insert(store, "0xa")


def test_the_second_writer_of_a_hash_waits_and_is_refused(store, home, connect):
    """The second waits for the first to end, and is refused if it committed."""

    def second(writer) -> str:
        try:
            insert(writer.postgres, "0xa", "2026-02-01")
        except StoreError as error:
            return str(error)
        return "accepted"

    with connect(home) as writer, connect(home) as watcher, ThreadPoolExecutor(1) as pool:
        with store.transaction():
            insert(store, "0xa")
            waiting = pool.submit(second, writer)
            while not watcher.postgres.rows("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"):
                assert wait([waiting], timeout=0.02).done == set()
        assert TAKEN in waiting.result(timeout=30)
    assert hashes(store) == ["0xa"]


def test_a_month_has_its_partition_and_every_other_row_the_default(store):
    """Months begin and end in UTC; no row is refused for its date."""
    insert(store, "0x1", "2026-11-01 00:00:00")
    insert(store, "0x2", "2026-11-30 23:59:59.999999")
    insert(store, "0x3", "2026-12-01 00:00:00")
    insert(store, "0x4", "1970-01-01")
    insert(store, "0x5", "9999-12-31")
    assert places(store) == {
        "0x1": "transactions_2026_11",
        "0x2": "transactions_2026_11",
        "0x3": "transactions_2026_12",
        "0x4": "transactions_default",
        "0x5": "transactions_default",
    }


def test_partitions_are_made_for_a_span_once(store, swept):
    """Both tables, both ends included; a second call finds nothing to do."""
    span = Span(datetime(2031, 11, 30, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC))
    made = migrations.make_partitions(swept, span)
    assert made == [
        "transactions_2031_11",
        "transactions_2031_12",
        "risk_assessments_2031_11",
        "risk_assessments_2031_12",
    ]
    assert migrations.make_partitions(swept, span) == []
    assert migrations.make_partitions(swept, Span(span.start, span.start)) == []
    insert(store, "0xa", "2031-12-31 23:59:59")
    assert places(store) == {"0xa": "transactions_2031_12"}


def test_rows_that_waited_in_the_default_move_to_their_month(store, swept):
    """With their hashes; those of other months stay."""
    insert(store, "0x1", "2041-11-30 23:59:59")
    insert(store, "0x2", "2041-12-01 00:00:00")
    insert(store, "0x3", "2042-01-01 00:00:00")
    before = store.rows("SELECT * FROM transactions ORDER BY transaction_hash")
    december = Span(datetime(2041, 12, 1, tzinfo=UTC), datetime(2042, 1, 1, tzinfo=UTC))
    assert migrations.make_partitions(swept, december) == ["transactions_2041_12", "risk_assessments_2041_12"]
    assert places(store) == {
        "0x1": "transactions_default",
        "0x2": "transactions_2041_12",
        "0x3": "transactions_default",
    }
    assert store.rows("SELECT * FROM transactions ORDER BY transaction_hash") == before
    assert hashes(store) == ["0x1", "0x2", "0x3"]
    with pytest.raises(StoreError, match=TAKEN):
        insert(store, "0x2", "2026-01-01")


def test_assessments_are_partitioned_by_when_they_were_made(store):
    """As transactions are."""
    store.run(
        f"""
        INSERT INTO risk_assessments
            (portfolio_id, assessment_type, risk_score, confidence_level, satellite_source, created_at)
        SELECT '{OWNER}', 'market', 0.5, 0.5, 'aegis', moment
        FROM unnest('{{2026-11-05 00:00+00, 2001-01-01 00:00+00}}'::timestamptz[]) AS moment
        """  # noqa: S608 - a constant
    )
    assert {table for (table,) in store.rows("SELECT tableoid::regclass::text FROM risk_assessments")} == {
        "risk_assessments_2026_11",
        "risk_assessments_default",
    }
