"""The role ys_analyst: reads what `schemas` does not call secret, and nothing else."""
# ruff: noqa: S608 - every name in a statement comes from `schemas`

from dataclasses import replace

import pytest
from pydantic import SecretStr

from ys_analytics import migrations
from ys_analytics.errors import StoreError
from ys_analytics.migrations.analyst import granting_files, matches
from ys_analytics.migrations.files import FOLDER, read_files
from ys_analytics.schemas import TABLES

DECLARED = [table for table in TABLES.values() if table.store == "postgres"]
SECRETS = [(table.name, column.name) for table in DECLARED for column in table.columns if column.secret]


@pytest.fixture(scope="module")
def reader(home, connect):
    """A session of the role itself; nothing of ours makes it read-only."""
    with connect(home, user="ys_analyst") as stores:
        yield stores.postgres


def test_grants_are_the_schemas(shared):
    """Column by column: what may be read is what is not secret."""
    allowed = shared.postgres.rows(
        """
        SELECT relname::text, attname::text
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'v', 'f')
          AND has_column_privilege('ys_analyst', pg_class.oid, attnum, 'SELECT')
        """
    )
    assert set(allowed) == {(table.name, column.name) for table in DECLARED for column in table.visible}


def test_files_that_read_the_name_of_the_role_grant_it_its_rights():
    """They are found by what they run; a comment that mentions the setting makes no file one of them."""
    files = read_files(FOLDER / "postgres")
    assert [file.version for file in granting_files(files)] == ["0021", "0022"]
    commented = [replace(file, up=f"-- ys.analyst_role\n{file.up}") for file in files]
    assert [file.version for file in granting_files(commented)] == ["0021", "0022"]


def test_nothing_may_be_written(shared):
    """No right but SELECT on any table, none on any sequence, and no function of ours."""
    written = shared.postgres.rows(
        """
        SELECT relname::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm')
          AND (has_table_privilege('ys_analyst', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
               OR has_any_column_privilege('ys_analyst', oid, 'INSERT, UPDATE, REFERENCES'))
        UNION ALL
        SELECT proname::text FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype
          AND has_function_privilege('ys_analyst', oid, 'EXECUTE')
        UNION ALL
        SELECT 'public' WHERE has_schema_privilege('ys_analyst', 'public', 'CREATE')
        """
    )
    assert written == []


@pytest.mark.parametrize(("table", "column"), SECRETS)
def test_a_secret_is_refused(reader, table, column):
    """Alone, in a condition, or inside the whole row."""
    for sql in (
        f"SELECT {column} FROM {table}",
        f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL",
        f"SELECT {table}::text FROM {table}",
        f"SELECT * FROM {table}",
    ):
        with pytest.raises(StoreError, match="permission denied"):
            reader.rows(sql)


@pytest.mark.parametrize("table", DECLARED, ids=lambda table: table.name)
def test_what_is_visible_is_read(reader, table):
    """Every visible column by name, the number of rows, and where a row lies, which the loader cuts tables by."""
    columns = ", ".join(column.name for column in table.visible)
    reader.rows(f"SELECT {columns} FROM {table.name}")
    reader.rows(f"SELECT count(*), min(ctid::text) FROM {table.name}")
    assert reader.scan(table.name, schema=table.schema).columns == list(table.schema)


def test_writing_is_refused_even_without_the_read_only_default(home, connect):
    """The default spares mistakes; the missing rights stop intent."""
    with connect(home, user="ys_analyst", options="-c default_transaction_read_only=off") as stores:
        for sql in (
            "UPDATE portfolios SET name = 'mine'",
            "DELETE FROM transactions",
            "INSERT INTO transaction_hashes VALUES ('0x')",
            "CREATE TABLE mine ()",
            "SELECT make_month_partitions('transactions', '2040-01-01', '2040-01-01')",
            "REFRESH MATERIALIZED VIEW current_exposure",
        ):
            with pytest.raises(StoreError, match=r"permission denied|must be owner"):
                stores.postgres.run(sql)


def test_sessions_begin_read_only_and_end_in_time(reader):
    """What the role itself sets, before any program of ours does."""
    [(settings,)] = reader.rows("SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'ys_analyst'::regrole")
    assert sorted(settings) == ["default_transaction_read_only=on", "statement_timeout=120s"]
    with pytest.raises(StoreError, match="read-only transaction"):
        reader.run("CREATE TEMPORARY TABLE mine ()")


def test_the_analyst_sees_how_the_schema_stands(home, connect, newest):
    """Version and status want no right but reading."""
    with connect(home, user="ys_analyst") as stores:
        assert migrations.schema_version(stores) == {"postgres": newest["postgres"]}


def test_a_hardened_server_lets_the_analyst_in(empty, address, connect, settings):
    """Where PUBLIC may neither connect nor look, the role still may; down takes that back."""
    [(name,)] = empty.postgres.rows("SELECT current_database()::text")
    empty.postgres.run(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC")
    migrations.up(empty, settings=settings)
    with connect(address, user="ys_analyst") as stores:
        assert stores.postgres.rows("SELECT count(*) FROM satellite_agents") == [(8,)]
    migrations.down(empty)
    assert empty.postgres.rows(
        "SELECT has_database_privilege('ys_analyst', current_database(), 'CONNECT'),"
        " has_schema_privilege('ys_analyst', 'public', 'USAGE')"
    ) == [(False, False)]


def test_a_password_is_set_once_and_never_shown(shared, settings):
    """PostgreSQL takes the verifier we compute; the same password again is nothing to do."""
    secret = settings.model_copy(update={"analyst_password": SecretStr("Ω pencil $:'")})
    try:
        assert [step.description for step in migrations.up(shared, settings=secret)] == ["password set"]
        assert migrations.up(shared, settings=secret) == []
        assert matches("Ω pencil $:'", stored(shared))
        assert "pencil" not in stored(shared)
    finally:
        shared.postgres.run("ALTER ROLE ys_analyst PASSWORD NULL")


def test_our_verifier_is_postgresqls(shared):
    """What the server computes from a password is what we would have sent."""
    try:
        shared.postgres.run("ALTER ROLE ys_analyst PASSWORD 'pencil'")
        assert matches("pencil", stored(shared))
        assert not matches("pen", stored(shared))
    finally:
        shared.postgres.run("ALTER ROLE ys_analyst PASSWORD NULL")


def stored(stores):
    """What PostgreSQL keeps of the analyst's password."""
    return stores.postgres.rows("SELECT rolpassword FROM pg_authid WHERE rolname = 'ys_analyst'")[0][0]
