"""The ledger of PostgreSQL: what is applied, what is refused, and what two runners do to each other."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from ys_analytics import demo, ingest, migrations
from ys_analytics.errors import MigrationError, StoreError, UsageError
from ys_analytics.migrations import Step
from ys_analytics.migrations.postgres_ledger import PostgresLedger
from ys_analytics.stores import PostgresAddress, Stores
from ys_analytics.stores.postgres import Postgres


def bad(steps: list[Step]) -> dict[str, tuple[str, str]]:
    """State and detail of every step that is not simply applied."""
    return {step.version: (step.state, step.detail) for step in steps if step.state != "applied"}


def things(stores) -> list[str]:
    """Every table, type, function and view of the schema."""
    return [
        name
        for (name,) in stores.postgres.rows(
            """
            SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace
            UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            """
        )
    ]


# The role belongs to the whole server and may outlive this database; its rights here do not.
ANALYST_HOLDS = """
    SELECT count(*) FROM pg_shdepend
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND refclassid = 'pg_authid'::regclass AND refobjid = to_regrole('ys_analyst')
    """


def test_up_applies_every_file_once(empty, settings, folder):
    """A second up does nothing and says so."""
    applied = migrations.up(empty, settings=settings)
    assert [f"{step.version}_{step.description.replace(' ', '_')}.sql" for step in applied] == sorted(
        path.name for path in (folder / "postgres").iterdir()
    )
    assert migrations.up(empty, settings=settings) == []
    assert migrations.schema_version(empty) == {"postgres": applied[-1].version}


def test_the_ledger_remembers_the_file(shared, folder):
    """Version, words, checksum and the way back, as the file said; the columns of ruling P8."""
    text = (folder / "postgres" / "0007_create_portfolios.sql").read_text()
    [row] = shared.postgres.rows(
        "SELECT version, description, rollback_sql, checksum FROM schema_migrations WHERE version = '0007'"
    )
    assert row == (
        "0007",
        "create portfolios",
        "DROP TABLE IF EXISTS portfolios;",
        hashlib.sha256(text.encode()).hexdigest(),
    )


def test_status_is_pending_or_applied_and_never_wrong(empty, settings):
    """Pending files are pending, applied ones have their time, and nothing is called wrong."""
    assert {step.state for step in migrations.status(empty, settings=settings)} == {"pending"}
    migrations.up(empty, to="0009", settings=settings)
    states = {step.version: step for step in migrations.status(empty, settings=settings)}
    assert states["0009"].state == "applied"
    assert states["0009"].applied_at.utcoffset().total_seconds() == 0
    assert states["0010"].state == "pending"
    migrations.up(empty, settings=settings)
    assert bad(migrations.status(empty, settings=settings)) == {}


def edit(folder):
    """A comment more."""
    path = folder / "postgres" / "0005_create_user_sessions.sql"
    path.write_text(path.read_text() + "-- a thought\n")
    return "edited"


def remove(folder):
    """The newest file is gone, as on a release older than its database."""
    max((folder / "postgres").glob("*.sql")).unlink()
    return "missing"


def rename(folder):
    """Other words for the same number."""
    (folder / "postgres" / "0005_create_user_sessions.sql").rename(folder / "postgres" / "0005_create_logins.sql")
    return "renamed"


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        pytest.param(edit, "0005_create_user_sessions.sql was edited", id="edited"),
        pytest.param(remove, r"\d{4}_\w+\.sql was applied but is not here", id="missing"),
        pytest.param(rename, "0005_create_user_sessions.sql is 0005_create_logins.sql now", id="renamed"),
    ],
)
def test_a_contradicted_ledger_stops_up(shared, settings, folder, spoil, named):
    """Files and ledger disagree: the file is named, nothing is repaired, and status says the same."""
    state = spoil(folder)
    with pytest.raises(MigrationError, match=f"postgres/{named}"):
        migrations.up(shared, settings=settings, folder=folder)
    assert [found for found, _ in bad(migrations.status(shared, settings=settings, folder=folder)).values()] == [state]


def test_a_late_file_is_refused(empty, settings, small):
    """A number below the newest applied one was never run here; running it now would be out of order."""
    migrations.up(empty, settings=settings, folder=small)
    empty.postgres.run("DELETE FROM schema_migrations WHERE version = '0002'")
    with pytest.raises(MigrationError, match=r"postgres/0002_create_enums\.sql is numbered before"):
        migrations.up(empty, settings=settings, folder=small)
    assert bad(migrations.status(empty, settings=settings, folder=small))["0002"][0] == "late"


def test_a_failed_migration_leaves_nothing(empty, settings, small):
    """Neither its tables nor its ledger row; what came before it stays."""
    (small / "postgres" / "0004_create_trouble.sql").write_text(
        "CREATE TABLE trouble (id int);\nINSERT INTO trouble VALUES (1);\nSELECT 1 / 0;\n\n"
        "-- rollback\nDROP TABLE trouble;\n"
    )
    with pytest.raises(MigrationError, match=r"postgres/0004_create_trouble\.sql was refused.*division by zero"):
        migrations.up(empty, settings=settings, folder=small)
    assert "trouble" not in things(empty)
    assert migrations.schema_version(empty) == {"postgres": "0003"}


def test_two_runners_apply_each_file_once(address, connect, settings):
    """Anyone who comes second waits its turn and goes on where the first is; no one fails."""
    start = Barrier(3)

    def run(_: int) -> list[str]:
        with connect(address) as stores:
            start.wait()
            return [step.version for step in migrations.up(stores, settings=settings)]

    with ThreadPoolExecutor(3) as pool:
        versions = sorted(version for runner in pool.map(run, range(3)) for version in runner)
    assert versions == [f"{number:04}" for number in range(1, len(versions) + 1)]
    with connect(address) as stores:
        assert bad(migrations.status(stores, settings=settings)) == {}


def test_a_runner_that_waits_too_long_says_for_what(shared, home, settings):
    """Another runner held the lock for longer than a statement may run."""
    hasty = PostgresAddress(home, statement_timeout=0.2, embedded=True)
    error = pytest.raises(StoreError, match=r"statement timeout; another `ys migrate` may be at work")
    with PostgresLedger(shared.postgres).exclusive(), Postgres.open(hasty) as second, error:
        migrations.up(Stores(opened_postgres=second), settings=settings)
    assert migrations.up(shared, settings=settings) == []


def test_down_leaves_nothing(empty, settings):
    """Everything up made is gone, and up makes it again."""
    applied = migrations.up(empty, settings=settings)
    assert migrations.down(empty) == applied[::-1]
    assert things(empty) == []
    assert empty.postgres.rows(ANALYST_HOLDS) == [(0,)]
    assert migrations.down(empty) == []
    assert migrations.up(empty, settings=settings) == applied


def test_down_keeps_the_rows_of_every_month(migrated, settings):
    """Undoing the partitions keeps their rows, until the table itself goes."""
    fill(migrated)
    migrations.down(migrated, to="0016")
    assert migrated.postgres.rows("SELECT count(*) FROM transactions_default") == [(3,)]
    migrations.up(migrated, settings=settings)
    assert migrated.postgres.rows("SELECT count(*) FROM transactions_2026_02") == [(1,)]
    assert migrated.postgres.rows("SELECT count(*) FROM transaction_hashes") == [(3,)]
    assert bad(migrations.status(migrated, settings=settings)) == {}


def test_down_runs_what_the_ledger_holds(empty, settings, small):
    """The way back is the one that was written down when the file was applied."""
    migrations.up(empty, settings=settings, folder=small)
    empty.postgres.run("UPDATE schema_migrations SET rollback_sql = 'CREATE TABLE witness ()' WHERE version = '0003'")
    assert [step.version for step in migrations.down(empty, to="0002")] == ["0003"]
    assert "witness" in things(empty)


def test_a_refused_rollback_leaves_everything(empty, settings, small):
    """The row comes back with the tables: both or neither."""
    migrations.up(empty, settings=settings, folder=small)
    empty.postgres.run("UPDATE schema_migrations SET rollback_sql = 'DROP TABLE users, ghosts' WHERE version = '0003'")
    with pytest.raises(MigrationError, match=r"postgres/0003_create_users\.sql was refused.*ghosts"):
        migrations.down(empty)
    assert migrations.schema_version(empty) == {"postgres": "0003"}
    assert bad(migrations.status(empty, settings=settings, folder=small)) == {}


@pytest.mark.parametrize("text", ["21", "redis:0001", "latest", ""])
def test_a_target_is_a_version(shared, text):
    """What is not a version is refused before anything happens."""
    with pytest.raises(UsageError, match="write 0010, postgres:0010 or clickhouse:0005"):
        migrations.down(shared, to=text)


def test_a_target_that_does_not_exist_is_refused(shared, settings, newest):
    """A version no one wrote is a slip of the pen, not the end of the road."""
    with pytest.raises(UsageError, match=f"no migration 0999 of postgres; the newest is {newest['postgres']}"):
        migrations.up(shared, to="0999", settings=settings)
    with pytest.raises(UsageError, match=r"no migration 0999 of postgres"):
        migrations.down(shared, to="0999")


def test_another_programs_ledger_is_left_alone(empty, settings):
    """The platform has a table of that name too; ours would overwrite its meaning."""
    empty.postgres.run("CREATE TABLE schema_migrations (version varchar(50) PRIMARY KEY, description text NOT NULL)")
    with pytest.raises(MigrationError, match="another program's"):
        migrations.up(empty, settings=settings)
    assert things(empty).count("schema_migrations") == 2  # the table and its row type


DRIFTS = """
    DROP TABLE agent_tasks;
    ALTER TABLE users DROP COLUMN settings, ADD COLUMN phone text;
    ALTER TABLE assets ALTER decimals TYPE bigint;
    ALTER TABLE portfolios ALTER name DROP NOT NULL;
    ALTER TABLE transactions DISABLE TRIGGER keep_transaction_hash;
    DROP MATERIALIZED VIEW current_exposure;
    DROP FUNCTION make_month_partitions;
    ALTER TYPE severity_enum RENAME TO gravity;
    """


def test_status_sees_what_was_changed_by_hand(migrated, settings):
    """The ledger alone would call it all applied."""
    migrated.postgres.run(DRIFTS)
    steps = [step for step in migrations.status(migrated, settings=settings) if step.state != "applied"]
    assert {step.state for step in steps} == {"drifted"}
    assert {step.version: step.detail for step in steps} == {
        "0002": "type severity_enum is gone",
        "0003": "column users.settings is gone; column users.phone is not declared",
        "0006": "column assets.decimals is bigint, not integer",
        "0007": "column portfolios.name may be null, and is declared not null",
        "0012": "column risk_alerts.severity is gravity, not severity_enum",
        "0015": "table agent_tasks is gone",
        "0016": "index idx_agent_tasks_agent_status is gone",
        "0017": "function make_month_partitions is gone",
        "0018": "trigger keep_transaction_hash is gone",
        "0020": "materialized view current_exposure is gone; index current_exposure_key is gone",
    }


def test_a_drifted_database_can_still_be_taken_down(migrated):
    """What is gone already is no reason to keep the rest."""
    migrated.postgres.run("DROP TABLE agent_tasks; DROP MATERIALIZED VIEW current_exposure")
    migrations.down(migrated)
    assert things(migrated) == []


def fill(stores) -> None:
    """One owner, one portfolio, and a transaction in each of three months."""
    stores.postgres.run(
        """
        INSERT INTO users (id, email, username, password_hash) VALUES (gen_random_uuid(), 'a', 'b', 'c');
        INSERT INTO portfolios (user_id, name) SELECT id, 'p' FROM users;
        INSERT INTO transactions (portfolio_id, transaction_hash, chain_id, block_number, transaction_type, timestamp)
        SELECT id, '0x' || month, 1, 1, 'swap', make_timestamptz(2026, month, 5, 0, 0, 0, 'UTC')
        FROM portfolios, generate_series(1, 3) AS month;
        """
    )


def test_stores_without_a_schema_are_refused_with_the_command_that_makes_one(empty, columns, settings):
    """Before a first row is asked for: no relation that does not exist."""
    both = replace(empty, opened_clickhouse=columns.clickhouse)
    with pytest.raises(MigrationError, match="postgres and clickhouse have no schema yet; run: ys migrate up"):
        demo.is_filled(both)
    migrations.up(empty, settings=settings)
    with pytest.raises(MigrationError, match="clickhouse has no schema yet"):
        ingest.import_file(both, "market_data", Path("any.csv"))
    migrations.require_schema(empty)
