"""PostgreSQL in and out: every value as it was, one moment for all reads, nothing left on the server."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from psycopg.conninfo import make_conninfo

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores import PostgresAddress, Stores
from ys_analytics.stores.postgres import Postgres

MONEY = pl.Decimal(38, 18)
SCHEMA: dict[str, pl.DataType] = {
    "place": pl.Int32(),
    "text": pl.String(),
    "money": MONEY,
    "moment": pl.Datetime("us", "UTC"),
    "flag": pl.Boolean(),
    "day": pl.Date(),
    "real": pl.Float64(),
    "labels": pl.List(pl.String()),
    "amounts": pl.List(MONEY),
    "kind": pl.Enum(["low", "high"]),
}
ROWS = pl.DataFrame(
    {
        "place": [1, 2, 3, 4, 5],
        "text": ["\ufefftab\there\nand \\N\\", None, "", "\\N", "\\."],
        "money": [Decimal("1E-18"), None, Decimal("-99999999999999999.999999999999999999"), Decimal(0), Decimal(7)],
        "moment": [
            datetime(2026, 11, 16, 1, 2, 3, 4, tzinfo=UTC),
            None,
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
        ],
        "flag": [True, None, False, True, False],
        "day": [date(2026, 11, 16), None, date(1, 1, 1), date(1969, 12, 31), date(9999, 12, 31)],
        "real": [0.1, None, 1e-300, float("-inf"), 5e-324],
        "labels": [["a,b", '"\\{}', None, "NULL", ""], None, [], ["\t\n"], ["Ω"]],
        "amounts": [[Decimal("1E-18"), None], None, [], [Decimal(-1)], [Decimal("0.5")]],
        "kind": ["low", None, "high", "low", "low"],
    },
    schema=SCHEMA,
)
STRANGE = [
    pytest.param("'; DROP TABLE things; --", id="a statement"),
    pytest.param("' OR '1'='1", id="a condition"),
    pytest.param("\\' OR 1=1 --", id="a backslash"),
    pytest.param("%(name)s %s %%", id="placeholders"),
    pytest.param('<script>alert(1)</script> & Söhne "Ω"', id="markup"),
    pytest.param("$$;SELECT 1$$", id="dollars"),
    pytest.param("\N{ZERO WIDTH SPACE}\ufeff\t\n\r\b\f\v", id="what cannot be seen"),
]


@pytest.fixture(scope="module")
def things(stores: Stores) -> Iterator[Postgres]:
    """A table of every type, with the rows above."""
    store = stores.postgres
    store.run(
        "CREATE TABLE things (place int, text text, money numeric(36, 18), moment timestamptz, flag boolean, day date,"
        " real double precision, labels text[], amounts numeric[], kind text)"
    )
    store.write("things", ROWS)
    yield store
    store.run("DROP TABLE things")


@pytest.fixture
def other(stores: Stores) -> Iterator[Postgres]:
    """A second connection to the same server."""
    with Postgres.open(stores.postgres.address) as store:
        yield store


def test_what_was_written_is_read(things):
    """NULL is not the empty text, and the last of eighteen decimals is there."""
    assert things.read("SELECT * FROM things ORDER BY place", schema=SCHEMA).equals(ROWS)


def test_an_empty_answer_has_the_same_types(things):
    """No row, no guess."""
    assert things.read("SELECT * FROM things WHERE false", schema=SCHEMA).schema == ROWS.schema


def test_one_column_of_empty_texts_keeps_its_rows(things):
    """An empty line is a row too."""
    found = things.read(
        "SELECT text FROM things WHERE text = '' OR text IS NULL ORDER BY text", schema={"text": pl.String()}
    )
    assert found["text"].to_list() == ["", None]


def test_the_settings_of_a_session_change_nothing(things):
    """Another time zone, date style, float format and byte format give the same frame."""
    settings = (
        "-c timezone=Asia/Kolkata -c datestyle=German -c bytea_output=escape -c extra_float_digits=-15"
        " -c standard_conforming_strings=off -c quote_all_identifiers=on -c array_nulls=off -c intervalstyle=iso_8601"
    )
    odd = replace(things.address, conninfo=make_conninfo(things.address.conninfo, options=settings))
    with Postgres.open(odd) as store:
        assert store.read("SELECT * FROM things ORDER BY place", schema=SCHEMA).equals(ROWS)


@pytest.mark.parametrize("text", STRANGE)
def test_a_parameter_stays_text(things, text):
    """Nothing in a name is ever SQL."""
    sql = "SELECT %(name)s::text AS text, count(*) AS rows FROM things WHERE text = %(name)s OR true"
    found = things.read(sql, {"name": text}, schema={"text": pl.String(), "rows": pl.Int64()})
    assert found.row(0) == (text, ROWS.height)


def test_a_column_that_is_not_there_is_named(things):
    """A frame is never short of a column."""
    with pytest.raises(ContractError, match="no_such_column"):
        things.read("SELECT place FROM things", schema={"no_such_column": pl.String()})


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        pytest.param("'NaN'::numeric", MONEY, id="not a number"),
        pytest.param("'Infinity'::numeric", MONEY, id="infinity"),
        pytest.param("1234567890123456789012345678901234567890", MONEY, id="forty digits"),
        pytest.param("1.1234567890123456789", MONEY, id="a nineteenth decimal"),
        pytest.param("'NaN'::numeric(36, 18)", MONEY, id="not a number in a bounded column"),
        pytest.param("'-infinity'::timestamptz", pl.Datetime("us", "UTC"), id="before all time"),
        pytest.param("3000000000", pl.Int32(), id="too large an integer"),
        pytest.param("'middle'::text", pl.Enum(["low", "high"]), id="no label of the enum"),
        pytest.param("ARRAY['NaN'::numeric]", pl.List(MONEY), id="not a number in an array"),
        pytest.param("ARRAY[1.5, NULL, 1e-19]", pl.List(MONEY), id="a nineteenth decimal in an array"),
        pytest.param("ARRAY[['a', 'b'], ['c', 'd']]", pl.List(pl.String()), id="an array of arrays"),
        pytest.param("ARRAY['yes']", pl.List(pl.Boolean()), id="a text for a truth in an array"),
        pytest.param("'infinity'::date", pl.Date(), id="a day after all days"),
        pytest.param("'5874897-12-31'::date", pl.Date(), id="a day that Polars cannot name"),
        pytest.param("'270000-01-01'::timestamptz", pl.Datetime("us", "UTC"), id="a moment that Polars cannot name"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(things, value, dtype):
    """Never a null, a rounding or a wrap."""
    with pytest.raises(ContractError, match=r"query\.value"):
        things.read(f"SELECT {value} AS value", schema={"value": dtype})


def test_a_time_that_does_not_fit_is_named_as_people_write_it(things):
    """Not as the bytes it is on the wire."""
    with pytest.raises(ContractError, match=r"query\.value: '-infinity' is not Datetime"):
        things.read("SELECT '-infinity'::timestamptz AS value", schema={"value": pl.Datetime("us", "UTC")})


@pytest.mark.parametrize(
    ("native", "value", "dtype"),
    [
        pytest.param("numeric(5, 4)", Decimal("0.12345"), MONEY, id="a decimal place too many"),
        pytest.param("numeric(5, 4)", 0.12345, pl.Float64(), id="the same as a float"),
        pytest.param("numeric(6, 2)[]", [Decimal("1.005")], pl.List(MONEY), id="the same in an array"),
        pytest.param("real", 0.1234567890123, pl.Float64(), id="a float of fewer digits"),
        pytest.param("varchar(3)", "abc  ", pl.String(), id="blanks that would be cut off"),
        pytest.param(
            "timestamptz(0)", datetime(2026, 1, 1, 0, 0, 0, 5, UTC), pl.Datetime("us", "UTC"), id="part of a second"
        ),
    ],
)
def test_what_a_column_has_no_room_for_is_refused_before_it_is_sent(stores, native, value, dtype):
    """The server would round it, and say nothing."""
    stores.postgres.run(f"CREATE TABLE narrow (value {native})")
    try:
        with pytest.raises(ContractError, match="column value"):
            stores.postgres.write("narrow", pl.DataFrame({"value": [value]}, schema={"value": dtype}))
        assert stores.postgres.rows("SELECT count(*) FROM narrow") == [(0,)]
    finally:
        stores.postgres.run("DROP TABLE narrow")


def test_a_large_table_is_read_whole_over_two_connections(things, other):
    """Both halves are of one moment, though rows are written between the two connections' statements."""
    things.run(
        "CREATE TABLE large AS SELECT i, repeat(md5(i::text), 16) AS filling FROM generate_series(1, 80000) AS i"
    )
    try:
        schema = {"i": pl.Int32(), "filling": pl.String()}
        with things.snapshot():
            first = things.scan("large", schema=schema)
            other.run("DELETE FROM large WHERE i % 2 = 0")
            again = things.scan("large", schema=schema)
        assert first.height == first["i"].n_unique() == 80_000
        assert again.sort("i").equals(first.sort("i"))
        assert things.scan("large", "i > %(from)s", {"from": 79_990}, schema=schema).height == 5
    finally:
        things.run("DROP TABLE large")


def test_a_snapshot_sees_one_moment(things, other):
    """What is written meanwhile is seen afterwards."""
    sql = "SELECT count(*) FROM things WHERE place = 99"
    with things.snapshot():
        assert things.rows(sql) == [(0,)]
        other.run("INSERT INTO things (place) VALUES (99)")
        assert things.rows(sql) == [(0,)]
    assert things.rows(sql) == [(1,)]
    other.run("DELETE FROM things WHERE place = 99")


def test_a_transaction_happens_whole_or_not_at_all(things):
    """An error inside takes everything back, and reads inside see what was written."""
    with pytest.raises(StoreError, match="division by zero"), things.transaction():  # noqa: PT012 - the block is the law
        things.run("DELETE FROM things")
        assert things.rows("SELECT count(*) FROM things") == [(0,)]
        things.run("SELECT 1 / 0")
    assert things.rows("SELECT count(*) FROM things") == [(ROWS.height,)]


def test_a_refused_write_writes_nothing(things):
    """COPY is one statement: the good rows before the bad one are not kept either."""
    bad = pl.DataFrame({"place": ["10", "eleven"]})
    with pytest.raises(StoreError, match="invalid input syntax"):
        things.write("things", bad)
    assert things.rows("SELECT count(*) FROM things") == [(ROWS.height,)]


def test_batches_are_the_same_rows_and_may_be_left(things):
    """Leaving early cancels the statement; the connection answers the next question."""
    sql = "SELECT i, repeat('x', 1000) AS filling FROM generate_series(1, 60000) AS i"
    schema = {"i": pl.Int32(), "filling": pl.String()}
    frames = list(things.batches(sql, schema=schema))
    assert len(frames) > 1
    assert pl.concat(frames)["i"].to_list() == list(range(1, 60_001))
    started = things.batches(sql, schema=schema)
    next(started)
    started.close()
    assert things.rows("SELECT 1") == [(1,)]


def test_nothing_is_left_on_the_server(things):
    """No prepared statement and no setting outlives a transaction, as PgBouncer's pooling demands."""
    for number in range(8):
        things.rows("SELECT %(number)s::int", {"number": number})
        things.read("SELECT * FROM things", schema=SCHEMA)
    assert things.rows("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
    line = things._connection("read")
    with line.cursor() as cursor:
        sql = "SELECT count(*) FROM pg_settings WHERE source = 'session' AND name <> 'application_name'"
        assert cursor.execute(sql).fetchone() == (0,)


def test_a_reading_address_cannot_write(stores):
    """The transaction itself is read only, even where the role may write."""
    with Postgres.open(replace(stores.postgres.address, read_only=True)) as store:
        with pytest.raises(StoreError, match="read-only transaction"):
            store.run("CREATE TABLE never (i int)")
        with pytest.raises(StoreError, match="read-only transaction"):
            store.write("satellite_agents", pl.DataFrame({"id": ["x"]}))


def test_a_statement_may_not_run_for_ever(stores):
    """The server stops it, and the line says so."""
    with (
        Postgres.open(replace(stores.postgres.address, statement_timeout=0.05)) as store,
        pytest.raises(StoreError, match="statement timeout"),
    ):
        store.read("SELECT pg_sleep(60)::text AS slept", schema={"slept": pl.String()})


def test_a_policy_that_leaves_rows_out_is_an_error(stores, things):
    """A role that row-level security shows a part of the table gets none of it, and the line says what to do."""
    things.run("CREATE ROLE shown_a_part LOGIN")
    things.run("GRANT SELECT ON things TO shown_a_part")
    things.run("ALTER TABLE things ENABLE ROW LEVEL SECURITY")
    things.run("CREATE POLICY a_part ON things USING (place < 3)")
    try:
        theirs = stores.postgres.address.conninfo.replace("user=postgres", "user=shown_a_part")
        with Postgres.open(replace(stores.postgres.address, conninfo=theirs, read_only=True)) as store:
            for read in (
                lambda: store.scan("things", schema=SCHEMA),
                lambda: store.rows("SELECT count(*) FROM things"),
                lambda: list(store.batches("SELECT * FROM things", schema=SCHEMA)),
            ):
                with pytest.raises(StoreError, match=r"row-level security .* have our role altered to BYPASSRLS"):
                    read()
            things.run("ALTER ROLE shown_a_part BYPASSRLS")
            assert store.scan("things", schema=SCHEMA).height == ROWS.height
    finally:
        things.run("ALTER TABLE things DISABLE ROW LEVEL SECURITY")
        things.run("DROP OWNED BY shown_a_part")
        things.run("DROP ROLE shown_a_part")


def test_too_many_partitions_to_lock_name_the_repair(stores):
    """PostgreSQL's own words say nothing of what to do."""
    raised = "DO $$ BEGIN RAISE EXCEPTION 'out of shared memory' USING ERRCODE = '53200'; END $$"
    with pytest.raises(StoreError, match=r"out of shared memory; .*run `ys migrate repair`"):
        stores.postgres.run(raised)


def test_an_error_holds_no_secret():
    """A password is in no message, though the address that fails is."""
    address = PostgresAddress("postgresql://me:hunter2@127.0.0.1:1/ys?connect_timeout=1")
    with pytest.raises(StoreError) as caught, Postgres.open(address):
        pass
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(address)


def test_a_read_cut_short_is_read_again_whole(things, other):
    """The server ends the session in the middle: the frame is the same, from the beginning."""
    sql = "SELECT i FROM generate_series(1, 300) AS i, LATERAL (SELECT pg_sleep(0.002 + 0 * i)) AS slept"
    ended = threading.Thread(target=_end_session, args=(other, "generate_series(1, 300)"))
    ended.start()
    found = things.read(sql, schema={"i": pl.Int32()})
    ended.join()
    assert found["i"].to_list() == list(range(1, 301))


def test_batches_cut_short_are_an_error(things, other):
    """What was handed out cannot be taken back, so there is no half frame that looks whole."""
    sql = "SELECT i, repeat('x', 1000) AS filling FROM generate_series(1, 60000) AS i"
    started = things.batches(sql, schema={"i": pl.Int32(), "filling": pl.String()})
    next(started)
    _end_session(other, "generate_series(1, 60000)")
    with pytest.raises(StoreError):
        list(started)
    assert things.rows("SELECT 1") == [(1,)]


def test_a_snapshot_cut_short_is_an_error(things, other):
    """A read inside would be of another moment, so it is not tried again."""
    with pytest.raises(StoreError), things.snapshot():  # noqa: PT012 - the block is the law
        mine = things.rows("SELECT pg_backend_pid()")[0][0]
        other.run("SELECT pg_terminate_backend(%(pid)s)", {"pid": mine})
        things.read("SELECT 1 AS i", schema={"i": pl.Int32()})
    assert things.rows("SELECT 1") == [(1,)]


def _end_session(store: Postgres, statement: str) -> None:
    """Wait until a session runs the COPY of that statement, and end it."""
    sql = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE state = 'active' AND query LIKE 'COPY%%' AND query LIKE %(like)s AND pid <> pg_backend_pid()
    """
    while store.rows(sql, {"like": f"%{statement}%"}) == [(0,)]:
        pass


def test_reads_go_to_the_replica_and_writes_to_the_primary(stores):
    """Another database stands for the replica: what is written is not seen there, but inside a transaction it is."""
    address = stores.postgres.address
    divided = replace(address, replica=make_conninfo(address.conninfo, dbname="postgres"))
    with Postgres.open(divided) as store:
        store.run("CREATE TABLE on_primary (i int)")
        try:
            assert store.rows("SELECT current_database()") == [("postgres",)]
            assert store.rows("SELECT to_regclass('on_primary')") == [(None,)]
            with store.transaction():
                store.write("on_primary", pl.DataFrame({"i": [1]}))
                assert store.read("SELECT i FROM on_primary", schema={"i": pl.Int32()}).item() == 1
        finally:
            store.run("DROP TABLE on_primary")
