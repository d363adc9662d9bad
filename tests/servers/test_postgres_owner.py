"""An owner who is no superuser, on PostgreSQL 18 and 15: migrations, the analyst's role, and checks where they lie."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from ys_analytics import local, migrations, quality
from ys_analytics.errors import MigrationError, StoreError
from ys_analytics.settings import Settings
from ys_analytics.stores import PostgresAddress, Stores
from ys_analytics.stores.postgres import Postgres

from . import postgres_servers

PASSWORD = postgres_servers.PASSWORD
_NUMBERS = count(1)


@dataclass
class Server:
    """A running server.

    Attributes:
        number: Its major version.
        address: Where its superuser finds it.
    """

    number: str
    address: str

    def conninfo(self, user: str = "postgres", dbname: str = "postgres") -> str:
        """How someone reaches it."""
        return make_conninfo(self.address, user=user, dbname=dbname)

    def run(self, *statements: str, dbname: str = "postgres") -> None:
        """Run statements one by one as the superuser."""
        with psycopg.connect(self.conninfo(dbname=dbname), autocommit=True) as line:
            for statement in statements:
                line.execute(statement)

    def rows(self, statement: str, dbname: str = "postgres") -> list[tuple[object, ...]]:
        """Ask as the superuser."""
        with psycopg.connect(self.conninfo(dbname=dbname), autocommit=True) as line:
            return line.execute(statement).fetchall()


@pytest.fixture(scope="module", params=["18", "15"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """PostgreSQL out of the wheel, and Debian's."""
    if not (postgres_servers.BINARIES[request.param] / "initdb").exists():
        pytest.skip("Debian's postgresql (15) is not installed")
    with tempfile.TemporaryDirectory(prefix="ys-pg-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        with postgres_servers.server(request.param, folder) as running:
            yield Server(request.param, running.conninfo())


@dataclass
class Site:
    """A database of an owner without any right but his own, and the settings that name both.

    Attributes:
        server: Where it is.
        name: Of the database and of its owner.
        settings: As the owner would write them.
    """

    server: Server
    name: str
    settings: Settings

    @contextmanager
    def opened(self, **options: str) -> Iterator[Stores]:
        """The database as its owner."""
        address = PostgresAddress(make_conninfo(self.server.conninfo(self.name, self.name), **options))
        with Postgres.open(address) as postgres:
            yield Stores(opened_postgres=postgres)

    def password_of(self, role: str) -> object:
        """What the server keeps of a role's password."""
        [(stored,)] = self.server.rows(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")  # noqa: S608
        return stored


@pytest.fixture
def site(server: Server) -> Iterator[Callable[..., Site]]:
    """Makes databases as `ys migrate sql` says, each with an owner and an analyst's role."""
    made: list[str] = []
    roles: set[str] = set()

    def make(role: str = "", *, by_dba: bool = True, password: str | None = None) -> Site:
        name = f"Desk {next(_NUMBERS)}"
        role = role or f"reader {next(_NUMBERS)}"
        settings = Settings(
            _env_file=None,
            postgres_url=SecretStr(f"postgresql://{name.replace(' ', '%20')}:x@db.example/{name.replace(' ', '%20')}"),
            analyst_role=role,
            analyst_password=password,
        )
        statements = migrations.dba_sql(settings).splitlines()
        known = role in roles or not by_dba
        chosen = [
            line
            for line in statements
            if not (known and line.startswith(("CREATE ROLE", "ALTER ROLE")) and role in line)
        ]
        if not by_dba:
            chosen = [line.replace(f', "{role}"', "") for line in chosen]
        made.append(name)
        roles.add(role)
        server.run(
            *[line for line in chosen if not line.startswith("--")], f"ALTER ROLE \"{name}\" PASSWORD '{PASSWORD}'"
        )
        return Site(server, name, settings)

    yield make
    for name in made:
        server.run(f'DROP DATABASE "{name}" WITH (FORCE)', f'DROP ROLE "{name}"')
    for role in roles:
        server.run(f'DROP ROLE IF EXISTS "{role}"')


def test_an_owner_migrates_where_the_role_exists(site: Callable[..., Site]) -> None:
    """What `ys migrate sql` prints is enough; the role is granted, and neither altered nor dropped."""
    ours = site(password="the kit's")  # noqa: S106
    role = ours.settings.analyst_role
    ours.server.run(f"ALTER ROLE \"{role}\" PASSWORD '{PASSWORD}'")
    before = ours.password_of(role)
    with ours.opened() as stores:
        assert len(migrations.up(stores, settings=ours.settings)) == len(
            list((migrations.FOLDER / "postgres").iterdir())
        )
        assert migrations.up(stores, settings=ours.settings) == []
        assert {step.state for step in migrations.status(stores, settings=ours.settings)} == {"applied"}
    assert ours.password_of(role) == before
    with psycopg.connect(ours.server.conninfo(role, ours.name)) as reader:
        assert reader.execute("SELECT count(*) FROM satellite_agents").fetchone() == (8,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT password_hash FROM users")
    with ours.opened() as stores:
        migrations.down(stores, settings=ours.settings)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(ours.server.conninfo(role, ours.name))
    assert ours.password_of(role) == before


def test_an_absent_role_is_one_line_with_the_command(site: Callable[..., Site]) -> None:
    """Nothing is begun; the line holds what a DBA must run, and running it is enough."""
    ours = site(by_dba=False)
    role = ours.settings.analyst_role
    with ours.opened() as stores:
        with pytest.raises(MigrationError, match="ys migrate sql") as refused:
            migrations.up(stores, settings=ours.settings)
        assert "\n" not in str(refused.value)
        assert stores.postgres.rows("SELECT to_regclass('schema_migrations')::text") == [(None,)]
        ours.server.run(str(refused.value).rpartition("prints: ")[2])
        assert migrations.up(stores, settings=ours.settings)
    assert ours.server.rows(f"SELECT has_database_privilege('{role}', '{ours.name}', 'CONNECT')") == [(True,)]


def test_two_databases_share_a_role(site: Callable[..., Site]) -> None:
    """The second database's `up` leaves the password that the first one's readers know."""
    one = site(password="first")  # noqa: S106
    role = one.settings.analyst_role
    one.server.run(f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"', f'ALTER ROLE "{one.name}" CREATEROLE')
    with one.opened() as stores:
        changed = migrations.up(stores, settings=one.settings)
    assert changed[-1].description == "password set"
    before = one.password_of(role)
    assert before
    other = site(role, password="second")  # noqa: S106
    other.server.run(f'ALTER ROLE "{other.name}" CREATEROLE')
    with other.opened() as stores:
        assert "password set" not in {step.description for step in migrations.up(stores, settings=other.settings)}
        migrations.down(stores, settings=other.settings)
    assert one.password_of(role) == before
    assert one.server.rows(f"SELECT has_table_privilege('{role}', 'assets', 'SELECT')", one.name) == [(True,)]
    with one.opened() as stores:
        migrations.down(stores, settings=one.settings)


def test_a_role_named_later_is_granted(site: Callable[..., Site]) -> None:
    """A changed YS_ANALYST_ROLE needs no new migration."""
    ours = site()
    with ours.opened() as stores:
        migrations.up(stores, settings=ours.settings)
        later = ours.settings.model_copy(update={"analyst_role": 'o"dd %s'})
        ours.server.run('CREATE ROLE "o""dd %s" LOGIN')
        try:
            assert [step.version for step in migrations.up(stores, settings=later)] == ['o"dd %s']
            assert migrations.up(stores, settings=later) == []
            [(may,)] = stores.postgres.rows(
                "SELECT has_table_privilege(%(role)s, 'assets', 'SELECT')", {"role": 'o"dd %s'}
            )
            assert may
        finally:
            ours.server.run('DROP OWNED BY "o""dd %s"', dbname=ours.name)
            ours.server.run('DROP ROLE "o""dd %s"')


def test_a_schema_whose_name_needs_quotes(site: Callable[..., Site]) -> None:
    """Tables, months, drift and the way back, in a schema that another one follows in the search path."""
    ours = site()
    with ours.opened() as stores:
        stores.postgres.run('CREATE SCHEMA "Desk of ""A"""')
        migrations.up(stores, settings=ours.settings)  # in public, which comes second below
    with ours.opened(options=r"-csearch_path=\"Desk\ of\ \"\"A\"\"\",public".replace('\\"', '"')) as stores:
        assert migrations.up(stores, settings=ours.settings)
        assert {step.state for step in migrations.status(stores, settings=ours.settings)} == {"applied"}
        [(table,)] = stores.postgres.rows("SELECT 'transactions_2026_11'::regclass::oid::regclass::text")
        [(home,)] = stores.postgres.rows(
            "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'assets'::regclass"
        )
        assert (table, home) == ("transactions_2026_11", '"Desk of ""A"""')
        migrations.down(stores, settings=ours.settings)
        assert stores.postgres.rows("SELECT to_regclass('public.assets') IS NOT NULL") == [(True,)]


def test_a_search_path_of_nothing_is_one_line(site: Callable[..., Site]) -> None:
    """Before anything is made."""
    ours = site()
    with ours.opened(options="-csearch_path=nowhere") as stores, pytest.raises(MigrationError, match="nowhere"):
        migrations.up(stores, settings=ours.settings)


def test_a_waiting_migration_blocks_no_reader(site: Callable[..., Site]) -> None:
    """A reader holds a table; another reads it while the migration waits, which ends once the first is done."""
    ours = site()
    with ours.opened() as stores:
        migrations.up(stores, to="0015", settings=ours.settings)
    done = Event()
    said: list[object] = []

    def migrate() -> None:
        try:
            with ours.opened() as stores:
                said.extend(migrations.up(stores, settings=ours.settings))
        finally:
            done.set()

    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'transactions'::regclass"
    with psycopg.connect(ours.server.conninfo("postgres", ours.name)) as holder:
        holder.execute("SELECT count(*) FROM transactions")  # holds its lock until the transaction ends
        worker = Thread(target=migrate)
        worker.start()
        with psycopg.connect(ours.server.conninfo("postgres", ours.name), autocommit=True) as other:
            other.execute("SET statement_timeout = '30s'")
            while other.execute(waiting).fetchone() == (0,):
                assert not done.is_set()
            for _ in range(3):  # each waits for one lock timeout at the most, and never for the holder
                other.execute("SELECT count(*) FROM transactions")
        assert not done.is_set()
    assert done.wait(60)
    worker.join()
    assert said


def test_sound_data_is_sound_where_it_lies(site: Callable[..., Site]) -> None:
    """Every suite of PostgreSQL holds or fails by its rows; none is an error of an old server or a strange setting."""
    ours = site()
    ours.server.run(f"ALTER DATABASE \"{ours.name}\" SET idle_in_transaction_session_timeout = '5ms'")
    ours.server.run(f"ALTER DATABASE \"{ours.name}\" SET client_encoding = 'LATIN1'")
    with ours.opened() as stores:
        migrations.up(stores, settings=ours.settings)
        tables = ["assets", "users", "user_api_keys", "risk_assessments", "satellite_agents", "agent_tasks"]
        found = quality.validate_live(stores, as_of=datetime(2026, 11, 20, tzinfo=UTC), tables=tables)
    assert [each for each in found if each.outcome == "error"] == []
    assert {each.suite for each in found} == set(tables)
    json = [each for each in found if "json" in each.rule]
    assert json
    assert all(each.outcome == "passed" for each in json)


def test_a_database_in_latin_1_is_read(server: Server) -> None:
    """It holds fewer letters, and the same ones."""
    server.run("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        with Postgres.open(PostgresAddress(server.conninfo(dbname="latin"))) as postgres:
            stores = Stores(opened_postgres=postgres)
            migrations.up(stores, settings=Settings(_env_file=None))
            postgres.run(
                "UPDATE satellite_agents SET name = 'Zoë' WHERE name = (SELECT min(name) FROM satellite_agents)"
            )
            found = quality.validate_live(stores, as_of=datetime(2026, 11, 20, tzinfo=UTC), tables=["satellite_agents"])
            assert [each for each in found if each.outcome == "error"] == []
            migrations.down(stores, settings=Settings(_env_file=None))
    finally:
        server.run("DROP DATABASE latin WITH (FORCE)", "DROP ROLE IF EXISTS ys_analyst")


def test_an_older_server_is_one_line(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lowest version is in one place, and is checked when a store is opened."""
    from ys_analytics.stores.common import versions

    monkeypatch.setitem(versions.LOWEST, "PostgreSQL", (99,))
    opened = Postgres.open(PostgresAddress(server.conninfo()))
    with pytest.raises(StoreError, match=rf"PostgreSQL {server.number}\.\d+ is older than 99") as refused, opened:
        pass
    assert "\n" not in str(refused.value)


def test_down_stops_what_ran_before_a_url_was_set(tmp_path: Path) -> None:
    """A URL says where to read, not what to leave running."""
    embedded = Settings(_env_file=None, home=tmp_path / "home", wait=30)
    local.up(embedded)
    elsewhere = embedded.model_copy(
        update={"postgres_url": SecretStr("postgresql://a@b/c"), "redis_url": SecretStr("redis://b")}
    )
    assert sorted(local.down(elsewhere)) == ["postgres", "redis"]
    assert local.down(embedded) == []
