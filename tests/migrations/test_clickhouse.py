"""ClickHouse's side: the six tables, the projections that answer, retention, and its ledger."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ys_analytics import migrations
from ys_analytics.errors import MigrationError, SettingsError
from ys_analytics.migrations.retention import MAX_DAYS
from ys_analytics.schemas import TABLES

TABLES_HERE = [table for table in TABLES.values() if table.store == "clickhouse"]

FILL = {
    "market_data": """
        INSERT INTO market_data (timestamp, asset_id, chain_id, price, source)
        SELECT toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalHour(intDiv(number, 3)),
               'asset ' || toString(number % 3), 1, number, 'here'
        FROM numbers(3000)
        """,
    "yield_metrics": """
        INSERT INTO yield_metrics (timestamp, protocol_name, pool_address, chain_id, apy, tvl)
        SELECT toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalHour(intDiv(number, 3)),
               'protocol', 'pool ' || toString(number % 3), 1, number / 10000, number
        FROM numbers(3000)
        """,
}


@pytest.fixture
def made(columns, settings):
    """A migrated ClickHouse that a test may spoil."""
    migrations.up(columns, settings=settings)
    return columns


def states(stores, settings):
    """What is not simply applied."""
    return {
        step.version: step.detail for step in migrations.status(stores, settings=settings) if step.state != "applied"
    }


def test_down_leaves_nothing_and_up_makes_it_again(columns, settings, newest):
    """Each file once; nothing is left after down; up makes it all again."""
    assert {step.state for step in migrations.status(columns, settings=settings)} == {"pending"}
    applied = migrations.up(columns, settings=settings)
    assert [step.version for step in applied] == [f"{number:04}" for number in range(1, int(newest["clickhouse"]) + 1)]
    assert migrations.up(columns, settings=settings) == []
    assert migrations.schema_version(columns) == {"clickhouse": newest["clickhouse"]}
    assert states(columns, settings) == {}
    assert migrations.down(columns) == applied[::-1]
    assert columns.clickhouse.rows("SHOW TABLES") == []
    assert migrations.up(columns, settings=settings) == applied


def test_tables_are_as_declared(shared_columns):
    """Column by column: name, type, order, and a comment on each."""
    for table in TABLES_HERE:
        found = shared_columns.clickhouse.rows(
            "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
            " ORDER BY position",
            {"table": table.name},
        )
        assert found == [(column.name, column.native_type) for column in table.columns]
    silent = "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = ''"
    assert shared_columns.clickhouse.rows(silent) == []


def test_every_column_is_compressed_by_lz4_and_times_by_their_steps(shared_columns):
    """A price's neighbours say nothing about it; a time's say almost everything."""
    codecs = shared_columns.clickhouse.rows(
        "SELECT name, compression_codec FROM system.columns"
        " WHERE database = currentDatabase() AND table != 'schema_migrations'"
    )
    assert all("LZ4" in codec for _, codec in codecs)
    assert all("Delta" in codec for name, codec in codecs if name in {"timestamp", "block_number"})


def test_a_price_keeps_every_digit(written):
    """The specification's Decimal64(18) holds nothing above one."""
    price = "123456789012345678.123456789012345678"
    written.clickhouse.run(
        "INSERT INTO market_data (timestamp, price) SELECT '2026-01-01 00:00:00.123', {price:String}", {"price": price}
    )
    assert written.clickhouse.rows("SELECT toString(price), toString(timestamp) FROM market_data") == [
        (price, "2026-01-01 00:00:00.123")
    ]


def explained(stores, sql, **parameters):
    """What ClickHouse reads to answer."""
    lines = [line for (line,) in stores.clickhouse.rows(f"EXPLAIN {sql}", parameters)]
    return next(line for line in lines if "ReadFromMergeTree" in line)


DAILY_CLOSE = """
    SELECT asset_id, toDate(timestamp, 'UTC') AS day, argMax(price, tuple(timestamp, price)) AS close
    FROM market_data
    WHERE asset_id IN {names:Array(String)} AND day >= {start:Date} AND day < {end:Date}
    GROUP BY asset_id, day ORDER BY asset_id, day
    """
DAILY_MEANS = """
    SELECT pool_address, toDate(timestamp) AS day, avg(apy), avg(tvl), sum(tvl), count()
    FROM yield_metrics
    WHERE pool_address IN {names:Array(String)} AND day >= {start:Date} AND day < {end:Date}
    GROUP BY pool_address, day ORDER BY pool_address, day
    """


@pytest.mark.parametrize(
    ("table", "sql", "names", "projection"),
    [
        pytest.param("market_data", DAILY_CLOSE, ["asset 0", "asset 2"], "daily_close_utc", id="daily close per asset"),
        pytest.param("yield_metrics", DAILY_MEANS, ["pool 0", "pool 2"], "daily_means", id="daily means per pool"),
    ],
)
def test_the_projection_answers(written, table, sql, names, projection):
    """The form the migration documents reads the projection, and says what the rows themselves say."""
    written.clickhouse.run(FILL[table])
    parameters = {"names": names, "start": "2026-01-10", "end": "2026-01-20"}
    assert projection in explained(written, sql, **parameters)
    answer = written.clickhouse.rows(sql, parameters)
    assert len(answer) == 20
    assert answer == written.clickhouse.rows(f"{sql} SETTINGS optimize_use_projections = 0", parameters)


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_the_close_that_is_kept_ready_is_of_the_utc_day_and_the_higher_of_one_moment(written, order):
    """Two sources quote at once, an hour before midnight in UTC, in parts of their own; the session is in Tokyo."""
    prices = {"first": "10.000000000000000001", "second": "10.000000000000000002"}
    for source in order:
        rows = f"('2026-01-15 23:00:00', 'asset', 1, {prices[source]}, '{source}')"
        rows += f", ('2026-01-15 15:30:00', 'asset', 1, 99, '{source}')"
        written.clickhouse.run(f"INSERT INTO market_data (timestamp, asset_id, chain_id, price, source) VALUES {rows}")  # noqa: S608
    parameters = {"names": ["asset"], "start": "2026-01-01", "end": "2026-02-01"}
    assert "daily_close_utc" in explained(written, DAILY_CLOSE, **parameters)
    for settings in ("optimize_use_projections = 1", "optimize_use_projections = 0"):
        found = written.clickhouse.rows(
            f"{DAILY_CLOSE} SETTINGS session_timezone = 'Asia/Tokyo', {settings}", parameters
        )
        assert found == [("asset", date(2026, 1, 15), Decimal(prices["second"]))]


def test_an_object_that_a_later_migration_drops_is_not_missing(columns, settings):
    """It is while the later one is not applied, and again once that is taken back."""
    migrations.up(columns, to="clickhouse:0009", settings=settings)
    columns.clickhouse.run("ALTER TABLE market_data DROP PROJECTION daily_close")
    assert states(columns, settings)["0008"] == "projection daily_close is gone"
    migrations.up(columns, settings=settings)
    assert states(columns, settings) == {}
    migrations.down(columns, to="clickhouse:0009")
    projections = columns.clickhouse.rows(
        "SELECT name FROM system.projections WHERE database = currentDatabase() AND table = 'market_data'"
    )
    assert projections == [("daily_close",)]


def test_a_filter_on_the_moment_itself_reads_every_row(written):
    """Why the documented form filters by day: the projection has forgotten the hour."""
    written.clickhouse.run(FILL["market_data"])
    sql = DAILY_CLOSE.replace("day >=", "timestamp >=")
    assert "daily_close_utc" not in explained(written, sql, names=["asset 0"], start="2026-01-10", end="2026-01-20")


def test_a_projection_survives_deletes(written):
    """A row that is gone is gone from the projection too."""
    written.clickhouse.run(FILL["market_data"])
    written.clickhouse.run("DELETE FROM market_data WHERE asset_id = 'asset 1' SETTINGS lightweight_deletes_sync = 2")
    sql = "SELECT asset_id, count() FROM market_data GROUP BY asset_id ORDER BY asset_id"
    assert "daily_close_utc" in explained(written, sql)
    assert written.clickhouse.rows(sql) == [("asset 0", 1000), ("asset 2", 1000)]


def test_a_killed_runner_does_no_harm(columns, settings):
    """Killed between file and ledger row, the next up runs the file again and writes the row."""
    migrations.up(columns, to="clickhouse:0004", settings=settings)
    columns.clickhouse.run("ALTER TABLE schema_migrations DELETE WHERE version = '0004' SETTINGS mutations_sync = 2")
    assert migrations.up(columns, settings=settings)[0].version == "0004"
    assert states(columns, settings) == {}


def test_an_edited_file_is_refused(shared_columns, settings, folder):
    """As in PostgreSQL."""
    path = folder / "clickhouse" / "0003_create_dex_trades.sql"
    path.write_text(path.read_text().replace("Swaps on", "Trades on"))
    with pytest.raises(MigrationError, match=r"clickhouse/0003_create_dex_trades\.sql was edited"):
        migrations.up(shared_columns, settings=settings, folder=folder)


def test_a_refused_file_is_named(shared_columns, settings, folder, newest):
    """ClickHouse's own words come with it, and no ledger row stays."""
    name = f"{int(newest['clickhouse']) + 1:04}_create_trouble.sql"
    (folder / "clickhouse" / name).write_text(
        "CREATE TABLE IF NOT EXISTS trouble (a Nothingness) ENGINE = Memory;\n\n"
        "-- rollback\nDROP TABLE IF EXISTS trouble;\n"
    )
    with pytest.raises(MigrationError, match=rf"clickhouse/{name} was refused.*Nothingness"):
        migrations.up(shared_columns, settings=settings, folder=folder)
    assert migrations.schema_version(shared_columns) == {"clickhouse": newest["clickhouse"]}


@pytest.mark.parametrize(
    ("change", "version", "detail"),
    [
        ("DROP TABLE risk_metrics", "0006", "table risk_metrics is gone"),
        ("ALTER TABLE dex_trades DROP COLUMN price", "0003", "column dex_trades.price is gone"),
        (
            "ALTER TABLE dex_trades MODIFY COLUMN block_number UInt32",
            "0003",
            "column dex_trades.block_number is UInt32, not UInt64",
        ),
        ("ALTER TABLE market_data DROP PROJECTION daily_close_utc", "0010", "projection daily_close_utc is gone"),
    ],
)
def test_status_sees_what_was_changed_by_hand(made, settings, change, version, detail):
    """The ledger alone would call it applied."""
    made.clickhouse.run(change)
    assert states(made, settings)[version] == detail


def kept(stores):
    """The TTL of each table that has one."""
    return dict(
        stores.clickhouse.rows(
            "SELECT name, extract(engine_full, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days FROM system.tables"
            " WHERE database = currentDatabase() AND days != ''"
        )
    )


def test_history_is_kept_unless_the_operator_says_otherwise(written):
    """Imported history must not vanish because it is old."""
    assert kept(written) == {}
    written.clickhouse.run(
        "INSERT INTO market_data (timestamp, asset_id, price) VALUES ('2001-01-01 00:00:00', 'a', 1)"
    )
    written.clickhouse.run("OPTIMIZE TABLE market_data FINAL")
    assert written.clickhouse.rows("SELECT count() FROM market_data") == [(1,)]


def test_retention_comes_and_goes_with_the_setting(made, settings):
    """Set, changed and taken back by up; status knows before and after."""
    short = settings.model_copy(update={"retention_days": {"dex_trades": 730}})
    long = settings.model_copy(update={"retention_days": {"dex_trades": 900, "market_data": 90}})
    [waiting] = [step for step in migrations.status(made, settings=short) if step.version == "retention"]
    assert (waiting.state, waiting.description) == ("pending", "dex_trades keeps 730 days")
    for wanted in (short, long, settings):
        said = [step.description for step in migrations.up(made, settings=wanted)]
        assert migrations.up(made, settings=wanted) == []
        assert kept(made) == {table: str(days) for table, days in wanted.retention_days.items()}
        assert [step.state for step in migrations.status(made, settings=wanted) if step.version == "retention"] == [
            "applied"
        ] * len(wanted.retention_days)
    assert said == ["dex_trades keeps everything", "market_data keeps everything"]


def test_retention_takes_what_is_older(made, settings):
    """And leaves the projection telling the same story as the rows."""
    made.clickhouse.run(FILL["market_data"])
    made.clickhouse.run("INSERT INTO market_data (timestamp, asset_id, price) VALUES ('2001-01-01 00:00:00', 'old', 1)")
    longest = settings.model_copy(update={"retention_days": {"market_data": MAX_DAYS}})
    migrations.up(made, settings=longest)
    assert made.clickhouse.rows("SELECT count() FROM market_data") == [(3001,)]
    migrations.up(made, settings=settings.model_copy(update={"retention_days": {"market_data": 3650}}))
    made.clickhouse.run("OPTIMIZE TABLE market_data FINAL")
    sql = "SELECT asset_id, count() FROM market_data GROUP BY asset_id ORDER BY asset_id"
    assert "daily_close_utc" in explained(made, sql)
    assert made.clickhouse.rows(sql) == [("asset 0", 1000), ("asset 1", 1000), ("asset 2", 1000)]


@pytest.mark.parametrize(
    ("days", "complaint"),
    [
        ({"trades": 30}, "YS_RETENTION_DAYS: ClickHouse has no table 'trades'"),
        ({"users": 30}, "YS_RETENTION_DAYS: ClickHouse has no table 'users'"),
        ({"dex_trades": 0}, "YS_RETENTION_DAYS: dex_trades cannot keep 0 days"),
        ({"dex_trades": 40_000}, "YS_RETENTION_DAYS: dex_trades cannot keep 40,000 days, .* at most 18,250"),
    ],
)
def test_a_retention_that_cannot_be_is_refused(shared_columns, settings, days, complaint):
    """A slip in the name would keep everything; a zero nothing, and so would a limit beyond ClickHouse's times."""
    with pytest.raises(SettingsError, match=complaint):
        migrations.up(shared_columns, settings=settings.model_copy(update={"retention_days": days}))
    assert kept(shared_columns) == {}


def test_one_up_migrates_both_databases(columns, empty, settings, newest):
    """One up for all that is open; PostgreSQL's transaction waits while ClickHouse is made, then ends."""
    both = replace(empty, opened_clickhouse=columns.clickhouse)
    assert {step.store for step in migrations.up(both, settings=settings)} == {"postgres", "clickhouse"}
    assert migrations.schema_version(both) == newest
    assert [step.store for step in migrations.down(both, to="clickhouse:0009")] == ["clickhouse"]
    assert {step.store for step in migrations.down(both)} == {"postgres", "clickhouse"}
